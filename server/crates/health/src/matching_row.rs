//! Finds a series of a world in answers that have its values over time.

use headcount_prometheus::{
    query::PrometheusQuery,
    results::{QueryResults, ResultTable},
};
use headcount_topology::model::{ArenaIndex as _, RowId, World};

/// The row in `points` that has the same labels as a row of the world in the answer to the same query;
/// `None` if there is none. The answers need not be of the same time.
#[must_use]
pub fn matching_row<'m>(
    world: &World<'_>,
    points: &'m QueryResults,
    query: &'static PrometheusQuery,
    row: RowId,
) -> Option<(&'m ResultTable, usize)> {
    let labels = world.answers.table(query).row(row.place())?.labels();
    let texts = labels.iter().map(|label| world.text(*label));
    let wanted = texts.map(|text| points.symbols().find(text)).collect::<Option<Vec<_>>>()?;
    let table = points.table(query);
    let place = table.labels.chunks_exact(table.width.max(1)).position(|labels| labels == wanted)?;
    Some((table, place))
}
