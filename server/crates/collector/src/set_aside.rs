//! Counts the values of a report that were set aside, by field.

use std::collections::BTreeMap;

use super::intake_entry::SetAsideField;

/// The numbers of values that were set aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetAsideCounts(BTreeMap<SetAsideField, u64>);

impl SetAsideCounts {
    /// Counts values of a field.
    pub fn add(&mut self, field: SetAsideField, count: u64) {
        if count > 0 {
            *self.0.entry(field).or_default() += count;
        }
    }

    /// The number of values of all fields.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The fields with values, and their numbers.
    pub fn fields(&self) -> impl Iterator<Item = (SetAsideField, u64)> {
        self.0.iter().map(|(field, count)| (*field, *count))
    }

    /// Counts what another report has, too.
    pub fn merge(&mut self, other: &Self) {
        other.fields().for_each(|(field, count)| self.add(field, count));
    }
}
