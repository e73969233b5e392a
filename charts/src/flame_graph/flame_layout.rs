//! Decides where the rectangles of a flame graph are.

use std::collections::BTreeSet;

use super::{
    flame_tree::{FlameNodeId, FlameTree, NodeChildren, NodeValues},
    widest_nodes::widest_nodes,
};

/// The most rows. Deeper calls are not drawn: their callers can be focused.
pub const MOST_ROWS: usize = 128;

/// What decides which rectangles there are, and how wide.
#[derive(Debug, Clone, Copy)]
pub struct FlameView {
    /// The node that has the whole width; `None` for the root.
    pub focus: Option<FlameNodeId>,
    /// The least width, as a share of the picture, that a rectangle is drawn with. Narrower ones, and those
    /// beyond [`MOST_NODES`](super::MOST_NODES), are folded into one of their parent, or are left out if all
    /// of them together are narrower.
    pub min_width: f64,
    /// Whether widths are the mean of the shares now and before, so that what is gone can be seen too.
    pub is_difference: bool,
}

/// A rectangle of a flame graph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlameRectangle {
    /// What is drawn.
    pub content: FlameContent,
    /// The row, from 0 for the root.
    pub depth: usize,
    /// The left side as a share of the width of the picture.
    pub left: f64,
    /// The width as a share of the width of the picture.
    pub width: f64,
    /// The value as a share of the whole, now.
    pub share: f64,
    /// The value as a share of the whole of before.
    pub share_before: f64,
}

/// What a rectangle is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlameContent {
    /// A node.
    Node(FlameNodeId),
    /// A caller of the node in focus, as wide as the picture.
    Caller(FlameNodeId),
    /// So many children of a node together, too narrow to be drawn.
    Folded {
        /// Their parent.
        parent: FlameNodeId,
        /// How many they are, without what they call.
        count: usize,
    },
}

/// The rectangles of a tree, parents before their children, wider children first.
///
/// The children of a rectangle are in the next row, between its sides, and do not overlap. A tree without
/// values has only its root, as wide as the picture.
#[must_use]
pub fn flame_layout(tree: &FlameTree<'_>, view: FlameView) -> Vec<FlameRectangle> {
    laid_flames(tree, view).rectangles
}

/// What is drawn of a tree, and what is not.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LaidFlames {
    pub(super) rectangles: Vec<FlameRectangle>,
    /// How many calls below the focus have no rectangle of their own.
    pub(super) undrawn: usize,
}

pub(super) fn laid_flames(tree: &FlameTree<'_>, view: FlameView) -> LaidFlames {
    let (values, children, root) = (&tree.whole_values(), &tree.children(), tree.root());
    let layout = FlameLayout { values, children, view, root };
    let focus = view.focus.filter(|focus| layout.weight(*focus) > 0.0).unwrap_or(root);
    let rectangles = layout.rectangles(tree, focus);
    let drawn = rectangles.iter().filter(|one| matches!(one.content, FlameContent::Node(_))).count();
    LaidFlames { undrawn: layout.calls_in(focus).saturating_sub(drawn), rectangles }
}

struct FlameLayout<'a> {
    values: &'a NodeValues,
    children: &'a NodeChildren,
    view: FlameView,
    root: FlameNodeId,
}

