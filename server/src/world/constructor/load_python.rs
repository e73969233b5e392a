//! How long do threads of Python wait for each other?

use super::{containers::for_each_known, site::Site};
use crate::world::{catalogue::CONTAINER_PYTHON_THREAD_LOCK_WAIT_TIME_SECONDS, model::keep_larger};

/// Loads the time that threads of Python waited, for containers that are known.
pub(super) fn run(site: &mut Site<'_, '_>) {
    for_each_known(site, &CONTAINER_PYTHON_THREAD_LOCK_WAIT_TIME_SECONDS, [], |site, container, [], row| {
        let container = &mut site.world.containers[container];
        keep_larger(&mut container.python_lock_wait_time, row.last());
    });
}
