//! Samples how much CPU and memory this process uses.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use headcount_platform::{clock::Clock, lock::lock};
use headcount_shared::limits::PROCESS_SAMPLES;
use procfs::process::Process;
use rustix::time::{ClockId, clock_gettime};

use super::MeasurementUnavailable;

/// The samples, oldest first. Empty if there are none yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcessSamples {
    /// CPU usage in cores: CPU seconds used by the seconds that really passed since the sample before.
    pub cpu_usage: Vec<f64>,
    /// Resident memory in bytes.
    pub memory_usage: Vec<u64>,
}

/// Takes samples on request, and stores the newest [`PROCESS_SAMPLES`] of them.
#[derive(Debug)]
pub struct ProcessSampler {
    clock: Arc<dyn Clock>,
    history: Mutex<SampleHistory>,
}

impl ProcessSampler {
    /// A sampler without samples. The first one covers the time from now on.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::resume(clock, ProcessSamples::default())
    }

    /// A sampler that begins with the samples `earlier`. The next one covers the time from now on.
    pub(super) fn resume(clock: Arc<dyn Clock>, earlier: ProcessSamples) -> Self {
        let mut history =
            SampleHistory::starting_from(CpuReading { monotonic: clock.monotonic(), cpu: cpu_time() });
        earlier.cpu_usage.into_iter().for_each(|cores| push_bounded(&mut history.cpu, cores));
        earlier.memory_usage.into_iter().for_each(|bytes| push_bounded(&mut history.memory, bytes));
        Self { clock, history: Mutex::new(history) }
    }

    /// Takes one sample of CPU and memory.
    ///
    /// # Errors
    /// When the system does not provide the resident memory; the CPU usage is still recorded.
    pub fn sample(&self) -> Result<(), MeasurementUnavailable> {
        let reading = CpuReading { monotonic: self.clock.monotonic(), cpu: cpu_time() };
        let memory = resident_bytes();
        let mut history = self.history();
        history.record_cpu(reading);
        history.record_memory(memory?);
        Ok(())
    }

    /// The samples since the last [`Self::take`]; they stay.
    #[must_use]
    pub fn peek(&self) -> ProcessSamples {
        self.history().samples()
    }

    /// The samples since the last call. The next ones begin without a gap in time.
    #[must_use]
    pub fn take(&self) -> ProcessSamples {
        let mut history = self.history();
        let samples = history.samples();
        history.clear();
        samples
    }

    fn history(&self) -> MutexGuard<'_, SampleHistory> {
        lock(&self.history)
    }
}

/// What this process has used since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessUsage {
    /// CPU time.
    pub cpu: Duration,
    /// Resident memory now, in bytes.
    pub resident_bytes: u64,
}

/// What this process has used since it began. `None` if the system does not provide it.
#[must_use]
pub fn used_so_far() -> Option<ProcessUsage> {
    Some(ProcessUsage { cpu: cpu_time(), resident_bytes: resident_bytes().ok()? })
}

/// The CPU time that this process has used at one moment.
#[derive(Debug, Clone, Copy)]
struct CpuReading {
    monotonic: Duration,
    cpu: Duration,
}

#[derive(Debug)]
struct SampleHistory {
    last: CpuReading,
    cpu: VecDeque<f64>,
    memory: VecDeque<u64>,
}

impl SampleHistory {
    fn starting_from(last: CpuReading) -> Self {
        Self { last, cpu: VecDeque::new(), memory: VecDeque::new() }
    }

    fn record_cpu(&mut self, reading: CpuReading) {
        let Some(cores) = cores(self.last, reading) else { return };
        self.last = reading;
        push_bounded(&mut self.cpu, cores);
    }

    fn record_memory(&mut self, bytes: u64) {
        push_bounded(&mut self.memory, bytes);
    }

    fn samples(&self) -> ProcessSamples {
        ProcessSamples {
            cpu_usage: self.cpu.iter().copied().collect(),
            memory_usage: self.memory.iter().copied().collect(),
        }
    }

