//! Collects named parts of a whole, such as the disks of a node or the runtimes of an instance.

use std::hash::Hash;

use crate::world::{
    answers::Symbol,
    model::{Id, Map, Several},
};

/// Parts by their whole and their name.
pub(super) struct Parts<K, T> {
    places: Map<(K, Symbol), usize>,
    parts: Vec<(K, T)>,
}

impl<K: Id + Hash + Eq, T> Parts<K, T> {
    pub(super) fn new() -> Self {
        Self { places: Map::default(), parts: Vec::new() }
    }

    /// The part with that name. Adds it if it is new.
    pub(super) fn enter(&mut self, whole: K, name: Symbol, new: impl FnOnce(Symbol) -> T) -> &mut T {
        let Self { places, parts } = self;
        let place = *places.entry((whole, name)).or_insert_with(|| {
            parts.push((whole, new(name)));
            parts.len() - 1
        });
        &mut parts[place].1
    }

    pub(super) fn gather(self) -> Several<K, T> {
        Several::gather(self.parts)
    }
}
