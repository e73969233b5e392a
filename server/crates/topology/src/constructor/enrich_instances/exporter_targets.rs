//! Finds the database instance that a series of an exporter describes.

use headcount_prometheus::{query::Label, results::InternedString};

use crate::{
    constructor::world_builder::WorldBuilder,
    model::{
        ArenaIndex as _, ConnectionId, DatabaseEngine, FastMap, HostPort, InstanceId, Kind, OneToMany,
        RemoteEndpoint,
    },
};

/// The job name of the agent that monitors databases without an exporter.
const CLUSTER_AGENT: &str = "coroot-cluster-agent";

/// The labels that identify the instance.
pub(super) const LABELS: [Label; 15] = [
    Label::Job,
    Label::Address,
    Label::Instance,
    Label::RdsInstanceId,
    Label::EcInstanceId,
    Label::Namespace,
    Label::Ns,
    Label::KubernetesNamespace,
    Label::KubernetesNs,
    Label::K8sNamespace,
    Label::K8sNs,
    Label::Pod,
    Label::PodName,
    Label::KubernetesPod,
    Label::K8sPod,
];

/// Resolves labels of exporters to instances, and caches the results.
pub(super) struct ExporterTargets {
    /// The kinds of databases that run in each instance.
    engines: Vec<EngineSet>,
    upstreams: OneToMany<InstanceId, ConnectionId>,
    by_labels: FastMap<[InternedString; LABELS.len()], Option<ExporterTarget>>,
    by_exporter: FastMap<(InstanceId, DatabaseEngine), InstanceId>,
}

/// The instance that labels refer to.
#[derive(Debug, Clone, Copy)]
enum ExporterTarget {
    /// The database itself.
    Database(InstanceId),
    /// The database, or its exporter.
    Either(InstanceId),
}

/// A set of kinds of databases.
#[derive(Debug, Clone, Copy, Default)]
struct EngineSet(u8);

impl EngineSet {
    fn add(&mut self, engine: DatabaseEngine) {
        self.0 |= 1 << engine as u8;
    }

    const fn has(self, engine: DatabaseEngine) -> bool {
        self.0 & (1 << engine as u8) != 0
    }
}

impl ExporterTargets {
    /// Collects which databases run in each instance, and the connections of each instance.
    pub(super) fn of(site: &WorldBuilder<'_, '_>) -> Self {
        let world = &site.world;
        let mut engines = vec![EngineSet::default(); world.instances.len()];
        for (container, name) in world.application_types.iter() {
            if let Some(engine) = DatabaseEngine::of_type(world.text(*name)) {
                engines[world.containers[*container].instance.place()].add(engine);
            }
        }
        for managed in world.managed.values() {
            let application_type = managed.service.application_type(world.text(managed.engine));
            if let Some(engine) = application_type.and_then(DatabaseEngine::of_type) {
                engines[managed.instance.place()].add(engine);
            }
        }
        Self {
            engines,
            upstreams: world.upstreams(),
            by_labels: FastMap::default(),
            by_exporter: FastMap::default(),
        }
    }

    /// The instance that a series describes. If the labels refer to an exporter, that is an instance to which
    /// the exporter is connected: one with a database of that kind, or else an external service. Of several,
    /// the one whose name sorts first.
    pub(super) fn monitored(
        &mut self,
        site: &WorldBuilder<'_, '_>,
        labels: [InternedString; LABELS.len()],
        engine: DatabaseEngine,
    ) -> Option<InstanceId> {
        let found = match (*self.by_labels.entry(labels).or_insert_with(|| subject(site, labels)))? {
            ExporterTarget::Database(database) => return Some(database),
            ExporterTarget::Either(found) => found,
        };
        let Self { engines, upstreams, by_exporter, .. } = self;
        Some(
            *by_exporter
                .entry((found, engine))
                .or_insert_with(|| behind(site, engines, upstreams, found, engine)),
        )
    }
}

