//! Makes a tree of calls of stacks, and folds what is too small to be shown.

use super::{
    merged_profile::{MergedProfile, StackTotals},
    stack_dictionary::StackDictionary,
    stack_identity::{FunctionId, OTHER_FUNCTION},
};

/// The name of the root of a tree, which is no function.
pub const ALL_STACKS: &str = "(all)";

/// Positions in [`TreeNames`].
pub(super) const ROOT_NAME: u32 = 0;
pub(super) const OTHER_NAME: u32 = 1;

/// The names of the functions of one or several profiles, sorted after the first two, [`ALL_STACKS`] and
/// [`OTHER_FUNCTION`]. So a tree does not depend on the order in which anything was read.
#[derive(Debug)]
pub(super) struct TreeNames<'a> {
    dictionary: &'a StackDictionary,
    names: Vec<&'a str>,
    /// The position in `names` of each function of the dictionary; of one that is in no stack, `u32::MAX`.
    of_function: Vec<u32>,
}

impl<'a> TreeNames<'a> {
    pub(super) fn of_profiles(dictionary: &'a StackDictionary, profiles: &[&MergedProfile]) -> Self {
        let mut of_function = vec![u32::MAX; dictionary.function_count()];
        let mut functions = Vec::new();
        let stacks = profiles.iter().flat_map(|profile| profile.stacks());
        for position in stacks.filter_map(|stack| dictionary.stack_position(stack.id)) {
            for &function in dictionary.distinct_functions(position) {
                let place = &mut of_function[function as usize];
                if *place == u32::MAX {
                    *place = 0;
                    functions.push(function);
                }
            }
        }
        functions.sort_unstable_by_key(|&function| dictionary.function_name(function));
        let mut names = vec![ALL_STACKS, OTHER_FUNCTION];
        for function in functions {
            let name = dictionary.function_name(function);
            of_function[function as usize] = if name == OTHER_FUNCTION {
                OTHER_NAME
            } else {
                names.push(name);
                names.len() as u32 - 1
            };
        }
        Self { dictionary, names, of_function }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a str> {
        self.names.iter().copied()
    }

    pub(super) fn name(&self, position: u32) -> &'a str {
        self.names[position as usize]
    }

    fn position_of_function(&self, id: FunctionId) -> Option<u32> {
        let function = self.dictionary.function_position(id)?;
        Some(self.of_function[function as usize]).filter(|&name| name != u32::MAX)
    }

    /// The names in a stack that is known, each once.
    fn distinct_names(&self, stack: &StackTotals) -> impl Iterator<Item = u32> {
        let position = self.dictionary.stack_position(stack.id);
        let functions = position.map_or(&[][..], |position| self.dictionary.distinct_functions(position));
        functions.iter().map(|&function| self.of_function[function as usize])
    }

    /// How many names there are; positions are below.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Adds the names of a stack's frames to `path`, root first. A stack that is not known is an `(other)`.
    /// Answers whether it is known.
    fn add_path(&self, stack: &StackTotals, path: &mut Vec<u32>) -> bool {
        let Some(position) = self.dictionary.stack_position(stack.id) else {
            path.push(OTHER_NAME);
            return false;
        };
        let frames = self.dictionary.frames(position).iter();
        path.extend(frames.map(|&function| self.of_function[function as usize]));
        true
    }
}

/// A node: a path of calls from the root. It has `N` values: one a profile that the tree is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MergedCallNode<const N: usize> {
    /// A position in [`TreeNames`].
    pub(super) name: u32,
    /// The position of the parent; of the root, its own.
    pub(super) parent: u32,
    /// How many nodes the subtree has, this one included.
    size: u32,
    /// The sum over all stacks that go through this node.
    pub(super) values: [u128; N],
    /// At least so many installations have a stack that goes through this node.
    pub(super) installations: [u32; N],
    /// At least so many installations have a stack that ends here.
    own_installations: [u32; N],
}

