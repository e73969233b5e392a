//! Which field does the answer to a query fill?

use crate::world::{catalogue::Query, model::RowId};

/// A query, and the field for its value at present.
pub(super) type Now<T> = (&'static Query, fn(&mut T) -> &mut f32);

/// A query, and the field for the row with its values over time.
pub(super) type OverTime<T> = (&'static Query, fn(&mut T) -> &mut Option<RowId>);

/// A query, and the field that says whether it is so.
pub(super) type Flag<T> = (&'static Query, fn(&mut T) -> &mut bool);
