//! Bounds how many labels an answer names, however many its days have.

use std::collections::{HashMap, HashSet};

use crate::name_table::OTHER;

/// The most labels, or versions, that an answer names beside [`OTHER`]. A day names a few hundred, but they may
/// be others every day: an answer of all of them over a year would be gigabytes.
pub const MOST_NAMED: usize = 200;

/// The labels that an answer names. All others count as [`OTHER`].
#[derive(Debug, Default)]
pub(super) struct NamedLabels<'a> {
    /// `None` for all of them.
    named: Option<HashSet<&'a str>>,
    folded: u64,
}

impl<'a> NamedLabels<'a> {
    /// Names the most frequent labels. `counts` is called only if there are too many, with how often each is.
    pub(super) fn most_frequent(
        labels: impl Iterator<Item = &'a str>,
        counts: impl FnOnce() -> HashMap<&'a str, u64>,
    ) -> Self {
        let labels: HashSet<_> = labels.filter(|label| *label != OTHER).collect();
        if labels.len() <= MOST_NAMED {
            return Self::default();
        }
        let mut counted: Vec<_> = counts().into_iter().filter(|(label, _)| *label != OTHER).collect();
        counted.sort_unstable_by(|(one_label, one), (other_label, other)| {
            other.cmp(one).then_with(|| one_label.cmp(other_label))
        });
        let folded = counted.len().saturating_sub(MOST_NAMED) as u64;
        let named = counted.into_iter().take(MOST_NAMED).map(|(label, _)| label).collect();
        Self { named: Some(named), folded }
    }

    /// The name under which a label is counted.
    pub(super) fn name<'b>(&self, label: &'b str) -> &'b str {
        let is_named = self.named.as_ref().is_none_or(|named| named.contains(label));
        if is_named { label } else { OTHER }
    }

    /// How many labels have no name of their own in this answer.
    pub(super) const fn folded(&self) -> u64 {
        self.folded
    }
}
