//! Typed indexes, and the arenas that they index.

use std::{
    fmt,
    marker::PhantomData,
    num::NonZeroU32,
    ops::{Index, IndexMut},
};

/// A typed index into an arena.
pub trait ArenaIndex: Copy {
    /// The id for an index, which counts from 0.
    fn at(place: usize) -> Self;

    /// The index, which counts from 0.
    fn place(self) -> usize;
}

/// Declares ids. An `Option` of one is not larger than the id.
macro_rules! ids {
    ($($(#[$about:meta])* $id:ident;)*) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $id(NonZeroU32);

            impl ArenaIndex for $id {
                fn at(place: usize) -> Self {
                    #[expect(clippy::cast_possible_truncation, reason = "memory ends before")]
                    let place = place as u32;
                    Self(NonZeroU32::MIN.saturating_add(place))
                }

                fn place(self) -> usize {
                    self.0.get() as usize - 1
                }
            }
        )*
    };
}

ids! {
    /// A node of a world.
    NodeId;
    /// An application of a world.
    AppId;
    /// An instance of a world.
    InstanceId;
    /// A pod of a world.
    PodId;
    /// A container of a world.
    ContainerId;
    /// A connection of a world.
    ConnectionId;
    /// A Kubernetes service of a world.
    ServiceId;
    /// A managed database or cache of a world.
    ManagedId;
    /// A database that an exporter monitors.
    DatabaseId;
    /// A row in the answer to a query.
    RowId;
}

/// All objects of one type, by id.
#[derive(Clone)]
pub struct IndexedArena<I, T> {
    things: Vec<T>,
    ids: PhantomData<fn(I) -> I>,
}

impl<I, T> Default for IndexedArena<I, T> {
    fn default() -> Self {
        Self { things: Vec::new(), ids: PhantomData }
    }
}

impl<I, T> fmt::Debug for IndexedArena<I, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} things", self.things.len())
    }
}

impl<I: ArenaIndex, T> IndexedArena<I, T> {
    /// Adds an object.
    pub fn add(&mut self, thing: T) -> I {
        let id = I::at(self.things.len());
        self.things.push(thing);
        id
    }

    /// The number of objects.
    pub(crate) const fn len(&self) -> usize {
        self.things.len()
    }

    /// All objects with their ids, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (I, &T)> {
        self.things.iter().enumerate().map(|(place, thing)| (I::at(place), thing))
    }

    /// The ids of all objects, in order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = I> + use<I, T> {
        (0..self.things.len()).map(I::at)
    }

    /// All objects, mutable.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.things.iter_mut()
    }

    /// All objects.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.things.iter()
    }
}

impl<I: ArenaIndex, T> Index<I> for IndexedArena<I, T> {
    type Output = T;

    fn index(&self, id: I) -> &T {
        &self.things[id.place()]
    }
}

impl<I: ArenaIndex, T> IndexMut<I> for IndexedArena<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.things[id.place()]
    }
}