impl FlameLayout<'_> {
    fn rectangles(&self, tree: &FlameTree<'_>, focus: FlameNodeId) -> Vec<FlameRectangle> {
        let mut callers: Vec<FlameNodeId> =
            std::iter::successors(tree.parent(focus), |id| tree.parent(*id)).collect();
        callers.reverse();
        // A picture of callers only would not show what is in focus.
        let hidden = callers.len().saturating_sub(MOST_ROWS / 2);
        let mut rectangles: Vec<FlameRectangle> = callers
            .into_iter()
            .skip(hidden)
            .enumerate()
            .map(|(depth, id)| self.rectangle(FlameContent::Caller(id), depth, 0.0, 1.0))
            .collect();
        let to_width = 1.0 / self.weight(focus);
        let rows = MOST_ROWS - rectangles.len();
        let drawn = widest_nodes(focus, rows, |id| {
            self.widths_below(id, to_width).filter(|(_, width)| *width >= self.view.min_width)
        });
        let mut waiting = vec![self.rectangle(FlameContent::Node(focus), rectangles.len(), 0.0, 1.0)];
        while let Some(parent) = waiting.pop() {
            rectangles.push(parent);
            if let FlameContent::Node(id) = parent.content
                && parent.depth + 1 < MOST_ROWS
                && to_width.is_finite()
            {
                self.lay_children(id, &parent, to_width, &drawn, &mut waiting);
            }
        }
        rectangles
    }

    /// The children of a node that have a width.
    fn widths_below(&self, parent: FlameNodeId, to_width: f64) -> impl Iterator<Item = (FlameNodeId, f64)> {
        let children = self.children.of(parent).iter();
        children.map(move |child| (*child, self.weight(*child) * to_width)).filter(|(_, width)| *width > 0.0)
    }

    /// How many calls with a value there are in a node, with itself.
    fn calls_in(&self, node: FlameNodeId) -> usize {
        let mut waiting = vec![node];
        let mut calls = 0;
        while let Some(id) = waiting.pop() {
            calls += 1;
            let children = self.children.of(id).iter().copied();
            waiting.extend(children.filter(|child| self.weight(*child) > 0.0));
        }
        calls
    }

    /// Lays the children of a rectangle from its left side, the widest first and what is folded last.
    fn lay_children(
        &self,
        parent: FlameNodeId,
        around: &FlameRectangle,
        to_width: f64,
        drawn: &BTreeSet<FlameNodeId>,
        waiting: &mut Vec<FlameRectangle>,
    ) {
        let mut children: Vec<(FlameNodeId, f64)> = self.widths_below(parent, to_width).collect();
        children.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let (wide, narrow): (Vec<_>, Vec<_>) =
            children.into_iter().partition(|(child, _)| drawn.contains(child));
        let first = waiting.len();
        let mut left = around.left;
        let end = around.left + around.width;
        let mut place = |content, width: f64| {
            // Sums of floats may be off by the last bit.
            let width = width.min(end - left).max(0.0);
            waiting.push(self.rectangle(content, around.depth + 1, left, width));
            left += width;
        };
        for (child, width) in wide {
            place(FlameContent::Node(child), width);
        }
        let folded: f64 = narrow.iter().map(|(_, width)| width).sum();
        if folded > 0.0 && folded >= self.view.min_width {
            place(FlameContent::Folded { parent, count: narrow.len() }, folded);
        }
        let folded_shares = narrow.iter().map(|(child, _)| self.shares(*child));
        let [now, before] =
            folded_shares.fold([0.0; 2], |sum, shares| [sum[0] + shares[0], sum[1] + shares[1]]);
        if let Some(last) = waiting.last_mut()
            && matches!(last.content, FlameContent::Folded { parent: its, .. } if its == parent)
        {
            (last.share, last.share_before) = (now, before);
        }
        // The last in is the first out.
        if let Some(added) = waiting.get_mut(first..) {
            added.reverse();
        }
    }

    fn rectangle(&self, content: FlameContent, depth: usize, left: f64, width: f64) -> FlameRectangle {
        let [share, share_before] = match content {
            FlameContent::Node(id) | FlameContent::Caller(id) => self.shares(id),
            FlameContent::Folded { .. } => [0.0; 2],
        };
        FlameRectangle { content, depth, left, width, share, share_before }
    }

    /// The shares of a node of the whole, now and before.
    fn shares(&self, id: FlameNodeId) -> [f64; 2] {
        shares_of(self.values.of(id), self.values.of(self.root))
    }

    /// What the width of a node is proportional to.
    fn weight(&self, id: FlameNodeId) -> f64 {
        let [now, before] = self.shares(id);
        if self.view.is_difference { f64::midpoint(now, before) } else { now }
    }
}

