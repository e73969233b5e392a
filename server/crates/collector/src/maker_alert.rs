//! Decides which alerts a maker has to know of, from what arrived in the last days.

use std::{collections::BTreeMap, time::Duration};

use super::{closed_list::closed_list, intake_ledger::HourCounts};

/// How many whole hours are compared with the same hours of the days before.
const COMPARED_HOURS: u64 = 3;

/// The most days before that they are compared with.
const COMPARED_DAYS: u64 = 7;

/// The fewest of these days with reports.
const FEWEST_DAYS: usize = 2;

/// The fewest reports that are expected in these hours: of a smaller fleet, half is too few to tell.
const FEWEST_REPORTS: u64 = 30;

const DAY_HOURS: u64 = 24;

/// For how many hours after a release refusals are compared with those of the day before it.
const WATCHED_HOURS: u64 = 7 * DAY_HOURS;

/// The fewest refusals of a day that can be an alert.
const FEWEST_REFUSALS: u64 = 20;

/// The smallest part of the reports of a day, in percent, that refusals must be to be an alert.
const LEAST_REFUSED_PERCENT: u64 = 1;

/// The fewest reports of the day before a release that refusals are compared with.
const FEWEST_BEFORE: u64 = 24;

/// How far the numbers may be behind. A fleet of a million installations takes half an hour of work at a
/// tenth of a core.
const LONGEST_LAG: Duration = Duration::from_secs(2 * 60 * 60);

/// An alert ends when its number is so many percent better than the one at which it begins: a number near the
/// limit makes no stream of messages.
const EASED_PERCENT: u64 = 20;

closed_list! {
    /// A condition that the maker of a product has to know of.
    MakerAlert {
        /// Fewer than half as many reports are stored as on the days before.
        ReportsDropped = "reports_dropped",
        /// After a release, at least twice as large a part of the reports is refused as before.
        RefusalsDoubled = "refusals_doubled",
        /// The numbers of the fleet are far behind the reports.
        RollupBehind = "rollup_behind",
    }
}

impl MakerAlert {
    /// What has begun or ended, in a sentence.
    pub(super) const fn text(self, is_active: bool) -> &'static str {
        match (self, is_active) {
            (Self::ReportsDropped, true) => {
                "In the last 3 hours fewer than half as many reports were stored as in the same hours of the days before."
            }
            (Self::ReportsDropped, false) => "At least 60 % as many reports are stored as usual.",
            (Self::RefusalsDoubled, true) => {
                "Since a new version was first seen, at least twice as large a part of the reports is refused as before."
            }
            (Self::RefusalsDoubled, false) => {
                "Refusals are no longer twice as frequent, or the version is a week old."
            }
            (Self::RollupBehind, true) => {
                "The numbers of the fleet are more than 2 hours behind the reports."
            }
            (Self::RollupBehind, false) => {
                "The numbers of the fleet are less than 1.6 hours behind the reports."
            }
        }
    }
}

/// What alerts are decided by.
#[derive(Debug, Clone, Default)]
pub(super) struct AlertEvidence {
    /// The hour since the Unix epoch.
    pub now: u64,
    /// The first whole hour in which the collector ran.
    pub running_since: u64,
    /// What arrived in the hours of the last days.
    pub hours: BTreeMap<u64, HourCounts>,
    /// The hours in which a new version was first seen.
    pub releases: Vec<u64>,
    /// How far the numbers of the fleet are behind.
    pub rollup_behind: Duration,
}

impl AlertEvidence {
    /// The first hour that is needed at an hour.
    pub(super) const fn first_hour(now: u64) -> u64 {
        now.saturating_sub(COMPARED_DAYS * DAY_HOURS + DAY_HOURS)
    }

    /// The first hour in which a release still matters.
    pub(super) const fn first_release(now: u64) -> u64 {
        // Versions that were there from the beginning have hour 0.
        let first = now.saturating_sub(WATCHED_HOURS);
        if first == 0 { 1 } else { first }
    }

