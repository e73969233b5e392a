//! Loads the containers that the node agent observes, their resource usage and their connections.

mod connections;
mod external;
mod protocols;
mod remotes;
mod resources;

use super::{addresses::ListenerIndex, site::WorldBuilder};
use crate::world::model::OneToMany;

/// Loads containers, their connections, and the remote ends of those.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    resources::load(site);
    let mut connections = connections::load(site);
    protocols::load(site, &mut connections);
    let targets = connections.targets();
    site.world.listens = OneToMany::gather(std::mem::take(&mut site.listens));
    site.listeners = ListenerIndex::of(&site.world);
    remotes::resolve(site, &targets);
}
