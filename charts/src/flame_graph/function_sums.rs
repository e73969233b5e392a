//! Adds up what a function has in all places of a tree.

use std::collections::BTreeMap;

use super::flame_tree::{FlameNodeId, FlameTree};

/// The sums of a function, now and before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FunctionSum {
    /// What it has itself.
    pub(super) own: [u64; 2],
    /// What it has with all that it calls. Calls of itself count once.
    pub(super) with_called: [u64; 2],
}

/// The sums of all functions of a tree by name.
#[derive(Debug)]
pub(super) struct SumsByFunction<'a> {
    pub(super) whole: [u64; 2],
    pub(super) functions: BTreeMap<&'a str, FunctionSum>,
}

/// The sums of all functions but the root, which is the whole.
pub(super) fn function_sums<'a>(tree: &FlameTree<'a>) -> SumsByFunction<'a> {
    let (values, children) = (tree.whole_values(), tree.children());
    let mut functions: BTreeMap<&str, FunctionSum> = BTreeMap::new();
    // How often each function is among the callers of the place that the walk is at.
    let mut callers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut waiting: Vec<WalkStep> = children.of(tree.root()).iter().copied().map(WalkStep::Enter).collect();
    while let Some(step) = waiting.pop() {
        match step {
            WalkStep::Enter(id) => {
                let Some(node) = tree.node(id) else { continue };
                let times = callers.entry(node.name).or_default();
                let sum = functions.entry(node.name).or_default();
                add(&mut sum.own, values.own(id));
                if *times == 0 {
                    add(&mut sum.with_called, values.of(id));
                }
                *times += 1;
                waiting.push(WalkStep::Leave(id));
                waiting.extend(children.of(id).iter().copied().map(WalkStep::Enter));
            }
            WalkStep::Leave(id) => {
                if let Some(times) = tree.node(id).and_then(|node| callers.get_mut(node.name)) {
                    *times = times.saturating_sub(1);
                }
            }
        }
    }
    SumsByFunction { whole: values.of(tree.root()), functions }
}

/// Walking without recursion: profiles may be deeper than the stack of this thread.
enum WalkStep {
    Enter(FlameNodeId),
    Leave(FlameNodeId),
}

fn add(sum: &mut [u64; 2], values: [u64; 2]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum = sum.saturating_add(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flame_graph::FlameNode;

    #[test]
    fn a_function_that_calls_itself_counts_once() {
        let node = |name, key, value| FlameNode { name, key, value, value_before: 0 };
        let mut tree = FlameTree::new(node("all", 0, 100));
        let outer = tree.add_child(tree.root(), node("walk", 1, 60));
        let inner = tree.add_child(outer, node("walk", 2, 40));
        tree.add_child(inner, node("read", 3, 30));
        tree.add_child(tree.root(), node("walk", 4, 5));
        let sums = function_sums(&tree);
        assert_eq!(sums.whole, [100, 0]);
        assert_eq!(sums.functions["walk"], FunctionSum { own: [35, 0], with_called: [65, 0] });
        assert_eq!(sums.functions["read"], FunctionSum { own: [30, 0], with_called: [30, 0] });
        assert_eq!(sums.functions.len(), 2);
    }
}
