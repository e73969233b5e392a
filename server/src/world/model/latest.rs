//! What a label says now, when several series had it.

use std::cmp::Ordering;

use super::{Id as _, RowId, Texts};
use crate::world::answers::{Symbol, Table};

/// The text that the newest of several series has for a label; the largest text among series that were seen
/// last at the same moment, so that their order does not matter. An empty text can be the newest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latest {
    at: u32,
    text: Symbol,
}

impl Latest {
    /// No series was seen yet.
    pub const NONE: Self = Self { at: 0, text: Symbol::EMPTY };

    /// Takes in the text of a series that was last seen at `at`, in Unix seconds.
    pub fn update(&mut self, texts: &Texts<'_>, at: u32, text: Symbol) {
        if at > self.at || (at == self.at && texts.compare(text, self.text).is_gt()) {
            *self = Self { at, text };
        }
    }

    /// The text; empty when no series had one.
    #[must_use]
    pub const fn text(self) -> Symbol {
        self.text
    }

    /// When it was last seen, in Unix seconds; 0 when no series had it.
    #[must_use]
    pub const fn at(self) -> u32 {
        self.at
    }
}

/// Keeps the larger of two values, of which any may be missing (NaN, `None`). Where several series say the
/// same thing, the largest counts, in whatever order they come.
pub fn keep_larger(kept: &mut f32, other: Option<f32>) {
    *kept = kept.max(other.unwrap_or(f32::NAN));
}

/// Keeps the row that was seen last, of those the one with the larger value, of those the one with the larger
/// texts.
pub fn keep_newer(kept: &mut Option<RowId>, texts: &Texts<'_>, table: &Table, row: usize) {
    if kept.is_none_or(|kept| age(texts, table, kept.place(), row).is_lt()) {
        *kept = Some(RowId::at(row));
    }
}

fn age(texts: &Texts<'_>, table: &Table, one: usize, other: usize) -> Ordering {
    table.last_seen[one]
        .cmp(&table.last_seen[other])
        .then_with(|| table.values[one].total_cmp(&table.values[other]))
        .then_with(|| {
            let labels =
                |row| table.row(row).into_iter().flat_map(|row| row.labels()).map(|text| texts.text(*text));
            labels(one).cmp(labels(other))
        })
}
