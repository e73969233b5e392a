//! Reads the days of a product and finds what its releases changed.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use serde::{Deserialize, Serialize};

use super::{
    change_test::{ChangeSize, LogFactorials, TestedChange},
    changed_field::ChangedField,
    day_facts::{FactCatalogue, FactRow},
    fleet_series::{FleetSeries, FunctionShares},
    installation_readings::InstallationReadings,
    release_uptake::{ReleaseScan, VersionDay},
    reporting_gaps::UsualReports,
    upgrade_pairs::{BASELINE_DAYS, UpgradePairs},
};
use crate::{
    calendar_day::CalendarDay,
    cells::{cell_block::CellBlock, cell_table::CellTable},
    installation_day::InstallationDays,
};

/// How many false alarms a field has in a year, at most and on average: one a year for 100 fields.
pub const ALARMS_PER_FIELD_YEAR: f64 = 0.01;

/// A release is looked at on so many days after its first one.
pub const LOOK_DAYS: u32 = 13;

/// A release earns for at most so many days, so that the first one after long silence spends no whole year.
const MOST_EARNING_DAYS: u32 = 91;

/// How many releases before are told apart from a release.
const EARLIER_RELEASES: usize = 2;

/// The part of a release's alarms that a look may cost. More than half is spent on the second day, when most
/// changes can be seen: an alarm is worth most when it is early. The sum is 1.
fn part_of_look(days_since_release: u32) -> f64 {
    match days_since_release {
        1 => 0.6,
        2 | 3 => 0.1,
        4..=LOOK_DAYS => 0.02,
        _ => 0.0,
    }
}

/// What is known of one day.
#[derive(Debug, Clone, Copy)]
pub struct DayInput<'a> {
    /// The day.
    pub day: CalendarDay,
    /// The installations.
    pub installations: &'a InstallationDays,
    /// The tables of cells. Used are those of installations, pages and times.
    pub tables: &'a [(CellTable, CellBlock)],
    /// The functions in profiles, by version and resource.
    pub functions: &'a [FunctionShares],
    /// The times and functions of each installation. Without them these are compared by version, and changes
    /// are found later.
    pub readings: Option<&'a InstallationReadings>,
}

/// A change that a release made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundChange {
    /// The version of the release.
    pub release: String,
    /// The first day of the release: since then the field is another one.
    pub released_on: CalendarDay,
    /// The version before it.
    pub previous: String,
    /// What changed.
    pub field: ChangedField,
    /// The last day of the data in which it was found.
    pub found_on: CalendarDay,
    /// How much, from all days on which the release was looked at.
    pub size: ChangeSize,
    /// The probability, 0 to 1, that chance alone would have found nothing so clear in any field of the
    /// release on any day. At least so much: fields count as if they were independent.
    pub certainty: f64,
}

