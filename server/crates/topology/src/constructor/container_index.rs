//! Finds the container that a series describes.

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::{InternedString, ResultRow},
};

use super::{
    container_name::ContainerName,
    symbol_map::SymbolMap,
    world_builder::{WorldBuilder, read},
};
use crate::model::{AppId, Container, ContainerId, FastMap, InstanceId, Kind, NodeId, World};

/// Indexes of the containers of a world that is being built.
#[derive(Debug, Default)]
pub(super) struct ContainerIndex {
    /// By instance and name for containers of pods, by instance and id for others.
    by_name: FastMap<(InstanceId, InternedString), ContainerId>,
    /// The containers that were resolved from labels of the node agent. Most ids occur on one node, so
    /// comparing the labels of one entry is enough.
    by_id: SymbolMap<ResolvedContainer>,
    /// The same for ids that occur on several nodes.
    by_labels: FastMap<ContainerLabels, Option<ContainerId>>,
}

/// The labels of the node agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ContainerLabels {
    machine_id: InternedString,
    system_uuid: InternedString,
    container_id: InternedString,
}

/// The container that an id refers to on one node; `None` if it is unknown.
#[derive(Debug, Clone, Copy)]
struct ResolvedContainer {
    machine_id: InternedString,
    system_uuid: InternedString,
    container: Option<ContainerId>,
}

impl ContainerIndex {
    /// The container of that name in a pod. Adds it if it is new.
    pub(super) fn of_pod(
        &mut self,
        world: &mut World<'_>,
        pod: InstanceId,
        name: InternedString,
    ) -> ContainerId {
        *self.by_name.entry((pod, name)).or_insert_with(|| world.containers.add(Container::new(pod, name)))
    }

    /// The container of that id and name in any other instance. Adds it if it is new.
    fn of_instance(
        &mut self,
        world: &mut World<'_>,
        instance: InstanceId,
        id: InternedString,
        name: InternedString,
    ) -> ContainerId {
        *self
            .by_name
            .entry((instance, id))
            .or_insert_with(|| world.containers.add(Container::new(instance, name)))
    }

    /// The result for labels that were resolved before; `None` if they were not.
    fn known(&self, labels: ContainerLabels) -> Option<Option<ContainerId>> {
        let meaning = self.by_id.get(labels.container_id)?;
        if (meaning.machine_id, meaning.system_uuid) == (labels.machine_id, labels.system_uuid) {
            return Some(meaning.container);
        }
        self.by_labels.get(&labels).copied()
    }

    fn remember(&mut self, labels: ContainerLabels, container: Option<ContainerId>) {
        let ContainerLabels { machine_id, system_uuid, container_id } = labels;
        if self.by_id.get(container_id).is_none() {
            self.by_id.set(container_id, ResolvedContainer { machine_id, system_uuid, container });
        } else {
            self.by_labels.insert(labels, container);
        }
    }
}

