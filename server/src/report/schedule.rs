//! Decides when the next report is made.
//!
//! Reports are due on a grid: an interval apart, beginning with the first one after the start. Each is made
//! at a random moment in the tenth of an interval before it is due, so that the moment reveals nothing about
//! the start. The first one is made when it is due: its time is random already or set by the operator.

use std::time::Duration;

use headcount_platform::clock::Clock;

/// The earliest and the latest first report after a start, in seconds, by default.
const FIRST_REPORT_SECONDS: std::ops::Range<f64> = 60.0..600.0;

/// The part of an interval before a due time in which the report is made: a tenth.
const WINDOW_DIVISOR: u32 = 10;

/// The times at which reports are due, on the clock that never jumps.
#[derive(Debug, Clone, Copy)]
pub struct ReportSchedule {
    interval: Duration,
    /// When the first report was due; all due times are whole intervals after it.
    first: Duration,
    due: Duration,
    /// When the next report is made.
    cut: Duration,
}

impl ReportSchedule {
    /// The first report is due `first` after `now`, or, without that, after 1 to 10 minutes, picked by
    /// `chance` in 0..1, so that installations do not report all at once. Then one is due every `interval`.
    #[must_use]
    pub fn new(now: Duration, first: Option<Duration>, interval: Duration, chance: f64) -> Self {
        let spread = FIRST_REPORT_SECONDS.end - FIRST_REPORT_SECONDS.start;
        let first = first.unwrap_or_else(|| {
            Duration::from_secs_f64(FIRST_REPORT_SECONDS.start + spread * chance.clamp(0.0, 1.0))
        });
        let first = now.saturating_add(first);
        Self { interval, first, due: first, cut: first }
    }

    /// How long to wait until the next report is made.
    #[must_use]
    pub const fn wait(&self, now: Duration) -> Duration {
        self.cut.saturating_sub(now)
    }

    /// The report that was due is made. The next one is due at the next point of the grid whose window has
    /// not begun at `now`, and is made at the moment of the window that `chance` in 0..1 picks. Points that
    /// passed while the machine slept are skipped.
    pub fn advance(&mut self, now: Duration, chance: f64) {
        let window = self.interval / WINDOW_DIVISOR;
        self.due =
            self.due.saturating_add(self.interval).max(self.first_point_after(now.saturating_add(window)));
        self.cut = self.due.saturating_sub(window.mul_f64(chance.clamp(0.0, 1.0)));
    }

    /// Postpones the report by `wait`, or by an interval if that is shorter. Its due time stays.
    pub fn retry(&mut self, now: Duration, wait: Duration) {
        self.cut = now.saturating_add(wait.min(self.interval));
    }

    /// When the next report is due, in Unix seconds. If a report is retried, that time counts.
    #[must_use]
    pub fn next_at(&self, clock: &dyn Clock) -> u64 {
        let due = self.due.max(self.cut);
        clock.wall().saturating_add(due.saturating_sub(clock.monotonic())).as_secs()
    }

