//! Profiles which functions use the CPU.
//!
//! # In a program of yours
//!
//! * **`SIGPROF`** is handled from the start of a [`CpuProfiler`] to its end, and the previous handling is
//!   restored then. A program that handles it already is not profiled. One that begins to handle it later
//!   keeps the signal, and there is no profile until it gives it back. Use one profiler at a time.
//! * **Threads that block `SIGPROF`** use CPU time that is counted to the stack of a thread that does not
//!   block it. System calls that the signal interrupts are begun again (`SA_RESTART`), except for those that
//!   never are, such as `epoll_wait`.
//! * **`fork`**: the child is not profiled and gets no signals.
//! * **`execve`**: the new program starts without the timer, without a signal of it on its way, and with the
//!   default action. That is so with a POSIX timer. Before Linux 6.4, or where `timer_create` is refused,
//!   `ITIMER_PROF` is used, which the new program inherits: the first `SIGPROF` ends it unless it handles the
//!   signal. Drop the profiler before such a program calls `execve` without `fork`.
//! * **Linked statically, as with musl**: samples are taken and add up, but each stack has the interrupted
//!   function only. There is no library by which to recognize the code that unwinds panics, and that code
//!   must not be walked.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use headcount_platform::{clock::Clock, lock::lock};

use self::{stack_sampler::StackSampler, stack_table::RecordedStacks};
use super::{
    MeasurementUnavailable,
    pprof::{self, ProfileKind, ProfileSpan},
    saved_costs::{NOT_RECORDED, SavedProfile},
    symbols::{self, FunctionLocation, FunctionNames},
};

mod cpu_timer;
mod due_samples;
mod stack_sampler;
mod stack_table;
mod stack_walk;

/// Samples a second of CPU time. Not 100: something that happens every 10 ms would be hit always or never.
const FREQUENCY: u32 = 99;

const NANOS_PER_SAMPLE: u32 = 1_000_000_000 / FREQUENCY;

const KIND: ProfileKind = ProfileKind {
    count: ("samples", "count"),
    amount: ("cpu", "nanoseconds"),
    period_type: ("cpu", "nanoseconds"),
    period: NANOS_PER_SAMPLE as i64,
};

/// How far the two clocks may differ over a profile, in seconds, if the wall clock was not set meanwhile.
const CLOCK_DRIFT_SECONDS: u64 = 2;

/// How far the wall clock may be set back, in seconds, without a profile that begins before the last one
/// ended.
const SET_BACK_SECONDS: u64 = 3600;

/// Where CPU time was spent during a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpuProfile {
    /// When the profile began, in Unix seconds.
    pub from: u64,
    /// When it ended, in Unix seconds, never less than `from`: the next one begins then. If the wall clock
    /// was set meanwhile, `from` plus the time that really passed.
    pub to: u64,
    /// The profile in the pprof format, gzipped.
    pub pprof: Vec<u8>,
}

/// Samples the whole process at 99 Hz of CPU time, from its start until it is dropped. An idle process is not
/// sampled.
///
/// All samples together are the CPU time of the process, as the kernel counts it, less at most the last tick
/// of the kernel. There is one in a process at a time, because the signal `SIGPROF` is one. The memory it
/// takes is bounded at 2 MiB. All calls block for the milliseconds that it takes to read symbol tables.
#[derive(Debug)]
pub struct CpuProfiler {
    clock: Arc<dyn Clock>,
    sampler: StackSampler,
    state: Mutex<ProfilerState>,
}

#[derive(Debug)]
struct ProfilerState {
    began: ProfileMoment,
    /// The profile from before a restart that is in no report yet.
    earlier: Option<SavedProfile>,
}

impl CpuProfiler {
    /// Starts sampling.
    ///
    /// # Errors
    /// When this process is already being profiled, by this library or by other code with `SIGPROF`, or when
    /// the system does not support it.
    pub fn start(clock: Arc<dyn Clock>) -> Result<Self, MeasurementUnavailable> {
        Self::resume(clock, None)
    }

    /// Starts sampling. The first profile also contains `earlier`.
    ///
    /// # Errors
    /// Those of [`Self::start`].
    pub(super) fn resume(
        clock: Arc<dyn Clock>,
        earlier: Option<SavedProfile>,
    ) -> Result<Self, MeasurementUnavailable> {
        let sampler = StackSampler::start(symbols::ranges_not_to_walk()?)?;
        let state = Mutex::new(ProfilerState { began: ProfileMoment::now(&*clock), earlier });
        Ok(Self { clock, sampler, state })
    }

