//! Follows the clock of a Prometheus that differs from this machine's.
//!
//! Prometheus stores samples by its own clock, or that of its agents, and has none for a time that its clock
//! has not reached. Queries therefore use its time, which the header `Date` of its answers shows. A proxy may
//! set a date of its own; samples that are impossible at such a time reveal that. Dates from caches are
//! ignored, and so are dates from before this machine was suspended or its clock was set.
//!
//! While the clocks differ and there are no series at all, every query counts as failed. Answers beyond the
//! time of Prometheus are requested again in full, and slots of service levels beyond it are removed. Cached
//! data does not expire before Prometheus has answered once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use headcount_platform::clock::Clock;

/// How long a sample stays visible, in seconds: Prometheus' lookback.
const LOOKBACK_S: i64 = 300;

/// This machine's clock, adjusted to the time of a Prometheus.
#[derive(Debug)]
pub struct PrometheusClock {
    machine: Arc<dyn Clock>,
    ahead_s: AtomicI64,
}

impl PrometheusClock {
    /// Begins with the time of `machine`.
    #[must_use]
    pub const fn new(machine: Arc<dyn Clock>) -> Self {
        Self { machine, ahead_s: AtomicI64::new(0) }
    }

    /// This machine's clock.
    #[must_use]
    pub fn machine(&self) -> &dyn Clock {
        &*self.machine
    }

    /// How many seconds it is ahead of this machine's clock.
    pub fn ahead(&self) -> i64 {
        self.ahead_s.load(Ordering::Relaxed)
    }

    /// Sets how far the clock of Prometheus is ahead.
    pub fn set_ahead(&self, seconds: i64) {
        self.ahead_s.store(seconds, Ordering::Relaxed);
    }

    /// The time of this clock at a time of this machine's clock, both in Unix seconds.
    pub fn time_of(&self, machine: u32) -> u32 {
        let time = i64::from(machine).saturating_add(self.ahead()).max(0);
        u32::try_from(time).unwrap_or(u32::MAX)
    }
}

/// The difference between the two clocks, in seconds by which Prometheus is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockDifference {
    /// They agree.
    None,
    /// Queries use the time of Prometheus.
    Followed(i64),
    /// The date differs, but the samples contradict it: queries use this machine's time.
    Disbelieved(i64),
}

impl ClockDifference {
    /// The difference of a date, and whether the samples contradict it.
    pub const fn of(ahead: i64, is_contradicted: bool) -> Self {
        match (ahead, is_contradicted) {
            (0, _) => Self::None,
            (_, true) => Self::Disbelieved(ahead),
            (_, false) => Self::Followed(ahead),
        }
    }

    /// The difference according to the date.
    pub const fn said(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Followed(ahead) | Self::Disbelieved(ahead) => ahead,
        }
    }

    /// The difference that queries use.
    pub const fn believed(self) -> i64 {
        match self {
            Self::Followed(ahead) => ahead,
            Self::None | Self::Disbelieved(_) => 0,
        }
    }

    /// Whether the kind of difference changed, which is logged, and not only the number.
    pub fn is_news_after(self, before: Self) -> bool {
        std::mem::discriminant(&self) != std::mem::discriminant(&before)
    }
}

impl Clock for PrometheusClock {
    fn wall(&self) -> Duration {
        let ahead = self.ahead();
        let by = Duration::from_secs(ahead.unsigned_abs());
        let wall = self.machine.wall();
        if ahead < 0 { wall.saturating_sub(by) } else { wall.saturating_add(by) }
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic()
    }
}

/// The new difference, if it was `ahead` before, and a date shows that the other clock is at least `least`
/// and at most `most` seconds ahead. Clocks agree if they differ by at most a step; once they have differed,
/// by at most half a step, so that a difference of about a step does not alternate.
pub fn keep_ahead(ahead: i64, [least, most]: [i64; 2], step_s: u32) -> i64 {
    let allowed = i64::from(if ahead == 0 { step_s } else { step_s / 2 });
    if least <= allowed && most >= -allowed {
        return 0;
    }
    // Small variations between answers do not move the requested times.
    let still_holds = ahead != 0 && (least - 1..=most + 1).contains(&ahead);
    if still_holds { ahead } else { least }
}

/// Whether a date contradicts the samples, as that of a proxy may. `here` is this machine's time, `there`
/// that of the date, and `newest` the newest time up to both that has a value, all in Unix seconds.
pub fn is_contradicted(here: i64, there: i64, newest: i64) -> bool {
    // A value is visible after the alleged time.
    let is_past_the_end = newest > there + LOOKBACK_S;
    // Samples end at this machine's time, and not at that of the date.
    let ends_here = newest >= here - 2 * LOOKBACK_S && newest < there - 2 * LOOKBACK_S;
    is_past_the_end || ends_here
}

