//! What a day is exactly, in the cells that are published of it: for those who may see exact numbers.

use std::collections::BTreeMap;

use super::{
    day_input::{InstallationPages, fleet_day},
    fleet_day::{FleetDay, FleetDayError},
    tables::{PublishedTable, TableKind},
};
use crate::{calendar_day::CalendarDay, cells::cell_block::CellBlock, installation_day::InstallationDays};

/// The installations of a version that have a label, without noise.
#[derive(Clone, Debug, PartialEq)]
pub struct ExactCell {
    /// The version.
    pub version: String,
    /// The label; empty in tables without labels.
    pub label: String,
    /// How many installations, those included that are too new to be published.
    pub installations: u64,
    /// The sum of their amounts; 0 in tables without amounts.
    pub sum: f64,
    /// The amount of each installation, sorted; empty in tables without, and where only sums are known.
    pub amounts: Vec<f64>,
}

/// The exact numbers of a day.
#[derive(Debug)]
pub struct ExactDay {
    day: FleetDay,
}

impl ExactDay {
    /// The numbers of all tables but those of pages, which are in cells: see [`exact_pages`].
    ///
    /// # Errors
    /// Every [`FleetDayError`]: the block has an installation twice, or amounts that are none.
    pub fn new(day: CalendarDay, days: &InstallationDays) -> Result<Self, FleetDayError> {
        Ok(Self { day: fleet_day(day, days, &InstallationPages::default(), |_| None)? })
    }

    /// The versions.
    #[must_use]
    pub fn versions(&self) -> Vec<ExactCell> {
        self.cells(|_, add| add("", None))
    }

    /// A table.
    #[must_use]
    pub fn table(&self, table: PublishedTable) -> Vec<ExactCell> {
        match table.definition().kind {
            TableKind::OneLabel | TableKind::LabelSet => self.cells(|row, add| {
                let names = self.day.names.get(table.position());
                for label in row.labels_in(table) {
                    add(names.map_or("", |names| names.name(label)), None);
                }
            }),
            TableKind::Amount => self.cells(|row, add| {
                for (_, amount) in row.amounts_in(table) {
                    add("", Some(amount));
                }
            }),
            TableKind::AmountPerLabel { .. } => Vec::new(),
        }
    }

    fn cells(
        &self,
        of_row: impl Fn(&super::fleet_day::InstallationRow, &mut dyn FnMut(&str, Option<f64>)),
    ) -> Vec<ExactCell> {
        let mut cells = BTreeMap::<(String, String), ExactCell>::new();
        for row in &self.day.installations {
            let version = self.day.versions.name(row.version);
            of_row(row, &mut |label, amount| {
                let key = (version.to_owned(), label.to_owned());
                let cell = cells.entry(key).or_insert_with(|| empty_cell(version, label));
                cell.installations += 1;
                cell.sum += amount.unwrap_or_default();
                cell.amounts.extend(amount);
            });
        }
        let mut cells: Vec<_> = cells.into_values().collect();
        for cell in &mut cells {
            cell.amounts.sort_by(f64::total_cmp);
        }
        cells
    }
}

/// The pages that were viewed, with the sum of their views, from the cells of a day.
#[must_use]
pub fn exact_pages(block: &CellBlock) -> Vec<ExactCell> {
    let mut cells = BTreeMap::<(&str, &str), ExactCell>::new();
    for (key, sums) in &block.cells {
        let (version, label) = (block.version(*key), block.label(*key));
        let cell = cells.entry((version, label)).or_insert_with(|| empty_cell(version, label));
        cell.installations += sums.count;
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let views = sums.value as f64;
        cell.sum += views;
    }
    cells.into_values().collect()
}

fn empty_cell(version: &str, label: &str) -> ExactCell {
    ExactCell {
        version: version.to_owned(),
        label: label.to_owned(),
        installations: 0,
        sum: 0.0,
        amounts: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cells::cell_block::{CellKey, CellSums},
        installation_day::{SampleBuckets, tests::bare},
        log_bucket::LogBucket,
        typed_report::DatabaseKind,
    };

    #[test]
    fn a_day_is_counted_by_version_and_label() {
        let mut days = InstallationDays::empty();
        let versions = ["1.0", "1.1"].map(|version| days.versions.number(version));
        let aws = days.names.number("aws");
        for installation in 0..5_u64 {
            let mut row = bare(installation);
            row.version = versions[usize::from(installation > 2)];
            if installation < 2 {
                (row.database, row.clouds) = (DatabaseKind::Sqlite, vec![aws]);
                row.cpu =
                    Some(SampleBuckets { mean: LogBucket::containing(0.5), p95: LogBucket::containing(1.0) });
            }
            days.installations.push(row);
        }
        let day = ExactDay::new(CalendarDay::from_unix_seconds(0), &days).unwrap();
        let told = |cells: Vec<ExactCell>| {
            let told = cells.into_iter().map(|cell| (cell.version, cell.label, cell.installations));
            told.collect::<Vec<_>>()
        };
        let cell = |version: &str, label: &str, count| (version.to_owned(), label.to_owned(), count);
        assert_eq!(told(day.versions()), [cell("1.0", "", 3), cell("1.1", "", 2)]);
        assert_eq!(told(day.table(PublishedTable::Clouds)), [cell("1.0", "aws", 2)]);
        assert_eq!(
            told(day.table(PublishedTable::Databases)),
            [cell("1.0", "sqlite", 2), cell("1.0", "unknown", 1), cell("1.1", "unknown", 2)]
        );
        let cpu = day.table(PublishedTable::CpuUsage);
        assert_eq!((cpu.len(), cpu[0].amounts.len(), cpu[0].installations), (1, 2, 2));
        assert!((cpu[0].sum - cpu[0].amounts.iter().sum::<f64>()).abs() < 1e-9);
    }

    #[test]
    fn pages_are_added_up_over_databases_and_sizes() {
        let cell =
            |database, count, value| (CellKey { database, ..CellKey::default() }, CellSums { count, value });
        let block = CellBlock {
            versions: vec!["1.0".to_owned()],
            labels: vec!["/".to_owned()],
            cells: vec![cell(0, 3, 30), cell(1, 4, 40)],
            ..CellBlock::default()
        };
        let pages = exact_pages(&block);
        assert_eq!((pages.len(), pages[0].label.as_str(), pages[0].installations), (1, "/", 7));
        assert!((pages[0].sum - 70.0).abs() < 1e-9);
    }
}
