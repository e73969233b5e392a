//! What is stored of a day on which releases were looked at, and what many such days tell together.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    FoundChange,
    change_finder::compare_changes,
    release_uptake::{ReleaseUptake, VersionDay, find_releases},
    reporting_gaps::{ReportingGap, find_gaps},
};
use crate::{
    block_codec::{BlockError, decode_block, encode_block},
    calendar_day::CalendarDay,
    cells::{cell_block::CellBlock, cell_table::CellTable},
    changes::ChangedField,
    installation_day::InstallationDays,
};

/// The version of encoded days.
const VERSION: u8 = 1;

/// A table that has its first numbers only so many days after the first reports is a change of what is
/// reported.
const SETTLED_DAYS: u32 = 7;

/// A day on which releases were looked at. It names no installation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeDay {
    /// The reports of the day.
    pub reports: u64,
    /// Installations by version, sorted by version.
    pub versions: Vec<(String, u64)>,
    /// The tables of cells with numbers.
    pub tables: Vec<String>,
    /// The changes that were found until this day, of the releases that were looked at.
    pub changes: Vec<FoundChange>,
}

impl ChangeDay {
    /// The day with these installations and cells, and without changes.
    #[must_use]
    pub fn of_numbers(installations: &InstallationDays, tables: &[(CellTable, CellBlock)]) -> Self {
        let mut versions = BTreeMap::<&str, u64>::new();
        for row in installations.installations.iter().filter(|row| row.is_counted()) {
            *versions.entry(installations.versions.name(row.version)).or_default() += 1;
        }
        let with_numbers = tables.iter().filter(|(_, block)| !block.cells.is_empty());
        Self {
            reports: installations.installations.iter().map(|row| u64::from(row.reports)).sum(),
            versions: versions.into_iter().map(|(version, count)| (version.to_owned(), count)).collect(),
            tables: with_numbers.map(|(table, _)| table.name().to_owned()).collect(),
            changes: Vec::new(),
        }
    }

    /// The day as a block.
    ///
    /// # Errors
    /// [`BlockError::Unencodable`].
    pub fn encode(&self) -> Result<Vec<u8>, BlockError> {
        encode_block(VERSION, self)
    }

    /// The day of a block.
    ///
    /// # Errors
    /// [`BlockError::UnknownVersion`] and [`BlockError::Damaged`].
    pub fn decode(block: &[u8]) -> Result<Self, BlockError> {
        decode_block(VERSION, block)
    }
}

/// The first day on which reports had something that they did not have before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// The day.
    pub day: CalendarDay,
    /// The tables of cells with their first numbers.
    pub tables: Vec<String>,
}

/// What the days of a fleet tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeHistory {
    /// The releases, in order.
    pub releases: Vec<ReleaseUptake>,
    /// The days of which the collector has too few reports.
    pub gaps: Vec<ReportingGap>,
    /// Since when reports have something new.
    pub schema_changes: Vec<SchemaChange>,
    /// What releases changed, by release, then by field.
    pub changes: Vec<FoundChange>,
    /// The last day on which releases were looked at.
    pub last_day: Option<CalendarDay>,
}

impl ChangeHistory {
    /// The history of days, which are in order.
    ///
    /// A change that several days have was found on the first of them and has the size of the last one.
    #[must_use]
    pub fn of_days(days: &[(CalendarDay, ChangeDay)]) -> Self {
        let versions: Vec<_> = days
            .iter()
            .map(|(day, known)| VersionDay { day: *day, versions: known.versions.clone() })
            .collect();
        let reports = days.iter().map(|(day, known)| (*day, known.reports)).collect();
        Self {
            releases: find_releases(&versions),
            gaps: find_gaps(&reports),
            schema_changes: schema_changes(days),
            changes: merged_changes(days),
            last_day: days.last().map(|(day, _)| *day),
        }
    }
}

