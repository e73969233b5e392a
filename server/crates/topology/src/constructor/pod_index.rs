//! Finds pods by uid, by name on a node, or by name.

use headcount_prometheus::results::InternedString;

use super::symbol_map::SymbolMap;
use crate::model::{FastMap, InstanceId, NodeId, World};

/// Indexes of the pods of a world that is being built, as instances.
#[derive(Debug, Default)]
pub(super) struct PodIndex {
    by_uid: SymbolMap<InstanceId>,
    by_node: FastMap<(InternedString, InternedString, Option<NodeId>), InstanceId>,
    by_name: FastMap<(InternedString, InternedString), InstanceId>,
}

impl PodIndex {
    /// The pod with that uid.
    pub(super) fn with_uid(&self, uid: InternedString) -> Option<InstanceId> {
        self.by_uid.get(uid)
    }

    /// Adds a pod to the index by uid.
    pub(super) fn set_uid(&mut self, uid: InternedString, pod: InstanceId) {
        self.by_uid.set(uid, pod);
    }

    /// The pod with that namespace and name on a node; `None` is an unknown node.
    pub(super) fn on_node(
        &self,
        namespace: InternedString,
        name: InternedString,
        node: Option<NodeId>,
    ) -> Option<InstanceId> {
        self.by_node.get(&(namespace, name, node)).copied()
    }

    /// The pod with that namespace and name.
    pub(super) fn named(&self, namespace: InternedString, name: InternedString) -> Option<InstanceId> {
        self.by_name.get(&(namespace, name)).copied()
    }

    /// Indexes all pods by name. If several have the same name, it refers to one that still exists; then to
    /// the one seen last, then to the one whose application id sorts first.
    pub(super) fn index_names(&mut self, world: &World<'_>) {
        for (id, instance) in world.instances.iter().filter(|(_, instance)| instance.pod.is_some()) {
            let namespace = world.apps[instance.application].id.namespace;
            let by_node = self.by_node.entry((namespace, instance.name, instance.node)).or_insert(id);
            if is_rather(world, id, *by_node) {
                *by_node = id;
            }
            let by_name = self.by_name.entry((namespace, instance.name)).or_insert(id);
            if is_rather(world, id, *by_name) {
                *by_name = id;
            }
        }
    }
}

fn is_rather(world: &World<'_>, pod: InstanceId, other: InstanceId) -> bool {
    let seen = |pod: InstanceId| world.instances[pod].pod.map_or(0, |pod| world.pods[pod].seen);
    let rank = |pod: InstanceId| (!world.is_obsolete(pod), seen(pod));
    rank(pod).cmp(&rank(other)).then_with(|| world.compare_instances(other, pod)).is_gt()
}
