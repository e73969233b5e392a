//! Tests flame graphs and their differences.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::profiles::{
    ALL_STACKS, OTHER_FUNCTION,
    test_profiles::{RandomFleet, RandomInstallation, any_installation},
};

const ABSOLUTE: FlameMeasure = FlameMeasure::Absolute(ProfiledResource::Cpu);

fn exact(profile: &MergedProfile) -> FlameSource<'_> {
    FlameSource { profile, published: None }
}

/// Installations, each with stacks of functions and their values.
fn fleet_of(installations: &[&[(&[u8], u64)]]) -> (RandomFleet, MergedProfile) {
    let mut fleet = RandomFleet::default();
    let installations: Vec<_> = installations
        .iter()
        .map(|stacks| RandomInstallation {
            version: 0,
            resource: ProfiledResource::Cpu,
            reports: 1,
            stacks: stacks.iter().map(|(stack, value)| (stack.to_vec(), *value)).collect(),
        })
        .collect();
    let profile = fleet.profile(&installations);
    (fleet, profile)
}

/// The paths of the nodes, with what `value` says of each.
fn paths<T>(
    names: &[String],
    name: &[u32],
    parent: &[u32],
    value: impl Fn(usize) -> T,
) -> BTreeMap<String, T> {
    let mut paths: Vec<String> = Vec::new();
    for (node, &name) in name.iter().enumerate() {
        let name = &names[name as usize];
        let path = if node == 0 { name.clone() } else { format!("{};{name}", paths[parent[node] as usize]) };
        paths.push(path);
    }
    paths.into_iter().enumerate().map(|(node, path)| (path, value(node))).collect()
}

fn values(graph: &FlameGraph) -> BTreeMap<String, u64> {
    paths(&graph.names, &graph.name, &graph.parent, |node| graph.value[node])
}

fn counts(graph: &FlameGraph) -> BTreeMap<String, u32> {
    paths(&graph.names, &graph.name, &graph.parent, |node| graph.installations[node])
}

fn expect_nodes<T: Copy>(nodes: &[(&str, T)]) -> BTreeMap<String, T> {
    nodes.iter().map(|(path, value)| ((*path).to_owned(), *value)).collect()
}

#[test]
fn a_graph_has_a_node_for_each_path() {
    let (fleet, profile) =
        fleet_of(&[&[(&[0, 1], 3_000_000), (&[0, 1, 2], 1_000_000)], &[(&[0, 1], 1_000), (&[3], 3_000)]]);
    let graph = |measure| FlameGraph::from_profile(&fleet.dictionary, exact(&profile), measure, 0.0);
    let expected = [
        ("(all)", 4004),
        ("(all);f0", 4001),
        ("(all);f0;f1", 4001),
        ("(all);f0;f1;f2", 1000),
        ("(all);f3", 3),
    ];
    assert_eq!(values(&graph(ABSOLUTE)), expect_nodes(&expected));
    let expected = [
        ("(all)", 1_000_000_000),
        ("(all);f0", 625_000_000),
        ("(all);f0;f1", 625_000_000),
        ("(all);f0;f1;f2", 125_000_000),
        ("(all);f3", 375_000_000),
    ];
    assert_eq!(values(&graph(FlameMeasure::Share)), expect_nodes(&expected));
    let expected =
        [("(all)", 2), ("(all);f0", 2), ("(all);f0;f1", 2), ("(all);f0;f1;f2", 1), ("(all);f3", 1)];
    assert_eq!(counts(&graph(FlameMeasure::Share)), expect_nodes(&expected));
}

#[test]
fn memory_is_the_mean_of_the_days() {
    let (fleet, day) = fleet_of(&[&[(&[0], 4_000)]]);
    let week = day.merge_days(&day);
    let measure = FlameMeasure::Absolute(ProfiledResource::Heap);
    let graph = FlameGraph::from_profile(&fleet.dictionary, exact(&week), measure, 0.0);
    assert_eq!(graph.value, [4_000, 4_000]);
}

#[test]
fn a_node_that_all_stacks_of_its_function_go_through_has_their_installations() {
    let (fleet, profile) = fleet_of(&[&[(&[0, 1], 1)], &[(&[0, 2], 1)], &[(&[0, 3], 1)], &[(&[4, 3], 1)]]);
    let graph = FlameGraph::from_profile(&fleet.dictionary, exact(&profile), FlameMeasure::Share, 0.0);
    let counts = counts(&graph);
    assert_eq!((counts["(all);f0"], counts["(all);f0;f1"], counts["(all);f0;f3"]), (3, 1, 1));
}

