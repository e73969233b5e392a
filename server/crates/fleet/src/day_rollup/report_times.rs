//! Adds up the times of reports by version, name and bucket.
//!
//! The reports of an installation have the same names in the same order, and many equal buckets. So they are
//! added in rows that follow that order, and to the cells of the day with the last report of the installation.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::{
    cells::{
        cell_block::CellSums,
        cell_table::CellTable,
        day_cells::{CellMap, ReadingKey},
    },
    log_bucket::LogBucket,
    name_table::NameTable,
};

/// The most cells of times in memory. Times beyond them count under `other`.
const MOST_CELLS: usize = 4_000_000;

/// The most rows that are kept from one installation to the next.
const MOST_ROWS: usize = 10_000;

/// The number of [`crate::name_table::OTHER`].
const OTHER_NAME: u32 = 0;

/// The times of a day while its reports are read.
#[derive(Debug, Default)]
pub(super) struct ReportTimes {
    cells: CellMap<ReadingKey>,
    /// The version of the reports in the rows.
    version: u32,
    rows: Vec<TimeRow>,
    places: HashMap<(CellTable, u32), usize, FixedState>,
    /// The row that is expected next.
    next: usize,
}

/// The times of a name in a table, of one installation.
#[derive(Debug)]
struct TimeRow {
    table: CellTable,
    name: u32,
    buckets: Vec<(LogBucket, CellSums)>,
}

impl ReportTimes {
    /// Begins a report.
    pub(super) fn begin_report(&mut self, version: u32) {
        if self.version != version {
            self.close_installation();
            self.version = version;
        }
        self.next = 0;
    }

    /// The number of a name that the report has next in a table.
    pub(super) fn number(&self, table: CellTable, name: &str, names: &mut NameTable) -> u32 {
        let expected = self.rows.get(self.next).filter(|row| row.table == table).map(|row| row.name);
        match expected {
            Some(number) if number != OTHER_NAME && names.name(number) == name => number,
            _ => names.number(name),
        }
    }

    /// Adds a time of the report.
    pub(super) fn add(&mut self, table: CellTable, name: u32, bucket: LogBucket, value: u64) {
        let is_next = |row: &&TimeRow| row.table == table && row.name == name;
        let place = match self.rows.get(self.next).filter(is_next) {
            Some(_) => self.next,
            None => self.place(table, name),
        };
        self.next = place + 1;
        let Some(row) = self.rows.get_mut(place) else { return };
        let sums = CellSums { count: 1, value };
        match row.buckets.iter_mut().find(|(known, _)| *known == bucket) {
            Some((_, known)) => known.add(sums),
            None => row.buckets.push((bucket, sums)),
        }
    }

    fn place(&mut self, table: CellTable, name: u32) -> usize {
        *self.places.entry((table, name)).or_insert_with(|| {
            self.rows.push(TimeRow { table, name, buckets: Vec::new() });
            self.rows.len() - 1
        })
    }

    /// Adds the rows to the cells.
    pub(super) fn close_installation(&mut self) {
        for TimeRow { table, name, buckets } in &mut self.rows {
            for (bucket, sums) in buckets.drain(..) {
                let key = ReadingKey { table: *table, version: self.version, name: *name, bucket };
                let is_full = self.cells.len() >= MOST_CELLS && !self.cells.contains_key(&key);
                let key =
                    if is_full { ReadingKey { version: OTHER_NAME, name: OTHER_NAME, ..key } } else { key };
                self.cells.entry(key).or_default().add(sums);
            }
        }
        if self.rows.len() > MOST_ROWS {
            self.rows.clear();
            self.places.clear();
        }
    }

    /// The cells of all installations.
    pub(super) fn into_cells(mut self) -> CellMap<ReadingKey> {
        self.close_installation();
        self.cells
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The name, the seconds and the value of a time.
    type ReportedTime = (u32, f64, u64);

    /// Reports: their version and their times.
    fn reports() -> impl Strategy<Value = Vec<(u32, Vec<ReportedTime>)>> {
        let time = (0..6_u32, 1.0..2.0_f64, 0..3_u64);
        prop::collection::vec((1..3_u32, prop::collection::vec(time, 0..12)), 0..12)
    }

    proptest! {
        #[test]
        fn times_are_added_up_in_any_order_of_names(reports in reports(), close_after in 1..4_usize) {
            let mut names = NameTable::with_capacity_for(3);
            let mut times = ReportTimes::default();
            let mut expected = CellMap::<ReadingKey>::default();
            for (at, (version, of_report)) in reports.iter().enumerate() {
                times.begin_report(*version);
                for (name, seconds, value) in of_report {
                    let table = if *name % 2 == 0 { CellTable::Stages } else { CellTable::Queries };
                    let number = times.number(table, &format!("name {name}"), &mut names);
                    prop_assert_eq!(number, names.number(&format!("name {name}")));
                    let bucket = LogBucket::containing(*seconds);
                    times.add(table, number, bucket, *value);
                    let key = ReadingKey { table, version: *version, name: number, bucket };
                    expected.entry(key).or_default().add(CellSums { count: 1, value: *value });
                }
                if at % close_after == 0 {
                    times.close_installation();
                }
            }
            prop_assert_eq!(times.into_cells(), expected);
        }
    }
}
