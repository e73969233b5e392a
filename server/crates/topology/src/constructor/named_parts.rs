//! Collects named parts of a whole, such as the disks of a node or the runtimes of an instance.

use std::hash::Hash;

use headcount_prometheus::results::InternedString;

use crate::model::{ArenaIndex, FastMap, OneToMany};

/// Parts by their whole and their name.
pub(super) struct NamedParts<K, T> {
    places: FastMap<(K, InternedString), usize>,
    parts: Vec<(K, T)>,
}

impl<K: ArenaIndex + Hash + Eq, T> NamedParts<K, T> {
    pub(super) fn new() -> Self {
        Self { places: FastMap::default(), parts: Vec::new() }
    }

    /// The part with that name. Adds it if it is new.
    pub(super) fn enter(
        &mut self,
        whole: K,
        name: InternedString,
        new: impl FnOnce(InternedString) -> T,
    ) -> &mut T {
        let Self { places, parts } = self;
        let place = *places.entry((whole, name)).or_insert_with(|| {
            parts.push((whole, new(name)));
            parts.len() - 1
        });
        &mut parts[place].1
    }

    pub(super) fn gather(self) -> OneToMany<K, T> {
        OneToMany::gather(self.parts)
    }
}