    /// The profile up to now. Sampling goes on unchanged.
    ///
    /// # Errors
    /// When names cannot be read from `/proc`, or when another profiler of this process has taken `SIGPROF`.
    pub fn peek(&self) -> Result<CpuProfile, MeasurementUnavailable> {
        self.look()?.encoded()
    }

    /// The profile up to now; the next one begins here. Every sample is in exactly one of them.
    ///
    /// # Errors
    /// Those of [`Self::peek`]; the samples are lost then, and the next profile still begins here.
    pub fn cut(&self) -> Result<CpuProfile, MeasurementUnavailable> {
        let (recorded, span, earlier) = {
            let mut state = self.state();
            let now = ProfileMoment::now(&*self.clock);
            let span = state.span(now);
            state.began = now.not_before(span.to);
            (self.sampler.cut(), span, state.earlier.take())
        };
        NamedProfile::new(&recorded?, span, earlier.as_ref())?.encoded()
    }

    /// The profile up to now in the form that survives a restart.
    ///
    /// # Errors
    /// Those of [`Self::peek`].
    pub(super) fn save(&self) -> Result<SavedProfile, MeasurementUnavailable> {
        let NamedProfile { span, names, samples } = self.look()?;
        Ok(SavedProfile::new(span.from, span.to, &names, &samples))
    }

    fn look(&self) -> Result<NamedProfile, MeasurementUnavailable> {
        let (recorded, span, earlier) = {
            let state = self.state();
            (self.sampler.peek(), state.span(ProfileMoment::now(&*self.clock)), state.earlier.clone())
        };
        NamedProfile::new(&recorded?, span, earlier.as_ref())
    }

    fn state(&self) -> MutexGuard<'_, ProfilerState> {
        lock(&self.state)
    }
}

impl ProfilerState {
    fn span(&self, now: ProfileMoment) -> ProfileSpan {
        let ProfileSpan { from, to } = self.began.until(now);
        match &self.earlier {
            None => ProfileSpan { from, to },
            // The time between the end and the start belongs to it: it covers everything since the last
            // report.
            Some(earlier) if earlier.to <= from => ProfileSpan { from: earlier.from, to },
            // The clock was set back between the two.
            Some(earlier) => ProfileSpan { from: earlier.from, to: earlier.to.saturating_add(to - from) },
        }
    }
}

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
struct ProfileMoment {
    wall: Duration,
    monotonic: Duration,
}

impl ProfileMoment {
    fn now(clock: &dyn Clock) -> Self {
        Self { wall: clock.wall(), monotonic: clock.monotonic() }
    }

    /// The time up to `end`. If the wall clock was set meanwhile, uses the time that really passed.
    fn until(self, end: Self) -> ProfileSpan {
        let from = self.wall.as_secs();
        let passed = end.monotonic.saturating_sub(self.monotonic);
        let expected = self.wall.saturating_add(passed).as_secs();
        let told = end.wall.as_secs();
        let to = if told.abs_diff(expected) <= CLOCK_DRIFT_SECONDS { told.max(from) } else { expected };
        ProfileSpan { from, to }
    }

    /// The same moment; if the wall clock was set back by a little, not before `second`.
    fn not_before(self, second: u64) -> Self {
        let is_little = second.saturating_sub(self.wall.as_secs()) <= SET_BACK_SECONDS;
        let wall = if is_little { self.wall.max(Duration::from_secs(second)) } else { self.wall };
        Self { wall, ..self }
    }
}

/// A profile by the names of functions.
#[derive(Debug)]
struct NamedProfile {
    span: ProfileSpan,
    names: FunctionNames,
    samples: pprof::StackSamples,
}

impl NamedProfile {
    fn new(
        recorded: &RecordedStacks,
        span: ProfileSpan,
        earlier: Option<&SavedProfile>,
    ) -> Result<Self, MeasurementUnavailable> {
        let mut names = symbols::names_of(recorded.addresses().collect())?;
        let mut samples = named(recorded, &mut names);
        for (stack, count) in earlier.map(|earlier| earlier.stacks_in(&mut names)).unwrap_or_default() {
            pprof::add_sample(&mut samples, stack, values(count));
        }
        Ok(Self { span, names, samples })
    }

