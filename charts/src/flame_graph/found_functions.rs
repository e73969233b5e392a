//! Counts the functions that a search finds, and what they take together.

use std::collections::BTreeSet;

use super::{flame_layout::shares_of, flame_tree::FlameTree};

/// What a search found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundFunctions {
    /// How many functions, whatever the number of their places.
    pub functions: usize,
    /// What they take of the whole with all that they call, from 0 to 1. What one of them calls of the others
    /// counts once.
    pub share: f64,
}

/// The functions of a tree whose names `is_found` accepts, without the root.
pub fn found_functions(tree: &FlameTree<'_>, is_found: &dyn Fn(&str) -> bool) -> FoundFunctions {
    let values = tree.whole_values();
    let mut names = BTreeSet::new();
    let mut sum = [0_u64; 2];
    // Whether each node, or one that calls it, is found. Parents come before their children.
    let mut is_covered = Vec::new();
    for id in tree.ids() {
        let Some(node) = tree.node(id) else { continue };
        let parent = tree.parent(id);
        let is_match = parent.is_some() && is_found(node.name);
        let is_inside = parent.and_then(|parent| is_covered.get(parent.0)).copied().unwrap_or(false);
        if is_match {
            names.insert(node.name);
        }
        if is_match && !is_inside {
            let [now, before] = values.of(id);
            sum = [sum[0].saturating_add(now), sum[1].saturating_add(before)];
        }
        is_covered.push(is_match || is_inside);
    }
    let [share, _] = shares_of(sum, values.of(tree.root()));
    FoundFunctions { functions: names.len(), share }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flame_graph::FlameNode;

    #[test]
    fn what_is_found_within_what_is_found_counts_once() {
        let node = |name, key, value| FlameNode { name, key, value, value_before: 0 };
        let mut tree = FlameTree::new(node("read all", 0, 100));
        let outer = tree.add_child(tree.root(), node("read_file", 1, 60));
        let inner = tree.add_child(outer, node("decode", 2, 40));
        tree.add_child(inner, node("read_byte", 3, 30));
        tree.add_child(tree.root(), node("read_file", 4, 5));
        let found = |text: &str| found_functions(&tree, &|name| name.contains(text));
        assert_eq!(found("read"), FoundFunctions { functions: 2, share: 0.65 });
        assert_eq!(found("byte"), FoundFunctions { functions: 1, share: 0.3 });
        assert_eq!(found("write"), FoundFunctions { functions: 0, share: 0.0 });
    }
}