    /// Whether an alert is active that was or was not before.
    pub(super) fn is_active(&self, alert: MakerAlert, was_active: bool) -> bool {
        match alert {
            MakerAlert::ReportsDropped => self.are_reports_dropped(was_active),
            MakerAlert::RefusalsDoubled => {
                self.releases.iter().any(|release| self.are_refusals_doubled(*release, was_active))
            }
            MakerAlert::RollupBehind => {
                let percent = if was_active { 100 - EASED_PERCENT } else { 100 };
                self.rollup_behind.as_secs() * 100 > LONGEST_LAG.as_secs() * percent
            }
        }
    }

    /// The sum over hours; `None` when none of them has reports.
    fn sum(&self, hours: std::ops::Range<u64>) -> Option<HourCounts> {
        self.hours.range(hours).map(|(_, counts)| *counts).reduce(HourCounts::plus)
    }

    fn are_reports_dropped(&self, was_active: bool) -> bool {
        let first = self.now.saturating_sub(COMPARED_HOURS);
        if !was_active && self.running_since > first {
            // Reports could not arrive before the start.
            return false;
        }
        let current = self.sum(first..self.now).unwrap_or_default().stored;
        let before = (1..=COMPARED_DAYS).filter_map(|days| {
            let shift = days * DAY_HOURS;
            self.sum(first.saturating_sub(shift)..self.now.saturating_sub(shift))
        });
        let mut before: Vec<u64> = before.map(|counts| counts.stored).collect();
        before.sort_unstable();
        let Some(usual) = before.get(before.len().saturating_sub(1) / 2) else { return false };
        let percent = if was_active { 100 + EASED_PERCENT } else { 100 };
        before.len() >= FEWEST_DAYS && *usual >= FEWEST_REPORTS && current * 2 * 100 < usual * percent
    }

