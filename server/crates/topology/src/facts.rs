//! Counts the facts that reports contain about the infrastructure of all projects.
//!
//! Facts are counts and words from closed lists. They contain no names that the operator chose.

mod closed_lists;
mod connected_applications;

use std::collections::BTreeSet;

use self::{
    closed_lists::{OTHER, known_cloud, known_service},
    connected_applications::ConnectedApplications,
};
use super::model::{AppId, Application, ContainerId, DatabaseEngine, InstanceId, OneToMany, World};

/// The facts about the infrastructure of any number of projects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InfrastructureFacts {
    /// Whether a node agent was seen.
    pub node_agent: bool,
    /// Whether kube-state-metrics was seen; `None` without Kubernetes.
    pub kube_state_metrics: Option<bool>,
    /// Whether the price of any node is known.
    pub cloud_costs: bool,
    /// The cloud providers of the nodes; `other` for one that is not listed.
    pub clouds: BTreeSet<&'static str>,
    /// The software in containers of counted applications, and the managed databases; `other` for a type that
    /// is not listed.
    pub services: BTreeSet<&'static str>,
    /// The kinds of databases of counted applications that an exporter monitors.
    pub instrumented_services: BTreeSet<&'static str>,
    /// Nodes, and managed databases and caches.
    pub nodes: u64,
    /// Applications that are connected to others and are not part of the infrastructure, including external
    /// services.
    pub applications: u64,
    /// Their instances, including those that ended within the last hour.
    pub instances: u64,
}

impl InfrastructureFacts {
    /// The facts of one world.
    #[must_use]
    pub fn of(world: &World<'_>) -> Self {
        let mut facts = Self {
            node_agent: world.agents.node_agent,
            kube_state_metrics: world.agents.kubernetes.then_some(world.agents.kube_state_metrics),
            cloud_costs: world.nodes.values().any(|node| node.price.is_some()),
            clouds: clouds(world),
            nodes: world.nodes.len() as u64,
            ..Self::default()
        };
        let containers = world.containers_by_instance();
        let instrumented = instrumented(world);
        for (_, app) in counted(world) {
            facts.applications += 1;
            facts.instances += app.instances.len() as u64;
            for instance in &app.instances {
                facts.services.extend(services(world, &containers, *instance));
                facts
                    .instrumented_services
                    .extend(instrumented.of(*instance).min().map(|engine| engine.name()));
            }
        }
        facts
    }

    /// Adds the facts of another project.
    pub fn merge(&mut self, other: Self) {
        self.node_agent |= other.node_agent;
        self.kube_state_metrics = match (self.kube_state_metrics, other.kube_state_metrics) {
            (Some(one), Some(other)) => Some(one || other),
            (one, other) => one.or(other),
        };
        self.cloud_costs |= other.cloud_costs;
        self.clouds.extend(other.clouds);
        self.services.extend(other.services);
        self.instrumented_services.extend(other.instrumented_services);
        self.nodes += other.nodes;
        self.applications += other.applications;
        self.instances += other.instances;
    }
}

/// The counted applications: those that are connected to others and are not part of the infrastructure.
pub fn counted<'w>(world: &'w World<'_>) -> impl Iterator<Item = (AppId, &'w Application)> {
    let connected = ConnectedApplications::of(world);
    world
        .applications()
        .filter(move |(id, app)| !app.category.is_auxiliary() && !connected.is_standalone(*id))
}

fn clouds(world: &World<'_>) -> BTreeSet<&'static str> {
    let providers = world.nodes.values().map(|node| world.text(node.cloud.provider.text()));
    providers
        .filter(|provider| !provider.is_empty())
        .map(|provider| known_cloud(provider).unwrap_or(OTHER))
        .collect()
}

fn services(
    world: &World<'_>,
    containers: &OneToMany<InstanceId, ContainerId>,
    instance: InstanceId,
) -> impl Iterator<Item = &'static str> {
    let types = containers.of(instance).flat_map(|container| world.application_types.of(*container));
    let in_containers = types
        .map(|name| world.text(*name))
        .filter(|name| !name.is_empty())
        .map(|name| known_service(name).unwrap_or(OTHER));
    let managed = world.instances[instance].managed.and_then(|managed| {
        let managed = &world.managed[managed];
        managed.service.application_type(world.text(managed.engine))
    });
    in_containers.chain(managed)
}

fn instrumented(world: &World<'_>) -> OneToMany<InstanceId, DatabaseEngine> {
    OneToMany::gather(world.databases.values().map(|database| (database.instance, database.engine)).collect())
}

#[cfg(test)]
mod tests;
