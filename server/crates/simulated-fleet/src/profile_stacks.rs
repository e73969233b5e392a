//! Makes up the stacks of the program: which functions call which, and how much each stack costs in each release.
//!
//! They are the same for every seed, as they are those of one program.

use std::collections::BTreeMap;

use crate::{
    known_names::function_names,
    release_history::{DEARER_FUNCTION, ReleaseNumber},
    seeded_chance::{ChancePurpose, SeededChance},
};

/// The number of stacks of each kind of profile.
const STACKS: u32 = 320;

/// The share of stacks that only some releases have.
const CHANGED: f64 = 0.12;

/// The functions that every stack begins with, the outermost first.
const ROOT: [&str; 2] =
    ["tokio::runtime::scheduler::multi_thread::worker::run", "tokio::runtime::task::raw::poll"];

/// Where a stack goes from there: the function at the entry, the prefix of those that it calls, and the weight.
const PATHS: [(&str, &str, f64); 6] = [
    ("headcount_observer::world_load::load", "headcount_topology::", 38.0),
    ("headcount_prometheus::cache::SeriesCache::read", "headcount_prometheus::", 26.0),
    ("headcount_observer::world_load::load", "headcount_health::", 16.0),
    ("headcount_observer::world_load::load", "headcount_observer::", 8.0),
    ("tokio::runtime::task::raw::poll", "headcount::", 8.0),
    ("tokio::runtime::task::raw::poll", "hyper::", 4.0),
];

/// The prefixes of libraries that are called last.
const LIBRARIES: [&str; 6] = ["alloc::", "core::", "serde_json::", "flate2::", "zstd", "sqlx_core::"];

/// A stack.
#[derive(Debug, Clone)]
struct ProgramStack {
    /// Positions of functions, the innermost first.
    functions: Vec<u16>,
    weight: f64,
    /// The first and the last release that has it.
    releases: (ReleaseNumber, ReleaseNumber),
}

/// Stacks, and the sums of their weights by release.
#[derive(Debug, Clone)]
struct StackWeights {
    stacks: Vec<ProgramStack>,
    sums: Vec<Vec<f64>>,
}

/// The stacks of both kinds of profiles.
#[derive(Debug, Clone)]
pub(crate) struct StackCatalogue {
    functions: Vec<&'static str>,
    cpu: StackWeights,
    memory: StackWeights,
}

/// Which of the two profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SimulatedProfileKind {
    Cpu,
    Memory,
}

impl StackCatalogue {
    /// The stacks in so many releases.
    pub(crate) fn new(releases: usize) -> Self {
        let functions: Vec<_> = function_names().collect();
        let weights = |kind: SimulatedProfileKind| StackWeights::new(&functions, kind, releases);
        Self {
            cpu: weights(SimulatedProfileKind::Cpu),
            memory: weights(SimulatedProfileKind::Memory),
            functions,
        }
    }

    /// The names of the functions, by position.
    pub(crate) fn functions(&self) -> &[&'static str] {
        &self.functions
    }

    /// One stack of a release, each as probable as it is costly: its number, and its functions, the innermost first.
    pub(crate) fn choose(
        &self,
        kind: SimulatedProfileKind,
        release: ReleaseNumber,
        chance: &mut SeededChance,
    ) -> (usize, &[u16]) {
        let StackWeights { stacks, sums } = self.weights(kind);
        let sums = sums.get(release.0).map_or(&[][..], Vec::as_slice);
        let place = chance.share() * sums.last().copied().unwrap_or_default();
        let stack = sums.partition_point(|sum| *sum <= place).min(stacks.len().saturating_sub(1));
        (stack, stacks.get(stack).map_or(&[], |stack| &stack.functions))
    }

    /// The share, 0 to 1, that each function takes itself in the profiles of a release: that of the stacks
    /// whose innermost function it is. Functions that take nothing themselves are absent.
    pub(crate) fn own_shares(
        &self,
        kind: SimulatedProfileKind,
        release: ReleaseNumber,
    ) -> BTreeMap<&'static str, f64> {
        let stacks = &self.weights(kind).stacks;
        let weight = |stack: &ProgramStack| stack.weight_in(&self.functions, release);
        let whole: f64 = stacks.iter().map(weight).sum();
        let mut shares = BTreeMap::new();
        for stack in stacks.iter().filter(|stack| weight(stack) > 0.0) {
            if let Some(name) = stack.innermost(&self.functions) {
                *shares.entry(name).or_default() += weight(stack) / whole;
            }
        }
        shares
    }

    const fn weights(&self, kind: SimulatedProfileKind) -> &StackWeights {
        match kind {
            SimulatedProfileKind::Cpu => &self.cpu,
            SimulatedProfileKind::Memory => &self.memory,
        }
    }
}

