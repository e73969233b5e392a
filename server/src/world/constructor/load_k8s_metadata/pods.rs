//! Which pods are there, and which applications do they belong to?

use super::owner::{Creation, owner, pods_move};
use crate::world::{
    answers::Symbol,
    catalogue::{KUBE_POD_INFO, Label},
    constructor::{
        newest::newest_by,
        site::{Site, read},
    },
    model::{AppId, ApplicationId, InstanceId, Kind, Listen, Map, NodeId, Pod, ip},
};

/// How far pods are followed that own pods.
const OWNERS: usize = 8;

/// A pod with all that decides whose it is.
struct Found {
    uid: Symbol,
    name: Symbol,
    /// What owns it: an application, or a pod that is owned itself.
    owner: ApplicationId,
    replica_set: Symbol,
    node: Option<NodeId>,
    seen: u32,
}

/// Loads the pods. A uid that several series have counts once, as the one that was seen last.
pub(super) fn load(site: &mut Site<'_, '_>) {
    site.world.agents.kube_state_metrics = !site.answers.table(&KUBE_POD_INFO).is_empty();
    let mut found = find(site);
    follow_owners(site, &mut found);
    // Pods of stateful sets whose node is not known yet may be one of those whose node is.
    let (unplaced, placed): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|pod| pods_move(pod.owner.kind) && pod.node.is_none());
    let mut moving = Moving::default();
    for pod in placed.iter().chain(&unplaced) {
        let ApplicationId { namespace, kind, name } = pod.owner;
        let application = site.application(namespace, kind, name);
        // What a cron job runs is known from its containers.
        if kind != Kind::CronJob {
            let instance = enter(site, &mut moving, application, pod);
            site.pods.set_uid(pod.uid, instance);
        }
    }
    load_addresses(site);
}

fn find(site: &mut Site<'_, '_>) -> Vec<Found> {
    let labels = [Label::Namespace, Label::Pod, Label::CreatedByName, Label::CreatedByKind, Label::Node];
    let columns = KUBE_POD_INFO.columns(labels);
    let mut found = Vec::new();
    for (uid, row) in newest_by(site.answers, &KUBE_POD_INFO, Label::Uid) {
        let answers = site.answers;
        let [namespace, name, created_by_name, kind, node] = columns.map(|column| row.label(column));
        let creation = Creation {
            kind: answers.text(kind),
            name: answers.text(created_by_name),
            pod: answers.text(name),
            node: answers.text(node),
        };
        let Some(owner) = owner(creation) else { continue };
        let owner_kind = Kind::of(owner.kind, kind);
        let replica_set = if creation.kind == "ReplicaSet" { created_by_name } else { Symbol::EMPTY };
        let owner = ApplicationId {
            namespace: site.namespace(answers.text(namespace)),
            kind: owner_kind,
            name: site.world.texts.intern(owner.name),
        };
        found.push(Found {
            uid,
            name,
            owner,
            replica_set,
            node: site.nodes.named(node),
            seen: row.last_seen(),
        });
    }
    found
}

/// A pod that a pod owns belongs to the application of that. An owner that is not known is an application of its own.
fn follow_owners(site: &Site<'_, '_>, found: &mut [Found]) {
    if !found.iter().any(|pod| pod.owner.kind == Kind::Pod) {
        return;
    }
    let mut owners = Map::<(Symbol, Symbol), (u32, ApplicationId)>::default();
    for pod in found.iter().filter(|pod| pod.owner.kind != Kind::CronJob) {
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
                Some((_, owner)) => pod.owner = *owner,
                None => break,
            }
        }
    }
}

/// Instances of applications whose pods are told apart by node.
#[derive(Default)]
struct Moving {
    by_node: Map<(AppId, Symbol, Option<NodeId>), InstanceId>,
    /// The one of a name that was seen last; of those the one with the largest texts.
    newest: Map<(AppId, Symbol), InstanceId>,
}

/// The instance that a pod is: one for each name in an application, or for each name and node where pods move.
fn enter(site: &mut Site<'_, '_>, moving: &mut Moving, application: AppId, pod: &Found) -> InstanceId {
    let moves = pods_move(pod.owner.kind);
    let known = match (moves, pod.node) {
        (false, _) => site.find_instance(application, pod.name),
        (true, None) => moving.newest.get(&(application, pod.name)).copied(),
        (true, Some(_)) => moving.by_node.get(&(application, pod.name, pod.node)).copied(),
    };
    let instance = match known {
        Some(instance) => {
            update(site, instance, pod);
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

fn add(site: &mut Site<'_, '_>, application: AppId, pod: &Found) -> InstanceId {
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

/// A pod with the name of another of the same application is the same instance. It is where the newer of them is, and of
/// two that were seen at the same moment on the node with the larger ids.
fn update(site: &mut Site<'_, '_>, instance: InstanceId, pod: &Found) {
    let world = &mut site.world;
    let Some(id) = world.instances[instance].pod else { return };
    let (known, texts, nodes) = (&mut world.pods[id], &world.texts, &world.nodes);
    let instance = &mut world.instances[instance];
    let by_node = match (pod.node, instance.node) {
        (Some(one), Some(other)) => nodes[one].key.compare(nodes[other].key, texts),
        (one, other) => one.is_some().cmp(&other.is_some()),
    };
    let by_replica_set = || texts.compare(pod.replica_set, known.replica_set);
    let order = pod.seen.cmp(&known.seen).then(by_node).then_with(by_replica_set);
    if order.is_gt() {
        known.seen = pod.seen;
        known.replica_set = pod.replica_set;
        // Where pods move, one of an unknown node may be one of a known node.
        instance.node = if pods_move(pod.owner.kind) { pod.node.or(instance.node) } else { pod.node };
    }
}

/// A pod with an address of its own listens there, on ports that the node agent may not see.
fn load_addresses(site: &mut Site<'_, '_>) {
    let labels = [Label::Uid, Label::PodIp, Label::HostIp];
    for ([uid, pod_ip, host_ip], row) in read(site.answers, &KUBE_POD_INFO, labels) {
        let Some(instance) = site.pods.with_uid(uid) else { continue };
        let is_fargate =
            || site.world.instances[instance].node.is_some_and(|node| site.world.nodes[node].is_fargate);
        let Some(ip) = ip(site.answers.text(pod_ip)).filter(|_| pod_ip != host_ip || is_fargate()) else {
            continue;
        };
        let last_seen = row.last_seen();
        let listen = Listen { ip, port: 0, proxied: false, active: row.last().is_some(), last_seen };
        site.listens.push((instance, listen));
    }
}
