//! Finds releases by the versions that installations have, and says how quickly they are taken.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calendar_day::CalendarDay;

/// A version with fewer installations is not a release yet: somebody tries it.
const FEWEST_INSTALLATIONS: u64 = 5;

/// Nor is one that fewer than one of so many installations has.
const SMALLEST_SHARE: u64 = 200;

/// In the first days of a history, all versions count as older than it.
const UNKNOWN_DAYS: u32 = 7;

/// A version that gets popular only so many days after it was first seen is an old one that comes back, or
/// one that its maker has used for long.
const SLOW_DAYS: u32 = 28;

/// How many installations had which version on a day. Versions are in any order, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionDay {
    /// The day.
    pub day: CalendarDay,
    /// Installations by version.
    pub versions: Vec<(String, u64)>,
}

impl VersionDay {
    fn total(&self) -> u64 {
        self.versions.iter().map(|(_, count)| count).sum()
    }
}

/// How many installations had a release on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UptakeDay {
    /// The day.
    pub day: CalendarDay,
    /// Installations with the release.
    pub installations: u64,
    /// All installations.
    pub total: u64,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseUptake {
    /// The version.
    pub version: String,
    /// The first day on which at least 5 installations and 0.5 % of all had it.
    pub released_on: CalendarDay,
    /// Its uptake from then on: every day with reports.
    pub days: Vec<UptakeDay>,
}

/// The releases of a history, by day and then by version. Days must be in order.
///
/// A version that is there in the first 7 days is not in it: nobody knows when it was released. Nor is one
/// that needs more than 28 days to become a release.
#[must_use]
pub fn find_releases(days: &[VersionDay]) -> Vec<ReleaseUptake> {
    let mut scan = ReleaseScan::default();
    let mut releases: Vec<ReleaseUptake> = Vec::new();
    for day in days {
        for version in scan.add_day(day) {
            releases.push(ReleaseUptake { version, released_on: day.day, days: Vec::new() });
        }
        let total = day.total();
        for release in &mut releases {
            let count = day.versions.iter().find(|(version, _)| *version == release.version);
            let installations = count.map_or(0, |(_, count)| *count);
            release.days.push(UptakeDay { day: day.day, installations, total });
        }
    }
    releases
}

/// Finds releases day by day.
#[derive(Debug, Clone, Default)]
pub(super) struct ReleaseScan {
    first_day: Option<CalendarDay>,
    /// The first day of each version, and whether it may still become a release.
    seen: BTreeMap<String, (CalendarDay, bool)>,
}

impl ReleaseScan {
    /// The versions that are released on the next day, sorted.
    pub(super) fn add_day(&mut self, day: &VersionDay) -> Vec<String> {
        let first = *self.first_day.get_or_insert(day.day);
        let is_unknown = day.day.days_since(first) < UNKNOWN_DAYS;
        let total = day.total();
        let mut released = Vec::new();
        for (version, count) in &day.versions {
            let (since, may_be_release) = match self.seen.get_mut(version) {
                Some(seen) => seen,
                None => self.seen.entry(version.clone()).or_insert((day.day, !is_unknown)),
            };
            let is_popular = *count >= FEWEST_INSTALLATIONS && *count * SMALLEST_SHARE >= total;
            if *may_be_release && is_popular {
                *may_be_release = false;
                if day.day.days_since(*since) <= SLOW_DAYS {
                    released.push(version.clone());
                }
            }
        }
        released.sort();
        released
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(days: &[&[(&str, u64)]]) -> Vec<VersionDay> {
        let first: CalendarDay = "2026-01-01".parse().unwrap();
        let versions = |versions: &[(&str, u64)]| {
            versions.iter().map(|(version, count)| ((*version).to_owned(), *count)).collect()
        };
        let day = |(at, counts): (u32, &&[(&str, u64)])| VersionDay {
            day: first.plus_days(at),
            versions: versions(counts),
        };
        (0..).zip(days).map(day).collect()
    }

    fn names(days: &[&[(&str, u64)]]) -> Vec<(String, u32)> {
        let first: CalendarDay = "2026-01-01".parse().unwrap();
        let releases = find_releases(&history(days)).into_iter();
        releases.map(|release| (release.version, release.released_on.days_since(first))).collect()
    }

    #[test]
    fn a_version_is_a_release_on_the_day_on_which_enough_installations_have_it() {
        let mut days: Vec<&[(&str, u64)]> = vec![&[("1.0", 1000)]; 8];
        days.extend([
            &[("1.0", 996), ("1.1", 4)][..],
            &[("1.0", 995), ("1.1", 5)],
            &[("1.0", 1), ("1.1", 999)],
        ]);
        assert_eq!(names(&days), [("1.1".to_owned(), 9)]);
        let releases = find_releases(&history(&days));
        let uptake: Vec<_> = releases[0].days.iter().map(|day| (day.installations, day.total)).collect();
        assert_eq!(uptake, [(5, 1000), (999, 1000)]);
    }

    #[test]
    fn a_share_below_half_a_percent_is_no_release() {
        let mut days: Vec<&[(&str, u64)]> = vec![&[("1.0", 100_000)]; 8];
        days.extend([&[("1.0", 100_000), ("1.1", 499)][..], &[("1.0", 100_000), ("1.1", 600)]]);
        assert_eq!(names(&days), [("1.1".to_owned(), 9)]);
    }

    #[test]
    fn versions_of_the_first_week_and_versions_that_come_back_are_no_releases() {
        let mut days: Vec<&[(&str, u64)]> = vec![&[("1.0", 100)], &[("1.0", 99), ("0.9", 1)]];
        days.extend(vec![&[("1.0", 100)][..]; 6]);
        days.push(&[("1.0", 99), ("nightly", 1)]);
        days.extend(vec![&[("1.0", 100)][..]; 29]);
        days.push(&[("1.0", 80), ("0.9", 10), ("nightly", 10)]);
        assert_eq!(names(&days), []);
    }
}