#[test]
fn small_nodes_are_folded_into_one_of_their_parent() {
    let (fleet, profile) =
        fleet_of(&[&[(&[0, 1], 980_000), (&[0, 2, 4], 9_000), (&[0, 3], 8_000), (&[0], 3_000)]]);
    let graph = FlameGraph::from_profile(&fleet.dictionary, exact(&profile), ABSOLUTE, 0.01);
    let expected = [("(all)", 1000), ("(all);f0", 1000), ("(all);f0;(other)", 17), ("(all);f0;f1", 980)];
    assert_eq!(values(&graph), expect_nodes(&expected));
}

#[test]
fn a_profile_without_stacks_is_a_root() {
    let graph = FlameGraph::from_profile(
        &StackDictionary::default(),
        exact(&MergedProfile::default()),
        FlameMeasure::Share,
        DEFAULT_MIN_SHARE,
    );
    assert_eq!(values(&graph), expect_nodes(&[(ALL_STACKS, 0)]));
}

#[test]
fn a_stack_that_the_dictionary_does_not_know_is_an_other() {
    let (_, profile) = fleet_of(&[&[(&[0, 1], 5_000)]]);
    let graph = FlameGraph::from_profile(&StackDictionary::default(), exact(&profile), ABSOLUTE, 0.0);
    assert_eq!(values(&graph), expect_nodes(&[("(all)", 5), ("(all);(other)", 5)]));
}

#[test]
fn the_graph_in_json_is_lists() {
    let (fleet, profile) = fleet_of(&[&[(&[0, 0], 2_000)]]);
    let graph = FlameGraph::from_profile(&fleet.dictionary, exact(&profile), ABSOLUTE, 0.0);
    let json =
        r#"{"names":["(all)","f0"],"name":[0,1,1],"parent":[0,0,1],"value":[2,2,2],"installations":[1,1,1]}"#;
    assert_eq!(serde_json::to_string(&graph).expect("JSON"), json);
}

fn published_graph(
    installations: &[&[(&[u8], u64)]],
    min_installations: u32,
    listed: &[&str],
) -> BTreeMap<String, u64> {
    let (fleet, profile) = fleet_of(installations);
    let symbols: ReleaseSymbols = listed.iter().copied().collect();
    let published = Some(PublishedNodes { min_installations, symbols: &symbols });
    let source = FlameSource { profile: &profile, published };
    values(&FlameGraph::from_profile(&fleet.dictionary, source, ABSOLUTE, 0.0))
}

#[test]
fn what_few_installations_have_is_published_with_something_that_many_have() {
    let many: &[(&[u8], u64)] = &[(&[0, 1], 10_000), (&[0, 2], 20_000)];
    let few: &[(&[u8], u64)] = &[(&[0, 1], 10_000), (&[0, 2], 20_000), (&[0, 3], 7_000)];
    let listed = ["f0", "f1", "f2", "f3"];
    assert_eq!(
        published_graph(&[many, many, few], 3, &listed),
        expect_nodes(&[("(all)", 97), ("(all);f0", 97), ("(all);f0;(other)", 37), ("(all);f0;f2", 60)]),
        "f3 alone, or what f0 has beside f1 and f2, would tell of one installation"
    );
    assert_eq!(published_graph(&[few, few, few], 3, &listed).len(), 5);
    assert_eq!(published_graph(&[many, few], 3, &listed), expect_nodes(&[("(all)", 0)]));
}

#[test]
fn what_few_installations_take_in_a_function_itself_is_not_the_difference_to_its_callees() {
    let plain: &[(&[u8], u64)] = &[(&[0, 1], 10_000), (&[0, 2], 20_000)];
    let with_own: &[(&[u8], u64)] = &[(&[0, 1], 10_000), (&[0, 2], 20_000), (&[0], 5_000)];
    assert_eq!(
        published_graph(&[plain, plain, with_own], 3, &["f0", "f1", "f2"]),
        expect_nodes(&[("(all)", 95), ("(all);f0", 95), ("(all);f0;(other)", 35), ("(all);f0;f2", 60)]),
    );
}

#[test]
fn a_name_that_is_not_of_the_release_is_not_published() {
    let stacks: &[(&[u8], u64)] = &[(&[0, 1], 10_000), (&[0, 5, 1], 20_000)];
    assert_eq!(
        published_graph(&[stacks, stacks, stacks], 3, &["f0", "f1"]),
        expect_nodes(&[("(all)", 90), ("(all);f0", 90), ("(all);f0;(other)", 60), ("(all);f0;f1", 30)]),
    );
}