fn merged_changes(days: &[(CalendarDay, ChangeDay)]) -> Vec<FoundChange> {
    // Late reports may move the day of a release, so that it does not tell changes apart.
    let mut merged = BTreeMap::<(&str, &ChangedField), FoundChange>::new();
    for change in days.iter().flat_map(|(_, known)| &known.changes) {
        merged
            .entry((change.release.as_str(), &change.field))
            .and_modify(|known| known.size = change.size)
            .or_insert_with(|| change.clone());
    }
    let mut merged: Vec<_> = merged.into_values().collect();
    merged.sort_by(compare_changes);
    merged
}

fn schema_changes(days: &[(CalendarDay, ChangeDay)]) -> Vec<SchemaChange> {
    let Some((first, _)) = days.iter().find(|(_, known)| known.reports > 0) else { return Vec::new() };
    let mut known_tables = BTreeSet::new();
    let mut changes = Vec::new();
    for (day, known) in days {
        let new: Vec<_> = known.tables.iter().filter(|table| known_tables.insert(table.as_str())).collect();
        if !new.is_empty() && day.days_since(*first) >= SETTLED_DAYS {
            changes.push(SchemaChange { day: *day, tables: new.into_iter().cloned().collect() });
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::{ChangeSize, FieldKind};

    fn day(at: u32) -> CalendarDay {
        CalendarDay::try_from(20_000 + at).unwrap()
    }

    fn change(found_on: u32, size: f64) -> FoundChange {
        FoundChange {
            release: "1.1".to_owned(),
            released_on: day(30),
            previous: "1.0".to_owned(),
            field: ChangedField::new(FieldKind::Query, "up"),
            found_on: day(found_on),
            size: ChangeSize::Relative { size, low: size - 0.01, high: size + 0.01 },
            certainty: 0.99,
        }
    }

    fn history(days: u32, edit: impl Fn(u32, &mut ChangeDay)) -> ChangeHistory {
        let make = |at| {
            let mut known = ChangeDay {
                reports: 2400,
                versions: vec![("1.0".to_owned(), 100)],
                tables: vec!["flags".to_owned()],
                changes: Vec::new(),
            };
            edit(at, &mut known);
            (day(at), ChangeDay::decode(&known.encode().unwrap()).unwrap())
        };
        ChangeHistory::of_days(&(0..days).map(make).collect::<Vec<_>>())
    }

    #[test]
    fn a_change_keeps_the_day_on_which_it_was_found_and_gets_the_newest_size() {
        let history = history(35, |at, known| match at {
            32 => known.changes = vec![change(32, 0.2)],
            33 => known.changes = vec![change(33, 0.1)],
            _ => {}
        });
        let [found] = &history.changes[..] else { panic!("{history:?}") };
        assert_eq!((found.found_on, found.size.size()), (day(32), 0.1));
        assert_eq!(history.last_day, Some(day(34)));
    }

    #[test]
    fn releases_gaps_and_new_tables_are_found_on_their_days() {
        let history = history(35, |at, known| {
            if at == 20 {
                known.reports = 100;
            }
            if at >= 25 {
                known.tables.push("queries".to_owned());
            }
            if at >= 30 {
                known.versions = vec![("1.0".to_owned(), 60), ("1.1".to_owned(), 40)];
            }
        });
        let releases: Vec<_> =
            history.releases.iter().map(|one| (one.version.as_str(), one.released_on)).collect();
        assert_eq!(releases, [("1.1", day(30))]);
        assert_eq!(history.gaps.len(), 1);
        assert_eq!((history.gaps[0].from, history.gaps[0].received), (day(20), 100));
        let expected = SchemaChange { day: day(25), tables: vec!["queries".to_owned()] };
        assert_eq!(history.schema_changes, [expected]);
    }

    #[test]
    fn what_the_first_week_has_is_no_change() {
        let history = history(10, |at, known| {
            if at >= 3 {
                known.tables.push("queries".to_owned());
            }
        });
        assert_eq!(history.schema_changes, []);
        assert_eq!(ChangeHistory::of_days(&[]), ChangeHistory::default());
    }
}
