//! Tests the sums of a day.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::profiles::{
    WHOLE_SHARE,
    stack_identity::{FunctionId, OTHER_FUNCTION},
    test_profiles::{RandomFleet, RandomInstallation, any_installation},
};

fn add(
    day: &mut ProfileDay<&StackDictionary>,
    resource: ProfiledResource,
    reports: u32,
    stacks: &[(StackId, u64)],
) {
    let reports = NonZeroU32::new(reports).expect("at least one");
    day.add_installation(&InstallationStacks { version: "1.0", resource, reports, stacks });
}

fn only_profile(day: ProfileDay<&StackDictionary>) -> MergedProfile {
    let mut profiles = day.into_profiles();
    assert_eq!(profiles.len(), 1, "{profiles:?}");
    profiles.remove(0).profile
}

fn totals(profile: &MergedProfile, id: StackId) -> (u128, u64, u32) {
    let stack = profile.stacks().iter().find(|stack| stack.id == id).expect("the stack");
    (stack.value, stack.share, stack.installations)
}

#[test]
fn an_installation_counts_by_its_own_fraction() {
    let mut dictionary = StackDictionary::default();
    let (run, idle) =
        (dictionary.add_stack_names(["main", "run"]), dictionary.add_stack_names(["main", "idle"]));
    let mut day = ProfileDay::new(&dictionary);
    add(&mut day, ProfiledResource::Cpu, 2, &[(run, 500_000), (idle, 250_000), (run, 250_000)]);
    add(&mut day, ProfiledResource::Cpu, 1, &[(run, 1), (idle, 3)]);
    add(&mut day, ProfiledResource::Cpu, 1, &[(run, 0)]);
    add(&mut day, ProfiledResource::Cpu, 1, &[]);

    let profile = only_profile(day);

    assert_eq!((profile.days, profile.installations, profile.observations), (1, 2, 2));
    assert_eq!(totals(&profile, run), (750_001, WHOLE_SHARE, 2));
    assert_eq!(totals(&profile, idle), (250_003, WHOLE_SHARE, 2));
}

#[test]
fn memory_is_the_mean_of_the_reports_and_cpu_time_their_sum() {
    let mut dictionary = StackDictionary::default();
    let stack = dictionary.add_stack_names(["main"]);
    for (resource, expected) in [(ProfiledResource::Cpu, 900), (ProfiledResource::Heap, 300)] {
        let mut day = ProfileDay::new(&dictionary);
        add(&mut day, resource, 3, &[(stack, 400), (stack, 500)]);
        assert_eq!(totals(&only_profile(day), stack).0, expected);
    }
}

#[test]
fn a_function_that_calls_itself_counts_once_a_stack() {
    let mut dictionary = StackDictionary::default();
    let deep = dictionary.add_stack_names(["main", "walk", "walk", "walk"]);
    let flat = dictionary.add_stack_names(["main", "walk", "read"]);
    let mut day = ProfileDay::new(&dictionary);
    add(&mut day, ProfiledResource::Cpu, 1, &[(deep, 1), (flat, 3)]);

    let profile = only_profile(day);

    let function = |name| {
        let id = FunctionId::from_name(name);
        profile.functions().iter().find(|function| function.id == id).expect("the function")
    };
    let quarter = WHOLE_SHARE / 4;
    assert_eq!((function("walk").own.sum, function("walk").total.sum), (quarter, WHOLE_SHARE));
    assert_eq!((function("read").own.sum, function("read").total.sum), (3 * quarter, 3 * quarter));
    assert_eq!((function("main").own.sum, function("main").total.sum), (0, WHOLE_SHARE));
    assert_eq!(function("read").own.squares, u128::from(3 * quarter).pow(2));
}

#[test]
fn stacks_that_nobody_can_explain_are_counted_as_others() {
    let mut dictionary = StackDictionary::default();
    let known = dictionary.add_stack_names(["main"]);
    let mut day = ProfileDay::new(&dictionary);
    let stacks = [(known, 5), (StackId(1), 10), (StackId(2), 20), (StackId::other(), 40)];
    add(&mut day, ProfiledResource::Cpu, 1, &stacks);
    assert_eq!(day.unknown_stacks(), 2);
    let profile = only_profile(day);
    assert_eq!(totals(&profile, StackId::other()).0, 70);
    assert_eq!(totals(&profile, StackId::other()).2, 1);
    assert_eq!(profile.stacks().len(), 2);
}

#[test]
fn versions_and_resources_are_kept_apart() {
    let mut dictionary = StackDictionary::default();
    let stack = dictionary.add_stack_names(["main"]);
    let mut day = ProfileDay::new(&dictionary);
    for (version, resource) in
        [("2", ProfiledResource::Heap), ("1", ProfiledResource::Heap), ("2", ProfiledResource::Cpu)]
    {
        let (reports, stacks) = (NonZeroU32::MIN, &[(stack, 1)][..]);
        day.add_installation(&InstallationStacks { version, resource, reports, stacks });
    }
    let found: Vec<_> =
        day.into_profiles().into_iter().map(|profile| (profile.version, profile.resource)).collect();
    let expected =
        [("1", ProfiledResource::Heap), ("2", ProfiledResource::Cpu), ("2", ProfiledResource::Heap)];
    assert_eq!(found, expected.map(|(version, resource)| (version.to_owned(), resource)));
}