#[test]
fn published_counts_are_rounded_down() {
    let stacks: &[(&[u8], u64)] = &[(&[0], 10_000)];
    let (fleet, profile) = fleet_of(&[stacks; 29]);
    let symbols = ReleaseSymbols::from_iter(["f0"]);
    let published = Some(PublishedNodes { min_installations: 10, symbols: &symbols });
    let source = FlameSource { profile: &profile, published };
    let graph = FlameGraph::from_profile(&fleet.dictionary, source, FlameMeasure::Share, 0.0);
    assert_eq!(graph.installations, [20, 20]);
}

#[test]
fn a_difference_has_the_shares_of_both_versions() {
    let mut fleet = RandomFleet::default();
    let installation = |stacks: &[(&[u8], u64)]| RandomInstallation {
        version: 0,
        resource: ProfiledResource::Cpu,
        reports: 1,
        stacks: stacks.iter().map(|(stack, value)| (stack.to_vec(), *value)).collect(),
    };
    let before = fleet.profile(&[installation(&[(&[0, 1], 50), (&[0, 2], 49), (&[3], 1)])]);
    let after = fleet.profile(&[installation(&[(&[0, 2], 300), (&[0, 4, 5], 95), (&[4], 5)])]);
    let difference =
        FlameDifference::between_profiles(&fleet.dictionary, exact(&before), exact(&after), 0.02);
    let shares = paths(&difference.names, &difference.name, &difference.parent, |node| {
        let rounded = |share: u64| (share + 50_000) / 100_000;
        (rounded(difference.before[node]), rounded(difference.after[node]))
    });
    let expected = [
        ("(all)", (10_000, 10_000)),
        ("(all);(other)", (100, 125)),
        ("(all);f0", (9900, 9875)),
        ("(all);f0;f1", (5000, 0)),
        ("(all);f0;f2", (4900, 7500)),
        ("(all);f0;f4", (0, 2375)),
        ("(all);f0;f4;f5", (0, 2375)),
    ];
    assert_eq!(shares, expect_nodes(&expected));
    assert_eq!(difference.before_installations.iter().max(), Some(&1));
}

/// Parents come first, and children fit into them.
fn check_nodes(parent: &[u32], value: &[u64]) -> Result<(), TestCaseError> {
    let mut children = vec![0_u64; parent.len()];
    prop_assert_eq!(parent[0], 0);
    for node in 1..parent.len() {
        prop_assert!((parent[node] as usize) < node);
        children[parent[node] as usize] += value[node];
    }
    for node in 0..parent.len() {
        prop_assert!(children[node] <= value[node], "the children of {} have {}", node, children[node]);
    }
    Ok(())
}

