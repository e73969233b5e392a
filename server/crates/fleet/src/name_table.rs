//! Numbers names in the order in which they are first seen, up to a maximum.

use foldhash::quality::FixedState;
use hashbrown::{HashTable, hash_table::Entry};
use std::hash::BuildHasher;

/// The name that stands for all names for which there was no place.
pub const OTHER: &str = "other";

/// Numbered names. Number 0 is [`OTHER`].
#[derive(Debug, Clone)]
pub struct NameTable {
    names: Vec<Box<str>>,
    places: HashTable<u32>,
    hash: FixedState,
    most: usize,
    without_place: u64,
}

impl NameTable {
    /// A table for at most `most` names beside [`OTHER`].
    #[must_use]
    pub fn with_capacity_for(most: usize) -> Self {
        Self {
            names: vec![OTHER.into()],
            places: HashTable::new(),
            hash: FixedState::default(),
            most,
            without_place: 0,
        }
    }

    /// The number of a name: a new one for a new name, 0 if the table is full.
    pub fn number(&mut self, name: &str) -> u32 {
        if name == OTHER {
            return 0;
        }
        let Self { names, places, hash, most, without_place } = self;
        let is_full = names.len() > *most;
        let hash_of = |name: &str| hash.hash_one(name);
        let entry = places.entry(
            hash_of(name),
            |number| names.get(*number as usize).is_some_and(|known| **known == *name),
            |number| names.get(*number as usize).map_or(0, |known| hash_of(known)),
        );
        match entry {
            Entry::Occupied(place) => *place.get(),
            Entry::Vacant(_) if is_full => {
                *without_place += 1;
                0
            }
            Entry::Vacant(place) => {
                let number = u32::try_from(names.len()).unwrap_or_default();
                place.insert(number);
                names.push(name.into());
                number
            }
        }
    }

    /// The names by number.
    #[must_use]
    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// The name with a number; [`OTHER`] for a number that was never given.
    #[must_use]
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or(OTHER, |name| name)
    }

    /// How often a name got no place.
    #[must_use]
    pub const fn without_place(&self) -> u64 {
        self.without_place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_and_those_without_a_place_are_other() {
        let mut table = NameTable::with_capacity_for(2);
        let numbers = ["a", "b", "a", "c", "other", "b", "c"].map(|name| table.number(name));
        assert_eq!(numbers, [1, 2, 1, 0, 0, 2, 0]);
        assert_eq!([0, 1, 2, 9].map(|number| table.name(number)), ["other", "a", "b", "other"]);
        assert_eq!(table.without_place(), 2);
    }
}
