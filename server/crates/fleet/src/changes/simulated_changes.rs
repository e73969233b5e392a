//! Measures how many seeded changes are found within two days, and how many false alarms unchanged fleets
//! have.

mod simulated_fields;
mod simulated_fleet;

use std::collections::BTreeMap;

pub use self::{
    simulated_fields::{SeededChange, SeededField, ShareUnit},
    simulated_fleet::{SimulatedDay, SimulatedPlan, UpgradingFleet},
};
use super::{ChangeFinder, ChangedField, FoundChange, LOOK_DAYS};

/// The installations of each fleet.
const INSTALLATIONS: u32 = 1_000;

/// The days from one release to the next.
const RELEASE_DAYS: u32 = 28;

/// What became of seeded changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NamingScore {
    /// All seeded changes.
    pub seeded: u32,
    /// Those named by the first two days with the release.
    pub within_two_days: u32,
    /// Those named while the release was looked at, within two weeks.
    pub within_two_weeks: u32,
    /// Other fields that were named.
    pub others_named: u32,
    /// Those whose size is relative, within two weeks.
    pub relative: u32,
    /// The sum of the relative sizes found at the end, less the true ones.
    pub excess: f64,
    /// The intervals of relative sizes that have the true one in them.
    pub covering: u32,
}

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct MeasurePlan {
    /// The first seed: each fleet has the next one.
    pub first_seed: u64,
    /// How many fleets.
    pub fleets: u32,
    /// Whether the times and functions of each installation are known, not only those of versions.
    pub has_own_readings: bool,
    /// The hour of the day at which releases come out: with hour 0, the first two days are 48 hours.
    pub release_hour: u8,
}

/// Seeds a change in the second release of each fleet, whose field is the next one of `fields`, and scores
/// them by field.
#[must_use]
pub fn name_seeded_changes(
    plan: &MeasurePlan,
    fields: &[SeededField],
    (size, unit): (f64, ShareUnit),
) -> BTreeMap<ChangedField, NamingScore> {
    let mut scores = BTreeMap::<ChangedField, NamingScore>::new();
    for (fleet, field) in (0..plan.fleets).zip(fields.iter().cycle()) {
        let change = SeededChange { release: 1, field: *field, size, unit };
        let seed = plan.first_seed + u64::from(fleet);
        let releases = plan.release_days(seed, 2);
        let fleet = SimulatedPlan {
            seed,
            installations: INSTALLATIONS,
            releases,
            change: Some(change),
            has_own_readings: plan.has_own_readings,
        };
        let found = changes_of_fleet(fleet, 2 * RELEASE_DAYS + LOOK_DAYS + 7).0;
        scores.entry(field.field()).or_default().add(&change, &found);
    }
    scores
}

impl NamingScore {
    fn add(&mut self, seeded: &SeededChange, found: &[FoundChange]) {
        self.seeded += 1;
        let is_seeded = |change: &&FoundChange| {
            change.field == seeded.field.field() && change.release == simulated_fleet::release_name(1)
        };
        self.others_named += found.iter().filter(|change| !is_seeded(change)).count() as u32;
        let Some(change) = found.iter().find(is_seeded) else { return };
        self.within_two_weeks += 1;
        self.within_two_days += u32::from(change.found_on.days_since(change.released_on) <= 1);
        if let super::ChangeSize::Relative { size, low, high } = change.size {
            self.relative += 1;
            self.excess += size - seeded.size;
            self.covering += u32::from(low <= seeded.size && seeded.size <= high);
        }
    }

    /// Adds another score.
    pub fn merge(&mut self, other: &Self) {
        self.seeded += other.seeded;
        self.within_two_days += other.within_two_days;
        self.within_two_weeks += other.within_two_weeks;
        self.others_named += other.others_named;
        self.relative += other.relative;
        self.excess += other.excess;
        self.covering += other.covering;
    }
}

/// What unchanged fleets had.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlarmScore {
    /// Quarters of all fleets.
    pub quarters: u32,
    /// The mean number of fields that were compared, times the quarters.
    pub fields: f64,
    /// False alarms by field.
    pub alarms: BTreeMap<ChangedField, u32>,
}

impl AlarmScore {
    /// All false alarms.
    #[must_use]
    pub fn alarms(&self) -> u32 {
        self.alarms.values().sum()
    }

    /// False alarms a year for 100 fields.
    #[must_use]
    pub fn alarms_per_year_of_100_fields(&self) -> f64 {
        f64::from(self.alarms()) / (self.fields * 91.0 / 365.25) * 100.0
    }

    /// Adds another score.
    pub fn merge(&mut self, other: Self) {
        self.quarters += other.quarters;
        self.fields += other.fields;
        for (field, count) in other.alarms {
            *self.alarms.entry(field).or_default() += count;
        }
    }
}

/// Counts the false alarms of each fleet in a quarter with four releases that change nothing.
#[must_use]
pub fn count_false_alarms(plan: &MeasurePlan) -> AlarmScore {
    const QUARTER: u32 = 91;
    let mut score = AlarmScore::default();
    for quarter in 0..plan.fleets {
        // Four weeks come before, so that something is usual. The quarter ends in the second week of the last
        // release.
        let seed = plan.first_seed + u64::from(quarter);
        let releases = plan.release_days(seed, 4);
        let fleet = SimulatedPlan {
            seed,
            installations: INSTALLATIONS,
            releases,
            change: None,
            has_own_readings: plan.has_own_readings,
        };
        let (found, fields) = changes_of_fleet(fleet, RELEASE_DAYS + QUARTER + 3);
        score.quarters += 1;
        score.fields += fields as f64 / 4.0;
        for change in found {
            *score.alarms.entry(change.field).or_default() += 1;
        }
    }
    score
}

impl MeasurePlan {
    /// The first release comes after four weeks, on any day of the week.
    fn release_days(&self, seed: u64, count: u32) -> Vec<f64> {
        let within_week = (seed % 7) as f64 + f64::from(self.release_hour) / 24.0;
        (1..=count).map(|number| f64::from(number * RELEASE_DAYS) + within_week).collect()
    }
}

fn changes_of_fleet(plan: SimulatedPlan, days: u32) -> (Vec<FoundChange>, u64) {
    let mut fleet = UpgradingFleet::new(plan);
    let mut finder = ChangeFinder::new();
    for _ in 0..days {
        finder.add_day(&fleet.next_day().input());
    }
    let fields = finder.compared_fields();
    (finder.into_changes(), fields)
}

#[cfg(test)]
mod tests;
