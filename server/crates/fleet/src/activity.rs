//! Counts active, new, returning and gone installations from all days of a product, and how many stay.
//!
//! On each day, the installations of the last 30 days are those of the day before, plus new and returning ones,
//! minus those that are gone.

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::{
    block_codec::{BlockError, decode_block, encode_block},
    calendar_day::CalendarDay,
    installation_day::{CountedInstallations, InstallationHash},
    name_table::NameTable,
};

/// The version of the block.
const VERSION: u8 = 1;

/// The days after which an installation that says nothing is gone.
pub const GONE_AFTER_DAYS: u32 = 30;

/// The most versions that are told apart.
const MOST_VERSIONS: usize = 10_000;

/// Installations on one day. Those of a version are counted by their last version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityCounts {
    /// With a report on the day.
    pub active_1d: u64,
    /// With a report on the day or in the 6 days before.
    pub active_7d: u64,
    /// With a report on the day or in the 29 days before.
    pub active_30d: u64,
    /// With their first report on the day.
    pub new: u64,
    /// With a report on the day, none in the 30 days before, and an earlier one.
    pub returning: u64,
    /// With their last report 30 days before.
    pub gone: u64,
}

/// The counts of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityDay {
    /// The day.
    pub day: CalendarDay,
    /// Of all versions.
    pub total: ActivityCounts,
    /// By version, sorted.
    pub versions: Vec<(String, ActivityCounts)>,
}

/// The installations of which the first report was in the same week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekCohort {
    /// The Monday of the week.
    pub week: CalendarDay,
    /// How many of them reported in that week, in the week after, and so on.
    pub active: Vec<u64>,
}

/// The activity of a product's installations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetActivity {
    /// Every day from the first one with a report to the last one that was asked for.
    pub days: Vec<ActivityDay>,
    /// The weeks in which installations came.
    pub cohorts: Vec<WeekCohort>,
}

impl FleetActivity {
    /// The stored form.
    ///
    /// # Errors
    /// [`BlockError::Unencodable`], which does not happen.
    pub fn encode(&self) -> Result<Vec<u8>, BlockError> {
        encode_block(VERSION, self)
    }

    /// The activity of a block.
    ///
    /// # Errors
    /// [`BlockError::UnknownVersion`] and [`BlockError::Damaged`].
    pub fn decode(block: &[u8]) -> Result<Self, BlockError> {
        decode_block(VERSION, block)
    }
}

/// One installation while days are read.
#[derive(Debug, Clone, Copy)]
struct SeenInstallation {
    first_week: CalendarDay,
    last_week: CalendarDay,
    last_day: CalendarDay,
    version: u32,
}

/// Reads days in their order.
#[derive(Debug)]
pub struct ActivityScan {
    versions: NameTable,
    seen: HashMap<InstallationHash, SeenInstallation, FixedState>,
    /// How many installations were last seen on a day with a version, for the days that matter still.
    last_seen: BTreeMap<(CalendarDay, u32), u64>,
    cohorts: BTreeMap<CalendarDay, Vec<u64>>,
    days: Vec<ActivityDay>,
    next: Option<CalendarDay>,
}

impl Default for ActivityScan {
    fn default() -> Self {
        Self::new()
    }
}

impl ActivityScan {
    /// A scan before the first day.
    #[must_use]
    pub fn new() -> Self {
        Self {
            versions: NameTable::with_capacity_for(MOST_VERSIONS),
            seen: HashMap::default(),
            last_seen: BTreeMap::new(),
            cohorts: BTreeMap::new(),
            days: Vec::new(),
            next: None,
        }
    }

    /// Adds a day. Days must be in order; those between have no reports. A day that is not later than the one before is
    /// ignored.
    pub fn add_day(&mut self, day: CalendarDay, counted: &CountedInstallations) {
        if self.next.is_some_and(|next| day < next) {
            return;
        }
        self.fill_until(day);
        let versions: Vec<_> = counted.versions.iter().map(|version| self.versions.number(version)).collect();
        let counted = counted.installations.iter().map(|(installation, version)| {
            (*installation, versions.get(*version as usize).copied().unwrap_or_default())
        });
        self.count_day(day, counted);
    }