/// Values as shares of wholes. The share of nothing is 0.
pub(super) fn shares_of(values: [u64; 2], wholes: [u64; 2]) -> [f64; 2] {
    let [now, before] = values;
    let [whole, whole_before] = wholes;
    let share = |value: u64, whole: u64| if whole == 0 { 0.0 } else { value as f64 / whole as f64 };
    [share(now, whole), share(before, whole_before)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flame_graph::{FlameNode, MOST_NODES};

    const WHOLE: FlameView = FlameView { focus: None, min_width: 0.0, is_difference: false };

    fn node(name: &str, key: u64, value: u64) -> FlameNode<'_> {
        FlameNode { name, key, value, value_before: 0 }
    }

    fn tree() -> FlameTree<'static> {
        let mut tree = FlameTree::new(node("all", 0, 100));
        let main = tree.add_child(tree.root(), node("main", 1, 80));
        tree.add_child(main, node("parse", 2, 20));
        tree.add_child(main, node("write", 3, 50));
        tree.add_child(main, node("tiny", 4, 1));
        tree.add_child(main, node("little", 5, 2));
        tree
    }

    fn drawn(tree: &FlameTree<'_>, view: FlameView) -> Vec<(String, usize, f64, f64)> {
        let name = |id| tree.node(id).unwrap().name.to_owned();
        let rectangles = flame_layout(tree, view).into_iter().map(|rectangle| {
            let name = match rectangle.content {
                FlameContent::Node(id) => name(id),
                FlameContent::Caller(id) => format!("caller {}", name(id)),
                FlameContent::Folded { parent, count } => format!("{count} of {}", name(parent)),
            };
            let rounded = |number: f64| (number * 1000.0).round() / 1000.0;
            (name, rectangle.depth, rounded(rectangle.left), rounded(rectangle.width))
        });
        rectangles.collect()
    }

    fn expected(rows: &[(&str, usize, f64, f64)]) -> Vec<(String, usize, f64, f64)> {
        rows.iter().map(|(name, depth, left, width)| ((*name).to_owned(), *depth, *left, *width)).collect()
    }

    #[test]
    fn wide_children_come_first_and_narrow_ones_are_folded() {
        let rows = [
            ("all", 0, 0.0, 1.0),
            ("main", 1, 0.0, 0.8),
            ("write", 2, 0.0, 0.5),
            ("parse", 2, 0.5, 0.2),
            ("2 of main", 2, 0.7, 0.03),
        ];
        assert_eq!(drawn(&tree(), FlameView { min_width: 0.025, ..WHOLE }), expected(&rows));
        let without_fold = FlameView { min_width: 0.04, ..WHOLE };
        assert_eq!(drawn(&tree(), without_fold), expected(&rows[..4]));
    }

    #[test]
    fn a_node_in_focus_has_the_whole_width_below_its_callers() {
        let tree = tree();
        let view = FlameView { focus: tree.find_key(3), ..WHOLE };
        let rows = [("caller all", 0, 0.0, 1.0), ("caller main", 1, 0.0, 1.0), ("write", 2, 0.0, 1.0)];
        assert_eq!(drawn(&tree, view), expected(&rows));
    }

    #[test]
    fn what_appeared_and_what_is_gone_have_a_width_in_a_difference() {
        let mut tree = FlameTree::new(FlameNode { name: "all", key: 0, value: 100, value_before: 10 });
        for (key, name, value, value_before) in [(1, "new", 40, 0), (2, "gone", 0, 5), (3, "same", 60, 5)] {
            tree.add_child(tree.root(), FlameNode { name, key, value, value_before });
        }
        let view = FlameView { is_difference: true, ..WHOLE };
        let rows =
            [("all", 0, 0.0, 1.0), ("same", 1, 0.0, 0.55), ("gone", 1, 0.55, 0.25), ("new", 1, 0.8, 0.2)];
        assert_eq!(drawn(&tree, view), expected(&rows));
    }

    #[test]
    fn children_that_are_more_than_their_parent_widen_it() {
        let mut tree = FlameTree::new(node("all", 0, 10));
        tree.add_child(tree.root(), node("more", 1, 30));
        tree.add_child(tree.root(), node("huge", 2, u64::MAX));
        let rectangles = flame_layout(&tree, WHOLE);
        assert!(rectangles.iter().all(|rectangle| rectangle.left + rectangle.width <= 1.0));
        assert_eq!(rectangles.len(), 3);
    }

    #[test]
    fn a_tree_without_values_is_its_root() {
        let mut tree = FlameTree::new(node("all", 0, 0));
        tree.add_child(tree.root(), node("none", 1, 0));
        assert_eq!(drawn(&tree, WHOLE), expected(&[("all", 0, 0.0, 1.0)]));
    }

    #[test]
    fn very_deep_calls_do_not_end_the_process() {
        let mut tree = FlameTree::new(node("all", 0, 1));
        let mut last = tree.root();
        for key in 1..200_000 {
            last = tree.add_child(last, node("again", key, 1));
        }
        assert_eq!(flame_layout(&tree, WHOLE).len(), MOST_ROWS);
        let view = FlameView { focus: Some(last), ..WHOLE };
        assert_eq!(flame_layout(&tree, view).len(), MOST_ROWS / 2 + 1);
    }

    #[test]
    fn of_many_calls_the_widest_are_drawn_and_the_others_counted() {
        const WHOLE_VALUE: u64 = 10_000_000;
        let mut tree = FlameTree::new(node("all", 0, WHOLE_VALUE));
        for group in 0..2000 {
            let mut last = tree.root();
            for call in 1..=3 {
                last = tree.add_child(last, node("f", 3 * group + call, 2000 - group));
            }
        }
        let view = FlameView { min_width: 0.000_001, ..WHOLE };
        let laid = laid_flames(&tree, view);
        let nodes = laid.rectangles.iter().filter(|one| matches!(one.content, FlameContent::Node(_)));
        assert_eq!(nodes.clone().count(), MOST_NODES);
        assert_eq!(laid.undrawn, 6001 - MOST_NODES);
        assert!(laid.rectangles.len() < 2 * MOST_NODES);
        let narrowest = nodes.map(|one| one.width).fold(1.0, f64::min);
        let width = |id: FlameNodeId| tree.node(id).unwrap().value as f64 / WHOLE_VALUE as f64;
        let is_wide = |id: &FlameNodeId| width(*id) > narrowest;
        assert!(tree.ids().filter(is_wide).count() < MOST_NODES);
    }

    /// Nodes as the number of an earlier one and two values.
    fn random_tree() -> impl Strategy<Value = Vec<(usize, u64, u64)>> {
        prop::collection::vec((any::<usize>(), 0..10_000_u64, 0..10_000_u64), 0..60)
    }

    fn tree_of(nodes: &[(usize, u64, u64)]) -> FlameTree<'static> {
        let mut tree = FlameTree::new(FlameNode { name: "all", key: 0, value: 1000, value_before: 1000 });
        let mut ids = vec![tree.root()];
        for (key, (parent, value, value_before)) in nodes.iter().enumerate() {
            let parent = ids[parent % ids.len()];
            let key = key as u64 + 1;
            let (value, value_before) = (*value, *value_before);
            ids.push(tree.add_child(parent, FlameNode { name: "f", key, value, value_before }));
        }
        tree
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn children_fit_into_their_parents_and_sums_hold(
            nodes in random_tree(),
            focus in any::<usize>(),
            min_width in prop::sample::select(vec![0.0, 0.001, 0.05]),
            is_difference in any::<bool>(),
        ) {
            let tree = tree_of(&nodes);
            let focus = tree.ids().nth(focus % (nodes.len() * 2 + 1));
            let rectangles = flame_layout(&tree, FlameView { focus, min_width, is_difference });
            for (place, rectangle) in rectangles.iter().enumerate() {
                prop_assert!(rectangle.left >= 0.0 && rectangle.left + rectangle.width <= 1.0 + 1e-9);
                let parent = match rectangle.content {
                    FlameContent::Node(id) | FlameContent::Caller(id) => tree.parent(id),
                    FlameContent::Folded { parent, .. } => Some(parent),
                };
                let Some(parent) = parent else { continue };
                let around = rectangles[..place].iter().find(|other| {
                    matches!(other.content, FlameContent::Node(id) | FlameContent::Caller(id) if id == parent)
                });
                let around = around.unwrap();
                prop_assert_eq!(rectangle.depth, around.depth + 1);
                prop_assert!(rectangle.left >= around.left - 1e-9);
                prop_assert!(rectangle.left + rectangle.width <= around.left + around.width + 1e-9);
            }
            for (place, one) in rectangles.iter().enumerate() {
                for other in rectangles[..place].iter().filter(|other| other.depth == one.depth) {
                    let right = (one.left + one.width).min(other.left + other.width);
                    let overlap = right - one.left.max(other.left);
                    prop_assert!(overlap < 1e-9, "{one:?} {other:?}");
                }
            }
            for parent in &rectangles {
                let FlameContent::Node(id) = parent.content else { continue };
                let is_child = |other: &&FlameRectangle| match other.content {
                    FlameContent::Node(child) => tree.parent(child) == Some(id),
                    FlameContent::Folded { parent: its, .. } => its == id,
                    FlameContent::Caller(_) => false,
                };
                let children: Vec<&FlameRectangle> = rectangles.iter().filter(is_child).collect();
                for sum_and_whole in [
                    (children.iter().map(|child| child.width).sum::<f64>(), parent.width),
                    (children.iter().map(|child| child.share).sum(), parent.share),
                    (children.iter().map(|child| child.share_before).sum(), parent.share_before),
                ] {
                    prop_assert!(sum_and_whole.0 <= sum_and_whole.1 + 1e-9, "{sum_and_whole:?}");
                }
            }
        }

        #[test]
        fn nothing_is_lost_if_nothing_is_narrow(nodes in random_tree()) {
            let tree = tree_of(&nodes);
            let values = tree.whole_values();
            let rectangles = flame_layout(&tree, WHOLE);
            let with_value = tree.ids().filter(|id| values.of(*id)[0] > 0).count();
            prop_assert_eq!(rectangles.len(), with_value);
            let own: u64 = tree.ids().map(|id| values.own(id)[0]).sum();
            prop_assert_eq!(own, values.of(tree.root())[0]);
        }
    }
}