/// A tree of calls. Parents come before their children, a subtree is without a gap, and siblings are in the
/// order of their names. The values of children are never more than that of their parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallTree<const N: usize> {
    nodes: Vec<MergedCallNode<N>>,
}

impl<const N: usize> CallTree<N> {
    pub(super) fn nodes(&self) -> &[MergedCallNode<N>] {
        &self.nodes
    }

    pub(super) fn totals(&self) -> [u128; N] {
        self.nodes[0].values
    }

    fn with_root() -> Self {
        let mut tree = Self { nodes: Vec::new() };
        tree.add_node(0, ROOT_NAME);
        tree
    }

    fn add_node(&mut self, parent: u32, name: u32) -> u32 {
        let position = self.nodes.len() as u32;
        self.nodes.push(MergedCallNode {
            name,
            parent,
            size: 1,
            values: [0; N],
            installations: [0; N],
            own_installations: [0; N],
        });
        position
    }

    fn node(&mut self, position: u32) -> &mut MergedCallNode<N> {
        &mut self.nodes[position as usize]
    }

    /// The positions of the children of a node.
    fn children(&self, node: u32) -> impl Iterator<Item = u32> + use<'_, N> {
        let end = node + self.nodes[node as usize].size;
        let inside = move |child: u32| (child < end).then_some(child);
        std::iter::successors(inside(node + 1), move |&child| inside(child + self.nodes[child as usize].size))
    }

    /// Counts how many nodes each subtree has.
    fn measure_subtrees(&mut self) {
        for position in (1..self.nodes.len()).rev() {
            let MergedCallNode { size, parent, .. } = self.nodes[position];
            self.nodes[parent as usize].size += size;
        }
    }

    /// Folds each node whose values are all below `min_share` of their totals into an `(other)` of its parent.
    pub(super) fn fold_small_shares(&self, min_share: f64) -> Self {
        let least = self.totals().map(|total| total as f64 * min_share);
        let is_small =
            |values: &[u128; N]| values.iter().zip(least).all(|(&value, least)| (value as f64) < least);
        self.fold(|parts| {
            for part in parts.iter_mut().filter(|part| !part.is_own) {
                part.is_hidden |= is_small(&part.values);
            }
        })
    }

    /// The tree in which `hide` has said of the parts of each kept node which of them become one `(other)`; what
    /// it removes from the list just stays in the node. Totals stay as they are.
    fn fold(&self, mut hide: impl FnMut(&mut Vec<NodePart<N>>)) -> Self {
        let mut folded = Self { nodes: Vec::new() };
        // The new parent of each node that is kept. A node whose parent is not kept is never looked at.
        let mut new_parents = vec![None; self.nodes.len()];
        new_parents[0] = Some(0);
        let mut parts = Vec::new();
        let mut position = 0_u32;
        while let Some(node) = self.nodes.get(position as usize) {
            let Some(parent) = new_parents[position as usize] else {
                position += node.size;
                continue;
            };
            let new = folded.nodes.len() as u32;
            folded.nodes.push(MergedCallNode { parent, size: 1, ..*node });
            self.parts_of(position, &mut parts);
            hide(&mut parts);
            folded.add_other(new, &parts);
            for part in parts.iter().filter(|part| !part.is_own && !part.is_hidden) {
                new_parents[part.position as usize] = Some(new);
            }
            position += 1;
        }
        folded.measure_subtrees();
        folded
    }

    /// The children of a node and what it takes itself, as far as they take anything.
    fn parts_of(&self, position: u32, parts: &mut Vec<NodePart<N>>) {
        let node = self.nodes[position as usize];
        let mut own = node.values;
        parts.clear();
        for child in self.children(position) {
            let child_node = &self.nodes[child as usize];
            for (own, value) in own.iter_mut().zip(child_node.values) {
                *own = own.saturating_sub(value);
            }
            parts.push(NodePart {
                position: child,
                name: child_node.name,
                values: child_node.values,
                installations: child_node.installations,
                is_own: false,
                // What has been folded before is folded again with the rest.
                is_hidden: child_node.name == OTHER_NAME,
            });
        }
        if own != [0; N] {
            let installations = node.own_installations;
            let (is_own, is_hidden) = (true, false);
            parts.push(NodePart { position, name: node.name, values: own, installations, is_own, is_hidden });
        }
    }

    /// Adds the sum of the hidden parts as a child, unless it is nothing.
    fn add_other(&mut self, parent: u32, parts: &[NodePart<N>]) {
        let (mut values, mut installations) = ([0_u128; N], [0; N]);
        for part in parts.iter().filter(|part| part.is_hidden) {
            for side in 0..N {
                values[side] = values[side].saturating_add(part.values[side]);
                installations[side] = installations[side].max(part.installations[side]);
            }
        }
        if values != [0; N] {
            let own_installations = installations;
            self.nodes.push(MergedCallNode {
                name: OTHER_NAME,
                parent,
                size: 1,
                values,
                installations,
                own_installations,
            });
        }
    }
}