    fn encoded(&self) -> Result<CpuProfile, MeasurementUnavailable> {
        let pprof = pprof::encode(&KIND, self.span, &self.names, &self.samples)?;
        Ok(CpuProfile { from: self.span.from, to: self.span.to, pprof })
    }
}

fn named(recorded: &RecordedStacks, names: &mut FunctionNames) -> pprof::StackSamples {
    let mut samples = pprof::StackSamples::new();
    for (stack, count) in recorded.stacks() {
        pprof::add_sample(&mut samples, names.stack(&stack), values(count));
    }
    // Samples that came while another one was written, or after the space for different stacks was used up.
    if recorded.lost() > 0 {
        let not_recorded = names.add_function(FunctionLocation::Program, NOT_RECORDED, 0);
        pprof::add_sample(&mut samples, vec![not_recorded], values(recorded.lost()));
    }
    samples
}

fn values(count: u64) -> [i64; 2] {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    [count, count.saturating_mul(NANOS_PER_SAMPLE.into())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: u64, monotonic: u64) -> ProfileMoment {
        ProfileMoment { wall: Duration::from_secs(wall), monotonic: Duration::from_secs(monotonic) }
    }

    #[test]
    fn a_profile_ends_when_the_clock_says_or_after_the_time_that_really_passed() {
        for (began, ended, expected, case) in [
            (at(1000, 5), at(4600, 3605), 4600, "an ordinary hour"),
            (at(1000, 5), at(4601, 3605), 4601, "the clocks differ a little"),
            (at(1000, 5), at(10, 3605), 4600, "the wall clock was set back"),
            (at(1000, 5), at(99_000, 3605), 4600, "the wall clock was set forward"),
            (at(1000, 5), at(1000, 5), 1000, "no time"),
            (at(1000, 5), at(999, 5), 1000, "the wall clock was slowed down"),
            (at(1000, 5), at(1000, 4), 1000, "a clock that went backwards"),
        ] {
            assert_eq!(began.until(ended), ProfileSpan { from: 1000, to: expected }, "{case}");
        }
    }

    #[test]
    fn a_profile_begins_where_the_last_one_ended() {
        assert_eq!(at(1000, 5).not_before(1002).wall.as_secs(), 1002);
        assert_eq!(at(1000, 5).not_before(999).wall.as_secs(), 1000);
        assert_eq!(at(1000, 5).not_before(1000 + SET_BACK_SECONDS + 1).wall.as_secs(), 1000);
    }

    #[test]
    fn the_profile_of_a_restart_covers_the_time_before_it() {
        let earlier = |from, to| Some(SavedProfile { from, to, ..SavedProfile::default() });
        for (earlier, expected, case) in [
            (None, (1000, 1060), "nothing before"),
            (earlier(400, 900), (400, 1060), "an ordinary restart"),
            (earlier(400, 5000), (400, 5060), "the clock was set back between the two"),
        ] {
            let state = ProfilerState { began: at(1000, 5), earlier };
            let ProfileSpan { from, to } = state.span(at(1060, 65));
            assert_eq!((from, to), expected, "{case}");
        }
    }

    #[test]
    fn samples_from_before_a_restart_are_added_by_the_names_of_functions() {
        let mut stacks = stack_table::StackTable::new(16);
        stacks.add(&[16], 1);
        let span = ProfileSpan { from: 1, to: 2 };
        let first = NamedProfile::new(&stacks.recorded(), span, None).expect("/proc is readable");
        let saved = SavedProfile::new(1, 2, &first.names, &first.samples);
        let second = NamedProfile::new(&stacks.recorded(), span, Some(&saved)).expect("/proc is readable");
        assert_eq!(second.samples.values().collect::<Vec<_>>(), [&values(2)]);
    }

    #[test]
    fn samples_that_were_not_recorded_are_in_the_profile() {
        let mut stacks = stack_table::StackTable::new(16);
        stacks.add(&[16], 1);
        stacks.lose(2);
        let recorded = stacks.recorded();
        let mut names = FunctionNames::default();

        let samples = named(&recorded, &mut names);

        assert_eq!(samples.values().map(|[count, _]| count).sum::<i64>(), 3);
        assert!(names.functions().iter().any(|function| function.name == NOT_RECORDED));
    }
}