    /// The activity until `last`, which is at least the last day that was added.
    #[must_use]
    pub fn finish(mut self, last: CalendarDay) -> FleetActivity {
        if self.next.is_some() {
            self.fill_until(last.plus_days(1));
        }
        let cohorts = self.cohorts.into_iter().map(|(week, active)| WeekCohort { week, active }).collect();
        FleetActivity { days: self.days, cohorts }
    }

    /// Counts the days without reports before `day`.
    fn fill_until(&mut self, day: CalendarDay) {
        while let Some(next) = self.next.filter(|next| *next < day) {
            self.count_day(next, std::iter::empty());
        }
    }

    fn count_day(&mut self, day: CalendarDay, active: impl Iterator<Item = (InstallationHash, u32)>) {
        let mut counts = BTreeMap::<u32, ActivityCounts>::new();
        for (installation, version) in active {
            self.count_installation(day, installation, version, counts.entry(version).or_default());
        }
        let oldest = day.minus_days(GONE_AFTER_DAYS);
        for ((last, version), many) in &self.last_seen {
            let counts = counts.entry(*version).or_default();
            let silent_for = day.days_since(*last);
            counts.active_1d += if silent_for < 1 { *many } else { 0 };
            counts.active_7d += if silent_for < 7 { *many } else { 0 };
            counts.active_30d += if silent_for < GONE_AFTER_DAYS { *many } else { 0 };
            counts.gone += if *last == oldest && silent_for == GONE_AFTER_DAYS { *many } else { 0 };
        }
        self.last_seen.retain(|(last, _), many| day.days_since(*last) < GONE_AFTER_DAYS && *many > 0);
        let total = counts.values().fold(ActivityCounts::default(), |sum, counts| sum.plus(*counts));
        let mut versions: Vec<_> = counts
            .into_iter()
            .filter(|(_, counts)| *counts != ActivityCounts::default())
            .map(|(version, counts)| (self.versions.name(version).to_owned(), counts))
            .collect();
        versions.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.days.push(ActivityDay { day, total, versions });
        self.next = Some(day.plus_days(1));
    }

    fn count_installation(
        &mut self,
        day: CalendarDay,
        installation: InstallationHash,
        version: u32,
        counts: &mut ActivityCounts,
    ) {
        let week = day.week_start();
        *self.last_seen.entry((day, version)).or_default() += 1;
        let Some(seen) = self.seen.get_mut(&installation) else {
            self.seen.insert(
                installation,
                SeenInstallation { first_week: week, last_week: week, last_day: day, version },
            );
            counts.new += 1;
            count_week(&mut self.cohorts, week, week);
            return;
        };
        if let Some(many) = self.last_seen.get_mut(&(seen.last_day, seen.version)) {
            *many -= 1;
        }
        if day.days_since(seen.last_day) > GONE_AFTER_DAYS {
            counts.returning += 1;
        }
        if seen.last_week != week {
            count_week(&mut self.cohorts, seen.first_week, week);
        }
        (seen.last_week, seen.last_day, seen.version) = (week, day, version);
    }
}

impl ActivityCounts {
    const fn plus(self, other: Self) -> Self {
        Self {
            active_1d: self.active_1d + other.active_1d,
            active_7d: self.active_7d + other.active_7d,
            active_30d: self.active_30d + other.active_30d,
            new: self.new + other.new,
            returning: self.returning + other.returning,
            gone: self.gone + other.gone,
        }
    }
}