/// A child of a node, or what the node takes itself.
#[derive(Debug)]
struct NodePart<const N: usize> {
    position: u32,
    name: u32,
    values: [u128; N],
    installations: [u32; N],
    is_own: bool,
    is_hidden: bool,
}

impl CallTree<1> {
    /// The tree of a profile, with `value` of each stack.
    pub(super) fn of_profile(
        names: &TreeNames<'_>,
        profile: &MergedProfile,
        value: impl Fn(&StackTotals) -> u128,
    ) -> Self {
        let mut paths = Vec::new();
        let mut stacks = Vec::with_capacity(profile.stacks().len());
        let mut all_known = true;
        for stack in profile.stacks() {
            let start = paths.len();
            all_known &= names.add_path(stack, &mut paths);
            stacks.push((start..paths.len(), stack));
        }
        stacks.sort_unstable_by(|(left, _), (right, _)| paths[left.clone()].cmp(&paths[right.clone()]));

        let mut tree = Self::with_root();
        let mut open = vec![0];
        let mut last: &[u32] = &[];
        for (path, stack) in stacks {
            let path = &paths[path];
            let common = path.iter().zip(last).take_while(|(name, last)| name == last).count();
            open.truncate(common + 1);
            for &name in &path[common..] {
                let parent = open.last().copied().unwrap_or(0);
                open.push(tree.add_node(parent, name));
            }
            let leaf = tree.node(open.last().copied().unwrap_or(0));
            leaf.values[0] = leaf.values[0].saturating_add(value(stack));
            leaf.own_installations[0] = leaf.own_installations[0].max(stack.installations);
            last = path;
        }
        tree.add_up(profile.installations);
        if all_known {
            tree.count_by_functions(names, profile);
        }
        tree
    }

    /// Gives every node the sums of its subtree.
    fn add_up(&mut self, installations: u32) {
        self.measure_subtrees();
        for position in (0..self.nodes.len()).rev() {
            let node = self.node(position as u32);
            node.installations[0] = node.installations[0].max(node.own_installations[0]);
            let MergedCallNode { parent, values, installations, .. } = *node;
            if position > 0 {
                let parent = self.node(parent);
                parent.values[0] = parent.values[0].saturating_add(values[0]);
                parent.installations[0] = parent.installations[0].max(installations[0]);
            }
        }
        self.nodes[0].installations[0] = installations;
    }

