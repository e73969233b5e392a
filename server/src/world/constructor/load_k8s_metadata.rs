//! Loads the Kubernetes services, pods and owners that kube-state-metrics reports.

mod containers;
mod labels;
mod owner;
mod pods;
mod replicas;
mod services;
mod statuses;

use super::site::WorldBuilder;

/// Loads everything that kube-state-metrics reports.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    site.nodes.index_names(&site.world);
    services::load(site);
    pods::load(site);
    statuses::load(site);
    labels::load(site);
    site.pods.index_names(&site.world);
    containers::load(site);
    replicas::load(site);
}
