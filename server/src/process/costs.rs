//! Everything that a report says of this process, together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    Unavailable,
    cpu::{CpuProfile, CpuProfiler},
    heap::HeapProfiler,
    samples::{Sampler, Samples},
};
use crate::clock::Clock;

/// What the process cost since the last report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Costs {
    /// How much.
    pub samples: Samples,
    /// Where.
    pub profiles: Profiles,
}

/// The profiles of one report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profiles {
    /// When the CPU profile began, in Unix seconds; 0 without one.
    pub from: u64,
    /// When the CPU profile ended, in Unix seconds; 0 without one.
    pub to: u64,
    /// The CPU profile, gzipped pprof; empty without one.
    pub cpu: Vec<u8>,
    /// The heap profile, gzipped pprof; empty without one.
    pub memory: Vec<u8>,
}

/// This process, while it is measured.
#[derive(Debug)]
pub struct Process {
    sampler: Sampler,
    profilers: Mutex<Profilers>,
}

#[derive(Debug)]
struct Profilers {
    cpu: Result<CpuProfiler, Unavailable>,
    heap: Result<HeapProfiler, Unavailable>,
}

impl Process {
    /// Starts to measure; without `profiling` only how much, not where.
    #[must_use]
    pub fn start(clock: Arc<dyn Clock>, profiling: bool) -> Self {
        let profilers = if profiling {
            Profilers::start(&clock)
        } else {
            Profilers::unavailable("profiling is switched off")
        };
        Self { sampler: Sampler::new(clock), profilers: Mutex::new(profilers) }
    }

    /// Takes a sample. One that cannot be taken is left out.
    pub fn sample(&self) {
        if let Err(error) = self.sampler.sample() {
            tracing::debug!(%error, "a process sample is left out");
        }
    }

    /// What the process cost since the last cut. Changes nothing.
    #[must_use]
    pub fn peek(&self) -> Costs {
        Costs { samples: self.sampler.peek(), profiles: self.profilers().profiles(CpuProfiler::peek) }
    }

    /// What the process cost since the last cut; the next one begins here.
    #[must_use]
    pub fn cut(&self) -> Costs {
        Costs { samples: self.sampler.take(), profiles: self.profilers().profiles(CpuProfiler::cut) }
    }

    /// Why there is no CPU and no heap profile; `None` for one that there is.
    #[must_use]
    pub fn unavailable(&self) -> (Option<String>, Option<String>) {
        let profilers = self.profilers();
        (reason(&profilers.cpu), reason(&profilers.heap))
    }

    /// Ends profiling, also for those who still hold this.
    pub fn stop(&self) {
        *self.profilers() = Profilers::unavailable("profiling has ended");
    }

    fn profilers(&self) -> MutexGuard<'_, Profilers> {
        self.profilers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Profilers {
    fn start(clock: &Arc<dyn Clock>) -> Self {
        Self { cpu: CpuProfiler::start(Arc::clone(clock)), heap: HeapProfiler::start(Arc::clone(clock)) }
    }

    fn unavailable(why: &str) -> Self {
        Self { cpu: Err(Unavailable::because(why)), heap: Err(Unavailable::because(why)) }
    }

    fn profiles(&self, of_cpu: fn(&CpuProfiler) -> Result<CpuProfile, Unavailable>) -> Profiles {
        let mut profiles = Profiles::default();
        match self.cpu.as_ref().map(of_cpu) {
            Ok(Ok(CpuProfile { from, to, pprof })) => {
                (profiles.from, profiles.to, profiles.cpu) = (from, to, pprof)
            }
            Ok(Err(error)) => tracing::warn!(%error, "the CPU profile is left out"),
            // Said on the page, once and for all.
            Err(_) => {}
        }
        match self.heap.as_ref().map(HeapProfiler::profile) {
            Ok(Ok(pprof)) => profiles.memory = pprof,
            Ok(Err(error)) => tracing::warn!(%error, "the heap profile is left out"),
            Err(_) => {}
        }
        profiles
    }
}

fn reason<T>(profiler: &Result<T, Unavailable>) -> Option<String> {
    profiler.as_ref().err().map(ToString::to_string)
}
