//! What do containers log?

use super::{containers::for_each_known, site::Site};
use crate::world::{
    catalogue::CONTAINER_LOG_MESSAGES,
    model::{Id as _, RowId, Several},
};

/// Keeps the counters of log messages, for containers that are known.
pub(super) fn run(site: &mut Site<'_, '_>) {
    let mut rows = Vec::new();
    for_each_known(site, &CONTAINER_LOG_MESSAGES, [], |_, container, [], row| {
        rows.push((container, RowId::at(row.index())));
    });
    site.world.log_messages = Several::gather(rows);
}
