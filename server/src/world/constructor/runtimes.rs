//! How the runtimes of an instance are told apart.

use crate::world::{
    answers::Symbol,
    model::{InstanceId, Map, Several},
};

/// Runtimes by instance and name.
pub(super) struct Runtimes<T> {
    places: Map<(InstanceId, Symbol), usize>,
    runtimes: Vec<(InstanceId, T)>,
}

impl<T> Runtimes<T> {
    pub(super) fn new() -> Self {
        Self { places: Map::default(), runtimes: Vec::new() }
    }

    /// The runtime of that name of an instance, which is added if it is new.
    pub(super) fn enter(
        &mut self,
        instance: InstanceId,
        name: Symbol,
        new: impl FnOnce(Symbol) -> T,
    ) -> &mut T {
        let Self { places, runtimes } = self;
        let place = *places.entry((instance, name)).or_insert_with(|| {
            runtimes.push((instance, new(name)));
            runtimes.len() - 1
        });
        &mut runtimes[place].1
    }

    pub(super) fn gather(self) -> Several<InstanceId, T> {
        Several::gather(self.runtimes)
    }
}
