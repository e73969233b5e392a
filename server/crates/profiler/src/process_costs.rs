//! Measures everything in a report about this process.

use std::sync::{Arc, Mutex};

use headcount_platform::{clock::Clock, lock::lock};

use super::{
    MeasurementUnavailable,
    cpu::{CpuProfile, CpuProfiler},
    heap::HeapProfiler,
    process_samples::{ProcessSampler, ProcessSamples},
    saved_costs::SavedCosts,
};

/// What the process cost since the last report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcessCosts {
    /// How much.
    pub samples: ProcessSamples,
    /// Where.
    pub profiles: ProcessProfiles,
}

/// The profiles of one report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessProfiles {
    /// When the CPU profile began, in Unix seconds; 0 without one.
    pub from: u64,
    /// When the CPU profile ended, in Unix seconds; 0 without one.
    pub to: u64,
    /// The CPU profile, gzipped pprof; empty without one.
    pub cpu: Vec<u8>,
    /// The heap profile, gzipped pprof; empty without one.
    pub memory: Vec<u8>,
}

/// Measures this process until it is dropped.
#[derive(Debug)]
pub struct MeasuredProcess {
    sampler: ProcessSampler,
    cpu: ProfilerSlot<CpuProfiler>,
    heap: ProfilerSlot<HeapProfiler>,
}

/// A profiler, or why there is no profile.
#[derive(Debug)]
struct ProfilerSlot<T> {
    /// `None` where it did not start or has ended. Locked for as long as a profile takes.
    profiler: Mutex<Option<T>>,
    /// Why it is missing, or why its last profile failed. Locked for moments, so that the status waits for no
    /// profile.
    unavailable: Mutex<Option<MeasurementUnavailable>>,
}

impl MeasuredProcess {
    /// Starts to measure. Without `profiling`, takes samples and no profiles. The first report also contains
    /// `earlier`.
    #[must_use]
    pub fn start(clock: Arc<dyn Clock>, profiling: bool, earlier: SavedCosts) -> Self {
        let SavedCosts { cpu_usage, memory_usage, cpu_profile } = earlier.checked();
        let (cpu, heap) = if profiling {
            (
                ProfilerSlot::started("CPU", CpuProfiler::resume(Arc::clone(&clock), cpu_profile)),
                ProfilerSlot::started("heap", HeapProfiler::start(Arc::clone(&clock))),
            )
        } else {
            let why = "profiling is switched off";
            (ProfilerSlot::unavailable(why), ProfilerSlot::unavailable(why))
        };
        let sampler = ProcessSampler::resume(clock, ProcessSamples { cpu_usage, memory_usage });
        Self { sampler, cpu, heap }
    }

    /// Takes a sample. A sample that fails is omitted.
    pub fn sample(&self) {
        if let Err(error) = self.sampler.sample() {
            tracing::debug!(%error, "a process sample is left out");
        }
    }

    /// What the process cost since the last cut. Changes nothing.
    #[must_use]
    pub fn peek(&self) -> ProcessCosts {
        ProcessCosts { samples: self.peek_samples(), profiles: self.profiles(CpuProfiler::peek) }
    }

    /// How much the process cost since the last cut, without its profiles. Changes nothing.
    #[must_use]
    pub fn peek_samples(&self) -> ProcessSamples {
        self.sampler.peek()
    }

    /// What the process cost since the last cut; the next one begins here.
    #[must_use]
    pub fn cut(&self) -> ProcessCosts {
        ProcessCosts { samples: self.sampler.take(), profiles: self.profiles(CpuProfiler::cut) }
    }

    fn profiles(
        &self,
        of_cpu: fn(&CpuProfiler) -> Result<CpuProfile, MeasurementUnavailable>,
    ) -> ProcessProfiles {
        let mut profiles = ProcessProfiles::default();
        if let Some(CpuProfile { from, to, pprof }) = self.cpu.profile("CPU", of_cpu) {
            (profiles.from, profiles.to, profiles.cpu) = (from, to, pprof);
        }
        profiles.memory = self.heap.profile("heap", HeapProfiler::profile).unwrap_or_default();
        profiles
    }

    /// The costs since the last cut in the form that survives a restart, without the heap.
    #[must_use]
    pub fn save(&self) -> SavedCosts {
        let ProcessSamples { cpu_usage, memory_usage } = self.sampler.peek();
        let cpu_profile = lock(&self.cpu.profiler).as_ref().and_then(|profiler| profiler.save().ok());
        SavedCosts { cpu_usage, memory_usage, cpu_profile }
    }

