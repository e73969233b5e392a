//! Chooses the nodes of a tree that are drawn, so that a browser is never asked to draw too many.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, BinaryHeap},
};

use super::flame_tree::FlameNodeId;

/// The most nodes that are drawn below the focus.
pub const MOST_NODES: usize = 400;

/// A node that may be drawn. The greatest is chosen first: the widest, of equal ones the highest.
#[derive(Debug, Clone, Copy)]
struct DrawingCandidate {
    id: FlameNodeId,
    width: f64,
    /// The number of the row below the focus.
    row: usize,
}

/// The widest nodes in so many rows from the focus on, at most [`MOST_NODES`]. `children` are those of a node
/// that may be drawn, with their widths, which are at most that of the node.
pub(super) fn widest_nodes<C: Iterator<Item = (FlameNodeId, f64)>>(
    focus: FlameNodeId,
    rows: usize,
    children: impl Fn(FlameNodeId) -> C,
) -> BTreeSet<FlameNodeId> {
    let mut chosen = BTreeSet::new();
    let mut candidates = BinaryHeap::from([DrawingCandidate { id: focus, width: 1.0, row: 0 }]);
    while chosen.len() < MOST_NODES
        && let Some(DrawingCandidate { id, row, .. }) = candidates.pop()
    {
        chosen.insert(id);
        if row + 1 < rows {
            let below = children(id).map(|(id, width)| DrawingCandidate { id, width, row: row + 1 });
            candidates.extend(below);
        }
    }
    chosen
}

impl Ord for DrawingCandidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_width = self.width.total_cmp(&other.width).then_with(|| other.row.cmp(&self.row));
        by_width.then_with(|| other.id.cmp(&self.id))
    }
}

impl PartialOrd for DrawingCandidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for DrawingCandidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for DrawingCandidate {}
