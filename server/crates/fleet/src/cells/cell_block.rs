//! The cells of one table on one day, and their block.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use crate::{
    block_codec::{BlockError, decode_block, encode_block},
    log_bucket::LogBucket,
    size_class::SizeClass,
    typed_report::DatabaseKind,
};

/// The version of the block.
const VERSION: u8 = 2;

/// What a cell counts. Versions and labels are numbers in the lists of its [`CellBlock`]. Dimensions that the table
/// does not have are 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// The version.
    pub version: u32,
    /// The position of the kind of database.
    pub database: u8,
    /// The position of the size class.
    pub size: u8,
    /// The label.
    pub label: u32,
    /// The bucket.
    pub bucket: LogBucket,
}

/// The sums of a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellSums {
    /// Installations or reports.
    pub count: u64,
    /// What the table sums.
    pub value: u64,
}

impl CellSums {
    /// Adds both sums.
    pub const fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.value = self.value.saturating_add(other.value);
    }
}

/// The cells of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CellBlock {
    /// The versions by number.
    pub versions: Vec<String>,
    /// The labels by number.
    pub labels: Vec<String>,
    /// The number of versions that are counted as `other`.
    pub folded_versions: u64,
    /// The number of labels that are counted as `other`.
    pub folded_labels: u64,
    /// The cells, sorted.
    pub cells: Vec<(CellKey, CellSums)>,
}

/// Which cells to add up; `None` for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CellFilter<'a> {
    /// Of this version.
    pub version: Option<&'a str>,
    /// Of this kind of database.
    pub database: Option<DatabaseKind>,
    /// Of this size.
    pub size: Option<SizeClass>,
}

/// The stored form. Cells that differ in their buckets alone follow each other, and most of a block is such
/// rows: all but their buckets and sums is stored once a row.
#[derive(Serialize, Deserialize)]
struct CellColumns {
    versions: Vec<String>,
    labels: Vec<String>,
    folded_versions: u64,
    folded_labels: u64,
    /// The columns of rows.
    version: Vec<u32>,
    database: Vec<u8>,
    size: Vec<u8>,
    label: Vec<u32>,
    /// The number of cells of each row.
    cells: Vec<u32>,
    /// The columns of cells.
    bucket: Vec<LogBucket>,
    count: Vec<u64>,
    value: Vec<u64>,
}

impl CellColumns {
    /// The cell before the first one of a row, without bucket.
    fn row(&self, at: usize) -> Option<CellKey> {
        Some(CellKey {
            version: *self.version.get(at)?,
            database: *self.database.get(at)?,
            size: *self.size.get(at)?,
            label: *self.label.get(at)?,
            bucket: LogBucket::ZERO,
        })
    }

    /// The cells; `None` if the columns do not fit together.
    fn cells(&self) -> Option<Vec<(CellKey, CellSums)>> {
        let mut sums = self.bucket.iter().zip(&self.count).zip(&self.value);
        let mut cells = Vec::with_capacity(self.bucket.len());
        for (at, length) in self.cells.iter().enumerate() {
            let row = self.row(at)?;
            for _ in 0..*length {
                let ((bucket, count), value) = sums.next()?;
                let key = CellKey { bucket: *bucket, ..row };
                cells.push((key, CellSums { count: *count, value: *value }));
            }
        }
        (sums.next().is_none() && cells.len() == self.bucket.len()).then_some(cells)
    }
}

/// Numbers names in the order in which they are first seen.
#[derive(Default)]
struct NameNumbers<'a> {
    names: Vec<String>,
    numbers: HashMap<&'a str, u32>,
}

