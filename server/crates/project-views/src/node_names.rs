//! Names nodes for views, each by a name of its own.

use std::{borrow::Cow, collections::HashMap};

use headcount_topology::model::{NodeId, NodeKey};

use crate::world_sight::WorldSight;

/// The names of the nodes of a world. Pages find a node by its name.
pub(crate) struct NodeNames<'w, 'a> {
    sight: WorldSight<'w, 'a>,
    /// How many nodes have each name of their own.
    bearers: HashMap<&'w str, u32>,
}

impl<'w, 'a> NodeNames<'w, 'a> {
    pub(crate) fn of(sight: WorldSight<'w, 'a>) -> Self {
        let mut bearers = HashMap::new();
        for (id, _) in sight.world.nodes.iter() {
            *bearers.entry(sight.node_name(id)).or_default() += 1;
        }
        Self { sight, bearers }
    }

    /// The name of a node. Where several have the same one, their ids follow.
    pub(crate) fn name(&self, id: NodeId) -> Cow<'w, str> {
        let name = self.sight.node_name(id);
        if self.bearers.get(name).is_none_or(|bearers| *bearers < 2) {
            return name.into();
        }
        let text = |symbol| self.sight.world.text(symbol);
        match self.sight.world.nodes[id].key {
            NodeKey::Machine { machine_id, system_uuid } if machine_id == system_uuid => {
                format!("{name} ({})", text(machine_id)).into()
            }
            NodeKey::Machine { machine_id, system_uuid } => {
                format!("{name} ({}, {})", text(machine_id), text(system_uuid)).into()
            }
            NodeKey::Managed(managed) => format!("{name} ({})", text(managed)).into(),
        }
    }

    /// The node with a name.
    pub(crate) fn find(&self, name: &str) -> Option<NodeId> {
        self.sight.world.nodes.iter().map(|(id, _)| id).find(|id| self.name(*id) == name)
    }
}
