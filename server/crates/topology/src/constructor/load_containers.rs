//! Loads the containers that the node agent observes, their resource usage and their connections.

mod connections;
mod external_name;
mod protocols;
mod remote_endpoints;
mod resources;

use super::{listener_index::ListenerIndex, world_builder::WorldBuilder};
use crate::model::OneToMany;

/// Loads containers, their connections, and the remote ends of those.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    resources::load(site);
    let mut connections = connections::load(site);
    protocols::load(site, &mut connections);
    let targets = connections.targets();
    site.world.listens = OneToMany::gather(std::mem::take(&mut site.listens));
    site.listeners = ListenerIndex::of(&site.world);
    remote_endpoints::resolve(site, &targets);
}
