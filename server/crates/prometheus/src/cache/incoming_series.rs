//! Collects an answer while it arrives.

use super::{encode::MAX_VALUES, label_rows::LabelRows};
use crate::{
    client::{AnswerTooLarge, SeriesSink},
    query::{PrometheusQuery, QueryRetention},
    results::{InternedString, StringInterner},
};

/// The maximum number of series of an answer.
const MAX_SERIES: usize = 2_000_000;

/// An answer while it arrives. Series with the same kept labels become one row, whose value at a time is the
/// largest of theirs.
#[derive(Debug, Clone)]
pub struct IncomingSeries {
    /// The query of the answer.
    pub(super) query: &'static PrometheusQuery,
    /// The texts of its labels.
    pub(super) symbols: StringInterner,
    /// Its rows.
    pub(super) rows: LabelRows,
    /// When each row was seen.
    pub(super) seen: Vec<RowSummary>,
    /// The points, for queries that keep them, series by series.
    points: Vec<(u32, f32)>,
    /// The start of each series in `points`, and its row.
    series: Vec<(usize, u32)>,
    count: usize,
    /// The labels of the current series, and its row.
    labels: Vec<InternedString>,
    row: Option<u32>,
}

/// When a row was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RowSummary {
    /// The first time.
    pub(super) first: u32,
    /// The last time.
    pub(super) last: u32,
    /// The value when it was last seen.
    pub(super) newest: f32,
}

impl IncomingSeries {
    /// An empty answer to `query`.
    #[must_use]
    pub fn new(query: &'static PrometheusQuery) -> Self {
        let width = query.labels.len();
        Self {
            query,
            symbols: StringInterner::default(),
            rows: LabelRows::new(width),
            seen: Vec::new(),
            points: Vec::new(),
            series: Vec::new(),
            count: 0,
            labels: vec![InternedString::EMPTY; width],
            row: None,
        }
    }

    /// The number of rows: series with at least one point, where those with the same kept labels count once.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The row and the points of each series.
    pub(super) fn points(&self) -> impl Iterator<Item = (u32, &[(u32, f32)])> {
        let ends = self.series.iter().skip(1).map(|(start, _)| *start).chain([self.points.len()]);
        self.series.iter().zip(ends).map(|((start, row), end)| (*row, &self.points[*start..end]))
    }

    /// The first and the last time of all points; `None` if nothing has arrived.
    pub(super) fn bounds(&self) -> Option<(u32, u32)> {
        let first = self.seen.iter().map(|seen| seen.first).min()?;
        let last = self.seen.iter().map(|seen| seen.last).max()?;
        Some((first, last))
    }

    /// The newest time with a value; `None` if nothing has arrived.
    #[must_use]
    pub fn newest(&self) -> Option<u32> {
        self.bounds().map(|(_, newest)| newest)
    }

    /// Adds what is stored about a row. Where both have a value, the answer's counts.
    pub(super) fn add_old(&mut self, labels: &[InternedString], old: RowSummary) {
        let row = self.rows.number(labels) as usize;
        match self.seen.get_mut(row) {
            None => self.seen.push(old),
            Some(seen) => {
                seen.first = seen.first.min(old.first);
                if old.last > seen.last {
                    (seen.last, seen.newest) = (old.last, old.newest);
                }
            }
        }
    }

    const fn keeps_points(&self) -> bool {
        matches!(self.query.kind, QueryRetention::Range { .. })
    }

    /// The row of the current series, whose first point is at `at`.
    fn begin(&mut self, at: u32, value: f32) -> u32 {
        let row = self.rows.number(&self.labels);
        self.row = Some(row);
        if self.keeps_points() {
            self.series.push((self.points.len(), row));
        }
        if row as usize == self.seen.len() {
            self.seen.push(RowSummary { first: at, last: at, newest: value });
        }
        row
    }
}

impl SeriesSink for IncomingSeries {
    fn series(&mut self, labels: &[&str]) -> Result<(), AnswerTooLarge> {
        self.count += 1;
        if self.count > MAX_SERIES {
            return Err(AnswerTooLarge);
        }
        self.row = None;
        let texts = labels.iter().chain(std::iter::repeat(&""));
        for (label, text) in self.labels.iter_mut().zip(texts) {
            // Series arrive sorted: most labels equal those of the series before, or follow them.
            *label = if self.symbols.text(*label) == *text {
                *label
            } else {
                self.symbols.intern_after(*label, text)
            };
        }
        Ok(())
    }

    fn point(&mut self, at: u32, value: f32) -> Result<(), AnswerTooLarge> {
        if value.is_nan() {
            return Ok(());
        }
        let row = match self.row {
            Some(row) => row,
            None => self.begin(at, value),
        };
        self.seen[row as usize].add(RowSummary { first: at, last: at, newest: value });
        if self.keeps_points() {
            if self.points.len() >= MAX_VALUES {
                return Err(AnswerTooLarge);
            }
            self.points.push((at, value));
        }
        Ok(())
    }
}

impl RowSummary {
    /// Adds what else is known about the row.
    pub(super) fn add(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        if other.last > self.last {
            (self.last, self.newest) = (other.last, other.newest);
        } else if other.last == self.last {
            self.newest = larger(self.newest, other.newest);
        }
    }
}

/// The larger of two values, in any order; a missing value does not count.
pub(super) fn larger(one: f32, other: f32) -> f32 {
    if one.is_nan() || (!other.is_nan() && one.total_cmp(&other).is_lt()) { other } else { one }
}
