//! Adds up what installations reported on one day.

use std::{borrow::Borrow, cmp::Reverse, collections::BTreeMap, num::NonZeroU32};

use rustc_hash::FxHashMap;

use super::{
    ProfiledResource,
    merged_profile::{FunctionTotals, MergedProfile, ShareMoments, StackTotals, WHOLE_SHARE, share_of},
    stack_dictionary::StackDictionary,
    stack_identity::{FunctionId, StackId},
};

/// Most stacks that a version has on a day. Of more, those with the largest shares are kept, and the stack
/// [`StackId::other`] has the sum of the others: a few senders cannot fill the store with invented stacks. A
/// function then counts the installations of that one of its kept stacks that the most have.
pub const MAX_STACKS_A_DAY: usize = 20_000;
/// Most functions that a version has on a day. Of more, those of the most installations are kept.
pub const MAX_FUNCTIONS_A_DAY: usize = 20_000;

/// What one installation reported on the day about one resource.
#[derive(Debug, Clone, Copy)]
pub struct InstallationStacks<'a> {
    /// The version of the product.
    pub version: &'a str,
    /// What was measured.
    pub resource: ProfiledResource,
    /// How many reports had a profile of it.
    pub reports: NonZeroU32,
    /// The stacks of all those reports, in any order; a stack may be there for each report.
    pub stacks: &'a [(StackId, u64)],
}

/// The profile of one version and resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionProfile {
    /// The version of the product.
    pub version: String,
    /// What was measured.
    pub resource: ProfiledResource,
    /// The sums over the installations.
    pub profile: MergedProfile,
}

/// The sums of one product and day while they are made.
///
/// Every installation is added once for each version and resource.
#[derive(Debug)]
pub struct ProfileDay<D> {
    dictionary: D,
    versions: BTreeMap<String, BTreeMap<ProfiledResource, VersionSums>>,
    unknown_stacks: u64,
    scratch: InstallationSums,
}

impl<D: Borrow<StackDictionary>> ProfileDay<D> {
    /// A day without installations. The dictionary must know their stacks.
    #[must_use]
    pub fn new(dictionary: D) -> Self {
        let scratch = InstallationSums::with_functions(dictionary.borrow().function_count());
        Self { dictionary, versions: BTreeMap::new(), unknown_stacks: 0, scratch }
    }

    /// The dictionary.
    pub fn dictionary(&self) -> &StackDictionary {
        self.dictionary.borrow()
    }

    /// Adds an installation. One without any value is not counted.
    pub fn add_installation(&mut self, installation: &InstallationStacks<'_>) {
        let divisor = match installation.resource {
            ProfiledResource::Cpu => 1,
            ProfiledResource::Heap => u64::from(installation.reports.get()),
        };
        self.scratch.own_shares.clear();
        self.unknown_stacks += self.scratch.add_up(self.dictionary.borrow(), installation.stacks, divisor);
        if self.scratch.total == 0 {
            return;
        }
        if !self.versions.contains_key(installation.version) {
            self.versions.insert(installation.version.to_owned(), BTreeMap::new());
        }
        if let Some(resources) = self.versions.get_mut(installation.version) {
            resources.entry(installation.resource).or_default().add(&mut self.scratch);
        }
    }

    /// The shares, 0 to 1, that functions take themselves in what was added last.
    pub fn last_own_shares(&self) -> impl Iterator<Item = (FunctionId, f64)> {
        let own = self.scratch.own_shares.iter();
        own.map(|(function, share)| {
            (self.dictionary.borrow().function_id(*function), *share as f64 / WHOLE_SHARE as f64)
        })
    }

    /// How many stacks of installations the dictionary does not know. They are counted as [`StackId::other`].
    #[must_use]
    pub const fn unknown_stacks(&self) -> u64 {
        self.unknown_stacks
    }

    /// The profiles of the day, by version and resource.
    #[must_use]
    pub fn into_profiles(self) -> Vec<VersionProfile> {
        let mut profiles = Vec::new();
        for (version, resources) in self.versions {
            for (resource, sums) in resources {
                let profile = sums.into_profile(self.dictionary.borrow());
                profiles.push(VersionProfile { version: version.clone(), resource, profile });
            }
        }
        profiles
    }
}

/// The sums of the installation that is being added. It is reused, so that nothing is allocated for each.
#[derive(Debug)]
struct InstallationSums {
    by_id: FxHashMap<StackId, u64>,
    /// Positions of stacks in the dictionary, and their values.
    stacks: Vec<(u32, u64)>,
    total: u64,
    /// What each function takes itself, and with what it calls. All zero between two installations.
    functions: Vec<[u64; 2]>,
    /// The functions that are not zero.
    touched: Vec<u32>,
    /// What functions took themselves, as shares, of the installation that was added last.
    own_shares: Vec<(u32, u64)>,
}

impl InstallationSums {
    fn with_functions(functions: usize) -> Self {
        Self {
            by_id: FxHashMap::default(),
            stacks: Vec::new(),
            total: 0,
            functions: vec![[0; 2]; functions],
            touched: Vec::new(),
            own_shares: Vec::new(),
        }
    }

