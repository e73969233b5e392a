//! Pairs of a query and the field that its answer fills.

use headcount_prometheus::query::PrometheusQuery;

use crate::model::RowId;

/// A query, and the field for its current value.
pub(super) type CurrentValueField<T> = (&'static PrometheusQuery, fn(&mut T) -> &mut f32);

/// A query, and the field for the row with its values over time.
pub(super) type SeriesField<T> = (&'static PrometheusQuery, fn(&mut T) -> &mut Option<RowId>);

/// A query, and the boolean field for it.
pub(super) type FlagField<T> = (&'static PrometheusQuery, fn(&mut T) -> &mut bool);