fn count_week(cohorts: &mut BTreeMap<CalendarDay, Vec<u64>>, first_week: CalendarDay, week: CalendarDay) {
    let active = cohorts.entry(first_week).or_default();
    let later = (week.days_since(first_week) / 7) as usize;
    if later >= active.len() {
        active.resize(later + 1, 0);
    }
    if let Some(many) = active.get_mut(later) {
        *many += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn day(days: u32) -> CalendarDay {
        CalendarDay::try_from(20_000 + days).unwrap()
    }

    fn installations(active: &[(u64, &str)]) -> CountedInstallations {
        let versions = active.iter().map(|(_, version)| (*version).to_owned()).collect();
        let installations = (0..)
            .zip(active)
            .map(|(place, (installation, _))| (InstallationHash(*installation), place))
            .collect();
        CountedInstallations { versions, installations }
    }

    fn activity(days: &[(u32, &[(u64, &str)])], last: u32) -> FleetActivity {
        let mut scan = ActivityScan::new();
        for (number, active) in days {
            scan.add_day(day(*number), &installations(active));
        }
        scan.finish(day(last))
    }

    #[test]
    fn an_installation_is_new_active_gone_and_returns() {
        let activity =
            activity(&[(0, &[(1, "1.0")]), (1, &[(1, "1.0"), (2, "1.0")]), (40, &[(1, "1.1")])], 41);
        let counts = |at: usize| activity.days[at].total;
        assert_eq!(activity.days.len(), 42);
        assert_eq!(
            counts(0),
            ActivityCounts { active_1d: 1, active_7d: 1, active_30d: 1, new: 1, ..Default::default() }
        );
        assert_eq!(counts(1).new, 1);
        assert_eq!((counts(7).active_7d, counts(8).active_7d), (2, 0));
        assert_eq!((counts(30).active_30d, counts(31).active_30d, counts(31).gone), (2, 0, 2));
        assert_eq!((counts(40).active_1d, counts(40).returning, counts(40).new), (1, 1, 0));
        assert_eq!(activity.days[40].versions[0].0, "1.1");
    }

    #[test]
    fn a_cohort_counts_an_installation_once_a_week() {
        // Day 0 is 2024-10-04, a Friday.
        let activity = activity(
            &[(0, &[(1, ""), (2, "")]), (1, &[(1, "")]), (3, &[(1, "")]), (4, &[(1, "")]), (10, &[(2, "")])],
            10,
        );
        let expected = [WeekCohort { week: day(0).week_start(), active: vec![2, 1, 1] }];
        assert_eq!(activity.cohorts, expected);
    }

    #[test]
    fn an_empty_fleet_has_no_days() {
        assert_eq!(ActivityScan::new().finish(day(5)), FleetActivity::default());
    }

    #[test]
    fn activity_is_decoded_as_it_was_encoded() {
        let activity = activity(&[(0, &[(1, "1.0")])], 3);
        assert_eq!(FleetActivity::decode(&activity.encode().unwrap()), Ok(activity));
    }

    proptest! {
        #[test]
        fn counts_are_those_of_the_sets(days in prop::collection::vec(prop::collection::btree_set(0_u64..8, 0..4), 1..100)) {
            let mut scan = ActivityScan::new();
            for (number, active) in (0..).zip(&days) {
                let active: Vec<_> = active.iter().map(|installation| (*installation, "1.0")).collect();
                scan.add_day(day(number), &installations(&active));
            }
            let activity = scan.finish(day(0));
            let within = |last: usize, many: usize| -> BTreeSet<u64> {
                days[(last + 1).saturating_sub(many)..=last].iter().flatten().copied().collect()
            };
            let mut before = 0;
            for (at, ActivityDay { total, .. }) in activity.days.iter().enumerate() {
                prop_assert_eq!(total.active_1d, days[at].len() as u64);
                prop_assert_eq!(total.active_7d, within(at, 7).len() as u64);
                prop_assert_eq!(total.active_30d, within(at, 30).len() as u64);
                prop_assert_eq!(total.active_30d, before + total.new + total.returning - total.gone);
                before = total.active_30d;
            }
        }
    }
}
