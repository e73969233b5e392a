//! The tree of calls that a flame graph is drawn of.

/// A node of a [`FlameTree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlameNodeId(pub(super) usize);

/// A function as called by those above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlameNode<'a> {
    /// The name of the function.
    pub name: &'a str,
    /// What links name the node by; different for each node.
    pub key: u64,
    /// The value of the function with all that it calls. If that is less than its children have together,
    /// their sum counts.
    pub value: u64,
    /// The value in the profile that this one is compared with; 0 if it was not there. Not read unless the
    /// graph shows the difference.
    pub value_before: u64,
}

/// Calls. Parents come before their children.
#[derive(Debug, Clone)]
pub struct FlameTree<'a> {
    nodes: Vec<FlameNode<'a>>,
    /// Of each node, the position of its parent; of the root, its own.
    parents: Vec<usize>,
}

impl<'a> FlameTree<'a> {
    /// A tree of only the root, whose value is the whole.
    #[must_use]
    pub fn new(root: FlameNode<'a>) -> Self {
        Self { nodes: vec![root], parents: vec![0] }
    }

    /// The root.
    #[must_use]
    pub const fn root(&self) -> FlameNodeId {
        FlameNodeId(0)
    }

    /// Adds a child of a node of this tree.
    pub fn add_child(&mut self, parent: FlameNodeId, child: FlameNode<'a>) -> FlameNodeId {
        let id = self.nodes.len();
        self.nodes.push(child);
        // An id of another, larger tree counts as the node before.
        self.parents.push(parent.0.min(id - 1));
        FlameNodeId(id)
    }

    /// A node of this tree; `None` for an id of another one.
    #[must_use]
    pub fn node(&self, id: FlameNodeId) -> Option<&FlameNode<'a>> {
        self.nodes.get(id.0)
    }

    /// The node with a key.
    #[must_use]
    pub fn find_key(&self, key: u64) -> Option<FlameNodeId> {
        self.nodes.iter().position(|node| node.key == key).map(FlameNodeId)
    }

    /// The parent of a node; `None` of the root.
    #[must_use]
    pub fn parent(&self, id: FlameNodeId) -> Option<FlameNodeId> {
        self.parents.get(id.0).copied().filter(|parent| *parent != id.0).map(FlameNodeId)
    }

    /// All nodes, parents before their children.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = FlameNodeId> + use<> {
        (0..self.nodes.len()).map(FlameNodeId)
    }

    /// Of each node, its value and the one before, at least those of its children together.
    pub(super) fn whole_values(&self) -> NodeValues {
        let mut children: Vec<[u64; 2]> = vec![[0; 2]; self.nodes.len()];
        let mut values = NodeValues { values: vec![[0; 2]; self.nodes.len()], children: Vec::new() };
        for id in self.ids().rev() {
            let (Some(node), Some(sum)) = (self.nodes.get(id.0), children.get(id.0).copied()) else {
                continue;
            };
            let [now, before] = sum;
            let whole = [node.value.max(now), node.value_before.max(before)];
            if let Some(value) = values.values.get_mut(id.0) {
                *value = whole;
            }
            if let Some(sum) = self.parent(id).and_then(|parent| children.get_mut(parent.0)) {
                *sum = [sum[0].saturating_add(whole[0]), sum[1].saturating_add(whole[1])];
            }
        }
        values.children = children;
        values
    }

    /// Of each node, its children.
    pub(super) fn children(&self) -> NodeChildren {
        let mut children = vec![Vec::new(); self.nodes.len()];
        for id in self.ids() {
            if let Some(list) = self.parent(id).and_then(|parent| children.get_mut(parent.0)) {
                list.push(id);
            }
        }
        NodeChildren { children }
    }
}

/// The values of all nodes of a tree, now and before.
#[derive(Debug)]
pub(super) struct NodeValues {
    values: Vec<[u64; 2]>,
    children: Vec<[u64; 2]>,
}

impl NodeValues {
    /// The value of a node, now and before.
    pub(super) fn of(&self, id: FlameNodeId) -> [u64; 2] {
        self.values.get(id.0).copied().unwrap_or_default()
    }

    /// What a node has beside its children, now and before.
    pub(super) fn own(&self, id: FlameNodeId) -> [u64; 2] {
        let [now, before] = self.of(id);
        let [children, children_before] = self.children.get(id.0).copied().unwrap_or_default();
        [now.saturating_sub(children), before.saturating_sub(children_before)]
    }
}

/// The children of all nodes of a tree.
#[derive(Debug)]
pub(super) struct NodeChildren {
    children: Vec<Vec<FlameNodeId>>,
}

impl NodeChildren {
    pub(super) fn of(&self, id: FlameNodeId) -> &[FlameNodeId] {
        self.children.get(id.0).map_or(&[], Vec::as_slice)
    }
}

/// The key of the root of a graph.
pub const ROOT_KEY: u64 = 0;

/// The key of a node below the node with a key: a hash of the names from the root to it. The place of a node
/// changes with every computation, its names do not. FNV-1a, cut to 48 bits so that an address stays short:
/// addresses have it in hexadecimal.
#[must_use]
pub fn key_of_child(parent: u64, name: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = parent.to_le_bytes().into_iter().chain(name.bytes());
    let hash = bytes.fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    ((hash >> 48) ^ hash) & 0xffff_ffff_ffff
}
