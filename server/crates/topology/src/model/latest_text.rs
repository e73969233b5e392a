//! Merges values of several series that describe the same object.

use std::cmp::Ordering;

use headcount_prometheus::results::{InternedString, ResultTable};

use super::{ArenaIndex as _, RowId, TextInterner};

/// The value of a label in the newest of several series. Of series that were last seen at the same time, the
/// largest text counts, so that their order does not matter. The newest text may be empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LatestText {
    at: u32,
    text: InternedString,
}

impl LatestText {
    /// The value before any series was seen.
    pub const NONE: Self = Self { at: 0, text: InternedString::EMPTY };

    /// Updates the text from a series that was last seen at `at`, in Unix seconds.
    pub fn update(&mut self, texts: &TextInterner<'_>, at: u32, text: InternedString) {
        if at > self.at || (at == self.at && texts.compare(text, self.text).is_gt()) {
            *self = Self { at, text };
        }
    }

    /// The text; empty if no series had one.
    #[must_use]
    pub const fn text(self) -> InternedString {
        self.text
    }

    /// When it was last seen, in Unix seconds; 0 if no series had it.
    #[must_use]
    pub const fn at(self) -> u32 {
        self.at
    }
}

/// Sets `kept` to the larger of two values, either of which may be missing (NaN, `None`). If several series
/// describe the same value, the largest counts, in any order.
pub fn keep_larger(kept: &mut f32, other: Option<f32>) {
    *kept = kept.max(other.unwrap_or(f32::NAN));
}

/// Sets `kept` to the row that was seen last. Of rows seen at the same time, the one with the larger value,
/// and then the one with the larger texts.
pub fn keep_newer(kept: &mut Option<RowId>, texts: &TextInterner<'_>, table: &ResultTable, row: usize) {
    if kept.is_none_or(|kept| age(texts, table, kept.place(), row).is_lt()) {
        *kept = Some(RowId::at(row));
    }
}

fn age(texts: &TextInterner<'_>, table: &ResultTable, one: usize, other: usize) -> Ordering {
    table.last_seen[one]
        .cmp(&table.last_seen[other])
        .then_with(|| table.values[one].total_cmp(&table.values[other]))
        .then_with(|| {
            let labels =
                |row| table.row(row).into_iter().flat_map(|row| row.labels()).map(|text| texts.text(*text));
            labels(one).cmp(labels(other))
        })
}