/// Finds the changes of all releases in days, which must be in order. The first three weeks only say what is
/// usual.
///
/// Everything is found on the day on which it can be found: later days change only sizes. By release, then by
/// field.
#[must_use]
pub fn find_changes(days: &[DayInput<'_>]) -> Vec<FoundChange> {
    let mut finder = ChangeFinder::new();
    for day in days {
        finder.add_day(day);
    }
    finder.into_changes()
}

/// A release that is looked at.
#[derive(Debug, Clone)]
struct WatchedRelease {
    version: u32,
    previous: u32,
    released_on: CalendarDay,
    /// The p-value that its looks may have together.
    spendable: f64,
    pairs: UpgradePairs,
    found: BTreeMap<ChangedField, FoundChange>,
    fields: usize,
}

/// Finds changes while days are read. Keeps what it needs of the last weeks, so that a day is read once.
#[derive(Debug, Clone)]
pub struct ChangeFinder {
    versions: Vec<String>,
    version_numbers: BTreeMap<String, u32>,
    catalogue: FactCatalogue,
    factorials: LogFactorials,
    releases: ReleaseScan,
    /// The releases with their first days, in order.
    released: Vec<(CalendarDay, u32)>,
    recent: VecDeque<(CalendarDay, Vec<FactRow>)>,
    series: FleetSeries,
    usual: UsualReports,
    first_day: Option<CalendarDay>,
    last_day: Option<CalendarDay>,
    watched: Vec<WatchedRelease>,
    done: Vec<FoundChange>,
    tested: u64,
}

impl Default for ChangeFinder {
    fn default() -> Self {
        Self::new()
    }
}

impl ChangeFinder {
    /// A finder before the first day.
    #[must_use]
    pub fn new() -> Self {
        Self {
            versions: Vec::new(),
            version_numbers: BTreeMap::new(),
            catalogue: FactCatalogue::new(),
            factorials: LogFactorials::new(),
            releases: ReleaseScan::default(),
            released: Vec::new(),
            recent: VecDeque::new(),
            series: FleetSeries::default(),
            usual: UsualReports::default(),
            first_day: None,
            last_day: None,
            watched: Vec::new(),
            done: Vec::new(),
            tested: 0,
        }
    }

    /// Learns which releases there were on days before the first one that is added: installations by version,
    /// in the order of days.
    pub fn add_history<'a>(&mut self, days: impl Iterator<Item = (CalendarDay, &'a [(String, u64)])>) {
        for (day, versions) in days {
            self.first_day.get_or_insert(day);
            for version in self.releases.add_day(&VersionDay { day, versions: versions.to_vec() }) {
                let number = number_of(&mut self.versions, &mut self.version_numbers, &version);
                self.released.push((day, number));
            }
        }
    }

    /// Adds a day, and looks at the releases. A day that is not later than the one before is ignored, and so
    /// is one of which the collector has less than half of the usual reports: who is missing in it is not
    /// chance.
    pub fn add_day(&mut self, input: &DayInput<'_>) {
        if self.take_day(input) {
            self.look(input.day);
        }
        self.end_releases(input.day);
    }

    /// Adds a day that was looked at before, with what was found until then. Looking again would be one more
    /// chance for a false alarm: its reports may be others now.
    pub fn add_past_day(&mut self, input: &DayInput<'_>, found: &[FoundChange]) {
        self.take_day(input);
        for change in found {
            let of_release = self.watched.iter_mut().find(|release| {
                self.versions.get(release.version as usize).is_some_and(|name| *name == change.release)
            });
            if let Some(release) = of_release {
                release.found.entry(change.field.clone()).or_insert_with(|| change.clone());
            }
        }
        self.end_releases(input.day);
    }

    /// Takes the numbers of a day. Returns whether they are to be looked at.
    fn take_day(&mut self, input: &DayInput<'_>) -> bool {
        let reports = input.installations.installations.iter().map(|row| u64::from(row.reports)).sum();
        if self.last_day.is_some_and(|last| input.day <= last) || self.usual.missed_by(reports).is_some() {
            return false;
        }
        self.usual.add(reports);
        self.last_day = Some(input.day);
        let first_day = *self.first_day.get_or_insert(input.day);
        let Self { versions, version_numbers, catalogue, series, .. } = self;
        let mut number = |version: &str| number_of(versions, version_numbers, version);
        let rows = catalogue.rows(input.installations, input.readings, &mut number);
        series.add_day(input.day, input.tables, input.functions, &mut number);
        self.watch_releases(input.day, first_day, &rows);
        for release in &mut self.watched {
            release.pairs.add_day(input.day, &rows);
        }
        self.recent.push_back((input.day, rows));
        if self.recent.len() > BASELINE_DAYS {
            self.recent.pop_front();
        }
        true
    }

    /// What was found so far, by release, then by field.
    #[must_use]
    pub fn into_changes(mut self) -> Vec<FoundChange> {
        for release in self.watched.drain(..) {
            self.done.extend(release.found.into_values());
        }
        self.done.sort_by(compare_changes);
        self.done
    }

    /// What was found so far of the releases that are still looked at, and of those whose last look was on the
    /// newest day. By release, then by field.
    #[must_use]
    pub fn watched_changes(&self) -> Vec<FoundChange> {
        let open = self.watched.iter().flat_map(|release| release.found.values());
        let over = self
            .done
            .iter()
            .filter(|found| self.last_day.is_some_and(|day| day.days_since(found.released_on) <= LOOK_DAYS));
        let mut changes: Vec<_> = open.chain(over).cloned().collect();
        changes.sort_by(compare_changes);
        changes
    }

    /// How many fields were compared, summed over the releases: each field of a release once.
    #[must_use]
    pub fn compared_fields(&self) -> u64 {
        self.tested + self.watched.iter().map(|release| release.fields as u64).sum::<u64>()
    }

    fn watch_releases(&mut self, day: CalendarDay, first_day: CalendarDay, rows: &[FactRow]) {
        let counts = |rows: &[FactRow]| {
            let mut counts = BTreeMap::<u32, u64>::new();
            rows.iter().for_each(|row| *counts.entry(row.version).or_default() += 1);
            counts
        };
        let name = |version: u32| self.versions.get(version as usize).cloned().unwrap_or_default();
        let today = counts(rows).into_iter().map(|(version, count)| (name(version), count)).collect();
        for version in self.releases.add_day(&VersionDay { day, versions: today }) {
            let Some(version) = self.version_numbers.get(&version).copied() else { continue };
            let before = self.recent.back().map(|(_, rows)| counts(rows)).unwrap_or_default();
            let most_used = before.into_iter().max_by_key(|(_, count)| *count).map(|(version, _)| version);
            let last_release = self.released.last().copied();
            let previous = last_release.map(|(_, version)| version).or(most_used);
            let earned_since = last_release.map_or(first_day, |(day, _)| day);
            self.released.push((day, version));
            let Some(previous) = previous else { continue };
            let earned = day.days_since(earned_since).min(MOST_EARNING_DAYS);
            self.watched.push(WatchedRelease {
                version,
                previous,
                released_on: day,
                spendable: ALARMS_PER_FIELD_YEAR * f64::from(earned) / 365.25,
                pairs: UpgradePairs::new(
                    self.recent.iter().map(|(day, rows)| (*day, rows.as_slice())),
                    version,
                    previous,
                ),
                found: BTreeMap::new(),
                fields: 0,
            });
        }
    }

    /// Looks at all releases after a day.
    fn look(&mut self, day: CalendarDay) {
        let Self { watched, series, catalogue, factorials, released, versions, .. } = self;
        for release in watched.iter_mut() {
            let part = part_of_look(day.days_since(release.released_on));
            if part == 0.0 {
                continue;
            }
            let place = released.iter().position(|(_, version)| *version == release.version).unwrap_or(0);
            let at_least = |place: usize| {
                let later = released.get(place..).unwrap_or_default();
                move |version: u32| later.iter().any(|(_, release)| *release == version)
            };
            let earlier: Vec<_> = (place.saturating_sub(EARLIER_RELEASES)..place).map(at_least).collect();
            let mut tested = release.pairs.test(catalogue, factorials);
            // What can be compared within installations is tested once, in the better way.
            let within: BTreeSet<_> = tested.iter().map(|(field, _)| field.clone()).collect();
            let of_fleet = series.test(release.released_on, at_least(place), &earlier);
            tested.extend(of_fleet.into_iter().filter(|(field, _)| !within.contains(field)));
            let name = |version: u32| versions.get(version as usize).cloned().unwrap_or_default();
            release.take(tested, part, day, name);
        }
    }

    /// Ends looking at releases that are old enough.
    fn end_releases(&mut self, day: CalendarDay) {
        let (open, over) =
            self.watched.drain(..).partition(|release| day.days_since(release.released_on) < LOOK_DAYS);
        self.watched = open;
        let over: Vec<WatchedRelease> = over;
        for release in over {
            self.tested += release.fields as u64;
            self.done.extend(release.found.into_values());
        }
    }
}

