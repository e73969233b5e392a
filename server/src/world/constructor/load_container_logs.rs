//! Loads the log message counters of containers.

use super::{containers::for_each_known, site::WorldBuilder};
use crate::world::{
    catalogue::CONTAINER_LOG_MESSAGES,
    model::{ArenaIndex as _, OneToMany, RowId},
};

/// Loads the counters of log messages of known containers.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    let mut rows = Vec::new();
    for_each_known(site, &CONTAINER_LOG_MESSAGES, [], |_, container, [], row| {
        rows.push((container, RowId::at(row.index())));
    });
    site.world.log_messages = OneToMany::gather(rows);
}