fn check_siblings(names: &[String], name: &[u32], parent: &[u32]) -> Result<(), TestCaseError> {
    let distinct = paths(names, name, parent, |_| ());
    prop_assert_eq!(distinct.len(), name.len(), "siblings have different names");
    prop_assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn in_every_graph_children_fit_and_folding_keeps_totals(
        installations in proptest::collection::vec(any_installation(), 0..8),
        share: bool,
        min_share in 0.0..0.5,
        min_installations in 0_u32..4,
    ) {
        let mut fleet = RandomFleet::default();
        let profile = fleet.profile(&installations);
        let measure = if share { FlameMeasure::Share } else { FlameMeasure::Absolute(ProfiledResource::Heap) };
        let make = |source, min_share| FlameGraph::from_profile(&fleet.dictionary, source, measure, min_share);
        let all = make(exact(&profile), 0.0);
        let folded = make(exact(&profile), min_share);
        let symbols = ReleaseSymbols::from_iter(["f0", "f1", "f2", "f3"]);
        let published = Some(PublishedNodes { min_installations, symbols: &symbols });
        let published = make(FlameSource { profile: &profile, published }, min_share);

        for graph in [&all, &folded, &published] {
            check_nodes(&graph.parent, &graph.value)?;
            check_siblings(&graph.names, &graph.name, &graph.parent)?;
        }
        prop_assert_eq!(all.value[0], folded.value[0]);
        let sum = if share { u128::from(SHARE_UNITS) } else { profile.stacks().iter().map(|stack| stack.value).sum() };
        prop_assert!(profile.stacks().is_empty() || u128::from(all.value[0]) == sum);
        let all = values(&all);
        let is_other = |path: &str| path.contains(OTHER_FUNCTION);
        for (path, value) in values(&folded).into_iter().filter(|(path, _)| !is_other(path)) {
            prop_assert_eq!(all[&path], value);
            let share = value as f64 / all[ALL_STACKS] as f64;
            prop_assert!(path == ALL_STACKS || share > min_share - 1e-6, "{} has {}", path, share);
        }
        prop_assert_eq!(published.value[0], if profile.installations < min_installations { 0 } else { all[ALL_STACKS] });
        for name in published.names {
            prop_assert!(name == ALL_STACKS || symbols.has_name(&name), "{} is not of the release", name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_difference_of_published_values_tells_of_few_installations(
        installations in proptest::collection::vec(any_installation(), 0..8),
        min_installations in 1_u32..4,
    ) {
        let mut fleet = RandomFleet::default();
        let profile = fleet.profile(&installations);
        let symbols: ReleaseSymbols = (0..6).map(|function| format!("f{function}")).collect();
        let published = Some(PublishedNodes { min_installations, symbols: &symbols });
        let source = FlameSource { profile: &profile, published };
        let graph = FlameGraph::from_profile(&fleet.dictionary, source, FlameMeasure::Share, 0.0);
        check_groups(&graph, &installations, min_installations)?;
    }

    #[test]
    fn in_every_difference_children_fit_and_shares_are_those_of_the_graphs(
        before in proptest::collection::vec(any_installation(), 0..6),
        after in proptest::collection::vec(any_installation(), 0..6),
        min_share in 0.0..0.3,
    ) {
        let mut fleet = RandomFleet::default();
        let (before, after) = (fleet.profile(&before), fleet.profile(&after));
        let difference =
            FlameDifference::between_profiles(&fleet.dictionary, exact(&before), exact(&after), min_share);
        check_nodes(&difference.parent, &difference.before)?;
        check_nodes(&difference.parent, &difference.after)?;
        check_siblings(&difference.names, &difference.name, &difference.parent)?;
        let graph = |profile| FlameGraph::from_profile(&fleet.dictionary, exact(profile), FlameMeasure::Share, 0.0);
        let (before, after) = (values(&graph(&before)), values(&graph(&after)));
        let shares = paths(&difference.names, &difference.name, &difference.parent, |node| {
            (difference.before[node], difference.after[node])
        });
        for (path, shares) in shares.into_iter().filter(|(path, _)| !path.contains(OTHER_FUNCTION)) {
            let share = |values: &BTreeMap<String, u64>| values.get(&path).copied().unwrap_or(0);
            prop_assert_eq!(shares, (share(&before), share(&after)));
        }
    }
}

/// What an attacker can compute is the value of each node and of what a node has beside its children. Each
/// must be of enough installations, counted from what the installations really have.
fn check_groups(
    graph: &FlameGraph,
    installations: &[RandomInstallation],
    least: u32,
) -> Result<(), TestCaseError> {
    let shown: Vec<String> = {
        let mut by_node: Vec<String> = Vec::new();
        for (node, &name) in graph.name.iter().enumerate() {
            let name = &graph.names[name as usize];
            by_node.push(if node == 0 {
                String::new()
            } else {
                format!("{};{name}", by_node[graph.parent[node] as usize])
            });
        }
        by_node
    };
    let is_shown: BTreeSet<&String> = shown.iter().collect();
    // For each node, who has it, and for each node or other, who has what is in no shown child.
    let mut groups = BTreeMap::<String, BTreeSet<usize>>::new();
    for (number, installation) in installations.iter().enumerate() {
        for (stack, value) in &installation.stacks {
            if *value == 0 || graph.value[0] == 0 {
                continue;
            }
            let mut path = String::new();
            groups.entry(path.clone()).or_default().insert(number);
            let mut ends_in_shown = true;
            for function in stack {
                let child = format!("{path};f{function}");
                if !is_shown.contains(&child) {
                    ends_in_shown = false;
                    break;
                }
                path = child;
                groups.entry(path.clone()).or_default().insert(number);
            }
            let other = format!("{path};{OTHER_FUNCTION}");
            let has_other = is_shown.contains(&other);
            // Of a node with an other, what the node takes itself may be in either.
            let rest = if ends_in_shown || !has_other { format!("{path} itself") } else { other };
            groups.entry(rest).or_default().insert(number);
        }
    }
    for path in &shown {
        let other = format!("{path};{OTHER_FUNCTION}");
        if !is_shown.contains(&other) {
            continue;
        }
        let node = shown.iter().position(|shown| shown == path).unwrap_or(0);
        let children: u64 = (1..shown.len())
            .filter(|&child| graph.parent[child] as usize == node)
            .map(|child| graph.value[child])
            .sum();
        // Nothing beside the children but what rounding lost: what the node takes itself is in the other.
        if graph.value[node] - children < shown.len() as u64 {
            let own = groups.remove(&format!("{path} itself")).unwrap_or_default();
            groups.entry(other).or_default().extend(own);
        }
    }
    for (path, group) in groups {
        prop_assert!(group.len() >= least as usize, "{} tells of {:?} in {:?}", path, group, graph);
    }
    Ok(())
}
