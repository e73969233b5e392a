//! Loads the log message counters of containers.

use super::{container_index::for_each_known, world_builder::WorldBuilder};
use crate::{
    model::{ArenaIndex as _, OneToMany, RowId},
    queries::CONTAINER_LOG_MESSAGES,
};

/// Loads the counters of log messages of known containers.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    let mut rows = Vec::new();
    for_each_known(site, &CONTAINER_LOG_MESSAGES, [], |_, container, [], row| {
        rows.push((container, RowId::at(row.index())));
    });
    site.world.log_messages = OneToMany::gather(rows);
}
