//! Answers where a version spends its time or memory, and how two versions differ in that.
//!
//! Graphs are lists of equal length, a place a node: in JSON that is a third of a list of objects.

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::{
    ProfiledResource,
    call_tree::{CallTree, TreeNames},
    merged_profile::MergedProfile,
    stack_dictionary::StackDictionary,
    stack_identity::PLACEHOLDERS,
};

/// The unit of shares in graphs: the whole is a billion.
pub const SHARE_UNITS: u64 = 1_000_000_000;

/// The least share of a node that is shown, unless something else is asked for: a thousandth.
pub const DEFAULT_MIN_SHARE: f64 = 0.001;

/// The names of the functions of a release. Others may have been made up by whoever sent them.
#[derive(Debug, Clone, Default)]
pub struct ReleaseSymbols {
    names: FxHashSet<Box<str>>,
}

impl ReleaseSymbols {
    /// Whether the name may be published: it is one of the release, or of no function, such as `(other)`.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        self.names.contains(name) || PLACEHOLDERS.contains(&name)
    }
}

impl<S: Into<Box<str>>> FromIterator<S> for ReleaseSymbols {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        Self { names: names.into_iter().map(Into::into).collect() }
    }
}

/// What may be published of a profile.
#[derive(Debug, Clone, Copy)]
pub struct PublishedNodes<'a> {
    /// The fewest installations that something may tell of.
    pub min_installations: u32,
    /// The names of the release that the profile is of.
    pub symbols: &'a ReleaseSymbols,
}

/// A profile to be shown.
#[derive(Debug, Clone, Copy)]
pub struct FlameSource<'a> {
    /// The profile.
    pub profile: &'a MergedProfile,
    /// What of it may be shown; `None` for everything, as the administrator sees it.
    pub published: Option<PublishedNodes<'a>>,
}

impl FlameSource<'_> {
    fn tree(&self, names: &TreeNames<'_>, measure: FlameMeasure) -> CallTree<1> {
        let tree = CallTree::of_profile(names, self.profile, |stack| match measure {
            FlameMeasure::Share => stack.share.into(),
            FlameMeasure::Absolute(_) => stack.value,
        });
        let Some(published) = self.published else { return tree };
        let is_listed: Vec<bool> = names.iter().map(|name| published.symbols.has_name(name)).collect();
        tree.fold_small_groups(published.min_installations, |name| is_listed[name as usize])
    }

    /// Published counts are rounded down to a multiple of the fewest that may be told of.
    fn shown_installations(&self, installations: u32) -> u32 {
        let step = self.published.map_or(1, |published| published.min_installations.max(1));
        installations - installations % step
    }
}

/// What the values of a flame graph are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlameMeasure {
    /// Every installation counts by its own fraction. The root has [`SHARE_UNITS`].
    Share,
    /// Large installations count for more. CPU time is the sum in microseconds; memory is in bytes, the mean of
    /// the days of the sum over installations.
    Absolute(ProfiledResource),
}

impl FlameMeasure {
    /// Rounds down, so that children still fit into their parents.
    fn shown_value(self, value: u128, total: u128, days: u32) -> u64 {
        let shown = match self {
            Self::Share => value.saturating_mul(SHARE_UNITS.into()).checked_div(total).unwrap_or(0),
            Self::Absolute(ProfiledResource::Cpu) => value / 1000,
            Self::Absolute(ProfiledResource::Heap) => value / u128::from(days.max(1)),
        };
        u64::try_from(shown).unwrap_or(u64::MAX)
    }
}

/// The flame graph of a profile.
///
/// Node 0 is the root. Parents come before their children, and the values of children together are never more
/// than that of their parent; what is missing the parent takes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlameGraph {
    /// The names of functions, each once.
    pub names: Vec<String>,
    /// Of each node, the position of its name in `names`.
    pub name: Vec<u32>,
    /// Of each node, the position of its parent; of the root, 0.
    pub parent: Vec<u32>,
    /// Of each node, its value with all that it calls, as the [`FlameMeasure`] says.
    pub value: Vec<u64>,
    /// Of each node, at least how many installations have it: of several days the maximum.
    pub installations: Vec<u32>,
}

