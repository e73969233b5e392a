//! What is published of profiles: flame graphs with noise.
//!
//! A node is shown if its noisy number of installations is large enough, and its share has the noise of as many
//! installations, each with all of its time. What is not shown stays in the node that called it.

use serde::{Deserialize, Serialize};

use super::{
    ReleaseOfDay,
    noise::{NoiseInput, ReleaseNoise},
    rule::PublicationRule,
};
use crate::profiles::{
    DEFAULT_MIN_SHARE, FlameGraph, FlameMeasure, FlameSource, MergedProfile, OTHER_FUNCTION,
    ProfiledResource, PublishedNodes, ReleaseSymbols, SHARE_UNITS, StackDictionary,
};

/// A profile that is to be published.
#[derive(Debug, Clone, Copy)]
pub struct ProfileToPublish<'a> {
    /// The version that it is of; `None` for all.
    pub version: Option<&'a str>,
    /// What it measures.
    pub resource: ProfiledResource,
    /// The profile.
    pub profile: &'a MergedProfile,
    /// The names of the functions of its release, if they are known. Without them, a name that enough
    /// installations have is taken for one.
    pub symbols: Option<&'a ReleaseSymbols>,
}

/// A flame graph that is published. Its lists are those of a [`FlameGraph`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedFlameGraph {
    /// The version that it is of; `None` for all.
    pub version: Option<String>,
    /// What it measures.
    pub resource: ProfiledResource,
    /// Installations with a profile, with noise.
    pub installs: i64,
    /// The names of functions, each once.
    pub names: Vec<String>,
    /// Of each node, the position of its name in `names`.
    pub name: Vec<u32>,
    /// Of each node, the position of its parent; of the root, 0.
    pub parent: Vec<u32>,
    /// Of each node, its share with noise, in [`SHARE_UNITS`].
    pub value: Vec<u64>,
    /// Of each node, how many installations have it, with noise.
    pub installations: Vec<i64>,
}

/// The flame graph of a profile; `None` if too few installations have a profile.
#[must_use]
pub fn publish_profile(
    rule: &PublicationRule,
    release: ReleaseOfDay<'_>,
    day: u32,
    dictionary: &StackDictionary,
    source: ProfileToPublish<'_>,
) -> Option<PublishedFlameGraph> {
    let noise = ReleaseNoise::new(rule, release.key, release.product, day, release.stage);
    let work = NoisyGraph { rule, noise, source };
    let installs = work.noisy_installs(source.profile.installations, &[])?;
    let graph = exact_graph(rule, dictionary, source);
    Some(work.publish(&graph, installs))
}

/// The graph of all nodes with names that may be published.
fn exact_graph(
    rule: &PublicationRule,
    dictionary: &StackDictionary,
    source: ProfileToPublish<'_>,
) -> FlameGraph {
    let graph_of = |published| {
        let source = FlameSource { profile: source.profile, published };
        FlameGraph::from_profile(dictionary, source, FlameMeasure::Share, 0.0)
    };
    // Nodes are shown by their noisy numbers, so none is folded by its exact one.
    let with_names_of = |symbols| graph_of(Some(PublishedNodes { min_installations: 1, symbols }));
    if let Some(symbols) = source.symbols {
        return with_names_of(symbols);
    }
    let graph = graph_of(None);
    let seen = graph.name.iter().zip(&graph.installations);
    let seen = seen.filter(|(_, installations)| **installations >= rule.smallest_group());
    let symbols = seen.filter_map(|(name, _)| graph.names.get(*name as usize).cloned()).collect();
    with_names_of(&symbols)
}

struct NoisyGraph<'a> {
    rule: &'a PublicationRule,
    noise: ReleaseNoise,
    source: ProfileToPublish<'a>,
}