/// Calls `act` for each series of an answer whose container is known or can be resolved, with the values of
/// some labels.
pub(super) fn for_each<'a, 'p, const N: usize>(
    site: &mut WorldBuilder<'a, 'p>,
    query: &'static PrometheusQuery,
    labels: [Label; N],
    act: impl FnMut(&mut WorldBuilder<'a, 'p>, ContainerId, [InternedString; N], ResultRow<'a>),
) {
    let find = |site: &mut WorldBuilder<'a, 'p>, labels| {
        site.containers.known(labels).unwrap_or_else(|| {
            let container = meaning(site, labels);
            site.containers.remember(labels, container);
            container
        })
    };
    for_each_found(site, query, labels, find, act);
}

/// Calls `act` for each series of an answer whose container is already known.
pub(super) fn for_each_known<'a, 'p, const N: usize>(
    site: &mut WorldBuilder<'a, 'p>,
    query: &'static PrometheusQuery,
    labels: [Label; N],
    act: impl FnMut(&mut WorldBuilder<'a, 'p>, ContainerId, [InternedString; N], ResultRow<'a>),
) {
    let find = |site: &mut WorldBuilder<'a, 'p>, labels| site.containers.known(labels).flatten();
    for_each_found(site, query, labels, find, act);
}

fn for_each_found<'a, 'p, const N: usize>(
    site: &mut WorldBuilder<'a, 'p>,
    query: &'static PrometheusQuery,
    labels: [Label; N],
    find: impl Fn(&mut WorldBuilder<'a, 'p>, ContainerLabels) -> Option<ContainerId>,
    mut act: impl FnMut(&mut WorldBuilder<'a, 'p>, ContainerId, [InternedString; N], ResultRow<'a>),
) {
    let columns = query.columns(labels);
    let identity = [Label::MachineId, Label::SystemUuid, Label::ContainerId];
    for ([machine_id, system_uuid, container_id], row) in read(site.answers, query, identity) {
        if let Some(container) = find(site, ContainerLabels { machine_id, system_uuid, container_id }) {
            act(site, container, columns.map(|column| row.label(column)), row);
        }
    }
}

/// Resolves labels to a container. A container of a pod is found only on the node on which Kubernetes reports
/// the pod. Any other container becomes part of an instance that is added for it.
fn meaning(site: &mut WorldBuilder<'_, '_>, labels: ContainerLabels) -> Option<ContainerId> {
    let name = ContainerName::parse(site.answers.text(labels.container_id))?;
    site.world.agents.kubernetes |= name.is_kubernetes();
    let node = site.nodes.find(&mut site.world.texts, labels.machine_id, labels.system_uuid);
    let container = if let ContainerName::Pod { namespace, pod, container } = name {
        let (namespace, pod) = (site.namespace(namespace), site.world.texts.find(pod)?);
        let pod = site.pods.on_node(namespace, pod, node)?;
        let name = site.world.texts.intern(container);
        site.containers.of_pod(&mut site.world, pod, name)
    } else {
        let (instance, name) = instance(site, name, node)?;
        site.containers.of_instance(&mut site.world, instance, labels.container_id, name)
    };
    site.world.containers[container].id = labels.container_id;
    Some(container)
}

/// The instance of a container outside pods, and the name of the container in it.
fn instance(
    site: &mut WorldBuilder<'_, '_>,
    name: ContainerName<'_>,
    node: Option<NodeId>,
) -> Option<(InstanceId, InternedString)> {
    let node_name = node.map_or(InternedString::EMPTY, |node| site.world.nodes[node].name());
    let node_name = site.world.text(node_name).to_owned();
    let texts = &mut site.world.texts;
    let (namespace, kind, application, instance, container) = match name {
        ContainerName::Pod { .. } => return None,
        ContainerName::CronJob { namespace, job, container } => {
            let instance = texts.format(format_args!("{job}@{node_name}"));
            (namespace, Kind::CronJob, texts.intern(job), instance, container)
        }
        ContainerName::Nomad { namespace, job, group, allocation, task } => {
            let instance = texts.format(format_args!("{group}-{allocation}"));
            (namespace, Kind::NomadJobGroup, texts.format(format_args!("{job}.{group}")), instance, task)
        }
        ContainerName::Swarm { namespace, service, task } => {
            let instance = texts.format(format_args!("{service}.{task}"));
            (namespace, Kind::DockerSwarmService, texts.intern(service), instance, service)
        }
        ContainerName::Unit { container } => {
            let instance = texts.format(format_args!("{container}@{node_name}"));
            ("", Kind::Unknown, texts.intern(container), instance, container)
        }
    };
    let container = texts.intern(container);
    let application = site.custom_application(instance).unwrap_or(application);
    let namespace = site.namespace(namespace);
    let application: AppId = site.application(namespace, kind, application);
    Some((site.instance(application, instance, node), container))
}
