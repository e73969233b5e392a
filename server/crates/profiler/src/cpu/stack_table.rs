//! Counts stacks in bounded memory.
//!
//! A tree from the outermost function inwards: stacks that begin alike share their beginning. All space is
//! taken when the tree is made, so that a signal handler may add to it.

/// The calls that were seen: each belongs to one caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CallNode {
    address: u64,
    caller: u32,
    /// How often the stack ended here.
    samples: u32,
}

/// The node that all stacks start from. No node calls it, so its number marks a free slot in the index.
const ROOT: u32 = 0;

/// A bounded count of stacks.
#[derive(Debug)]
pub(super) struct StackTable {
    nodes: Vec<CallNode>,
    capacity: usize,
    /// Numbers of nodes by the hash of caller and address; at most half full.
    index: Box<[u32]>,
    lost: u64,
}

/// The result of a [`StackTable`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordedStacks {
    nodes: Vec<CallNode>,
    lost: u64,
}

impl StackTable {
    /// Space for `capacity` different calls, 24 bytes each; memory is used as it fills.
    pub(super) fn new(capacity: usize) -> Self {
        let mut nodes = Vec::with_capacity(capacity + 1);
        nodes.push(CallNode { address: 0, caller: ROOT, samples: 0 });
        let index = vec![ROOT; (capacity * 2).next_power_of_two()].into_boxed_slice();
        Self { nodes, capacity: capacity + 1, index, lost: 0 }
    }

    /// Counts a stack, from the innermost function outwards, `samples` times. It neither allocates nor waits.
    /// A stack for which no space is left counts as lost.
    pub(super) fn add(&mut self, innermost_first: &[u64], samples: u64) {
        let mut node = ROOT;
        for &address in innermost_first.iter().rev() {
            let Some(callee) = self.callee(node, address) else { return self.lose(samples) };
            node = callee;
        }
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.samples = node.samples.saturating_add(u32::try_from(samples).unwrap_or(u32::MAX));
        }
    }

    /// Counts samples without a stack.
    pub(super) fn lose(&mut self, samples: u64) {
        self.lost = self.lost.saturating_add(samples);
    }

    /// A copy of what was counted.
    pub(super) fn recorded(&self) -> RecordedStacks {
        RecordedStacks { nodes: self.nodes.clone(), lost: self.lost }
    }

    /// What was counted, without a copy.
    pub(super) fn into_recorded(self) -> RecordedStacks {
        RecordedStacks { nodes: self.nodes, lost: self.lost }
    }

    fn callee(&mut self, caller: u32, address: u64) -> Option<u32> {
        let mask = self.index.len() - 1;
        let mut at = hash(caller, address) & mask;
        loop {
            let slot = self.index.get_mut(at)?;
            if *slot == ROOT {
                let new =
                    u32::try_from(self.nodes.len()).ok().filter(|_| self.nodes.len() < self.capacity)?;
                *slot = new;
                self.nodes.push(CallNode { address, caller, samples: 0 });
                return Some(new);
            }
            let known = self.nodes.get(*slot as usize)?;
            if known.address == address && known.caller == caller {
                return Some(*slot);
            }
            at = (at + 1) & mask;
        }
    }
}

impl RecordedStacks {
    /// The addresses in all stacks, some more than once.
    pub(super) fn addresses(&self) -> impl Iterator<Item = u64> {
        self.nodes.iter().skip(1).map(|node| node.address)
    }

    /// The stacks, from the innermost function outwards, and how often each was seen.
    pub(super) fn stacks(&self) -> impl Iterator<Item = (Vec<u64>, u64)> {
        self.nodes.iter().filter(|node| node.samples > 0).map(|node| (self.stack(node), node.samples.into()))
    }

    /// Samples whose stacks were not recorded.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Counts more samples without a stack.
    pub(super) fn lose(&mut self, samples: u64) {
        self.lost = self.lost.saturating_add(samples);
    }

    fn stack(&self, innermost: &CallNode) -> Vec<u64> {
        let caller = |node: &&CallNode| self.nodes.get(node.caller as usize).filter(|_| node.caller != ROOT);
        std::iter::successors(Some(innermost), caller).map(|node| node.address).collect()
    }
}

/// Fibonacci hashing; addresses of one function differ in their low bits, callers in all.
fn hash(caller: u32, address: u64) -> usize {
    let mixed = (address ^ u64::from(caller).rotate_left(40)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(recorded: &RecordedStacks) -> Vec<(Vec<u64>, u64)> {
        let mut stacks: Vec<_> = recorded.stacks().collect();
        stacks.sort();
        stacks
    }

    #[test]
    fn equal_stacks_are_counted_together_and_others_apart() {
        let mut stacks = StackTable::new(16);
        for stack in [&[3, 2, 1][..], &[3, 2, 1], &[2, 1], &[3, 1], &[1, 2, 3]] {
            stacks.add(stack, 1);
        }
        let expected = [(vec![1, 2, 3], 1), (vec![2, 1], 1), (vec![3, 1], 1), (vec![3, 2, 1], 2)];
        assert_eq!(sorted(&stacks.recorded()), expected);
        assert_eq!(stacks.recorded().lost(), 0);
        assert_eq!(stacks.recorded(), stacks.into_recorded());
    }

    #[test]
    fn a_stack_without_space_counts_as_lost_and_known_ones_go_on() {
        let mut stacks = StackTable::new(2);
        stacks.add(&[2, 1], 1);
        stacks.add(&[3, 1], 4);
        stacks.add(&[2, 1], 2);
        assert_eq!(sorted(&stacks.recorded()), [(vec![2, 1], 3)]);
        assert_eq!(stacks.recorded().lost(), 4);
    }

    #[test]
    fn a_full_tree_has_not_grown() {
        let mut stacks = StackTable::new(1000);
        let space = stacks.nodes.capacity();
        (0..5000).for_each(|address| stacks.add(&[address, address % 7], 1));
        assert_eq!(stacks.nodes.capacity(), space);
        let recorded = stacks.recorded();
        assert_eq!(recorded.stacks().map(|(_, count)| count).sum::<u64>() + recorded.lost(), 5000);
    }
}