impl NoisyGraph<'_> {
    fn noise_of(&self, path: &[&str], what: &str) -> f64 {
        let resource = match self.source.resource {
            ProfiledResource::Cpu => "cpu",
            ProfiledResource::Heap => "heap",
        };
        let of_version = self.source.version.map_or_else(|| vec!["all"], |version| vec!["version", version]);
        let labels = [&of_version[..], &[resource, what], path].concat();
        self.noise.real(NoiseInput { counted: "profiles", base: None, labels: &labels })
    }

    /// The noisy number of installations, if it is large enough.
    fn noisy_installs(&self, installs: u32, path: &[&str]) -> Option<i64> {
        if installs < self.rule.smallest_group() {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is cut to a few hundred at most")]
        let noise = self.noise_of(path, "installs").round() as i64;
        self.rule.shows(installs, noise).then_some(i64::from(installs) + noise)
    }

    /// A share with the noise of as many installations as a number of them has.
    fn noisy_share(&self, share: u64, installs: i64, path: &[&str]) -> u64 {
        #[expect(clippy::cast_precision_loss, reason = "a share with noise needs no last digit")]
        let noisy = share as f64 + self.noise_of(path, "share") * SHARE_UNITS as f64 / installs as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and a billion"
        )]
        let noisy = noisy.clamp(0.0, SHARE_UNITS as f64) as u64;
        noisy
    }

    /// Shares below this are mostly noise.
    fn least_share(&self, installs: i64) -> u64 {
        #[expect(clippy::cast_precision_loss, reason = "a bound needs no last digit")]
        let least = DEFAULT_MIN_SHARE.max(self.rule.noise_sd() / installs as f64) * SHARE_UNITS as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below a billion")]
        let least = least as u64;
        least
    }

    fn publish(&self, graph: &FlameGraph, installs: i64) -> PublishedFlameGraph {
        let mut shown = ShownNodes::default();
        // Of each node of the graph, its place among those that are shown.
        let mut places: Vec<Option<u32>> = Vec::with_capacity(graph.name.len());
        let mut paths: Vec<Vec<&str>> = Vec::new();
        for node in 0..graph.name.len() {
            let name = graph.names[graph.name[node] as usize].as_str();
            if node == 0 {
                shown.add(name, 0, SHARE_UNITS, installs);
                places.push(Some(0));
                paths.push(Vec::new());
                continue;
            }
            let place = places[graph.parent[node] as usize].and_then(|parent| {
                if name == OTHER_FUNCTION {
                    return None;
                }
                let path = [&paths[parent as usize][..], &[name]].concat();
                let node_installs = self.noisy_installs(graph.installations[node], &path)?;
                let share = self.noisy_share(graph.value[node], installs, &path);
                let share = share.min(shown.rest[parent as usize]);
                if share < self.least_share(installs) {
                    return None;
                }
                paths.push(path);
                Some(shown.add(name, parent, share, node_installs))
            });
            places.push(place);
        }
        PublishedFlameGraph {
            version: self.source.version.map(str::to_owned),
            resource: self.source.resource,
            installs,
            names: shown.names,
            name: shown.name,
            parent: shown.parent,
            value: shown.value,
            installations: shown.installations,
        }
    }
}

/// The lists of a graph while nodes are added.
#[derive(Default)]
struct ShownNodes {
    names: Vec<String>,
    name: Vec<u32>,
    parent: Vec<u32>,
    value: Vec<u64>,
    installations: Vec<i64>,
    /// Of each node, what its children so far have left of its share.
    rest: Vec<u64>,
    numbers: std::collections::HashMap<String, u32>,
}