/// Whether a series comes from the cluster agent, which monitors databases without an exporter.
pub(super) fn is_of_cluster_agent(
    site: &WorldBuilder<'_, '_>,
    labels: [InternedString; LABELS.len()],
) -> bool {
    let [job, ..] = labels;
    site.answers.text(job) == CLUSTER_AGENT
}

/// The instance that the cluster agent reaches: a managed one, or one that listens at the address without a
/// proxy.
pub(super) fn reached(
    site: &WorldBuilder<'_, '_>,
    labels: [InternedString; LABELS.len()],
) -> Option<InstanceId> {
    let [_, address, _, rds, elasticache, ..] = labels;
    match managed(site, rds, elasticache) {
        Some(instance) => instance,
        None => {
            let address = HostPort::parse(site.answers.text(address))?;
            site.listeners.listening(address.ip()?, address.port)
        }
    }
}

fn subject(site: &WorldBuilder<'_, '_>, labels: [InternedString; LABELS.len()]) -> Option<ExporterTarget> {
    if is_of_cluster_agent(site, labels)
        && let Some(instance) = reached(site, labels)
    {
        return Some(ExporterTarget::Database(instance));
    }
    found(site, labels).map(ExporterTarget::Either)
}

fn behind(
    site: &WorldBuilder<'_, '_>,
    engines: &[EngineSet],
    upstreams: &OneToMany<InstanceId, ConnectionId>,
    found: InstanceId,
    engine: DatabaseEngine,
) -> InstanceId {
    let world = &site.world;
    let has_engine = |instance: &InstanceId| engines[instance.place()].has(engine);
    let is_external = |instance: &InstanceId| {
        world.apps[world.instances[*instance].application].id.kind == Kind::ExternalService
    };
    if has_engine(&found) {
        return found;
    }
    let upstreams = || {
        upstreams.of(found).filter_map(|connection| match world.connections[*connection].remote {
            RemoteEndpoint::Instance(instance) => Some(instance),
            RemoteEndpoint::Application(_) | RemoteEndpoint::Unresolved => None,
        })
    };
    let smallest = |one: &InstanceId, other: &InstanceId| world.compare_instances(*one, *other);
    upstreams()
        .filter(has_engine)
        .min_by(smallest)
        .or_else(|| upstreams().filter(is_external).min_by(smallest))
        .unwrap_or(found)
}

/// The instance that labels refer to: by the id of a managed database, by the address, or by the pod.
fn found(site: &WorldBuilder<'_, '_>, labels: [InternedString; LABELS.len()]) -> Option<InstanceId> {
    let [_, address, instance, rds, elasticache, namespaces_and_pods @ ..] = labels;
    if let Some(instance) = managed(site, rds, elasticache) {
        return instance;
    }
    let address = if address.is_empty() { instance } else { address };
    by_address(site, site.answers.text(address)).or_else(|| by_pod(site, namespaces_and_pods))
}

/// The managed instance whose id is in the labels; `None` if they have no such id, `Some(None)` if the
/// instance is unknown.
fn managed(
    site: &WorldBuilder<'_, '_>,
    rds: InternedString,
    elasticache: InternedString,
) -> Option<Option<InstanceId>> {
    let id = [rds, elasticache].into_iter().find(|id| !id.is_empty())?;
    Some(site.managed.get(&id).map(|managed| site.world.managed[*managed].instance))
}

fn by_address(site: &WorldBuilder<'_, '_>, address: &str) -> Option<InstanceId> {
    let address = HostPort::parse(address)?;
    let ip = address.ip().filter(|ip| !ip.is_loopback())?;
    site.listeners.answering(ip, address.port, None)
}

fn by_pod(site: &WorldBuilder<'_, '_>, labels: [InternedString; 10]) -> Option<InstanceId> {
    let first = |labels: &[InternedString]| labels.iter().copied().find(|label| !label.is_empty());
    let (namespaces, pods) = labels.split_at(6);
    let (namespace, pod) = (first(namespaces)?, first(pods)?);
    site.pods.named(namespace, pod)
}