impl WatchedRelease {
    /// Takes what a look says.
    fn take(
        &mut self,
        tested: Vec<(ChangedField, TestedChange)>,
        part: f64,
        day: CalendarDay,
        name: impl Fn(u32) -> String,
    ) {
        self.fields = self.fields.max(tested.len());
        let fields = tested.len() as f64;
        for (field, change) in tested {
            if let Some(found) = self.found.get_mut(&field) {
                found.size = change.size();
                continue;
            }
            let p_value = change.p_value;
            if p_value > self.spendable * part {
                continue;
            }
            let found = FoundChange {
                release: name(self.version),
                released_on: self.released_on,
                previous: name(self.previous),
                field: field.clone(),
                found_on: day,
                size: change.size(),
                certainty: (1.0 - p_value / part * fields).clamp(0.0, 1.0),
            };
            self.found.insert(field, found);
        }
    }
}

/// By release, then by field.
pub(super) fn compare_changes(left: &FoundChange, right: &FoundChange) -> Ordering {
    let key = |found: &FoundChange| (found.released_on, found.release.clone(), found.field.clone());
    key(left).cmp(&key(right))
}

fn number_of(versions: &mut Vec<String>, numbers: &mut BTreeMap<String, u32>, version: &str) -> u32 {
    if let Some(number) = numbers.get(version) {
        return *number;
    }
    let number = u32::try_from(versions.len()).unwrap_or(u32::MAX);
    versions.push(version.to_owned());
    numbers.insert(version.to_owned(), number);
    number
}

#[cfg(test)]
mod tests;