    /// Why there is no CPU profile and no heap profile; `None` for one that exists. Waits for no profile.
    #[must_use]
    pub fn unavailable(&self) -> (Option<String>, Option<String>) {
        (self.cpu.reason(), self.heap.reason())
    }

    /// Ends profiling, even if this is still referenced.
    pub fn stop(&self) {
        let why = "profiling has ended";
        self.cpu.end(why);
        self.heap.end(why);
    }
}

impl<T> ProfilerSlot<T> {
    fn new(profiler: Option<T>, unavailable: Option<MeasurementUnavailable>) -> Self {
        Self { profiler: Mutex::new(profiler), unavailable: Mutex::new(unavailable) }
    }

    /// A profiler; logs if it did not start.
    fn started(which: &str, started: Result<T, MeasurementUnavailable>) -> Self {
        match started {
            Ok(profiler) => Self::new(Some(profiler), None),
            Err(error) => {
                tracing::warn!(%error, "reports have no {which} profile");
                Self::new(None, Some(error))
            }
        }
    }

    fn unavailable(why: &str) -> Self {
        Self::new(None, Some(MeasurementUnavailable::because(why)))
    }

    /// A profile; logs when profiles begin to fail and when they work again.
    fn profile<P>(
        &self,
        which: &str,
        profile: impl FnOnce(&T) -> Result<P, MeasurementUnavailable>,
    ) -> Option<P> {
        let profiler = lock(&self.profiler);
        // Why a profiler did not start is in the log already, and in the status.
        let profile = profile(profiler.as_ref()?);
        let mut unavailable = lock(&self.unavailable);
        match (&profile, &*unavailable) {
            (Err(error), None) => tracing::warn!(%error, "reports have no {which} profile"),
            (Ok(_), Some(_)) => tracing::info!("reports have a {which} profile again"),
            _ => {}
        }
        match profile {
            Ok(profile) => {
                *unavailable = None;
                Some(profile)
            }
            Err(error) => {
                *unavailable = Some(error);
                None
            }
        }
    }

    fn reason(&self) -> Option<String> {
        lock(&self.unavailable).as_ref().map(ToString::to_string)
    }

    fn end(&self, why: &str) {
        let mut profiler = lock(&self.profiler);
        *profiler = None;
        *lock(&self.unavailable) = Some(MeasurementUnavailable::because(why));
    }
}

#[cfg(test)]
mod tests {
    use headcount_platform::clock::SystemClock;

    use super::*;

    #[test]
    fn a_profile_that_fails_is_told_until_there_is_one_again() {
        let profiled = ProfilerSlot::started("heap", Ok::<(), MeasurementUnavailable>(()));
        let failing = |_: &()| Err::<(), _>(MeasurementUnavailable::because("no room"));
        assert_eq!(
            (profiled.profile("heap", failing), profiled.reason().as_deref()),
            (None, Some("no room"))
        );
        assert_eq!((profiled.profile("heap", |_: &()| Ok(7)), profiled.reason()), (Some(7), None));
    }

    #[test]
    fn why_there_is_no_profile_is_told_while_one_is_made() {
        let profiled = ProfilerSlot::started("heap", Ok::<(), MeasurementUnavailable>(()));
        let failing = |_: &()| Err::<(), _>(MeasurementUnavailable::because("no room"));
        profiled.profile("heap", failing);
        let told = profiled.profile("heap", |_: &()| Ok(profiled.reason()));
        assert_eq!(told.flatten().as_deref(), Some("no room"));
        profiled.end("over");
        assert_eq!(
            (profiled.profile("heap", |_: &()| Ok(7)), profiled.reason().as_deref()),
            (None, Some("over"))
        );
    }

    #[test]
    fn samples_survive_a_restart_and_a_cut_ends_them() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let before = MeasuredProcess::start(Arc::clone(&clock), false, SavedCosts::default());
        before.sample();
        let saved = before.save();
        let after = MeasuredProcess::start(clock, false, saved);
        assert_eq!(after.peek().samples, before.peek().samples);
        assert_eq!(after.cut().samples.cpu_usage.len(), 1);
        assert_eq!(after.save(), SavedCosts::default());
    }
}
