//! Counts the samples that are due for the CPU time of a process: one for each whole period.
//!
//! The kernel checks its timers when it ticks, and sends one signal for several periods that passed since the
//! last tick. A sample therefore stands for all periods up to it, so that all samples together are the CPU
//! time of the process.

use std::sync::atomic::{AtomicU64, Ordering};

/// The samples due and taken. A signal handler may use it: it neither allocates nor waits.
#[derive(Debug)]
pub(super) struct DueSamples {
    period: u64,
    began: AtomicU64,
    taken: AtomicU64,
}

impl DueSamples {
    /// A sample is due for each `period` of CPU time, in nanoseconds.
    pub(super) const fn every(period: u64) -> Self {
        Self { period, began: AtomicU64::new(0), taken: AtomicU64::new(0) }
    }

    /// Starts over: nothing is due at `cpu_time`, in nanoseconds.
    pub(super) fn begin(&self, cpu_time: u64) {
        self.began.store(cpu_time, Ordering::SeqCst);
        self.taken.store(0, Ordering::SeqCst);
    }

    /// How many samples became due up to `cpu_time`. Each is given to one caller, whatever the order in which
    /// several threads call.
    pub(super) fn take(&self, cpu_time: u64) -> u64 {
        let due = cpu_time.saturating_sub(self.began.load(Ordering::SeqCst)) / self.period;
        due.saturating_sub(self.taken.fetch_max(due, Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sample_is_due_for_each_whole_period_and_given_once() {
        let due = DueSamples::every(10);
        due.begin(1000);
        for (cpu_time, expected, case) in [
            (1000, 0, "no time"),
            (1009, 0, "a part of a period"),
            (1010, 1, "one period"),
            (1010, 0, "the same moment again"),
            (1045, 3, "three periods in one signal"),
            (1020, 0, "a thread that asked before and is answered after"),
            (1050, 1, "the part that was left over counts"),
            (900, 0, "before the beginning"),
        ] {
            assert_eq!(due.take(cpu_time), expected, "{case}");
        }
        due.begin(5000);
        assert_eq!(due.take(5010), 1, "it started over");
    }

    proptest! {
        #[test]
        fn all_samples_together_are_the_time_of_the_latest_moment(
            began in 0..u64::MAX / 2,
            moments in prop::collection::vec(0..1_000_000_000_u64, 1..50),
        ) {
            let due = DueSamples::every(10_101_010);
            due.begin(began);
            let taken: u64 = moments.iter().map(|moment| due.take(began + moment)).sum();
            prop_assert_eq!(taken, moments.iter().max().map_or(0, |latest| latest / 10_101_010));
        }
    }
}