#[test]
fn invented_stacks_do_not_fill_the_store() {
    let mut dictionary = StackDictionary::default();
    let shared = dictionary.add_stack_names(["main", "run"]);
    let invented: Vec<StackId> = (0..MAX_STACKS_A_DAY + 500)
        .map(|number| dictionary.add_stack_names(["main", format!("invented{number}").as_str()]))
        .collect();
    let mut day = ProfileDay::new(&dictionary);
    for stacks in invented.chunks(100) {
        let mut stacks: Vec<_> = stacks.iter().map(|&stack| (stack, 1)).collect();
        stacks.push((shared, 100));
        add(&mut day, ProfiledResource::Cpu, 1, &stacks);
    }

    let profile = only_profile(day);

    assert_eq!(profile.stacks().len(), MAX_STACKS_A_DAY);
    assert!(profile.functions().len() <= MAX_FUNCTIONS_A_DAY);
    assert!(profile.stacks().is_sorted_by(|left, right| left.id < right.id));
    assert!(profile.functions().is_sorted_by(|left, right| left.id < right.id));
    let (value, _, installations) = totals(&profile, StackId::other());
    assert_eq!((value, installations), (502, 1));
    assert_eq!(totals(&profile, shared).2, 205);
    let sum: u128 = profile.stacks().iter().map(|stack| stack.value).sum();
    assert_eq!(sum, 205 * 100 + MAX_STACKS_A_DAY as u128 + 500);
    let main = FunctionId::from_name("main");
    let main = profile.functions().iter().find(|function| function.id == main).expect("the function");
    assert_eq!(main.installations, 205);
}

/// The same sums, made the plain way.
fn expected_sums(installations: &[&RandomInstallation]) -> BTreeMap<String, (u128, f64, u32)> {
    let mut sums = BTreeMap::<String, (u128, f64, u32)>::new();
    for installation in installations {
        let mut own = BTreeMap::<String, u64>::new();
        for (stack, value) in &installation.stacks {
            let name = stack.iter().map(|function| format!("f{function}")).collect::<Vec<_>>().join(";");
            *own.entry(name).or_default() += value;
        }
        if installation.resource == ProfiledResource::Heap {
            own.values_mut().for_each(|value| *value /= u64::from(installation.reports));
        }
        let total: u64 = own.values().sum();
        for (name, value) in own.into_iter().filter(|(_, value)| *value > 0) {
            let sums = sums.entry(name).or_default();
            sums.0 += u128::from(value);
            sums.1 += value as f64 / total as f64;
            sums.2 += 1;
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_day_has_the_sums_of_its_installations(
        installations in proptest::collection::vec(any_installation(), 0..12),
    ) {
        let mut fleet = RandomFleet::default();
        for version in fleet.day(&installations) {
            let own: Vec<_> = installations
                .iter()
                .filter(|own| format!("1.{}", own.version) == version.version)
                .filter(|own| own.resource == version.resource)
                .collect();
            let expected = expected_sums(&own);
            let profile = &version.profile;
            prop_assert_eq!(profile.stacks().len(), expected.len());
            for stack in profile.stacks() {
                let names: Vec<_> = fleet.dictionary.stack_names(stack.id).expect("a known stack").collect();
                let (value, share, count) = expected[&names.join(";")];
                prop_assert_eq!((stack.value, stack.installations), (value, count));
                prop_assert!((stack.share as f64 / WHOLE_SHARE as f64 - share).abs() < 1e-7);
            }
            check_functions(&fleet.dictionary, profile)?;
        }
    }

    #[test]
    fn a_day_does_not_depend_on_the_order_of_its_installations(
        installations in proptest::collection::vec(any_installation(), 0..12),
    ) {
        let mut fleet = RandomFleet::default();
        let forwards = fleet.day(&installations);
        let backwards: Vec<_> = installations.into_iter().rev().collect();
        prop_assert_eq!(fleet.day(&backwards), forwards);
    }
}

/// Shares are rounded for each installation, so sums of them differ by less than one unit for each.
fn check_functions(dictionary: &StackDictionary, profile: &MergedProfile) -> Result<(), TestCaseError> {
    let mut totals = BTreeMap::<&str, u64>::new();
    let mut own = BTreeMap::<&str, u64>::new();
    for stack in profile.stacks() {
        let names: Vec<_> = dictionary.stack_names(stack.id).expect("a known stack").collect();
        *own.entry(names[names.len() - 1]).or_default() += stack.share;
        for name in names.into_iter().collect::<BTreeSet<_>>() {
            *totals.entry(name).or_default() += stack.share;
        }
    }
    prop_assert_eq!(profile.functions().len(), totals.len());
    for function in profile.functions() {
        let name = dictionary.name_of_function(function.id).expect("a known function");
        prop_assert!(name != OTHER_FUNCTION);
        prop_assert!(function.total.sum.abs_diff(totals[name]) < 200);
        prop_assert!(function.own.sum.abs_diff(own.get(name).copied().unwrap_or(0)) < 200);
        prop_assert!(function.own.squares <= function.total.squares);
        prop_assert!(function.installations <= profile.installations);
    }
    Ok(())
}