impl ShownNodes {
    fn add(&mut self, name: &str, parent: u32, share: u64, installs: i64) -> u32 {
        let place = u32::try_from(self.name.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(name.to_owned()).or_insert_with(|| {
            self.names.push(name.to_owned());
            u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(rest) = self.rest.get_mut(parent as usize) {
            *rest = rest.saturating_sub(share);
        }
        self.name.push(number);
        self.parent.push(parent);
        self.value.push(share);
        self.installations.push(installs);
        self.rest.push(share);
        place
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::{
        profiles::{InstallationStacks, ProfileDay},
        published::{NoiseKey, ReleaseStage},
    };

    /// Installations that spend three quarters in `main;query`, and the last `rare` of them the rest in `main;rare`.
    fn profile(installations: u32, rare: u32) -> (StackDictionary, MergedProfile) {
        let mut dictionary = StackDictionary::default();
        let query = dictionary.add_stack_names(["main", "query"]);
        let sleep = dictionary.add_stack_names(["main", "sleep"]);
        let seldom = dictionary.add_stack_names(["main", "rare"]);
        let mut day = ProfileDay::new(&dictionary);
        for number in 0..installations {
            let other = if number < installations - rare { sleep } else { seldom };
            day.add_installation(&InstallationStacks {
                version: "1.0",
                resource: ProfiledResource::Cpu,
                reports: NonZeroU32::MIN,
                stacks: &[(query, 750), (other, 250)],
            });
        }
        let profile = day.into_profiles().swap_remove(0).profile;
        (dictionary, profile)
    }

    fn published(
        rule: &PublicationRule,
        key: u8,
        installations: u32,
        rare: u32,
        symbols: Option<&ReleaseSymbols>,
    ) -> Option<PublishedFlameGraph> {
        let (dictionary, profile) = profile(installations, rare);
        let key = NoiseKey::new([key; 32]);
        let release = ReleaseOfDay { product: "coroot", stage: ReleaseStage::Final, key: &key };
        let resource = ProfiledResource::Cpu;
        let source = ProfileToPublish { version: Some("1.0"), resource, profile: &profile, symbols };
        publish_profile(rule, release, 20_786, &dictionary, source)
    }

    fn names(graph: &PublishedFlameGraph) -> Vec<&str> {
        graph.name.iter().map(|name| graph.names[*name as usize].as_str()).collect()
    }

    #[test]
    fn a_function_of_few_installations_is_not_shown_and_one_of_many_is() {
        let rule = PublicationRule::default();
        for key in 0..40 {
            let graph = published(&rule, key, 2000, 9, None).unwrap();
            assert_eq!(names(&graph), ["(all)", "main", "query", "sleep"], "{key}");
        }
        let graph = published(&rule, 1, 2000, 800, None).unwrap();
        assert_eq!(names(&graph), ["(all)", "main", "query", "rare", "sleep"]);
    }

    #[test]
    fn nothing_is_published_of_profiles_of_few_installations() {
        for key in 0..40 {
            assert_eq!(published(&PublicationRule::default(), key, 9, 0, None), None, "{key}");
        }
    }

    #[test]
    fn shares_are_near_the_truth_but_not_exact() {
        let rule = PublicationRule::default();
        let exact = published(&rule.clone().without_noise(), 1, 2000, 0, None).unwrap();
        assert_eq!((exact.value[2], exact.installations[2]), (750_000_000, 2000));
        let mut different = std::collections::BTreeSet::new();
        for key in 0..40 {
            let graph = published(&rule, key, 2000, 0, None).unwrap();
            let off = graph.value[2].abs_diff(750_000_000);
            // 75 of 1,925 installations at least.
            assert!(off <= 40_000_000, "{key}: {off}");
            assert!(graph.installations[2].abs_diff(2000) <= 75);
            different.insert(graph.value[2]);
        }
        assert!(different.len() > 30, "{different:?}");
    }

    #[test]
    fn children_together_are_never_more_than_what_calls_them() {
        for key in 0..40 {
            let graph = published(&PublicationRule::default(), key, 400, 150, None).unwrap();
            for node in 0..graph.value.len() {
                let children = (1..graph.value.len()).filter(|child| graph.parent[*child] as usize == node);
                let sum: u64 = children.map(|child| graph.value[child]).sum();
                assert!(sum <= graph.value[node], "{key} {node}");
            }
        }
    }

    #[test]
    fn a_name_that_is_not_in_the_list_of_the_release_is_not_shown() {
        let symbols: ReleaseSymbols = ["main", "sleep"].into_iter().collect();
        let graph = published(&PublicationRule::default(), 1, 2000, 0, Some(&symbols)).unwrap();
        assert_eq!(names(&graph), ["(all)", "main", "sleep"]);
    }
}
