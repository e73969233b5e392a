//! Loads pods, and assigns them to applications.

use std::collections::BTreeSet;

use headcount_prometheus::{
    query::Label,
    results::{InternedString, QueryResults},
};

use super::pod_owner::{PodCreation, owner, pods_move};
use crate::{
    constructor::{
        newest_series::newest_by,
        world_builder::{WorldBuilder, read},
    },
    model::{AppId, ApplicationId, FastMap, InstanceId, Kind, ListenAddress, NodeId, Pod, ip},
    queries::{KUBE_DEPLOYMENT_SPEC_REPLICAS, KUBE_POD_INFO},
};

/// How many levels of pods that own pods are followed.
const OWNERS: usize = 8;

/// A pod, and what determines its application.
struct DiscoveredPod {
    uid: InternedString,
    name: InternedString,
    /// Its owner: an application, or a pod that has an owner itself.
    owner: ApplicationId,
    replica_set: InternedString,
    /// Whether a pod whose owner is known started it.
    is_child: bool,
    node: Option<NodeId>,
    seen: u32,
}

/// Loads the pods. If several series have the same uid, the one seen last counts.
pub(super) fn load(site: &mut WorldBuilder<'_, '_>) {
    site.world.agents.kube_state_metrics = !site.answers.table(&KUBE_POD_INFO).is_empty();
    let mut found = find(site);
    follow_owners(site, &mut found);
    // Pods of stateful sets come last if their node is not known yet: such a pod may be one whose node is
    // known.
    let (unplaced, placed): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|pod| pods_move(pod.owner.kind) && pod.node.is_none());
    let (mut moving, mut placed_at) = (MovablePods::default(), PlacementTimes::default());
    for pod in placed.iter().chain(&unplaced) {
        let ApplicationId { namespace, kind, name } = pod.owner;
        let application = site.application(namespace, kind, name);
        // Pods of a cron job are known by their containers, and so skipped here; pods that those start are
        // not.
        if kind != Kind::CronJob || pod.is_child {
            let instance = enter(site, (&mut moving, &mut placed_at), application, pod);
            site.pods.set_uid(pod.uid, instance);
        }
    }
    load_addresses(site);
}

fn find(site: &mut WorldBuilder<'_, '_>) -> Vec<DiscoveredPod> {
    let labels = [Label::Namespace, Label::Pod, Label::CreatedByName, Label::CreatedByKind, Label::Node];
    let columns = KUBE_POD_INFO.columns(labels);
    let deployments = deployments(site.answers);
    let mut found = Vec::new();
    for (uid, row) in newest_by(site.answers, &KUBE_POD_INFO, Label::Uid) {
        let answers = site.answers;
        let [namespace, name, created_by_name, kind, node] = columns.map(|column| row.label(column));
        let creation = PodCreation {
            kind: answers.text(kind),
            name: answers.text(created_by_name),
            pod: answers.text(name),
            node: answers.text(node),
        };
        let is_deployment = |name: &str| deployments.contains(&(answers.text(namespace), name));
        let Some(owner) = owner(creation, is_deployment) else { continue };
        let owner_kind = Kind::of(owner.kind, kind);
        let replica_set = if creation.kind == "ReplicaSet" { created_by_name } else { InternedString::EMPTY };
        let owner = ApplicationId {
            namespace: site.namespace(answers.text(namespace)),
            kind: owner_kind,
            name: site.world.texts.intern(owner.name),
        };
        found.push(DiscoveredPod {
            uid,
            name,
            owner,
            replica_set,
            is_child: false,
            node: site.nodes.named(node),
            seen: row.last_seen(),
        });
    }
    found
}

/// The Deployments in Kubernetes, by namespace and name.
fn deployments(answers: &QueryResults) -> BTreeSet<(&str, &str)> {
    let labels = [Label::Namespace, Label::Deployment];
    read(answers, &KUBE_DEPLOYMENT_SPEC_REPLICAS, labels)
        .map(|([namespace, name], _)| (answers.text(namespace), answers.text(name)))
        .collect()
}

/// Assigns pods that another pod owns to the application of that pod. An unknown owner becomes an application
/// itself.
fn follow_owners(site: &WorldBuilder<'_, '_>, found: &mut [DiscoveredPod]) {
    if !found.iter().any(|pod| pod.owner.kind == Kind::Pod) {
        return;
    }
    let mut owners = FastMap::<(InternedString, InternedString), (u32, ApplicationId)>::default();
    for pod in found.iter() {
        let this = (pod.seen, pod.owner);
        let kept = owners.entry((pod.owner.namespace, pod.name)).or_insert(this);
        let order = this.0.cmp(&kept.0).then_with(|| this.1.compare(kept.1, &site.world.texts));
        if order.is_gt() {
            *kept = this;
        }
    }
    for pod in found {
        for _ in 0..OWNERS {
            if pod.owner.kind != Kind::Pod {
                break;
            }
            match owners.get(&(pod.owner.namespace, pod.owner.name)) {
                Some((_, owner)) => (pod.owner, pod.is_child) = (*owner, true),
                None => break,
            }
        }
    }
}

