//! Computes which times are missing, and the spans to fetch.

use super::seconds;
use crate::{
    client::QuerySpan,
    query::{QueryRetention, WINDOW},
};

/// The longest gap that is fetched completely for queries that keep only the newest value.
const SHORT_GAP_S: u32 = 300;
/// The distance between two points in longer gaps of such queries, in seconds. Series that lived for a
/// shorter time may be missed.
const COARSE_S: u32 = 60;
/// The maximum length of the points of one answer, in seconds.
const SLOT_S: u32 = 3600;

/// The spans to fetch at `now` if everything up to `last` is stored, in order. All times are Unix seconds;
/// `step` is the distance between two points of the project. Empty if nothing is missing, or the clock went
/// backwards.
///
/// Values newer than `again` seconds before the last time are fetched again, and a single time is fetched
/// together with that many seconds before it: some back ends get samples late, or show them late.
///
/// The last time is at least one step of the project before `now`, so that Prometheus has its samples. Spans
/// end at full hours, so that none exceeds the 11,000 points of an answer of Prometheus.
#[must_use]
pub fn spans(kind: QueryRetention, last: Option<u32>, now: u32, step: u32, again: u32) -> Vec<QuerySpan> {
    let (step, latency) = (step_of(kind, step), step);
    let Some(to) = newest(now, latency, step) else { return Vec::new() };
    if last.is_some_and(|last| last >= to) {
        return Vec::new();
    }
    let last = last.map(|last| last.saturating_sub(again));
    match kind {
        QueryRetention::Now => {
            vec![QuerySpan { from: to.saturating_sub(again / step * step).max(step), to, step }]
        }
        QueryRetention::Seen => seen(last, to, step),
        QueryRetention::Range { keep, .. } => {
            let from = first_missing(last, to, seconds(keep), step);
            hours(from, to, step)
        }
    }
}

/// The distance between two points of a query, in seconds, in a project with the distance `step`.
#[must_use]
pub fn step_of(kind: QueryRetention, step: u32) -> u32 {
    match kind {
        QueryRetention::Range { every: Some(every), .. } => step.max(seconds(every)).max(1),
        _ => step.max(1),
    }
}

/// The newest time of the grid for which Prometheus has samples at `now`, if it has all of them after
/// `latency`; `None` right after the epoch.
fn newest(now: u32, latency: u32, step: u32) -> Option<u32> {
    now.checked_sub(latency.max(1)).map(|to| to / step * step).filter(|to| *to > 0)
}

/// The first time of the grid after `last`, but not before `to - keep`.
fn first_missing(last: Option<u32>, to: u32, keep: u32, step: u32) -> u32 {
    let earliest = to.saturating_sub(keep).div_ceil(step) * step;
    last.map_or(earliest, |last| earliest.max((last / step + 1) * step))
}

fn seen(last: Option<u32>, to: u32, step: u32) -> Vec<QuerySpan> {
    let from = first_missing(last, to, seconds(WINDOW), step);
    if to - from < SHORT_GAP_S {
        return vec![QuerySpan { from, to, step }];
    }
    let coarse = COARSE_S.div_ceil(step) * step;
    let (first, end) = (from.div_ceil(coarse) * coarse, to / coarse * coarse);
    let mut spans = vec![QuerySpan { from: first, to: end, step: coarse }];
    if end < to {
        spans.push(QuerySpan { from: end + step, to, step });
    }
    spans
}