    fn clear(&mut self) {
        self.cpu.clear();
        self.memory.clear();
    }
}

/// The cores used between two readings; `None` if no time passed between them.
fn cores(before: CpuReading, after: CpuReading) -> Option<f64> {
    let passed = after.monotonic.checked_sub(before.monotonic)?;
    if passed.is_zero() {
        return None;
    }
    Some(after.cpu.saturating_sub(before.cpu).as_secs_f64() / passed.as_secs_f64())
}

fn push_bounded<T>(samples: &mut VecDeque<T>, sample: T) {
    if samples.len() >= PROCESS_SAMPLES {
        samples.pop_front();
    }
    samples.push_back(sample);
}

fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

fn resident_bytes() -> Result<u64, MeasurementUnavailable> {
    let pages = Process::myself()
        .and_then(|process| process.statm())
        .map_err(|_| {
            MeasurementUnavailable::because("the system does not tell the memory of this process in /proc")
        })?
        .resident;
    Ok(pages.saturating_mul(procfs::page_size()))
}

#[cfg(test)]
mod tests {
    use headcount_platform::clock::SystemClock;

    use super::*;

    fn reading(monotonic_ms: u64, cpu_ms: u64) -> CpuReading {
        CpuReading { monotonic: Duration::from_millis(monotonic_ms), cpu: Duration::from_millis(cpu_ms) }
    }

    #[test]
    fn cores_are_cpu_time_by_the_time_that_really_passed() {
        for (before, after, expected, case) in [
            (reading(0, 0), reading(60_000, 30_000), Some(0.5), "half a core for a minute"),
            (
                reading(0, 0),
                reading(90_000, 30_000),
                Some(1.0 / 3.0),
                "a late tick divides by its real length",
            ),
            (reading(1_000, 500), reading(2_000, 3_500), Some(3.0), "three cores"),
            (reading(0, 100), reading(1_000, 100), Some(0.0), "idle"),
            (reading(5, 100), reading(5, 200), None, "no time passed"),
            (reading(10, 100), reading(5, 200), None, "a clock that went backwards"),
            (reading(0, 200), reading(1_000, 100), Some(0.0), "CPU time that went backwards"),
        ] {
            assert_eq!(cores(before, after), expected, "{case}");
        }
    }

    #[test]
    fn two_readings_at_one_moment_lose_no_cpu_time() {
        let mut history = SampleHistory::starting_from(reading(0, 0));
        history.record_cpu(reading(0, 400));
        history.record_cpu(reading(1_000, 500));
        assert_eq!(history.samples().cpu_usage, [0.5]);
    }

    #[test]
    fn the_oldest_samples_go_first() {
        let mut history = SampleHistory::starting_from(reading(0, 0));
        for n in 0..PROCESS_SAMPLES as u64 + 2 {
            history.record_memory(n);
        }
        let memory = history.samples().memory_usage;
        assert_eq!((memory.len(), memory[0]), (PROCESS_SAMPLES, 2));
    }

    #[test]
    fn the_first_sample_has_both_numbers_and_only_taking_removes_it() {
        let sampler = ProcessSampler::new(Arc::new(SystemClock::new()));
        assert_eq!(sampler.peek(), ProcessSamples::default());
        sampler.sample().expect("/proc tells the memory");

        let samples = sampler.peek();
        let resumed = ProcessSampler::resume(Arc::new(SystemClock::new()), samples.clone());
        assert_eq!(resumed.peek(), samples);
        assert_eq!((samples.cpu_usage.len(), samples.memory_usage.len()), (1, 1));
        assert!(samples.memory_usage[0] > 100 * 1024, "a test has more than 100 KiB: {samples:?}");
        assert_eq!(sampler.take(), samples);
        assert_eq!(sampler.peek(), ProcessSamples::default());
    }
}
