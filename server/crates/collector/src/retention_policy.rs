//! Decides which reports are old enough to be dropped, and how often to check.

use std::time::Duration;

use headcount_fleet::calendar_day::CalendarDay;

use super::report_day::OLDEST_REPORT;

/// How long a collector stores reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Their counts and their ids.
    pub counts: Duration,
    /// The reports byte for byte, with their profiles; at most as long as the counts.
    pub raw: Duration,
    /// What installations measured on each day, to compare releases; at most as long as the counts.
    pub readings: Duration,
}

/// The times, in Unix seconds, before which a report must have arrived to be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PruneCutoffs {
    /// The report as it was sent.
    pub raw_before: u64,
    /// The first report of a file with raw copies, for the file to be closed. Reports are dropped with their
    /// file.
    pub segment_before: u64,
    /// Its id.
    pub counts_before: u64,
    /// The day before which typed reports are dropped.
    pub typed_before: CalendarDay,
    /// The day before which browsers are forgotten.
    pub browsers_before: CalendarDay,
    /// The day before which readings of installations are dropped.
    pub readings_before: CalendarDay,
    /// The day before which the numbers of the fleet are dropped.
    pub blocks_before: CalendarDay,
}

/// How long the browsers of a day are known at least: reports wait in a spool for two weeks.
const BROWSERS_KEPT: Duration = Duration::from_secs(16 * 24 * 60 * 60);

/// How long typed reports are stored at least: longer than the age at which a report still counts in its own
/// day, because a day is always computed from all of its reports.
const TYPED_KEPT: Duration = Duration::from_secs(OLDEST_REPORT.as_secs() + 24 * 60 * 60);

/// A file has the reports of at most this part of the time for which they are kept, or of a day.
const SEGMENTS_PER_RETENTION: u32 = 16;

impl RetentionPolicy {
    /// The policy with the usual time for readings.
    #[must_use]
    pub const fn new(counts: Duration, raw: Duration) -> Self {
        Self { counts, raw, readings: Self::USUAL_READINGS }
    }

    /// How long the readings of installations are usually stored: a release is looked at for two weeks, and
    /// compared with the two weeks before it.
    const USUAL_READINGS: Duration = Duration::from_secs(29 * 24 * 60 * 60);

    /// The cut-off times at `now`, a time since the Unix epoch.
    #[must_use]
    pub(super) fn due(self, now: Duration) -> PruneCutoffs {
        let before = |age: Duration| now.saturating_sub(age.min(self.counts)).as_secs();
        let day_before = |age: Duration| CalendarDay::from_unix_seconds(before(age));
        PruneCutoffs {
            raw_before: before(self.raw),
            segment_before: before(self.raw / SEGMENTS_PER_RETENTION),
            counts_before: before(self.counts),
            typed_before: day_before(self.raw.max(TYPED_KEPT)),
            browsers_before: day_before(BROWSERS_KEPT),
            readings_before: day_before(self.readings),
            blocks_before: day_before(self.counts),
        }
    }

    /// How often old reports are dropped: ten times per retention period, but at most once a second and at
    /// least once a minute.
    #[must_use]
    pub(super) fn pace(self) -> Duration {
        (self.raw.min(self.counts) / 10).clamp(Duration::from_secs(1), Duration::from_secs(60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn days(days: u64) -> Duration {
        Duration::from_secs(days * 24 * 60 * 60)
    }

    #[test]
    fn raw_reports_go_first_and_counts_after_the_retention() {
        let cases = [
            (days(1000), days(400), days(30), days(970), days(600)),
            (days(1000), days(400), days(7), days(993), days(600)),
            (days(1000), days(10), days(30), days(990), days(990)),
            (days(1000), days(0), days(30), days(1000), days(1000)),
            // A clock that was never set drops nothing.
            (days(0), days(400), days(30), days(0), days(0)),
            (days(20), days(400), days(30), days(0), days(0)),
            (days(1000), Duration::MAX, days(30), days(970), days(0)),
        ];
        for (now, counts, raw, raw_before, counts_before) in cases {
            let due = RetentionPolicy::new(counts, raw).due(now);
            let times = (due.raw_before, due.counts_before);
            assert_eq!(times, (raw_before.as_secs(), counts_before.as_secs()), "{now:?} {counts:?} {raw:?}");
        }
    }

    #[test]
    fn typed_reports_stay_until_their_day_is_final_and_browsers_no_longer() {
        let cases = [
            (days(400), days(30), (970, 984, 971, 600)),
            (days(400), days(1), (978, 984, 971, 600)),
            (days(10), days(30), (990, 990, 990, 990)),
        ];
        for (counts, raw, (typed, browsers, readings, blocks)) in cases {
            let due = RetentionPolicy::new(counts, raw).due(days(1000));
            let cutoffs = [due.typed_before, due.browsers_before, due.readings_before, due.blocks_before];
            assert_eq!(
                cutoffs.map(CalendarDay::days_since_epoch),
                [typed, browsers, readings, blocks],
                "{counts:?} {raw:?}"
            );
        }
    }

    #[test]
    fn what_is_kept_for_short_is_looked_at_often() {
        let seconds = Duration::from_secs;
        for (counts, raw, pace) in [
            (days(400), days(30), seconds(60)),
            (days(400), seconds(100), seconds(10)),
            (seconds(20), days(30), seconds(2)),
            (seconds(1), seconds(1), seconds(1)),
        ] {
            assert_eq!(RetentionPolicy::new(counts, raw).pace(), pace, "{counts:?} {raw:?}");
        }
    }
}
