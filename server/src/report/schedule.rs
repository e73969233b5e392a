//! When the next report is made.

use std::time::Duration;

use crate::clock::Clock;

/// The earliest and the latest first report after a start, in seconds, when nothing else was asked for.
const FIRST_REPORT_SECONDS: std::ops::Range<f64> = 60.0..600.0;

/// The times at which reports are due, on the clock that never jumps.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    interval: Duration,
    due: Duration,
}

impl Schedule {
    /// The first report is due `first` after `now`, or, without that, after 1 to 10 minutes, picked by `chance` in 0..1,
    /// so that installations do not report all at once. Then one is due every `interval`.
    #[must_use]
    pub fn new(now: Duration, first: Option<Duration>, interval: Duration, chance: f64) -> Self {
        let spread = FIRST_REPORT_SECONDS.end - FIRST_REPORT_SECONDS.start;
        let first = first.unwrap_or_else(|| {
            Duration::from_secs_f64(FIRST_REPORT_SECONDS.start + spread * chance.clamp(0.0, 1.0))
        });
        Self { interval, due: now.saturating_add(first) }
    }

    /// How long to wait until the next report is due.
    #[must_use]
    pub const fn wait(&self, now: Duration) -> Duration {
        self.due.saturating_sub(now)
    }

    /// The next report is due an interval after this one was. Times that passed while the machine slept are left out.
    pub fn advance(&mut self, now: Duration) {
        self.due = self.due.saturating_add(self.interval);
        if self.due <= now {
            self.due = now.saturating_add(self.interval);
        }
    }

    /// The report that was due is due again after `wait`, or an interval if that is shorter.
    pub fn retry(&mut self, now: Duration, wait: Duration) {
        self.due = now.saturating_add(wait.min(self.interval));
    }

    /// When the next report is due, in Unix seconds.
    #[must_use]
    pub fn next_at(&self, clock: &dyn Clock) -> u64 {
        clock.wall().saturating_add(self.wait(clock.monotonic())).as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn the_first_report_comes_when_asked_for() {
        assert_eq!(
            Schedule::new(seconds(7), Some(Duration::ZERO), HOUR, 0.5).wait(seconds(7)),
            Duration::ZERO
        );
        assert_eq!(Schedule::new(seconds(7), Some(seconds(5)), HOUR, 0.5).wait(seconds(8)), seconds(4));
    }

    #[test]
    fn the_first_report_comes_within_one_to_ten_minutes() {
        for (chance, wait) in [(0.0, 60), (0.5, 330), (1.0, 600)] {
            assert_eq!(Schedule::new(seconds(7), None, HOUR, chance).wait(seconds(7)), seconds(wait));
        }
    }

    #[test]
    fn reports_keep_their_pace() {
        let mut schedule = Schedule::new(Duration::ZERO, Some(seconds(10)), HOUR, 0.0);
        schedule.advance(seconds(12));
        assert_eq!(schedule.wait(seconds(12)), seconds(3598));
    }

    #[test]
    fn a_long_sleep_makes_one_report_due() {
        let mut schedule = Schedule::new(Duration::ZERO, Some(seconds(10)), HOUR, 0.0);
        schedule.advance(seconds(100_000));
        assert_eq!(schedule.wait(seconds(100_000)), HOUR);
    }

    #[test]
    fn a_failed_report_is_due_again_soon() {
        let mut schedule = Schedule::new(Duration::ZERO, Some(seconds(10)), HOUR, 0.0);
        schedule.retry(seconds(11), seconds(20));
        assert_eq!(schedule.wait(seconds(11)), seconds(20));
        schedule.retry(seconds(31), 2 * HOUR);
        assert_eq!(schedule.wait(seconds(31)), HOUR);
    }

    #[derive(Debug)]
    struct Fixed(u64, u64);

    impl Clock for Fixed {
        fn wall(&self) -> Duration {
            seconds(self.0)
        }
        fn monotonic(&self) -> Duration {
            seconds(self.1)
        }
    }

    #[test]
    fn the_wall_clock_may_jump() {
        let schedule = Schedule::new(seconds(100), Some(HOUR), HOUR, 0.0);
        assert_eq!(schedule.next_at(&Fixed(1_000_000, 100)), 1_003_600);
        assert_eq!(schedule.next_at(&Fixed(913_600, 200)), 913_600 + 3500);
        assert_eq!(schedule.next_at(&Fixed(2_000_000, 9_999)), 2_000_000);
    }
}
