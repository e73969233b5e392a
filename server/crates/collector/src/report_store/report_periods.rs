//! Compares the time of a report with that of others of its installation: overlaps, and times without a
//! report.

use std::collections::HashMap;

use serde_json::json;
use sqlx::SqliteConnection;

use super::{IncomingReport, known_reports::json_list};
use crate::prepared_report::ReportPeriod;

/// The shortest time without a report that counts as a gap, in seconds. Reports come once an hour, and the
/// time of one ends where that of the next begins.
const SHORTEST_GAP: i64 = 30 * 60;

/// The number of later reports that are compared. While there is no overlap, the periods are in order, and
/// the first that ends later decides. With a complete search, a sender with many overlapping reports could
/// slow down the writer.
const COMPARED_PERIODS: u8 = 16;

/// What a report changes about the gaps of its installation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum GapChange {
    /// There is one more.
    OneMore,
    /// There is one less.
    OneLess,
    /// There are as many as before.
    #[default]
    None,
}

/// What the time of a report shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PeriodFindings {
    /// Whether it overlaps that of another report.
    pub(super) overlaps: bool,
    /// What it changes about gaps.
    pub(super) gap_change: GapChange,
}

/// The periods that end after one begins, of each installation in a list; `key` is its place in the list.
const END_LATER: &str = "SELECT asked.key, period_from, period_to FROM json_each(?1) AS asked
    CROSS JOIN report ON report.seq IN (SELECT seq FROM report WHERE instance = asked.value ->> 0
        AND replica = 0 AND period_to > asked.value ->> 1 ORDER BY period_to, period_from LIMIT ?2)
    ORDER BY asked.key, period_to, period_from";

const ENDS_BEFORE: &str = "SELECT asked.key, (SELECT max(period_to) FROM report
        WHERE instance = asked.value ->> 0 AND replica = 0 AND period_to <= asked.value ->> 1)
    FROM json_each(?) AS asked";

/// Compares reports that are about to be stored with those that are, each of another installation. Returns
/// what is found for each. Reports of replicas may overlap; they, and those that tell no time, change nothing.
pub(super) async fn compare_periods(
    connection: &mut SqliteConnection,
    reports: &[IncomingReport],
) -> sqlx::Result<Vec<PeriodFindings>> {
    let asked: Vec<(usize, ReportPeriod)> = reports
        .iter()
        .enumerate()
        .filter(|(_, arrived)| !arrived.replica)
        .filter_map(|(place, arrived)| Some((place, arrived.report.period?)))
        .collect();
    let mut findings = vec![PeriodFindings::default(); reports.len()];
    if asked.is_empty() {
        return Ok(findings);
    }
    let list = json_list(asked.iter().filter_map(|(place, period)| {
        Some(json!([reports.get(*place)?.report.instance.to_string(), period.from]))
    }));
    let later = sqlx::query_as(END_LATER).bind(&list).bind(i64::from(COMPARED_PERIODS));
    let mut later_of: HashMap<i64, Vec<ReportPeriod>> = HashMap::new();
    for (key, from, to) in later.fetch_all(&mut *connection).await? {
        later_of.entry(key).or_default().push(ReportPeriod { from, to });
    }
    let before: Vec<(i64, Option<i64>)> =
        sqlx::query_as(ENDS_BEFORE).bind(&list).fetch_all(connection).await?;
    let before: HashMap<i64, Option<i64>> = before.into_iter().collect();
    for ((place, period), key) in asked.into_iter().zip(0_i64..) {
        let later = later_of.get(&key).map_or(&[][..], Vec::as_slice);
        if let Some(found) = findings.get_mut(place) {
            *found = judge_period(before.get(&key).copied().flatten(), period, later);
        }
    }
    Ok(findings)
}

/// Compares a period with the end of the last one before it and with those that end later than it begins.
fn judge_period(before: Option<i64>, period: ReportPeriod, later: &[ReportPeriod]) -> PeriodFindings {
    let overlaps = later.iter().any(|other| other.from < period.to);
    // With more overlaps than that, nothing is known of what comes after.
    let after = later.iter().find(|other| other.to > period.to).map(|other| other.from);
    let is_known = after.is_some() || later.len() < usize::from(COMPARED_PERIODS);
    let gap_change = if is_known { change_between(before, period, after) } else { GapChange::None };
    PeriodFindings { overlaps, gap_change }
}

/// What a report changes between the end of the one before it and the beginning of the one after it.
fn change_between(before: Option<i64>, period: ReportPeriod, after: Option<i64>) -> GapChange {
    let is_gap = |from: Option<i64>, to: Option<i64>| match (from, to) {
        (Some(from), Some(to)) => i32::from(to - from >= SHORTEST_GAP),
        _ => 0,
    };
    let (from, to) = (Some(period.from), Some(period.to));
    match is_gap(before, from) + is_gap(to, after) - is_gap(before, after) {
        1.. => GapChange::OneMore,
        0 => GapChange::None,
        _ => GapChange::OneLess,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60 * 60;

    #[test]
    fn a_gap_is_counted_when_it_opens_and_when_a_late_report_closes_it() {
        let of_hour = |hour: i64| ReportPeriod { from: hour * HOUR, to: (hour + 1) * HOUR };
        let at = |hour: i64| Some(hour * HOUR);
        for (before, hour, after, change) in [
            (None, 10, None, GapChange::None),
            (at(10), 10, None, GapChange::None),
            (at(9), 10, None, GapChange::OneMore),
            (None, 10, at(12), GapChange::OneMore),
            (at(10), 10, at(11), GapChange::OneLess),
            (at(10), 10, at(12), GapChange::None),
            (at(9), 10, at(12), GapChange::OneMore),
            // The one after it overlaps it.
            (at(10), 10, at(10), GapChange::None),
        ] {
            assert_eq!(change_between(before, of_hour(hour), after), change, "{before:?} {hour} {after:?}");
        }
        let soon = ReportPeriod { from: 10 * HOUR + SHORTEST_GAP - 1, to: 11 * HOUR };
        assert_eq!(change_between(at(10), soon, None), GapChange::None);
    }
}
