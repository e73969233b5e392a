//! Finds the days on which a collector received far fewer reports than it should have.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::calendar_day::CalendarDay;

/// How many days before a day say what it should have.
const USUAL_DAYS: usize = 14;

/// Fewer days before say nothing.
const FEWEST_DAYS: usize = 3;

/// A day with a smaller part of the usual number is a gap.
const SMALLEST_PART: f64 = 0.5;

/// A fleet that usually sends fewer reports has days without any by chance.
const FEWEST_REPORTS: u64 = 20;

/// Days in a row on which too few reports came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportingGap {
    /// The first day.
    pub from: CalendarDay,
    /// The last day.
    pub until: CalendarDay,
    /// The reports of all its days.
    pub received: u64,
    /// The reports that its days usually have.
    pub usual: u64,
}

/// The gaps between the first and the last of `days`, which have a number of reports; days that are not there
/// have none. A day is a gap if it has less than half of the median of the last 14 days that are no gaps.
///
/// A fleet that shrinks to less than half from one day to the next has a gap that never ends: it looks the
/// same.
#[must_use]
pub fn find_gaps(days: &BTreeMap<CalendarDay, u64>) -> Vec<ReportingGap> {
    let (Some((first, _)), Some((last, _))) = (days.first_key_value(), days.last_key_value()) else {
        return Vec::new();
    };
    let mut usual = UsualReports::default();
    let mut gaps: Vec<ReportingGap> = Vec::new();
    for day in first.days_until(*last) {
        let received = days.get(&day).copied().unwrap_or_default();
        let Some(expected) = usual.missed_by(received) else {
            usual.add(received);
            continue;
        };
        match gaps.last_mut().filter(|gap| gap.until.plus_days(1) == day) {
            Some(gap) => {
                gap.until = day;
                gap.received += received;
                gap.usual += expected;
            }
            None => gaps.push(ReportingGap { from: day, until: day, received, usual: expected }),
        }
    }
    gaps
}

/// The reports of the last days that are no gaps.
#[derive(Debug, Clone, Default)]
pub(super) struct UsualReports(VecDeque<u64>);

impl UsualReports {
    /// The usual number, if `received` is far below it.
    pub(super) fn missed_by(&self, received: u64) -> Option<u64> {
        if self.0.len() < FEWEST_DAYS {
            return None;
        }
        let mut sorted: Vec<_> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied()?;
        let is_gap = median >= FEWEST_REPORTS && (received as f64) < median as f64 * SMALLEST_PART;
        is_gap.then_some(median)
    }

    pub(super) fn add(&mut self, received: u64) {
        self.0.push_back(received);
        if self.0.len() > USUAL_DAYS {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(at: u32) -> CalendarDay {
        CalendarDay::try_from(20_000 + at).unwrap()
    }

    fn gaps(reports: &[Option<u64>]) -> Vec<(u32, u32, u64, u64)> {
        let days = (0..).zip(reports).filter_map(|(at, count)| Some((day(at), (*count)?))).collect();
        let gaps = find_gaps(&days).into_iter();
        let at = |found: CalendarDay| found.days_since(day(0));
        gaps.map(|gap| (at(gap.from), at(gap.until), gap.received, gap.usual)).collect()
    }

    #[test]
    fn days_with_less_than_half_of_the_usual_reports_are_a_gap() {
        let usual = [Some(100), Some(110), Some(90), Some(100)];
        let with = |more: &[Option<u64>]| [&usual[..], more].concat();
        assert_eq!(gaps(&with(&[Some(60), Some(100)])), []);
        assert_eq!(gaps(&with(&[Some(49), Some(100)])), [(4, 4, 49, 100)]);
        assert_eq!(gaps(&with(&[Some(40), None, Some(5), Some(95)])), [(4, 6, 45, 300)]);
        assert_eq!(gaps(&with(&[None, Some(80), None, Some(100)])), [(4, 4, 0, 100), (6, 6, 0, 100)]);
        assert_eq!(gaps(&[]), []);
    }

    #[test]
    fn a_fleet_of_few_reports_has_no_gaps() {
        assert_eq!(gaps(&[Some(3), Some(4), Some(2), Some(3), None, Some(3)]), []);
    }

    proptest! {
        #[test]
        fn a_fleet_that_stays_within_a_third_has_no_gaps(
            reports in prop::collection::vec(80_u64..120, 0..60),
        ) {
            let days: Vec<_> = reports.into_iter().map(Some).collect();
            prop_assert_eq!(gaps(&days), []);
        }

        #[test]
        fn gaps_are_apart_and_in_order(
            reports in prop::collection::vec(prop::option::of(0_u64..120), 0..60),
        ) {
            let found = gaps(&reports);
            for pair in found.windows(2) {
                prop_assert!(pair[0].1 + 1 < pair[1].0);
            }
            prop_assert!(found.iter().all(|gap| gap.0 <= gap.1 && gap.2 * 2 < gap.3));
        }
    }
}
