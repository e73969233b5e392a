//! Loads the Kubernetes services, pods and owners that kube-state-metrics reports.

mod cluster_labels;
mod container_states;
mod pod_owner;
mod pod_statuses;
mod pods;
mod replicas;
mod services;

use super::world_builder::WorldBuilder;

/// Loads everything that kube-state-metrics reports.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    site.nodes.index_names(&site.world);
    services::load(site);
    pods::load(site);
    pod_statuses::load(site);
    cluster_labels::load(site);
    site.pods.index_names(&site.world);
    container_states::load(site);
    replicas::load(site);
}
