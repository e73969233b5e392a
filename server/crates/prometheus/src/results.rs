//! Holds Prometheus' answers in memory: one table per query, each text once.

mod string_interner;

use std::{collections::HashMap, fmt};

use foldhash::fast::FixedState;

pub use self::string_interner::{InternedString, StringInterner};
use super::query::{Label, PrometheusQuery};

/// The answers to the queries of one project, as the cache stores them.
#[derive(Default)]
pub struct QueryResults {
    symbols: StringInterner,
    tables: HashMap<&'static str, ResultTable, FixedState>,
}

/// The series of one answer, one row each, in no particular order. Times are Unix seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultTable {
    /// The time of the newest values; 0 if the query was never answered.
    pub to: u32,
    /// The number of labels of a row.
    pub width: usize,
    /// The kept labels, row by row, in the order of [`PrometheusQuery::labels`].
    pub labels: Vec<InternedString>,
    /// When each series was first seen, within the query's range.
    pub first_seen: Vec<u32>,
    /// When each series was last seen.
    pub last_seen: Vec<u32>,
    /// The value of each series when it was last seen. Never NaN.
    pub values: Vec<f32>,
    /// The values over time, for queries that keep them.
    pub points: ResultPoints,
    /// The sum of the values over time of each row, if only that was read; otherwise empty.
    pub sums: Vec<f64>,
}

/// The values over time for each row of a table. If they were not unpacked, `from` and `values` are
/// meaningless, but `step` is valid.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultPoints {
    /// The first time, in Unix seconds.
    pub from: u32,
    /// The distance between two times, in seconds; 0 for a query that keeps no points.
    pub step: u32,
    /// The values of all rows at each time; NaN where a series has none.
    pub values: Vec<f32>,
}

/// One series of a [`ResultTable`].
#[derive(Debug, Clone, Copy)]
pub struct ResultRow<'t> {
    table: &'t ResultTable,
    index: usize,
}

/// The position of a label in the rows of a query.
pub type ColumnIndex = usize;

impl QueryResults {
    /// Adds the answer to a query.
    pub fn insert(&mut self, query: &'static PrometheusQuery, table: ResultTable) {
        self.tables.insert(query.name, table);
    }

    /// The answer to a query; without rows if there is none.
    #[must_use]
    pub fn table(&self, query: &'static PrometheusQuery) -> &ResultTable {
        static NONE: ResultTable = ResultTable {
            to: 0,
            width: 0,
            labels: Vec::new(),
            first_seen: Vec::new(),
            last_seen: Vec::new(),
            values: Vec::new(),
            points: ResultPoints { from: 0, step: 0, values: Vec::new() },
            sums: Vec::new(),
        };
        self.tables.get(query.name).unwrap_or(&NONE)
    }

    /// All answers, by the names of their queries.
    pub fn tables(&self) -> impl Iterator<Item = (&'static str, &ResultTable)> {
        self.tables.iter().map(|(query, table)| (*query, table))
    }

    /// The rows of the answer to a query, and the positions of its labels.
    pub fn rows<const N: usize>(
        &self,
        query: &'static PrometheusQuery,
        labels: [Label; N],
    ) -> ([ColumnIndex; N], impl Iterator<Item = ResultRow<'_>>) {
        (query.columns(labels), self.table(query).rows())
    }

    /// The texts of all answers, by symbol.
    #[must_use]
    pub const fn symbols(&self) -> &StringInterner {
        &self.symbols
    }

    /// The same, for adding texts.
    pub const fn symbols_mut(&mut self) -> &mut StringInterner {
        &mut self.symbols
    }

    /// The text of a symbol.
    #[must_use]
    pub fn text(&self, symbol: InternedString) -> &str {
        self.symbols.text(symbol)
    }
}

impl fmt::Debug for QueryResults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only sizes, since labels contain names of the observed cluster.
        formatter
            .debug_struct("QueryResults")
            .field("texts", &self.symbols.number_of_texts())
            .field("queries", &self.tables.len())
            .field("series", &self.tables.values().map(ResultTable::len).sum::<usize>())
            .finish_non_exhaustive()
    }
}

impl ResultTable {
    /// The number of series.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no series.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The series in order.
    pub fn rows(&self) -> impl Iterator<Item = ResultRow<'_>> {
        (0..self.len()).map(|index| ResultRow { table: self, index })
    }

    /// The series at an index; `None` if there are fewer.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<ResultRow<'_>> {
        (index < self.len()).then_some(ResultRow { table: self, index })
    }

    /// The values of all rows, time by time; NaN where a row has none.
    pub fn moments(&self) -> impl DoubleEndedIterator<Item = (u32, &[f32])> {
        let ResultPoints { from, step, values } = &self.points;
        let moments = values.chunks_exact(self.len().max(1)).enumerate();
        moments.map(move |(number, values)| {
            #[expect(clippy::cast_possible_truncation, reason = "moments are Unix seconds")]
            let number = number as u32;
            (from + number * step, values)
        })
    }

    /// The values of all rows at a time, or at the latest one before it; `None` outside of the points.
    #[must_use]
    pub fn moment(&self, at: u32) -> Option<&[f32]> {
        let ResultPoints { from, step, values } = &self.points;
        let number = at.checked_sub(*from)?.checked_div(*step)? as usize;
        values.chunks_exact(self.len().max(1)).nth(number)
    }

    /// The values over time of the row `index`, with their times. Missing values are left out.
    pub fn points_of(&self, index: usize) -> impl Iterator<Item = (u32, f32)> {
        let ResultPoints { from, step, values } = &self.points;
        let moments = (0_u32..).map(move |number| from + number * step);
        let values = values.iter().skip(index).step_by(self.len().max(1)).copied();
        moments.zip(values).filter(|(_, value)| !value.is_nan())
    }
}

impl<'t> ResultRow<'t> {
    /// The text of a label; empty if the series does not have it.
    #[must_use]
    pub fn label(&self, column: ColumnIndex) -> InternedString {
        self.labels().get(column).copied().unwrap_or(InternedString::EMPTY)
    }

    /// The texts of all kept labels.
    #[must_use]
    pub fn labels(&self) -> &'t [InternedString] {
        let width = self.table.width;
        self.table.labels.get(self.index * width..(self.index + 1) * width).unwrap_or_default()
    }

    /// The index of the row in its table.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// When the series was first seen, in Unix seconds.
    #[must_use]
    pub fn first_seen(&self) -> u32 {
        self.table.first_seen[self.index]
    }

    /// When the series was last seen, in Unix seconds.
    #[must_use]
    pub fn last_seen(&self) -> u32 {
        self.table.last_seen[self.index]
    }

    /// The newest value of the series, whatever its age.
    #[must_use]
    pub fn newest(&self) -> f32 {
        self.table.values[self.index]
    }

    /// The value at the time of the answer; `None` if the series ended before.
    #[must_use]
    pub fn last(&self) -> Option<f32> {
        (self.last_seen() >= self.table.to).then(|| self.newest())
    }

    /// Whether the value at the time of the answer is above 0: the meaning of a series with boolean values.
    #[must_use]
    pub fn is_so(&self) -> bool {
        self.last().is_some_and(|value| value > 0.0)
    }
}

#[cfg(test)]
mod tests;