    /// Replaces what is here by the sums of these values; answers how many were of unknown stacks.
    fn add_up(&mut self, dictionary: &StackDictionary, values: &[(StackId, u64)], divisor: u64) -> u64 {
        let mut unknown = 0;
        self.by_id.clear();
        for &(id, value) in values {
            let sum = self.by_id.entry(id).or_default();
            *sum = sum.saturating_add(value);
        }
        let other = dictionary.stack_position(StackId::other()).unwrap_or_default();
        let mut other_value = 0_u64;
        self.stacks.clear();
        self.total = 0;
        for (&id, &sum) in &self.by_id {
            let value = sum / divisor;
            if value == 0 {
                continue;
            }
            self.total = self.total.saturating_add(value);
            match dictionary.stack_position(id) {
                Some(stack) if stack != other => self.stacks.push((stack, value)),
                known => {
                    unknown += u64::from(known.is_none());
                    other_value = other_value.saturating_add(value);
                }
            }
        }
        if other_value > 0 {
            self.stacks.push((other, other_value));
        }
        self.add_up_functions(dictionary);
        unknown
    }

    fn add_up_functions(&mut self, dictionary: &StackDictionary) {
        for &(stack, value) in &self.stacks {
            for &function in dictionary.distinct_functions(stack) {
                let sums = &mut self.functions[function as usize];
                if *sums == [0; 2] {
                    self.touched.push(function);
                }
                sums[1] = sums[1].saturating_add(value);
            }
            if let Some(&leaf) = dictionary.frames(stack).last() {
                let own = &mut self.functions[leaf as usize][0];
                *own = own.saturating_add(value);
            }
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct StackSums {
    value: u128,
    share: u64,
    installations: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct FunctionSums {
    installations: u32,
    own: ShareMoments,
    total: ShareMoments,
}

/// The sums over installations, by the position of the stack or function in the dictionary.
#[derive(Debug, Default)]
struct VersionSums {
    installations: u32,
    stacks: FxHashMap<u32, StackSums>,
    functions: FxHashMap<u32, FunctionSums>,
}

impl VersionSums {
    /// Adds the installation and sets its functions back to zero.
    fn add(&mut self, installation: &mut InstallationSums) {
        self.installations += 1;
        let total = installation.total;
        for &(stack, value) in &installation.stacks {
            let sums = self.stacks.entry(stack).or_default();
            sums.value += u128::from(value);
            sums.share += share_of(value, total);
            sums.installations += 1;
        }
        for function in installation.touched.drain(..) {
            let [own, with_callees] = std::mem::take(&mut installation.functions[function as usize]);
            let sums = self.functions.entry(function).or_default();
            sums.installations += 1;
            sums.total.add_share(share_of(with_callees, total));
            if own > 0 {
                let share = share_of(own, total);
                sums.own.add_share(share);
                installation.own_shares.push((function, share));
            }
        }
    }

    fn into_profile(self, dictionary: &StackDictionary) -> MergedProfile {
        let stack = |(stack, sums): (u32, StackSums)| StackTotals {
            id: dictionary.stack_id(stack),
            value: sums.value,
            share: sums.share,
            installations: sums.installations,
        };
        let function = |(function, sums): (u32, FunctionSums)| FunctionTotals {
            id: dictionary.function_id(function),
            installations: sums.installations,
            own: sums.own,
            total: sums.total,
        };
        let is_bounded = self.stacks.len() > MAX_STACKS_A_DAY;
        let stacks = bounded_stacks(self.stacks.into_iter().map(stack).collect(), MAX_STACKS_A_DAY);
        let mut functions = self.functions;
        if is_bounded {
            count_by_kept_stacks(&mut functions, &stacks, dictionary);
        }
        MergedProfile {
            days: 1,
            installations: self.installations,
            observations: u64::from(self.installations),
            stacks,
            functions: bounded_functions(functions.into_iter().map(function).collect(), MAX_FUNCTIONS_A_DAY),
        }
    }
}

/// Who had a function in a stack that was not kept is not known any more.
fn count_by_kept_stacks(
    functions: &mut FxHashMap<u32, FunctionSums>,
    stacks: &[StackTotals],
    dictionary: &StackDictionary,
) {
    functions.values_mut().for_each(|sums| sums.installations = 0);
    for stack in stacks {
        let Some(position) = dictionary.stack_position(stack.id) else { continue };
        for function in dictionary.distinct_functions(position) {
            if let Some(sums) = functions.get_mut(function) {
                sums.installations = sums.installations.max(stack.installations);
            }
        }
    }
}

/// At most so many stacks, by ascending number. The stack for the others says how many installations had any
/// one of them at least.
fn bounded_stacks(mut stacks: Vec<StackTotals>, most: usize) -> Vec<StackTotals> {
    if stacks.len() > most {
        let other = StackId::other();
        // The stack for the others is the first to go, so that it is there once.
        stacks.sort_unstable_by_key(|stack| (stack.id == other, Reverse(stack.share), stack.id));
        let nothing = StackTotals { id: other, value: 0, share: 0, installations: 0 };
        let rest = stacks.drain(most - 1..).fold(nothing, |mut rest, stack| {
            rest.value += stack.value;
            rest.share += stack.share;
            rest.installations = rest.installations.max(stack.installations);
            rest
        });
        stacks.push(rest);
    }
    stacks.sort_unstable_by_key(|stack| stack.id);
    stacks
}

fn bounded_functions(mut functions: Vec<FunctionTotals>, most: usize) -> Vec<FunctionTotals> {
    if functions.len() > most {
        let rank = |function: &FunctionTotals| {
            (Reverse(function.installations), Reverse(function.total.sum), function.id)
        };
        functions.sort_unstable_by_key(rank);
        functions.truncate(most);
    }
    functions.sort_unstable_by_key(|function| function.id);
    functions
}

#[cfg(test)]
mod tests;
