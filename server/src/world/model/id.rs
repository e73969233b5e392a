//! How the things of a world are numbered.

use std::{
    fmt,
    marker::PhantomData,
    num::NonZeroU32,
    ops::{Index, IndexMut},
};

/// The number of a thing among its like.
pub trait Id: Copy {
    /// The id of the thing at a place, counted from 0.
    fn at(place: usize) -> Self;

    /// The place of the thing, counted from 0.
    fn place(self) -> usize;
}

/// Declares numbers; an absent one takes no more room than one that is there.
macro_rules! ids {
    ($($(#[$about:meta])* $id:ident;)*) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $id(NonZeroU32);

            impl Id for $id {
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
    /// A row of the table that a query was answered with.
    RowId;
}

/// All things of one kind, by their ids.
#[derive(Clone)]
pub struct Things<I, T> {
    things: Vec<T>,
    ids: PhantomData<fn(I) -> I>,
}

impl<I, T> Default for Things<I, T> {
    fn default() -> Self {
        Self { things: Vec::new(), ids: PhantomData }
    }
}

impl<I, T> fmt::Debug for Things<I, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} things", self.things.len())
    }
}

impl<I: Id, T> Things<I, T> {
    /// Adds a thing.
    pub fn add(&mut self, thing: T) -> I {
        let id = I::at(self.things.len());
        self.things.push(thing);
        id
    }

    /// How many there are.
    pub(in crate::world) const fn len(&self) -> usize {
        self.things.len()
    }

    /// All of them, in the order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (I, &T)> {
        self.things.iter().enumerate().map(|(place, thing)| (I::at(place), thing))
    }

    /// All ids.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = I> + use<I, T> {
        (0..self.things.len()).map(I::at)
    }

    /// All things, to change them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.things.iter_mut()
    }

    /// All things.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.things.iter()
    }
}

impl<I: Id, T> Index<I> for Things<I, T> {
    type Output = T;

    fn index(&self, id: I) -> &T {
        &self.things[id.place()]
    }
}

impl<I: Id, T> IndexMut<I> for Things<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.things[id.place()]
    }
}
