//! Loads how long Python threads wait for the interpreter lock.

use super::{container_index::for_each_known, world_builder::WorldBuilder};
use crate::{model::keep_larger, queries::CONTAINER_PYTHON_THREAD_LOCK_WAIT_TIME_SECONDS};

/// Loads the time that Python threads waited, for known containers.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    for_each_known(site, &CONTAINER_PYTHON_THREAD_LOCK_WAIT_TIME_SECONDS, [], |site, container, [], row| {
        let container = &mut site.world.containers[container];
        keep_larger(&mut container.python_lock_wait_time, row.last());
    });
}