    fn are_refusals_doubled(&self, release: u64, was_active: bool) -> bool {
        if release > self.now {
            return false;
        }
        let now = self.now + 1;
        let since = release.max(now.saturating_sub(DAY_HOURS));
        let (Some(after), Some(before)) =
            (self.sum(since..now), self.sum(release.saturating_sub(DAY_HOURS)..release))
        else {
            return false;
        };
        let percent = if was_active { 200 - 2 * EASED_PERCENT } else { 200 };
        // Parts of all reports are compared: a fleet that grows has more refusals, too.
        let [part_after, part_before] = [
            u128::from(after.refused) * u128::from(before.received) * 100,
            u128::from(before.refused) * u128::from(after.received) * u128::from(percent),
        ];
        let are_many = after.refused >= FEWEST_REFUSALS
            && after.refused.saturating_mul(100) >= after.received.saturating_mul(LEAST_REFUSED_PERCENT);
        are_many && before.received >= FEWEST_BEFORE && part_after >= part_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1000;

    fn stored(stored: u64) -> HourCounts {
        HourCounts { received: stored, stored, refused: 0 }
    }

    /// As many reports every hour of the last days, but for the last hours.
    fn steady(usual: u64, last: u64) -> AlertEvidence {
        let hours = AlertEvidence::first_hour(NOW)..=NOW;
        let of_hour = |hour| if hour >= NOW - COMPARED_HOURS { stored(last) } else { stored(usual) };
        let hours = hours.map(|hour| (hour, of_hour(hour))).collect();
        AlertEvidence { now: NOW, hours, ..AlertEvidence::default() }
    }

    #[test]
    fn fewer_than_half_of_the_usual_reports_are_an_alert_until_clearly_more_arrive() {
        for (usual, last, was_active, is_active) in [
            (1000, 1000, false, false),
            (1000, 500, false, false),
            (1000, 499, false, true),
            (1000, 0, false, true),
            (1000, 599, true, true),
            (1000, 600, true, false),
            // A fleet that is too small to tell.
            (9, 0, false, false),
            (10, 4, false, true),
        ] {
            let found = steady(usual, last).is_active(MakerAlert::ReportsDropped, was_active);
            assert_eq!(found, is_active, "{usual} {last} {was_active}");
        }
    }

    #[test]
    fn days_without_a_collector_and_a_quiet_night_are_no_alert() {
        let mut evidence = steady(1000, 300);
        // At this time of the day there are never more.
        for days in 1..=COMPARED_DAYS {
            for hour in NOW - COMPARED_HOURS..NOW {
                evidence.hours.insert(hour - days * DAY_HOURS, stored(310));
            }
        }
        assert!(!evidence.is_active(MakerAlert::ReportsDropped, false));
        let mut young = steady(1000, 0);
        young.hours.retain(|hour, _| *hour > NOW - DAY_HOURS - COMPARED_HOURS - 1);
        assert!(!young.is_active(MakerAlert::ReportsDropped, false), "one day is too few");
        let mut outage = steady(1000, 0);
        outage.hours.retain(|hour, _| *hour > NOW - DAY_HOURS || *hour < NOW - 3 * DAY_HOURS);
        assert!(outage.is_active(MakerAlert::ReportsDropped, false), "the other days are compared");
    }

    #[test]
    fn a_collector_that_was_just_started_does_not_miss_reports_and_an_alert_goes_on() {
        for (running_since, was_active, is_active) in [
            (NOW - COMPARED_HOURS, false, true),
            (NOW - COMPARED_HOURS + 1, false, false),
            (NOW + 1, false, false),
            (NOW + 1, true, true),
        ] {
            let evidence = AlertEvidence { running_since, ..steady(1000, 0) };
            let found = evidence.is_active(MakerAlert::ReportsDropped, was_active);
            assert_eq!(found, is_active, "{running_since} {was_active}");
        }
    }

    #[test]
    fn a_handful_of_refusals_in_a_large_fleet_is_no_alert() {
        for (refused, is_active) in [(4, false), (199, false), (200, true)] {
            let mut evidence = released(0, refused);
            for counts in evidence.hours.values_mut() {
                counts.received = 20_000;
            }
            assert_eq!(evidence.is_active(MakerAlert::RefusalsDoubled, false), is_active, "{refused}");
        }
    }

    fn released(refused_before: u64, refused_after: u64) -> AlertEvidence {
        let release = NOW - 5;
        let of_hour = |hour| HourCounts {
            received: 100,
            stored: 100,
            refused: if hour < release { refused_before } else { refused_after },
        };
        let hours = (NOW - 2 * DAY_HOURS..=NOW).map(|hour| (hour, of_hour(hour))).collect();
        AlertEvidence { now: NOW, hours, releases: vec![release], ..AlertEvidence::default() }
    }

    #[test]
    fn twice_as_many_refusals_after_a_release_are_an_alert_until_there_are_clearly_fewer() {
        for (before, after, was_active, is_active) in [
            (5, 5, false, false),
            (5, 9, false, false),
            (5, 10, false, true),
            (5, 8, true, true),
            (5, 7, true, false),
            (0, 4, false, true),
            // Too few to tell.
            (0, 3, false, false),
            (0, 3, true, false),
        ] {
            let found = released(before, after).is_active(MakerAlert::RefusalsDoubled, was_active);
            assert_eq!(found, is_active, "{before} {after} {was_active}");
        }
        let without = AlertEvidence { releases: Vec::new(), ..released(5, 50) };
        assert!(!without.is_active(MakerAlert::RefusalsDoubled, false), "there was no release");
    }

    #[test]
    fn a_release_in_the_future_of_a_clock_that_was_set_back_is_no_alert() {
        for release in [NOW + 1, NOW + 2, NOW + 1000] {
            let evidence = AlertEvidence { releases: vec![release], ..released(0, 50) };
            for was_active in [false, true] {
                assert!(!evidence.is_active(MakerAlert::RefusalsDoubled, was_active), "{release}");
            }
        }
    }

    #[test]
    fn a_larger_fleet_with_as_large_a_part_of_refusals_is_no_alert() {
        let mut evidence = released(5, 50);
        for (hour, counts) in &mut evidence.hours {
            if *hour >= NOW - 5 {
                counts.received = 1000;
            }
        }
        assert!(!evidence.is_active(MakerAlert::RefusalsDoubled, false));
    }

    #[test]
    fn numbers_that_are_far_behind_are_an_alert() {
        let hours = |hours: f64| AlertEvidence {
            rollup_behind: Duration::from_secs_f64(hours * 3600.0),
            ..AlertEvidence::default()
        };
        for (behind, was_active, is_active) in [
            (0.0, false, false),
            (2.0, false, false),
            (2.1, false, true),
            (1.7, true, true),
            (1.5, true, false),
        ] {
            assert_eq!(hours(behind).is_active(MakerAlert::RollupBehind, was_active), is_active, "{behind}");
        }
    }
}