/// The times `from` to `to`, split at full hours.
fn hours(from: u32, to: u32, step: u32) -> Vec<QuerySpan> {
    let mut spans = Vec::new();
    let mut from = from;
    while from <= to {
        let next_hour = (from / SLOT_S + 1).saturating_mul(SLOT_S);
        let last_before = (next_hour - 1) / step * step;
        let end = last_before.max(from).min(to);
        spans.push(QuerySpan { from, to: end, step });
        let Some(next) = end.checked_add(step) else { break };
        from = next;
    }
    spans
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const HOUR: QueryRetention = QueryRetention::Range { keep: WINDOW, every: None };
    const TREND: QueryRetention =
        QueryRetention::Range { keep: Duration::from_secs(4 * 3600), every: Some(Duration::from_secs(300)) };

    /// A time of one day, in seconds.
    fn at(time: &str) -> u32 {
        let parts = time.split(':').map(|part| part.parse::<u32>().unwrap());
        parts.fold(0, |seconds, part| seconds * 60 + part)
    }

    fn check(kind: QueryRetention, last: Option<&str>, now: &str, step: u32, expected: &[(&str, &str, u32)]) {
        let expected: Vec<QuerySpan> = expected
            .iter()
            .map(|(from, to, step)| QuerySpan { from: at(from), to: at(to), step: *step })
            .collect();
        let found = spans(kind, last.map(at), at(now), step, 0);
        assert_eq!(found, expected, "{kind:?} last {last:?} now {now} step {step}");
    }

    #[test]
    fn only_the_newest_moment_is_fetched_where_it_is_enough() {
        check(QueryRetention::Now, None, "11:49:11", 30, &[("11:48:30", "11:48:30", 30)]);
        check(QueryRetention::Now, Some("11:48:00"), "11:49:11", 30, &[("11:48:30", "11:48:30", 30)]);
        check(QueryRetention::Now, Some("11:48:30"), "11:49:11", 30, &[]);
        check(QueryRetention::Now, Some("11:48:30"), "10:00:00", 30, &[]);
        check(QueryRetention::Now, None, "00:00:20", 30, &[]);
    }

    #[test]
    fn what_may_be_late_is_asked_again() {
        let found = |kind, last: Option<&str>, again| spans(kind, last.map(at), at("11:50:11"), 30, again);
        let span = |from, to| vec![QuerySpan { from: at(from), to: at(to), step: 30 }];
        assert_eq!(found(QueryRetention::Seen, Some("11:49:00"), 120), span("11:47:30", "11:49:30"));
        assert_eq!(found(HOUR, Some("11:49:00"), 120), span("11:47:30", "11:49:30"));
        assert_eq!(found(QueryRetention::Now, None, 120), span("11:47:30", "11:49:30"));
        assert_eq!(found(QueryRetention::Now, None, 29), span("11:49:30", "11:49:30"));
        assert_eq!(found(QueryRetention::Seen, Some("11:49:30"), 120), []);
    }

    #[test]
    fn a_long_gap_in_what_was_seen_is_filled_coarsely() {
        check(QueryRetention::Seen, Some("11:48:30"), "11:50:11", 30, &[("11:49:00", "11:49:30", 30)]);
        check(QueryRetention::Seen, Some("11:44:15"), "11:49:25", 15, &[("11:44:30", "11:49:00", 15)]);
        let long = [("11:45:00", "11:49:00", 60), ("11:49:15", "11:49:30", 15)];
        check(QueryRetention::Seen, Some("11:44:00"), "11:49:55", 15, &long);
        let hour = [("10:50:00", "11:49:00", 60), ("11:49:15", "11:49:30", 15)];
        check(QueryRetention::Seen, None, "11:49:55", 15, &hour);
        check(
            QueryRetention::Seen,
            None,
            "11:49:55",
            25,
            &[("10:50:00", "11:48:45", 75), ("11:49:10", "11:49:10", 25)],
        );
        check(QueryRetention::Seen, None, "11:49:55", 300, &[("10:40:00", "11:40:00", 300)]);
    }

    #[test]
    fn values_over_time_are_fetched_from_the_last_one_on_hour_by_hour() {
        let hour = [("10:48:30", "10:59:30", 30), ("11:00:00", "11:48:30", 30)];
        check(HOUR, Some("09:49:11"), "11:49:11", 30, &hour);
        check(HOUR, None, "11:49:11", 30, &hour);
        check(HOUR, Some("11:48:30"), "11:50:11", 30, &[("11:49:00", "11:49:30", 30)]);
        check(HOUR, Some("12:11:00"), "12:12:35", 30, &[("12:11:30", "12:12:00", 30)]);
        check(HOUR, Some("12:11:30"), "12:12:25", 30, &[]);
        check(HOUR, Some("11:48:40"), "11:50:11", 30, &[("11:49:00", "11:49:30", 30)]);
        check(HOUR, Some("12:11:30"), "09:00:00", 30, &[]);
        check(HOUR, Some("12:11:30"), "00:00:00", 30, &[]);
        let five_minutes = [("10:40:00", "10:55:00", 300), ("11:00:00", "11:40:00", 300)];
        check(HOUR, Some("09:49:11"), "11:49:11", 300, &five_minutes);
        let trend = [
            ("07:45:00", "07:55:00", 300),
            ("08:00:00", "08:55:00", 300),
            ("09:00:00", "09:55:00", 300),
            ("10:00:00", "10:55:00", 300),
            ("11:00:00", "11:45:00", 300),
        ];
        check(TREND, None, "11:49:11", 15, &trend);
        check(TREND, None, "11:45:15", 15, &trend);
        check(TREND, Some("11:45:00"), "11:49:11", 15, &[]);
        check(TREND, Some("11:40:00"), "11:45:14", 15, &[]);
        check(HOUR, None, "06:00:00", 7000, &[("03:53:20", "03:53:20", 7000)]);
    }

    fn any_kind() -> impl Strategy<Value = QueryRetention> {
        let range = (0_u64..20_000, proptest::option::of(1_u64..1000)).prop_map(|(keep, every)| {
            QueryRetention::Range { keep: Duration::from_secs(keep), every: every.map(Duration::from_secs) }
        });
        prop_oneof![Just(QueryRetention::Now), Just(QueryRetention::Seen), range]
    }

    proptest! {
        #[test]
        fn spans_cover_what_is_missing_once_and_nothing_of_the_future(
            kind in any_kind(),
            ago in proptest::option::of(-500_i64..30_000),
            now in prop_oneof![0_u32..20_000, 1_700_000_000_u32..1_700_010_000, Just(u32::MAX)],
            step in prop_oneof![0_u32..400, any::<u32>()],
        ) {
            let last = ago.map(|ago| (i64::from(now) - ago).clamp(0, i64::from(u32::MAX)) as u32);
            let found = spans(kind, last, now, step, 0);
            let grid = step_of(kind, step);
            let mut previous = last;
            for span in &found {
                prop_assert!(span.from <= span.to && span.to <= now - step.max(1));
                prop_assert!(previous.is_none_or(|previous| span.from > previous));
                prop_assert!(span.from % grid == 0 && (span.to - span.from) % span.step == 0);
                prop_assert!((span.to - span.from) / span.step < 11_000);
                prop_assert!(span.step % grid == 0);
                previous = Some(span.to);
            }
            if let QueryRetention::Range { keep, .. } = kind {
                let to = now.saturating_sub(step.max(1)) / grid * grid;
                let earliest = to.saturating_sub(seconds(keep));
                let missing = (earliest.div_ceil(grid)..=to / grid).filter(|place| to > 0 && last.is_none_or(|last| place * grid > last));
                let fetched = found.iter().flat_map(|span| (span.from / grid)..=(span.to / grid));
                prop_assert!(missing.eq(fetched));
            }
        }
    }
}
