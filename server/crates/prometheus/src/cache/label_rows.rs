//! Numbers rows by their labels.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::results::InternedString;

/// Rows of labels, without duplicates.
#[derive(Debug, Clone, Default)]
pub(super) struct LabelRows {
    width: usize,
    labels: Vec<InternedString>,
    numbers: HashTable<u32>,
    hasher: FixedState,
}

impl LabelRows {
    /// An empty set of rows of `width` labels each.
    pub(super) fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// The rows of `labels`, in order. They must be distinct.
    pub(super) fn of(width: usize, labels: &[InternedString]) -> Self {
        let mut rows = Self::new(width);
        for row in labels.chunks_exact(width.max(1)) {
            rows.number(row);
        }
        rows
    }

    /// The number of the row with these labels. A new row is added.
    pub(super) fn number(&mut self, row: &[InternedString]) -> u32 {
        let Self { width, labels, numbers, hasher } = self;
        let of = |number: u32| &labels[number as usize * *width..][..*width];
        let hash = hasher.hash_one(row);
        if let Some(number) = numbers.find(hash, |number| of(*number) == row) {
            return *number;
        }
        #[expect(clippy::cast_possible_truncation, reason = "series are bounded")]
        let number = numbers.len() as u32;
        numbers.insert_unique(hash, number, |number| hasher.hash_one(of(*number)));
        labels.extend_from_slice(row);
        number
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The labels of all rows, row by row.
    pub(super) fn into_labels(self) -> Vec<InternedString> {
        self.labels
    }

    /// The labels of a row.
    pub(super) fn row(&self, number: usize) -> &[InternedString] {
        &self.labels[number * self.width..][..self.width]
    }
}
