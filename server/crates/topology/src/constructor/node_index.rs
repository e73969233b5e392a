//! Finds nodes by machine id and system UUID, by system UUID alone, or by name.

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::{InternedString, ResultRow},
};

use super::world_builder::{WorldBuilder, read};
use crate::model::{FastMap, Node, NodeId, NodeKey, TextInterner, World};

/// Indexes of the nodes of a world that is being built.
#[derive(Debug, Default)]
pub(super) struct NodeIndex {
    by_key: FastMap<NodeKey, NodeId>,
    by_system_uuid: FastMap<InternedString, NodeId>,
    by_name: FastMap<InternedString, NodeId>,
    /// The results for labels that were resolved before.
    by_labels: FastMap<(InternedString, InternedString), Option<NodeId>>,
}

/// The key of the machine with the labels `machine_id` and `system_uuid`. Dashes are removed from the second.
/// If one of them is missing, the other is used for both; `None` if both are missing.
pub(super) fn machine(
    texts: &mut TextInterner<'_>,
    machine_id: InternedString,
    system_uuid: InternedString,
) -> Option<NodeKey> {
    let system_uuid = without_dashes(texts, system_uuid);
    let (machine_id, system_uuid) = match (machine_id.is_empty(), system_uuid.is_empty()) {
        (true, true) => return None,
        (true, false) => (system_uuid, system_uuid),
        (false, true) => (machine_id, machine_id),
        (false, false) => (machine_id, system_uuid),
    };
    Some(NodeKey::Machine { machine_id, system_uuid })
}

/// Calls `act` for each series of an answer whose node is known, with the values of some labels. Must not be
/// called before all nodes are added, because results are cached.
pub(super) fn for_each<'a, 'p, const N: usize>(
    site: &mut WorldBuilder<'a, 'p>,
    query: &'static PrometheusQuery,
    labels: [Label; N],
    mut act: impl FnMut(&mut WorldBuilder<'a, 'p>, NodeId, [InternedString; N], ResultRow<'a>),
) {
    let columns = query.columns(labels);
    for ([machine_id, system_uuid], row) in read(site.answers, query, [Label::MachineId, Label::SystemUuid]) {
        if let Some(node) = site.nodes.find(&mut site.world.texts, machine_id, system_uuid) {
            act(site, node, columns.map(|column| row.label(column)), row);
        }
    }
}

fn without_dashes(texts: &mut TextInterner<'_>, text: InternedString) -> InternedString {
    if !texts.text(text).contains('-') {
        return text;
    }
    let bare = texts.text(text).replace('-', "");
    texts.intern(&bare)
}

impl NodeIndex {
    /// The node with that key. Adds it if it is new.
    pub(super) fn enter(&mut self, world: &mut World<'_>, key: NodeKey) -> NodeId {
        if let Some(node) = self.by_key.get(&key) {
            return *node;
        }
        let node = world.nodes.add(Node::new(key));
        self.by_key.insert(key, node);
        if let NodeKey::Machine { system_uuid, .. } = key {
            // Cloned machines share the system UUID. It then refers to the one with the smallest machine id.
            let kept = self.by_system_uuid.entry(system_uuid).or_insert(node);
            if key.compare(world.nodes[*kept].key, &world.texts).is_lt() {
                *kept = node;
            }
        }
        node
    }

    /// The node with the labels `machine_id` and `system_uuid`. Must not be called before all nodes are
    /// added, because results are cached.
    pub(super) fn find(
        &mut self,
        texts: &mut TextInterner<'_>,
        machine_id: InternedString,
        system_uuid: InternedString,
    ) -> Option<NodeId> {
        let Self { by_key, by_labels, .. } = self;
        *by_labels
            .entry((machine_id, system_uuid))
            .or_insert_with(|| by_key.get(&machine(texts, machine_id, system_uuid)?).copied())
    }

    /// The node with the label `system_uuid`, with any machine id.
    pub(super) fn find_system(
        &self,
        texts: &mut TextInterner<'_>,
        system_uuid: InternedString,
    ) -> Option<NodeId> {
        self.by_system_uuid.get(&without_dashes(texts, system_uuid)).copied()
    }

    /// The node with that name.
    pub(super) fn named(&self, name: InternedString) -> Option<NodeId> {
        self.by_name.get(&name).copied()
    }

    /// Indexes all nodes by name. If several have the same name, it refers to the one with that name in
    /// Kubernetes; then the one seen last, then the one with the smallest ids.
    pub(super) fn index_names(&mut self, world: &World<'_>) {
        self.by_name.clear();
        for (id, node) in world.nodes.iter() {
            for name in [node.hostname.text(), node.kubernetes_name.text()] {
                if name.is_empty() {
                    continue;
                }
                let kept = self.by_name.entry(name).or_insert(id);
                if is_rather(world, name, node, &world.nodes[*kept]) {
                    *kept = id;
                }
            }
        }
    }
}

fn is_rather(world: &World<'_>, name: InternedString, node: &Node, other: &Node) -> bool {
    let in_kubernetes = |node: &Node| node.kubernetes_name.text() == name;
    let seen = |node: &Node| node.hostname.at().max(node.kubernetes_name.at());
    (in_kubernetes(node), seen(node))
        .cmp(&(in_kubernetes(other), seen(other)))
        .then_with(|| other.key.compare(node.key, &world.texts))
        .is_gt()
}
