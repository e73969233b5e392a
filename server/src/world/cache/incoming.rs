//! What is kept of an answer while it arrives?

use super::{
    super::{
        answers::{Symbol, Symbols},
        catalogue::{Kind, Query},
        prometheus::{Sink, TooLarge},
    },
    encode::MAX_VALUES,
    rows::Rows,
};

/// Series that one answer may have.
const MAX_SERIES: usize = 2_000_000;

/// An answer as it arrives. Series whose kept labels are the same become one row, whose value at a moment is the largest of
/// theirs.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The query that it answers.
    pub(super) query: &'static Query,
    /// The texts of its labels.
    pub(super) symbols: Symbols,
    /// Its rows.
    pub(super) rows: Rows,
    /// When each row was seen.
    pub(super) seen: Vec<Seen>,
    /// The points, of queries that keep them: those of one series after those of another.
    points: Vec<(u32, f32)>,
    /// Where each series begins in them, and which row it is.
    series: Vec<(usize, u32)>,
    count: usize,
    /// The labels of the present series, and its row.
    labels: Vec<Symbol>,
    row: Option<u32>,
}

/// When a row was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    /// The first time.
    pub(super) first: u32,
    /// The last time.
    pub(super) last: u32,
    /// The value when it was last seen.
    pub(super) newest: f32,
}

impl Incoming {
    /// An answer to `query` of which nothing has arrived.
    #[must_use]
    pub fn new(query: &'static Query) -> Self {
        let width = query.labels.len();
        Self {
            query,
            symbols: Symbols::default(),
            rows: Rows::new(width),
            seen: Vec::new(),
            points: Vec::new(),
            series: Vec::new(),
            count: 0,
            labels: vec![Symbol::EMPTY; width],
            row: None,
        }
    }

    /// How many rows have arrived: series that have a point, those with the same kept labels counted once.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The points of each series, and which row it is.
    pub(super) fn points(&self) -> impl Iterator<Item = (u32, &[(u32, f32)])> {
        let ends = self.series.iter().skip(1).map(|(start, _)| *start).chain([self.points.len()]);
        self.series.iter().zip(ends).map(|((start, row), end)| (*row, &self.points[*start..end]))
    }

    /// The first and the last moment of all; `None` when nothing has arrived.
    pub(super) fn bounds(&self) -> Option<(u32, u32)> {
        let first = self.seen.iter().map(|seen| seen.first).min()?;
        let last = self.seen.iter().map(|seen| seen.last).max()?;
        Some((first, last))
    }

    /// The newest moment at which anything has arrived; `None` when nothing has.
    #[must_use]
    pub fn newest(&self) -> Option<u32> {
        self.bounds().map(|(_, newest)| newest)
    }

    /// Adds what was known of a row before; the answer knows better where both say something.
    pub(super) fn add_old(&mut self, labels: &[Symbol], old: Seen) {
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
        matches!(self.query.kind, Kind::Range { .. })
    }

    /// The row of the present series, whose first point is at `at`.
    fn begin(&mut self, at: u32, value: f32) -> u32 {
        let row = self.rows.number(&self.labels);
        self.row = Some(row);
        if self.keeps_points() {
            self.series.push((self.points.len(), row));
        }
        if row as usize == self.seen.len() {
            self.seen.push(Seen { first: at, last: at, newest: value });
        }
        row
    }
}

impl Sink for Incoming {
    fn series(&mut self, labels: &[&str]) -> Result<(), TooLarge> {
        self.count += 1;
        if self.count > MAX_SERIES {
            return Err(TooLarge);
        }
        self.row = None;
        let texts = labels.iter().chain(std::iter::repeat(&""));
        for (label, text) in self.labels.iter_mut().zip(texts) {
            // Series come sorted: most labels are those of the series before, or follow them.
            *label = if self.symbols.text(*label) == *text {
                *label
            } else {
                self.symbols.intern_after(*label, text)
            };
        }
        Ok(())
    }

    fn point(&mut self, at: u32, value: f32) -> Result<(), TooLarge> {
        if value.is_nan() {
            return Ok(());
        }
        let row = match self.row {
            Some(row) => row,
            None => self.begin(at, value),
        };
        self.seen[row as usize].add(Seen { first: at, last: at, newest: value });
        if self.keeps_points() {
            if self.points.len() >= MAX_VALUES {
                return Err(TooLarge);
            }
            self.points.push((at, value));
        }
        Ok(())
    }
}

impl Seen {
    /// Adds what else is known of the same row.
    pub(super) fn add(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        if other.last > self.last {
            (self.last, self.newest) = (other.last, other.newest);
        } else if other.last == self.last {
            self.newest = larger(self.newest, other.newest);
        }
    }
}

/// The larger of two values, whichever comes first; one that is missing is none.
pub(super) fn larger(one: f32, other: f32) -> f32 {
    if one.is_nan() || (!other.is_nan() && one.total_cmp(&other).is_lt()) { other } else { one }
}
