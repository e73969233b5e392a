//! Finds series of a world in answers that have their values over time.

use std::{collections::HashMap, fmt};

use foldhash::fast::FixedState;
use headcount_prometheus::{
    query::PrometheusQuery,
    results::{InternedString, QueryResults, ResultTable},
};
use headcount_topology::model::{ArenaIndex as _, RowId, World};

/// Answers with values over time, whose rows are found by their labels. Each answer is indexed once, so that many
/// rows of a large one are found in one pass.
pub struct MatchingRows<'m> {
    points: &'m QueryResults,
    /// By the name of the query.
    places: HashMap<&'static str, RowPlaces<'m>, FixedState>,
}

/// The place of each row of a table, by its labels.
type RowPlaces<'m> = HashMap<&'m [InternedString], usize, FixedState>;

impl<'m> MatchingRows<'m> {
    /// The rows of these answers.
    #[must_use]
    pub fn of(points: &'m QueryResults) -> Self {
        let places = points.tables().map(|(query, table)| (query, places_of(table))).collect();
        Self { points, places }
    }

    /// The answers.
    #[must_use]
    pub const fn points(&self) -> &'m QueryResults {
        self.points
    }

    /// The row that has the same labels as a row of the world in the answer to the same query; `None` if there
    /// is none. The answers need not be of the same time.
    #[must_use]
    pub fn find(
        &self,
        world: &World<'_>,
        query: &'static PrometheusQuery,
        row: RowId,
    ) -> Option<(&'m ResultTable, usize)> {
        let labels = world.answers.table(query).row(row.place())?.labels();
        let texts = labels.iter().map(|label| world.text(*label));
        let wanted = texts.map(|text| self.points.symbols().find(text)).collect::<Option<Vec<_>>>()?;
        let place = self.places.get(query.name)?.get(wanted.as_slice())?;
        Some((self.points.table(query), *place))
    }
}

/// Of several rows with the same labels, the first counts.
fn places_of(table: &ResultTable) -> RowPlaces<'_> {
    let mut places = RowPlaces::with_capacity_and_hasher(table.len(), FixedState::default());
    for (place, labels) in table.labels.chunks_exact(table.width.max(1)).enumerate() {
        places.entry(labels).or_insert(place);
    }
    places
}

impl fmt::Debug for MatchingRows<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only sizes, since labels contain names of the observed cluster.
        formatter.debug_struct("MatchingRows").field("points", self.points).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use headcount_topology::{fixture::scene, queries::CONTAINER_CPU_USAGE};

    use super::*;

    /// So many that comparing each with each would take minutes.
    const MANY: usize = 50_000;

    #[test]
    fn every_row_of_a_large_answer_is_found_by_its_labels_in_one_pass() {
        let mut series = String::from("node_info machine_id=m hostname=n");
        for number in 0..MANY {
            write!(series, "\ncontainer_cpu_usage machine_id=m container_id=/docker/c{number} ={number}")
                .unwrap();
        }
        scene(&series).look(|world| {
            let rows = MatchingRows::of(world.answers);
            let table = world.answers.table(&CONTAINER_CPU_USAGE);
            assert_eq!(table.len(), MANY);
            for place in 0..MANY {
                let found = rows.find(world, &CONTAINER_CPU_USAGE, RowId::at(place));
                assert_eq!(found.map(|(_, found)| found), Some(place));
            }
            assert!(rows.find(world, &CONTAINER_CPU_USAGE, RowId::at(MANY)).is_none());
        });
        let none = QueryResults::default();
        scene("container_cpu_usage machine_id=m container_id=/docker/c =1").look(|world| {
            assert!(MatchingRows::of(&none).find(world, &CONTAINER_CPU_USAGE, RowId::at(0)).is_none());
        });
    }
}
