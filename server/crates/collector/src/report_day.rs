//! Decides which day a report counts in.

use std::time::Duration;

use headcount_fleet::calendar_day::CalendarDay;
use uuid::Uuid;

/// The age up to which a report counts in its own day. A spool holds two weeks.
pub(super) const OLDEST_REPORT: Duration = Duration::from_secs(21 * 24 * 60 * 60);

/// When a report was made, and the day that it counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReportMoment {
    /// The time of its id or, if that is impossible, of its arrival, in Unix seconds.
    pub made_at: u64,
    /// The day of that time.
    pub day: CalendarDay,
}

impl ReportMoment {
    /// The moment of a report with an id that arrived at a time in Unix seconds. The time of an id counts if it is a UUID
    /// of version 7, at most three weeks before the arrival, and not of a later day.
    #[must_use]
    pub(super) fn new(id: &str, received_at: u64) -> Self {
        let arrival = CalendarDay::from_unix_seconds(received_at);
        let is_possible = |made_at: &u64| {
            *made_at >= received_at.saturating_sub(OLDEST_REPORT.as_secs())
                && CalendarDay::from_unix_seconds(*made_at) <= arrival
        };
        let made_at = time_of_id(id).filter(is_possible).unwrap_or(received_at);
        Self { made_at, day: CalendarDay::from_unix_seconds(made_at) }
    }
}

/// The time of a UUID of version 7, in Unix seconds.
fn time_of_id(id: &str) -> Option<u64> {
    let id = Uuid::try_parse(id).ok().filter(|id| id.get_version_num() == 7)?;
    id.get_timestamp().map(|time| time.to_unix().0)
}

#[cfg(test)]
mod tests {
    use uuid::{NoContext, Timestamp};

    use super::*;

    const DAY: u64 = 24 * 60 * 60;
    const NOON: u64 = 20_000 * DAY + DAY / 2;

    fn id_of(seconds: u64) -> String {
        Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, 0)).to_string()
    }

    #[test]
    fn the_time_of_an_id_counts_unless_it_is_impossible() {
        let cases = [
            (id_of(NOON - 3600), NOON - 3600),
            (id_of(NOON - 20 * DAY), NOON - 20 * DAY),
            (id_of(NOON - 22 * DAY), NOON),
            // Later on the same day: a clock that is ahead.
            (id_of(NOON + 3600), NOON + 3600),
            (id_of(NOON + DAY), NOON),
            (id_of(0), NOON),
            ("4423595b-9d97-4e01-a19f-8e3d60c83b2a".to_owned(), NOON),
            ("any-other-id".to_owned(), NOON),
        ];
        for (id, made_at) in cases {
            let moment = ReportMoment::new(&id, NOON);
            assert_eq!(moment.made_at, made_at, "{id}");
            assert_eq!(moment.day, CalendarDay::from_unix_seconds(made_at), "{id}");
        }
    }
}
