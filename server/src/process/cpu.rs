//! Which functions use the CPU?

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use self::{sampler::Sampler, stacks::Recorded};
use super::{
    Unavailable,
    pprof::{self, Kind, Span},
    symbols::{self, Names},
};
use crate::clock::Clock;

mod sampler;
mod stacks;

/// Samples a second of CPU time. Not 100: what happens every 10 ms would be hit always or never.
const FREQUENCY: u32 = 99;

const NANOS_PER_SAMPLE: i64 = 1_000_000_000 / FREQUENCY as i64;

const KIND: Kind = Kind {
    count: ("samples", "count"),
    amount: ("cpu", "nanoseconds"),
    period_type: ("cpu", "nanoseconds"),
    period: NANOS_PER_SAMPLE,
};

/// What samples count as that came while another was written, or after the space for different stacks was used up.
const NOT_RECORDED: &str = "[not recorded]";

/// Where CPU time was spent during a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpuProfile {
    /// When the profile began, in Unix seconds.
    pub from: u64,
    /// When it ended, in Unix seconds: `from` and the time that really passed, never less than `from`.
    pub to: u64,
    /// The profile in the pprof format, gzipped.
    pub pprof: Vec<u8>,
}

/// Samples the whole process at 99 Hz of CPU time, from its start until it is dropped. An idle process is not sampled.
///
/// There is one in a process at a time, because the signal `SIGPROF` is one. The memory it takes is bounded at 2 MiB.
/// All calls block for the milliseconds that it takes to read symbol tables.
#[derive(Debug)]
pub struct CpuProfiler {
    clock: Arc<dyn Clock>,
    sampler: Sampler,
    began: Mutex<Moment>,
}

impl CpuProfiler {
    /// Starts sampling.
    ///
    /// # Errors
    /// When this process is already being profiled, by us or by anyone else who uses `SIGPROF`, or when the system does
    /// not support it.
    pub fn start(clock: Arc<dyn Clock>) -> Result<Self, Unavailable> {
        let sampler = Sampler::start(FREQUENCY, symbols::ranges_not_to_walk()?)?;
        let began = Mutex::new(Moment::now(&*clock));
        Ok(Self { clock, sampler, began })
    }

    /// The profile up to now. Sampling goes on as if nobody had looked.
    ///
    /// # Errors
    /// When names cannot be read from `/proc`.
    pub fn peek(&self) -> Result<CpuProfile, Unavailable> {
        let (recorded, span) = {
            let began = self.began();
            (self.sampler.peek(), began.until(Moment::now(&*self.clock)))
        };
        profile(&recorded, span)
    }

    /// The profile up to now; the next one begins here. Every sample is in exactly one of them.
    ///
    /// # Errors
    /// When names cannot be read from `/proc`; the samples are lost then, and the next profile begins here all the same.
    pub fn cut(&self) -> Result<CpuProfile, Unavailable> {
        let (recorded, span) = {
            let mut began = self.began();
            let now = Moment::now(&*self.clock);
            let span = began.until(now);
            *began = now;
            (self.sampler.cut(), span)
        };
        profile(&recorded, span)
    }

    fn began(&self) -> MutexGuard<'_, Moment> {
        self.began.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
struct Moment {
    wall: Duration,
    monotonic: Duration,
}

impl Moment {
    fn now(clock: &dyn Clock) -> Self {
        Self { wall: clock.wall(), monotonic: clock.monotonic() }
    }

    /// The time that really passed until `end`, whatever the clock on the wall did.
    fn until(self, end: Self) -> Span {
        Span { from: self.wall, length: end.monotonic.saturating_sub(self.monotonic) }
    }
}

fn profile(recorded: &Recorded, span: Span) -> Result<CpuProfile, Unavailable> {
    let mut names = symbols::names_of(recorded.addresses().collect())?;
    let samples = named(recorded, &mut names);
    let pprof = pprof::encode(&KIND, span, &names, &samples)?;
    Ok(CpuProfile { from: span.from.as_secs(), to: span.from.saturating_add(span.length).as_secs(), pprof })
}

fn named(recorded: &Recorded, names: &mut Names) -> pprof::Samples {
    let mut samples = pprof::Samples::new();
    for (stack, count) in recorded.stacks() {
        pprof::add_sample(&mut samples, names.stack(&stack), values(count));
    }
    if recorded.lost() > 0 {
        let not_recorded = names.add_function(None, NOT_RECORDED, 0);
        pprof::add_sample(&mut samples, vec![not_recorded], values(recorded.lost()));
    }
    samples
}

fn values(count: u64) -> [i64; 2] {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    [count, count.saturating_mul(NANOS_PER_SAMPLE)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_ends_after_the_time_that_really_passed() {
        let at = |wall, monotonic| Moment {
            wall: Duration::from_secs(wall),
            monotonic: Duration::from_secs(monotonic),
        };
        for (began, ended, expected, case) in [
            (at(1000, 5), at(4600, 3605), 3600, "an ordinary hour"),
            (at(1000, 5), at(10, 3605), 3600, "the wall clock was set back"),
            (at(1000, 5), at(99_000, 3605), 3600, "the wall clock was set forward"),
            (at(1000, 5), at(1000, 5), 0, "no time"),
            (at(1000, 5), at(1000, 4), 0, "a clock that went backwards"),
        ] {
            let span = began.until(ended);
            assert_eq!((span.from.as_secs(), span.length.as_secs()), (1000, expected), "{case}");
        }
    }

    #[test]
    fn samples_that_were_not_recorded_are_in_the_profile() {
        let mut stacks = stacks::Stacks::new(16);
        stacks.add(&[16]);
        stacks.lose(2);
        let recorded = stacks.recorded();
        let mut names = Names::default();

        let samples = named(&recorded, &mut names);

        assert_eq!(samples.values().map(|[count, _]| count).sum::<i64>(), 3);
        assert!(names.functions().iter().any(|function| function.name == NOT_RECORDED));
    }
}