impl ProgramStack {
    fn innermost(&self, functions: &[&'static str]) -> Option<&'static str> {
        self.functions.first().and_then(|at| functions.get(usize::from(*at))).copied()
    }

    /// What the stack costs in a release; 0 where it does not exist.
    fn weight_in(&self, functions: &[&'static str], release: ReleaseNumber) -> f64 {
        let (first, last) = self.releases;
        if release < first || last < release {
            return 0.0;
        }
        self.weight * self.innermost(functions).map_or(1.0, |name| release.function_factor(name))
    }
}

impl StackWeights {
    fn new(functions: &[&'static str], kind: SimulatedProfileKind, releases: usize) -> Self {
        let stacks: Vec<_> = (0..STACKS).map(|number| stack(functions, kind, number, releases)).collect();
        let sums = (0..releases).map(|release| sums(functions, &stacks, ReleaseNumber(release))).collect();
        Self { stacks, sums }
    }
}

/// The sums of the weights of stacks in a release.
fn sums(functions: &[&'static str], stacks: &[ProgramStack], release: ReleaseNumber) -> Vec<f64> {
    let sums = stacks.iter().scan(0.0, |sum, stack| {
        *sum += stack.weight_in(functions, release);
        Some(*sum)
    });
    sums.collect()
}

fn stack(
    functions: &[&'static str],
    kind: SimulatedProfileKind,
    number: u32,
    releases: usize,
) -> ProgramStack {
    let mut chance = SeededChance::new(0, ChancePurpose::Stacks, &[kind as u64, number.into()]);
    let (entry, prefix, _) =
        PATHS.get(chance.weighted(PATHS.iter().map(|(_, _, weight)| *weight))).copied().unwrap_or(PATHS[0]);
    let mut names: Vec<&str> = ROOT.to_vec();
    if !names.contains(&entry) {
        names.push(entry);
    }
    // The largest stack ends in the function that becomes more expensive.
    if number == 0 {
        names.push(DEARER_FUNCTION);
    } else {
        for _ in 0..1 + chance.below(5) {
            names.extend(one_with_prefix(functions, prefix, &mut chance));
        }
        if chance.happens(0.45) {
            let library = LIBRARIES.get(chance.below(LIBRARIES.len() as u32) as usize);
            names.extend(library.and_then(|library| one_with_prefix(functions, library, &mut chance)));
        }
    }
    let position = |name: &&str| functions.binary_search(name).ok().and_then(|at| u16::try_from(at).ok());
    let changed = chance.happens(CHANGED) && number > 20;
    let change = ReleaseNumber(chance.below(releases as u32) as usize);
    let ever = (ReleaseNumber(0), ReleaseNumber(usize::MAX));
    ProgramStack {
        functions: names.iter().rev().filter_map(position).collect(),
        weight: 1.0 / (f64::from(number) + 4.0),
        releases: match (changed, chance.happens(0.5)) {
            (false, _) => ever,
            (true, false) => (change, ever.1),
            (true, true) => (ever.0, change),
        },
    }
}

/// One of the functions whose names begin with a prefix. The names are sorted.
fn one_with_prefix(
    functions: &[&'static str],
    prefix: &str,
    chance: &mut SeededChance,
) -> Option<&'static str> {
    let begin = functions.partition_point(|name| *name < prefix);
    let count = functions.iter().skip(begin).take_while(|name| name.starts_with(prefix)).count();
    functions.get(begin + chance.below(count as u32) as usize).copied().filter(|_| count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release_history::{DEARER_RELEASE, tests::history};

    #[test]
    fn every_stack_is_of_known_functions_from_the_innermost_to_the_root() {
        let catalogue = StackCatalogue::new(12);
        assert!(catalogue.functions().is_sorted());
        for weights in [&catalogue.cpu, &catalogue.memory] {
            for stack in &weights.stacks {
                let names: Vec<_> =
                    stack.functions.iter().map(|at| catalogue.functions()[usize::from(*at)]).collect();
                assert_eq!(names.last(), Some(&ROOT[0]), "{names:?}");
                assert!((3..=10).contains(&names.len()), "{names:?}");
            }
        }
        for (entry, prefix, _) in PATHS {
            assert!(catalogue.functions().binary_search(&entry).is_ok(), "{entry}");
            assert!(
                one_with_prefix(
                    catalogue.functions(),
                    prefix,
                    &mut SeededChance::new(0, ChancePurpose::Stacks, &[])
                )
                .is_some()
            );
        }
    }

    #[test]
    fn a_function_that_is_innermost_in_a_stack_that_ended_is_named_as_changed() {
        let history = history(90);
        let catalogue = StackCatalogue::new(history.releases().count());
        let changed = catalogue.changed_functions(&history);
        let innermost = |stack: &ProgramStack| stack.innermost(&catalogue.functions);
        let is_alone = |stack: &&ProgramStack| {
            let of_function = |other: &&ProgramStack| innermost(other) == innermost(stack);
            catalogue.cpu.stacks.iter().filter(of_function).count() == 1
        };
        let ended = catalogue.cpu.stacks.iter().filter(is_alone).filter_map(|stack| {
            let after = history.releases().find(|release| *release > stack.releases.1)?;
            Some((innermost(stack)?, stack, after))
        });
        let mut named = 0;
        for (name, stack, after) in ended {
            let before = stack.releases.1;
            let share = stack.weight / catalogue.cpu.sums[before.0].last().unwrap();
            let found = changed.iter().find(|one| {
                (one.name.as_str(), one.resource.as_str(), one.version.as_str())
                    == (name, "cpu", history.version(after))
            });
            assert_eq!(found.is_some(), share >= 0.001, "{name} {share}");
            if let Some(found) = found {
                assert!((found.share_before - share).abs() < 1e-6 && found.share_after < 1e-9, "{found:?}");
                named += 1;
            }
        }
        assert!(named > 0, "the catalogue has such stacks");
    }

    #[test]
    fn one_release_makes_one_function_a_tenth_more_expensive() {
        let catalogue = StackCatalogue::new(12);
        let weight = |release: usize| catalogue.cpu.sums[release][0];
        let (before, since) = (weight(DEARER_RELEASE.0 - 1), weight(DEARER_RELEASE.0));
        assert!((since / before - 1.1).abs() < 1e-9, "{before} {since}");
        let (_, functions) = catalogue.choose(
            SimulatedProfileKind::Cpu,
            ReleaseNumber(0),
            &mut SeededChance::new(0, ChancePurpose::Stacks, &[]),
        );
        assert!(!functions.is_empty());
        let all = catalogue.cpu.sums[0].last().unwrap();
        assert!(before / all > 0.04, "{before} of {all}");
    }
}