#[cfg(test)]
mod tests {
    use headcount_platform::clock::SystemClock;

    use super::*;

    #[test]
    fn clocks_that_differ_by_more_than_a_step_are_told_apart_and_stay_so_until_they_clearly_agree() {
        const STEP: u32 = 30;
        for (before, bounds, expected) in [
            (0, [-1, 1], 0),
            (0, [30, 31], 0),
            (0, [31, 32], 31),
            (0, [-32, -31], -32),
            (0, [-31, -30], 0),
            // A slow answer decides nothing.
            (0, [-40, 2], 0),
            (0, [3600, 3601], 3600),
            (0, [-3600, -3599], -3600),
            // The difference stays while it may be right.
            (3600, [3599, 3600], 3600),
            (3600, [3601, 3602], 3600),
            (3600, [3603, 3604], 3603),
            (-3600, [-3650, -3599], -3600),
            // About a step.
            (31, [29, 30], 31),
            (31, [20, 21], 20),
            (31, [15, 16], 0),
            (-3600, [-1, 1], 0),
        ] {
            assert_eq!(keep_ahead(before, bounds, STEP), expected, "{before} {bounds:?}");
        }
        assert_eq!(keep_ahead(0, [2, 3], 1), 2);
        assert_eq!(keep_ahead(0, [-1, 1], 1), 0);
    }

    #[test]
    fn a_date_of_somebody_else_is_told_by_the_samples() {
        const HERE: i64 = 1_700_000_000;
        for (there, newest, expected) in [
            // Prometheus is ahead, and has samples up to its time.
            (3600, 3590, false),
            // A proxy is ahead, and samples end at this machine's time.
            (3600, 0, true),
            (3600, 290, true),
            // Prometheus is ahead, and its nodes have been silent for a long time.
            (3600, -7200, false),
            // Prometheus is behind, and so are its samples.
            (-3600, -3610, false),
            (-3600, -3301, false),
            // A proxy is behind.
            (-3600, -10, true),
            (-3600, 200, true),
        ] {
            assert_eq!(is_contradicted(HERE, HERE + there, HERE + newest), expected, "{there} {newest}");
        }
    }

    #[test]
    fn another_kind_of_difference_is_news_and_another_number_is_not() {
        use ClockDifference::{Disbelieved, Followed, None};
        for (before, (ahead, is_contradicted), after, believed, is_news) in [
            (None, (3600, false), Followed(3600), 3600, true),
            (None, (3600, true), Disbelieved(3600), 0, true),
            (Followed(3600), (-60, false), Followed(-60), -60, false),
            (Followed(3600), (-60, true), Disbelieved(-60), 0, true),
            (Disbelieved(3600), (-60, true), Disbelieved(-60), 0, false),
            (Disbelieved(3600), (-60, false), Followed(-60), -60, true),
            (Followed(3600), (0, false), None, 0, true),
            (Disbelieved(3600), (0, false), None, 0, true),
        ] {
            let difference = ClockDifference::of(ahead, is_contradicted);
            assert_eq!((difference, difference.said(), difference.believed()), (after, ahead, believed));
            assert_eq!(difference.is_news_after(before), is_news, "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_time_of_this_machine_is_moved_to_that_of_prometheus() {
        let clock = PrometheusClock::new(Arc::new(SystemClock::new()));
        for (ahead, machine, expected) in [
            (0, 1_700_000_000, 1_700_000_000),
            (7200, 1_700_000_000, 1_700_007_200),
            (-7200, 1_700_000_000, 1_699_992_800),
            (-7200, 0, 0),
            (i64::MAX, 1_700_000_000, u32::MAX),
        ] {
            clock.set_ahead(ahead);
            assert_eq!(clock.time_of(machine), expected, "{ahead}");
        }
    }

    #[test]
    fn the_clock_is_moved_and_what_never_jumps_is_not() {
        let clock = PrometheusClock::new(Arc::new(SystemClock::new()));
        clock.set_ahead(3600);
        let ahead = clock.wall().as_secs().abs_diff(clock.machine().wall().as_secs());
        assert!((3599..=3600).contains(&ahead), "{ahead}");
        clock.set_ahead(i64::MIN);
        assert_eq!(clock.wall(), Duration::ZERO);
        clock.set_ahead(i64::MAX);
        assert!(clock.wall() > Duration::from_secs(1 << 62));
        assert!(clock.monotonic() < Duration::from_secs(3600));
    }
}
