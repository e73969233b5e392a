//! What a day is exactly, in the cells that are published of it: for those who may see exact numbers.

use std::collections::BTreeMap;

use super::tables::PublishedTable;
use crate::{
    cells::{
        cell_block::{CellBlock, CellKey, CellSums},
        cell_table::CellTable,
        day_cells::MEAN,
    },
    log_bucket::LogHistogram,
    name_table::OTHER,
    typed_report::DatabaseKind,
};

/// The installations of a version that have a label, without noise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExactCell {
    /// The version.
    pub version: String,
    /// The label; empty in tables without labels.
    pub label: String,
    /// How many installations, those included that are too new to be published.
    pub installations: u64,
    /// The sum of their amounts; 0 in tables without amounts.
    pub sum: f64,
    /// The amount of each installation; empty in tables without, and where only sums are known.
    pub amounts: LogHistogram,
}

/// The table of cells with the exact numbers of a published table.
#[must_use]
pub const fn exact_source(table: PublishedTable) -> CellTable {
    match table {
        PublishedTable::Databases => CellTable::Installations,
        PublishedTable::Nodes => CellTable::NodeClasses,
        PublishedTable::Applications => CellTable::ApplicationClasses,
        PublishedTable::Integrations => CellTable::Flags,
        PublishedTable::AlertingDestinations => CellTable::Alerting,
        PublishedTable::InspectionsOverridden => CellTable::InspectionOverrides,
        PublishedTable::Clouds => CellTable::Clouds,
        PublishedTable::Services => CellTable::Services,
        PublishedTable::InstrumentedServices => CellTable::InstrumentedServices,
        PublishedTable::ScreenSizes => CellTable::ScreenSizes,
        PublishedTable::Pages | PublishedTable::PageViews => CellTable::Pages,
        PublishedTable::CpuUsage => CellTable::Cpu,
        PublishedTable::MemoryUsage => CellTable::Memory,
    }
}

/// The versions, from [`CellTable::Installations`].
#[must_use]
pub fn exact_versions(block: &CellBlock) -> Vec<ExactCell> {
    exact_cells(block, |_| Some(""), |_, _, _| {})
}

/// The cells of a table, from the block of its [`exact_source`]. Labels that are not known by name are left out.
#[must_use]
pub fn exact_table(table: PublishedTable, block: &CellBlock) -> Vec<ExactCell> {
    let named = |key: CellKey| Some(block.label(key)).filter(|label| *label != OTHER);
    match table {
        PublishedTable::Databases => {
            let kind = |key: CellKey| DatabaseKind::ALL.get(usize::from(key.database)).copied();
            exact_cells(block, |key| kind(key).map(DatabaseKind::label), |_, _, _| {})
        }
        PublishedTable::Pages | PublishedTable::PageViews =>
        {
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
            exact_cells(block, named, |cell, _, sums| cell.sum += sums.value as f64)
        }
        PublishedTable::CpuUsage | PublishedTable::MemoryUsage => {
            let mean = |key: CellKey| (block.label(key) == MEAN).then_some("");
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
            exact_cells(block, mean, |cell, key, sums| {
                cell.sum += key.bucket.estimate() * sums.count as f64;
                cell.amounts.add(key.bucket, sums.count);
            })
        }
        _ => exact_cells(block, named, |_, _, _| {}),
    }
}

/// The cells of a block by version and `label`, without those of no installation. `add` adds what they have more.
fn exact_cells<'a>(
    block: &'a CellBlock,
    label: impl Fn(CellKey) -> Option<&'a str>,
    add: impl Fn(&mut ExactCell, CellKey, CellSums),
) -> Vec<ExactCell> {
    let mut cells = BTreeMap::<(&str, &str), ExactCell>::new();
    for (key, sums) in block.cells.iter().filter(|(_, sums)| sums.count > 0) {
        let Some(label) = label(*key) else { continue };
        let version = block.version(*key);
        let cell = cells.entry((version, label)).or_insert_with(|| ExactCell {
            version: version.to_owned(),
            label: label.to_owned(),
            ..ExactCell::default()
        });
        cell.installations += sums.count;
        add(cell, *key, *sums);
    }
    cells.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cells::day_cells::{CellMap, cell_blocks},
        installation_day::{InstallationDays, SampleBuckets, tests::bare},
        log_bucket::LogBucket,
    };

    type Told = Vec<(String, String, u64)>;

    fn told(cells: &[ExactCell]) -> Told {
        let told = cells.iter().map(|cell| (cell.version.clone(), cell.label.clone(), cell.installations));
        told.collect()
    }

    fn cells<const N: usize>(cells: [(&str, &str, u64); N]) -> Told {
        cells.map(|(version, label, count)| (version.to_owned(), label.to_owned(), count)).to_vec()
    }

    /// Five installations of two versions, of which two have nearly everything, and one of which only a replica
    /// reported.
    fn day() -> InstallationDays {
        let mut days = InstallationDays::empty();
        let versions = ["1.0", "1.1"].map(|version| days.versions.number(version));
        let [aws, page, too_many] = ["aws", "/", OTHER].map(|name| days.names.number(name));
        for installation in 0..6_u64 {
            let mut row = bare(installation);
            row.version = versions[usize::from(installation > 2)];
            if installation < 2 {
                (row.database, row.clouds) = (DatabaseKind::Sqlite, vec![aws, too_many]);
                row.pages = vec![(page, 10 + installation)];
                row.sizes.nodes = 3 + installation;
                row.cpu =
                    Some(SampleBuckets { mean: LogBucket::containing(0.5), p95: LogBucket::containing(1.0) });
            }
            row.reports = u32::from(installation < 5);
            days.installations.push(row);
        }
        days
    }

    #[test]
    fn a_day_is_counted_by_version_and_label() {
        let blocks = cell_blocks(&day(), &CellMap::default());
        let block = |table: CellTable| &blocks.iter().find(|(of, _)| *of == table).unwrap().1;
        let of = |table: PublishedTable| exact_table(table, block(exact_source(table)));
        let versions = exact_versions(block(CellTable::Installations));
        assert_eq!(told(&versions), cells([("1.0", "", 3), ("1.1", "", 2)]));
        for (table, expected) in [
            (PublishedTable::Clouds, cells([("1.0", "aws", 2)])),
            (
                PublishedTable::Databases,
                cells([("1.0", "sqlite", 2), ("1.0", "unknown", 1), ("1.1", "unknown", 2)]),
            ),
            (
                PublishedTable::Nodes,
                cells([("1.0", "0", 1), ("1.0", "2-3", 1), ("1.0", "4-7", 1), ("1.1", "0", 2)]),
            ),
            (PublishedTable::Applications, cells([("1.0", "0", 3), ("1.1", "0", 2)])),
            (PublishedTable::Pages, cells([("1.0", "/", 2)])),
            (PublishedTable::CpuUsage, cells([("1.0", "", 2)])),
            (PublishedTable::MemoryUsage, cells([])),
        ] {
            assert_eq!(told(&of(table)), expected, "{table:?}");
        }
        assert!((of(PublishedTable::PageViews)[0].sum - 21.0).abs() < 1e-9);
        let [cpu] = &of(PublishedTable::CpuUsage)[..] else { panic!("one version has samples") };
        assert_eq!(cpu.amounts.total(), 2);
        assert!((cpu.sum / (2.0 * LogBucket::containing(0.5).estimate()) - 1.0).abs() < 1e-9);
    }
}