impl FlameGraph {
    /// The graph of a profile. Nodes below `min_share` of the whole, 0 to 1, are folded into an `(other)` of
    /// their parent.
    ///
    /// Of a published source with too few installations there is only the root, with the value 0. In absolute
    /// values one large installation may be most of a node: shares are what is fit to be published.
    #[must_use]
    pub fn from_profile(
        dictionary: &StackDictionary,
        source: FlameSource<'_>,
        measure: FlameMeasure,
        min_share: f64,
    ) -> Self {
        let names = TreeNames::of_profiles(dictionary, &[source.profile]);
        let tree = source.tree(&names, measure).fold_small_shares(min_share);
        let [total] = tree.totals();
        let (table, name) = used_names(&names, &tree);
        let nodes = tree.nodes();
        let days = source.profile.days;
        Self {
            names: table,
            name,
            parent: nodes.iter().map(|node| node.parent).collect(),
            value: nodes.iter().map(|node| measure.shown_value(node.values[0], total, days)).collect(),
            installations: nodes
                .iter()
                .map(|node| source.shown_installations(node.installations[0]))
                .collect(),
        }
    }
}

/// The flame graphs of two versions as one, in shares of [`SHARE_UNITS`].
///
/// Nodes are in order as in a [`FlameGraph`]. A node that one version does not have has the value 0 there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlameDifference {
    /// The names of functions, each once.
    pub names: Vec<String>,
    /// Of each node, the position of its name in `names`.
    pub name: Vec<u32>,
    /// Of each node, the position of its parent; of the root, 0.
    pub parent: Vec<u32>,
    /// Of each node, its share in the first version.
    pub before: Vec<u64>,
    /// Of each node, its share in the second version.
    pub after: Vec<u64>,
    /// Of each node, at least how many installations of the first version have it.
    pub before_installations: Vec<u32>,
    /// Of each node, at least how many installations of the second version have it.
    pub after_installations: Vec<u32>,
}

impl FlameDifference {
    /// The difference of two profiles. Nodes below `min_share`, 0 to 1, in both are folded into an `(other)` of
    /// their parent.
    ///
    /// Of published sources it is made of what may be published of each, and tells no more than the two graphs.
    #[must_use]
    pub fn between_profiles(
        dictionary: &StackDictionary,
        before: FlameSource<'_>,
        after: FlameSource<'_>,
        min_share: f64,
    ) -> Self {
        let names = TreeNames::of_profiles(dictionary, &[before.profile, after.profile]);
        let trees = [before, after].map(|source| source.tree(&names, FlameMeasure::Share));
        let tree = CallTree::align_trees(&trees[0], &trees[1]).fold_small_shares(min_share);
        let totals = tree.totals();
        let (table, name) = used_names(&names, &tree);
        let nodes = tree.nodes();
        let shares = |side: usize| {
            let share = |value| FlameMeasure::Share.shown_value(value, totals[side], 1);
            nodes.iter().map(|node| share(node.values[side])).collect()
        };
        let counts = |source: FlameSource<'_>, side: usize| {
            nodes.iter().map(|node| source.shown_installations(node.installations[side])).collect()
        };
        Self {
            names: table,
            name,
            parent: nodes.iter().map(|node| node.parent).collect(),
            before: shares(0),
            after: shares(1),
            before_installations: counts(before, 0),
            after_installations: counts(after, 1),
        }
    }
}

/// The names that the nodes have, in the order of their first use, and of each node the position of its name.
fn used_names<const N: usize>(names: &TreeNames<'_>, tree: &CallTree<N>) -> (Vec<String>, Vec<u32>) {
    let mut new_position = vec![None; names.count()];
    let mut table = Vec::new();
    let mut position = |name: u32| {
        *new_position[name as usize].get_or_insert_with(|| {
            table.push(names.name(name).to_owned());
            table.len() as u32 - 1
        })
    };
    let positions = tree.nodes().iter().map(|node| position(node.name)).collect();
    (table, positions)
}

#[cfg(test)]
mod tests;