impl<'a> NameNumbers<'a> {
    fn number(&mut self, name: &'a str) -> u32 {
        let Self { names, numbers } = self;
        *numbers.entry(name).or_insert_with(|| {
            names.push(name.to_owned());
            u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

impl CellBlock {
    /// The blocks of several days as one, with the sums of their cells.
    #[must_use]
    pub fn merge(blocks: &[Self]) -> Self {
        let (mut versions, mut labels) = (NameNumbers::default(), NameNumbers::default());
        let mut sums: HashMap<CellKey, CellSums, FixedState> = HashMap::default();
        for block in blocks {
            let of_versions: Vec<_> = block.versions.iter().map(|name| versions.number(name)).collect();
            let of_labels: Vec<_> = block.labels.iter().map(|name| labels.number(name)).collect();
            for (key, cell) in &block.cells {
                let number = |numbers: &[u32], of: u32| numbers.get(of as usize).copied().unwrap_or(of);
                let key = CellKey {
                    version: number(&of_versions, key.version),
                    label: number(&of_labels, key.label),
                    ..*key
                };
                sums.entry(key).or_default().add(*cell);
            }
        }
        let mut cells: Vec<_> = sums.into_iter().collect();
        cells.sort_unstable_by_key(|(key, _)| *key);
        let most = |folded: fn(&Self) -> u64| blocks.iter().map(folded).max().unwrap_or_default();
        Self {
            versions: versions.names,
            labels: labels.names,
            folded_versions: most(|block| block.folded_versions),
            folded_labels: most(|block| block.folded_labels),
            cells,
        }
    }

    /// The cells that pass a filter.
    pub fn filtered(&self, filter: CellFilter<'_>) -> impl Iterator<Item = &(CellKey, CellSums)> {
        let version = filter.version.map(|version| {
            // A version that the day does not have has no cells.
            let number = self.versions.iter().position(|known| known == version);
            number.and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX)
        });
        let database = filter.database.map(DatabaseKind::position);
        let size = filter.size.map(SizeClass::position);
        self.cells_of(version).iter().filter(move |(key, _)| {
            database.is_none_or(|database| key.database == database)
                && size.is_none_or(|size| key.size == size)
        })
    }

    /// The cells of a version, which follow each other because cells are sorted.
    fn cells_of(&self, version: Option<u32>) -> &[(CellKey, CellSums)] {
        let Some(version) = version else { return &self.cells };
        let first = self.cells.partition_point(|(key, _)| key.version < version);
        let end = self.cells.partition_point(|(key, _)| key.version <= version);
        self.cells.get(first..end).unwrap_or_default()
    }

    /// The label of a cell.
    #[must_use]
    pub fn label(&self, key: CellKey) -> &str {
        self.labels.get(key.label as usize).map_or("", String::as_str)
    }

    /// The version of a cell.
    #[must_use]
    pub fn version(&self, key: CellKey) -> &str {
        self.versions.get(key.version as usize).map_or("", String::as_str)
    }

    /// The stored form.
    ///
    /// # Errors
    /// [`BlockError::Unencodable`], which does not happen.
    pub fn encode(&self) -> Result<Vec<u8>, BlockError> {
        let without_bucket = |key: &CellKey| CellKey { bucket: LogBucket::ZERO, ..*key };
        let rows: Vec<_> = self
            .cells
            .chunk_by(|(one, _), (next, _)| without_bucket(one) == without_bucket(next))
            .filter_map(|row| Some((row.first()?.0, u32::try_from(row.len()).ok()?)))
            .collect();
        let cells = &self.cells;
        let columns = CellColumns {
            versions: self.versions.clone(),
            labels: self.labels.clone(),
            folded_versions: self.folded_versions,
            folded_labels: self.folded_labels,
            version: rows.iter().map(|(key, _)| key.version).collect(),
            database: rows.iter().map(|(key, _)| key.database).collect(),
            size: rows.iter().map(|(key, _)| key.size).collect(),
            label: rows.iter().map(|(key, _)| key.label).collect(),
            cells: rows.iter().map(|(_, length)| *length).collect(),
            bucket: cells.iter().map(|(key, _)| key.bucket).collect(),
            count: cells.iter().map(|(_, sums)| sums.count).collect(),
            value: cells.iter().map(|(_, sums)| sums.value).collect(),
        };
        encode_block(VERSION, &columns)
    }

    /// The cells of a block.
    ///
    /// # Errors
    /// [`BlockError::UnknownVersion`] and [`BlockError::Damaged`].
    pub fn decode(block: &[u8]) -> Result<Self, BlockError> {
        let columns: CellColumns = decode_block(VERSION, block)?;
        let cells = columns.cells().ok_or(BlockError::Damaged)?;
        Ok(Self {
            cells,
            versions: columns.versions,
            labels: columns.labels,
            folded_versions: columns.folded_versions,
            folded_labels: columns.folded_labels,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn cell()(version in 0_u32..3, database in 0_u8..3, size in 0_u8..7, label in 0_u32..3, value in 0.0..1e5_f64, count: u64, sum: u64)
            -> (CellKey, CellSums) {
            (CellKey { version, database, size, label, bucket: LogBucket::containing(value) }, CellSums { count, value: sum })
        }
    }

    proptest! {
        #[test]
        fn no_change_of_a_byte_breaks_the_decoder(cells in prop::collection::vec(cell(), 1..20), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut block = CellBlock { cells, ..CellBlock::default() }.encode().unwrap();
            let at = at.index(block.len());
            block[at] ^= 1 << bit;
            CellBlock::decode(&block).ok();
        }

        #[test]
        fn a_merged_block_has_the_sums_of_its_blocks(days in prop::collection::vec((prop::collection::vec(cell(), 0..30), any::<bool>()), 0..4)) {
            let block = |(cells, is_reversed): (Vec<_>, bool)| {
                let mut names = ["other", "1.0", "1.1"].map(str::to_owned).to_vec();
                if is_reversed {
                    names.reverse();
                }
                CellBlock { versions: names.clone(), labels: names, folded_labels: 3, cells, ..CellBlock::default() }
            };
            let blocks: Vec<_> = days.into_iter().map(block).collect();
            let by_name = |blocks: &[CellBlock]| {
                let mut sums = std::collections::BTreeMap::new();
                for block in blocks {
                    for (key, cell) in &block.cells {
                        let (version, label) = (block.version(*key).to_owned(), block.label(*key).to_owned());
                        let bare = CellKey { version: 0, label: 0, ..*key };
                        sums.entry((version, label, bare)).or_insert_with(CellSums::default).add(*cell);
                    }
                }
                sums
            };
            let merged = CellBlock::merge(&blocks);
            prop_assert!(merged.cells.is_sorted_by(|(one, _), (other, _)| one < other));
            prop_assert_eq!(merged.folded_labels, if blocks.is_empty() { 0 } else { 3 });
            prop_assert_eq!(by_name(&[merged]), by_name(&blocks));
        }

        #[test]
        fn cells_are_decoded_as_they_were_encoded(cells in prop::collection::vec(cell(), 0..60), folded_labels: u64) {
            let texts = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
            let block = CellBlock { versions: texts(["other", "1.0", "1.1"]), labels: texts(["other", "a", "b"]), folded_versions: 0, folded_labels, cells };
            prop_assert_eq!(CellBlock::decode(&block.encode().unwrap()), Ok(block));
        }
    }

    #[test]
    fn a_filter_passes_cells_that_match_all_its_parts() {
        let key = |version, database, size| CellKey { version, database, size, ..CellKey::default() };
        let one = CellSums { count: 1, value: 0 };
        let block = CellBlock {
            versions: vec!["other".to_owned(), "1.0".to_owned()],
            cells: vec![(key(0, 1, 0), one), (key(1, 1, 0), one), (key(1, 2, 0), one), (key(1, 2, 3), one)],
            ..CellBlock::default()
        };
        let count = |version, database, size| block.filtered(CellFilter { version, database, size }).count();
        assert_eq!(count(None, None, None), 4);
        assert_eq!(count(Some("1.0"), None, None), 3);
        assert_eq!(count(Some("9.9"), None, None), 0);
        assert_eq!(count(Some("1.0"), Some(DatabaseKind::Postgres), None), 2);
        assert_eq!(count(Some("1.0"), Some(DatabaseKind::Postgres), Some(SizeClass::None)), 1);
    }
}