/// Instances of applications whose pods are distinguished by node.
#[derive(Default)]
struct MovablePods {
    by_node: FastMap<(AppId, InternedString, Option<NodeId>), InstanceId>,
    /// The instance of a name that was seen last; of those, the one with the largest texts.
    newest: FastMap<(AppId, InternedString), InstanceId>,
}

/// For instances of several pods: when the pod was seen that determines the node of the instance.
type PlacementTimes = FastMap<InstanceId, u32>;

/// The instance of a pod: one for each name in an application, or for each name and node where pods move.
fn enter(
    site: &mut WorldBuilder<'_, '_>,
    (moving, placed): (&mut MovablePods, &mut PlacementTimes),
    application: AppId,
    pod: &DiscoveredPod,
) -> InstanceId {
    let moves = pods_move(pod.owner.kind);
    let known = match (moves, pod.node) {
        (false, _) => site.find_instance(application, pod.name),
        (true, None) => moving.newest.get(&(application, pod.name)).copied(),
        (true, Some(_)) => moving.by_node.get(&(application, pod.name, pod.node)).copied(),
    };
    let instance = match known {
        Some(instance) => {
            update(site, placed, instance, pod);
            instance
        }
        None => add(site, application, pod),
    };
    if !moves {
        site.name_instance(instance);
        return instance;
    }
    moving.by_node.insert((application, pod.name, site.world.instances[instance].node), instance);
    let newest = moving.newest.entry((application, pod.name)).or_insert(instance);
    let seen = |instance: InstanceId| site.world.instances[instance].pod.map(|pod| site.world.pods[pod].seen);
    let order =
        seen(instance).cmp(&seen(*newest)).then_with(|| site.world.compare_instances(instance, *newest));
    if order.is_gt() {
        *newest = instance;
    }
    instance
}

fn add(site: &mut WorldBuilder<'_, '_>, application: AppId, pod: &DiscoveredPod) -> InstanceId {
    let instance = site.add_instance(application, pod.name, pod.node);
    let id = site.world.pods.add(Pod {
        seen: pod.seen,
        replica_set: pod.replica_set,
        phase: None,
        first_seen: u32::MAX,
        last_seen: 0,
        running: None,
        ready: false,
        scheduled: false,
    });
    site.world.instances[instance].pod = Some(id);
    instance
}

/// Updates an instance with another pod of the same application and name. The instance has the replica set of
/// the newest pod, and the node of the newest pod whose node is known. Of pods that were seen at the same
/// time, the larger value counts.
fn update(site: &mut WorldBuilder<'_, '_>, placed: &mut PlacementTimes, id: InstanceId, pod: &DiscoveredPod) {
    let world = &mut site.world;
    let Some(known) = world.instances[id].pod else { return };
    let (known, texts, nodes) = (&mut world.pods[known], &world.texts, &world.nodes);
    let instance = &mut world.instances[id];
    // Without an update so far, the node is as old as the pod.
    let placed_at = placed.entry(id).or_insert(known.seen);
    if let Some(node) = pod.node {
        let rather = instance.node.is_none_or(|other| {
            let by_key = || nodes[node].key.compare(nodes[other].key, texts);
            pod.seen.cmp(placed_at).then_with(by_key).is_gt()
        });
        if rather {
            (instance.node, *placed_at) = (Some(node), pod.seen);
        }
    }
    let by_replica_set = || texts.compare(pod.replica_set, known.replica_set);
    if pod.seen.cmp(&known.seen).then_with(by_replica_set).is_gt() {
        known.seen = pod.seen;
        known.replica_set = pod.replica_set;
    }
}

/// Adds the addresses of pods that do not share that of their host. A pod may listen there on ports that the
/// node agent does not see.
fn load_addresses(site: &mut WorldBuilder<'_, '_>) {
    let labels = [Label::Uid, Label::PodIp, Label::HostIp];
    for ([uid, pod_ip, host_ip], row) in read(site.answers, &KUBE_POD_INFO, labels) {
        let Some(instance) = site.pods.with_uid(uid) else { continue };
        let is_fargate =
            || site.world.instances[instance].node.is_some_and(|node| site.world.nodes[node].is_fargate);
        let Some(ip) = ip(site.answers.text(pod_ip)).filter(|_| pod_ip != host_ip || is_fargate()) else {
            continue;
        };
        let last_seen = row.last_seen();
        let listen = ListenAddress { ip, port: 0, proxied: false, active: row.last().is_some(), last_seen };
        site.listens.push((instance, listen));
    }
}
