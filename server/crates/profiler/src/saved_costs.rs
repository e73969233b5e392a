//! Defines the form in which the costs since the last report survive a clean restart.
//!
//! It contains only what a report would contain, by the names of functions. It is read from a file, so its
//! bounds and its names are checked like those of any input.

use std::collections::HashMap;

use headcount_shared::limits::PROCESS_SAMPLES;
use serde::{Deserialize, Serialize};

use super::{
    name_scrubber, pprof,
    symbols::{FunctionLocation, FunctionNames},
};

/// The maximum of stacks. A busy server has a few thousand in an hour; samples of the rarest ones count as
/// not recorded.
const STACKS: usize = 10_000;

/// The maximum of functions in a stack, as in the sampler.
const DEPTH: usize = 128;

/// The name for samples without a known stack.
pub(super) const NOT_RECORDED: &str = "[not recorded]";

/// What a process cost since the last report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedCosts {
    /// CPU usage in cores, oldest first.
    pub(super) cpu_usage: Vec<f64>,
    /// Resident memory in bytes, oldest first.
    pub(super) memory_usage: Vec<u64>,
    /// The CPU profile, if there is one.
    pub(super) cpu_profile: Option<SavedProfile>,
}

/// A CPU profile by the names of functions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedProfile {
    /// When it began and ended, in Unix seconds.
    pub(super) from: u64,
    pub(super) to: u64,
    /// Names, and whether they are functions of the program.
    pub(super) functions: Vec<(String, bool)>,
    /// Indexes of functions, the innermost first, and how often that stack was seen.
    pub(super) stacks: Vec<(Vec<u32>, u64)>,
}

impl SavedCosts {
    /// Removes what a process cannot have saved: too many samples, or invalid numbers.
    pub(super) fn checked(mut self) -> Self {
        self.cpu_usage.retain(|cores| cores.is_finite() && *cores >= 0.0);
        keep_newest(&mut self.cpu_usage);
        keep_newest(&mut self.memory_usage);
        self.cpu_profile = self.cpu_profile.filter(|profile| profile.from <= profile.to);
        self
    }
}

fn keep_newest<T>(samples: &mut Vec<T>) {
    samples.drain(..samples.len().saturating_sub(PROCESS_SAMPLES));
}

impl SavedProfile {
    /// The most frequent stacks.
    pub(super) fn new(from: u64, to: u64, names: &FunctionNames, samples: &pprof::StackSamples) -> Self {
        let mut stacks: Vec<_> =
            samples.iter().map(|(stack, [count, _])| (stack.clone(), count.unsigned_abs())).collect();
        stacks.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let dropped: u64 = stacks.drain(STACKS.min(stacks.len())..).map(|(_, count)| count).sum();
        let functions = names.functions().iter();
        let mut functions: Vec<_> = functions
            .map(|function| (function.name.clone(), function.home == FunctionLocation::Program))
            .collect();
        if dropped > 0 {
            let not_recorded = u32::try_from(functions.len()).unwrap_or(u32::MAX);
            functions.push((NOT_RECORDED.to_owned(), true));
            stacks.push((vec![not_recorded], dropped));
        }
        Self { from, to, functions, stacks }
    }

    /// The stacks, with the numbers of `names`, and how often each was seen. Adds missing functions to
    /// `names`. Omits stacks with an invalid function.
    pub(super) fn stacks_in(&self, names: &mut FunctionNames) -> Vec<(Vec<u32>, u64)> {
        let mut known = HashMap::new();
        let mut stacks = Vec::new();
        for (stack, count) in self.stacks.iter().take(STACKS + 1) {
            let functions = stack.iter().take(DEPTH).map(|&place| {
                let (name, is_programs) = self.functions.get(place as usize)?;
                Some(*known.entry(place).or_insert_with(|| add_function(names, name, *is_programs)))
            });
            stacks.extend(functions.collect::<Option<Vec<u32>>>().map(|stack| (stack, *count)));
        }
        stacks.retain(|(stack, count)| !stack.is_empty() && *count > 0);
        stacks
    }
}