    /// Where all stacks with a function go through one node, the installations that have the function are those
    /// of the node. The largest number of one of its stacks is far below that.
    fn count_by_functions(&mut self, names: &TreeNames<'_>, profile: &MergedProfile) {
        let mut stacks_with = vec![0_u32; names.count()];
        let mut installations = vec![0_u32; names.count()];
        for stack in profile.stacks() {
            for name in names.distinct_names(stack) {
                stacks_with[name as usize] += 1;
            }
        }
        for function in profile.functions() {
            if let Some(name) = names.position_of_function(function.id) {
                installations[name as usize] = function.installations;
            }
        }
        let mut stacks_below = vec![0_u32; self.nodes.len()];
        for position in (1..self.nodes.len()).rev() {
            let node = &mut self.nodes[position];
            // A stack ends where an installation had it: each path is one stack.
            stacks_below[position] += u32::from(node.own_installations[0] > 0);
            if stacks_below[position] == stacks_with[node.name as usize] {
                node.installations[0] = node.installations[0].max(installations[node.name as usize]);
            }
            let (parent, below, count) =
                (node.parent as usize, stacks_below[position], node.installations[0]);
            stacks_below[parent] += below;
            if parent > 0 {
                let parent = &mut self.nodes[parent];
                parent.installations[0] = parent.installations[0].max(count);
            }
        }
    }

    /// The tree as it may be published: every node has at least `least` installations and a name for which
    /// `is_listed` holds; all else is in the `(other)` of its parent, together with what the parent takes itself
    /// if fewer installations took that. Where that `(other)` would have fewer itself, the smallest other part
    /// joins it, so that no difference of values that are shown tells of fewer installations either.
    pub(super) fn fold_small_groups(&self, least: u32, is_listed: impl Fn(u32) -> bool) -> Self {
        if self.nodes[0].installations[0] < least {
            return Self::with_root();
        }
        self.fold(|parts| {
            for part in parts.iter_mut() {
                let is_listed = part.is_own || is_listed(part.name);
                part.is_hidden |= part.installations[0] < least || !is_listed;
            }
            let hidden = parts.iter().filter(|part| part.is_hidden).map(|part| part.installations[0]).max();
            if hidden.is_none_or(|installations| installations >= least) {
                return;
            }
            let shown = parts.iter_mut().filter(|part| !part.is_hidden);
            match shown.min_by_key(|part| part.values[0]) {
                Some(smallest) => smallest.is_hidden = true,
                None => parts.clear(),
            }
        })
    }
}

impl CallTree<2> {
    /// Both trees as one, whose nodes have the values of both.
    pub(super) fn align_trees(before: &CallTree<1>, after: &CallTree<1>) -> Self {
        let sides = [before, after];
        let mut aligned = Self { nodes: Vec::new() };
        let mut open = vec![(0, [Some(0), Some(0)])];
        let mut children: Vec<(u32, [Option<u32>; 2])> = Vec::new();
        while let Some((parent, positions)) = open.pop() {
            let new = aligned.nodes.len() as u32;
            aligned.nodes.push(aligned_node(parent, sides, positions));
            children.clear();
            for side in 0..2 {
                let Some(position) = positions[side] else { continue };
                for child in sides[side].children(position) {
                    let mut positions = [None; 2];
                    positions[side] = Some(child);
                    children.push((sides[side].nodes[child as usize].name, positions));
                }
            }
            children.sort_by_key(|(name, _)| *name);
            children.dedup_by(|second, first| {
                let is_same = second.0 == first.0;
                if is_same {
                    first.1 = [first.1[0].or(second.1[0]), first.1[1].or(second.1[1])];
                }
                is_same
            });
            open.extend(children.iter().rev().map(|(_, positions)| (new, *positions)));
        }
        aligned.measure_subtrees();
        aligned
    }
}

fn aligned_node(parent: u32, sides: [&CallTree<1>; 2], positions: [Option<u32>; 2]) -> MergedCallNode<2> {
    let mut aligned = MergedCallNode {
        name: ROOT_NAME,
        parent,
        size: 1,
        values: [0; 2],
        installations: [0; 2],
        own_installations: [0; 2],
    };
    for side in 0..2 {
        let Some(position) = positions[side] else { continue };
        let node = &sides[side].nodes[position as usize];
        aligned.name = node.name;
        aligned.values[side] = node.values[0];
        aligned.installations[side] = node.installations[0];
        aligned.own_installations[side] = node.own_installations[0];
    }
    aligned
}