    /// The first point of the grid at `time` or after it.
    fn first_point_after(&self, time: Duration) -> Duration {
        let (passed, interval) =
            (time.saturating_sub(self.first).as_nanos(), self.interval.as_nanos().max(1));
        let nanos = passed.div_ceil(interval).saturating_mul(interval);
        self.first.saturating_add(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn the_first_report_comes_when_asked_for() {
        assert_eq!(
            ReportSchedule::new(seconds(7), Some(Duration::ZERO), HOUR, 0.5).wait(seconds(7)),
            Duration::ZERO
        );
        assert_eq!(ReportSchedule::new(seconds(7), Some(seconds(5)), HOUR, 0.5).wait(seconds(8)), seconds(4));
    }

    #[test]
    fn the_first_report_comes_within_one_to_ten_minutes() {
        for (chance, wait) in [(0.0, 60), (0.5, 330), (1.0, 600)] {
            assert_eq!(ReportSchedule::new(seconds(7), None, HOUR, chance).wait(seconds(7)), seconds(wait));
        }
    }

    #[test]
    fn a_report_is_made_in_the_tenth_before_it_is_due() {
        for (chance, made) in [(0.0, 3610), (0.5, 3430), (1.0, 3250)] {
            let mut schedule = ReportSchedule::new(Duration::ZERO, Some(seconds(10)), HOUR, 0.0);
            schedule.advance(seconds(12), chance);
            assert_eq!(schedule.due, seconds(3610));
            assert_eq!(schedule.wait(seconds(12)), seconds(made - 12), "{chance}");
        }
    }

    #[test]
    fn a_report_that_was_made_early_is_not_made_again_for_the_same_time() {
        let mut schedule = ReportSchedule::new(Duration::ZERO, Some(seconds(10)), HOUR, 0.0);
        schedule.advance(seconds(10), 1.0);
        schedule.advance(seconds(3250), 1.0);
        assert_eq!(schedule.due, seconds(7210));
    }

    #[test]
    fn after_a_long_sleep_one_report_is_made_and_the_next_is_on_the_grid() {
        let mut schedule = ReportSchedule::new(Duration::ZERO, Some(seconds(10)), HOUR, 0.0);
        schedule.advance(seconds(10), 0.0);
        assert_eq!(schedule.wait(seconds(100_000)), Duration::ZERO);
        schedule.advance(seconds(100_000), 0.0);
        assert_eq!(schedule.due, seconds(10 + 28 * 3600));
    }

    #[test]
    fn a_failed_report_is_made_again_soon_and_the_grid_stays() {
        let mut schedule = ReportSchedule::new(Duration::ZERO, Some(seconds(10)), HOUR, 0.0);
        schedule.retry(seconds(11), seconds(20));
        assert_eq!(schedule.wait(seconds(11)), seconds(20));
        schedule.retry(seconds(31), 2 * HOUR);
        assert_eq!(schedule.wait(seconds(31)), HOUR);
        schedule.advance(seconds(31) + HOUR, 0.0);
        assert_eq!(schedule.due, seconds(10) + 2 * HOUR);
    }

    #[derive(Debug)]
    struct FixedClock(u64, u64);

    impl Clock for FixedClock {
        fn wall(&self) -> Duration {
            seconds(self.0)
        }
        fn monotonic(&self) -> Duration {
            seconds(self.1)
        }
    }

    #[test]
    fn the_wall_clock_may_jump() {
        let schedule = ReportSchedule::new(seconds(100), Some(HOUR), HOUR, 0.0);
        assert_eq!(schedule.next_at(&FixedClock(1_000_000, 100)), 1_003_600);
        assert_eq!(schedule.next_at(&FixedClock(913_600, 200)), 913_600 + 3500);
        assert_eq!(schedule.next_at(&FixedClock(2_000_000, 9_999)), 2_000_000);
    }

    #[test]
    fn what_is_told_is_when_the_report_is_due_and_not_when_it_is_made() {
        let mut schedule = ReportSchedule::new(Duration::ZERO, Some(Duration::ZERO), HOUR, 0.0);
        schedule.advance(Duration::ZERO, 0.7);
        assert_eq!(schedule.next_at(&FixedClock(1_000_000, 0)), 1_003_600);
    }

    proptest! {
        /// Late wake-ups and failures in any order: due times stay on the grid and grow, and each report is
        /// made in its window or, when the machine was late, at once.
        #[test]
        fn every_due_time_is_on_the_grid(
            first in 0..600_u64,
            interval in 10..7200_u64,
            steps in proptest::collection::vec((0..30_000_u64, 0.0..1.0_f64, any::<bool>()), 1..50),
        ) {
            let (first, interval) = (seconds(first), seconds(interval));
            let mut schedule = ReportSchedule::new(seconds(5), Some(first), interval, 0.0);
            let mut now = seconds(5);
            for (late, chance, fails) in steps {
                now += schedule.wait(now) + seconds(late);
                let before = schedule.due;
                if fails {
                    schedule.retry(now, seconds(10));
                    prop_assert_eq!(schedule.due, before);
                    continue;
                }
                schedule.advance(now, chance);
                let since_first = schedule.due - seconds(5) - first;
                prop_assert_eq!(since_first.as_nanos() % interval.as_nanos(), 0);
                prop_assert!(schedule.due > before && schedule.due <= now.max(before) + interval * 2);
                prop_assert!(schedule.cut <= schedule.due && schedule.cut + interval / 10 >= schedule.due);
                prop_assert!(schedule.cut >= now);
            }
        }
    }
}