fn add_function(names: &mut FunctionNames, name: &str, is_programs: bool) -> u32 {
    if is_programs {
        names.add_function(FunctionLocation::Program, &name_scrubber::function_name(name), 0)
    } else {
        names.add_function(FunctionLocation::System, name_scrubber::system_function_name(name), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(stacks: &[(&[&str], i64)]) -> (FunctionNames, SavedProfile) {
        let (mut names, mut samples) = (FunctionNames::default(), pprof::StackSamples::new());
        for (stack, count) in stacks {
            let stack =
                stack.iter().map(|name| names.add_function(FunctionLocation::Program, name, 5)).collect();
            pprof::add_sample(&mut samples, stack, [*count, *count]);
        }
        let saved = SavedProfile::new(1, 2, &names, &samples);
        (names, saved)
    }

    #[test]
    fn a_profile_is_the_same_by_other_numbers() {
        let (_, saved) = profile(&[(&["leaf", "root"][..], 3), (&["root"], 1)]);
        let json = serde_json::to_vec(&saved).unwrap();
        let saved: SavedProfile = serde_json::from_slice(&json).unwrap();

        let mut names = FunctionNames::default();
        names.add_function(FunctionLocation::Program, "another", 7);
        let root = names.add_function(FunctionLocation::Program, "root", 9);
        let stacks = saved.stacks_in(&mut names);

        let leaf = names.add_function(FunctionLocation::Program, "leaf", 0);
        assert_eq!(stacks, [(vec![leaf, root], 3), (vec![root], 1)]);
        assert_eq!(names.functions()[root as usize].address, 9, "where it is now");
    }

    #[test]
    fn stacks_are_bounded_and_no_sample_is_lost() {
        let names: Vec<String> = (0..STACKS + 10).map(|n| format!("f{n}")).collect();
        let stacks: Vec<[&str; 1]> = names.iter().map(|name| [name.as_str()]).collect();
        let stacks: Vec<(&[&str], i64)> =
            stacks.iter().enumerate().map(|(n, stack)| (&stack[..], if n == 3 { 1 } else { 2 })).collect();
        let (_, saved) = profile(&stacks);
        let mut names = FunctionNames::default();
        let restored = saved.stacks_in(&mut names);
        assert_eq!(restored.len(), STACKS + 1);
        assert_eq!(restored.iter().map(|(_, count)| count).sum::<u64>(), 2 * (STACKS as u64 + 10) - 1);
        let (last, count) = restored.last().unwrap();
        assert_eq!((names.name(last[0]), *count), (NOT_RECORDED, 19));
    }

    #[test]
    fn a_file_that_was_changed_brings_in_no_paths_and_no_names_of_the_system() {
        let saved = SavedProfile {
            functions: vec![("/home/jane/x".to_owned(), true), ("acme_hook".to_owned(), false)],
            stacks: vec![(vec![0, 1], 2), (vec![7], 1), (vec![], 5), (vec![0], 0)],
            ..SavedProfile::default()
        };
        let mut names = FunctionNames::default();
        let stacks = saved.stacks_in(&mut names);
        assert_eq!(stacks, [(vec![0, 1], 2)]);
        assert_eq!((names.name(0), names.name(1)), ("…", "[system]"));
    }

    #[test]
    fn what_measures_nothing_is_left_out() {
        let costs = SavedCosts {
            cpu_usage: vec![-1.0, f64::NAN, 0.5],
            memory_usage: (0..PROCESS_SAMPLES as u64 + 2).collect(),
            cpu_profile: Some(SavedProfile { from: 2, to: 1, ..SavedProfile::default() }),
        };
        let checked = costs.checked();
        assert_eq!(checked.cpu_usage, [0.5]);
        assert_eq!((checked.memory_usage.len(), checked.memory_usage[0]), (PROCESS_SAMPLES, 2));
        assert_eq!(checked.cpu_profile, None);
    }
}
