//! Merges the profiles of many installations and answers where a program spends its time and memory.
//!
//! The way of a profile:
//!
//! 1. [`decode_profile`] turns the profile of a report into stacks of function names. A stack is named by a hash
//!    of its names, [`StackId`], and explained by a [`StackDictionary`].
//! 2. [`ProfileDay`] adds up the stacks of one product and day: a [`MergedProfile`] for each version and
//!    resource, in absolute values and in shares, where every installation counts by its own fraction.
//! 3. [`MergedProfile::encode_block`] makes it a compact block for storage; [`MergedProfile::merge_days`] makes
//!    weeks and longer periods of days.
//! 4. [`FlameGraph`], [`FlameDifference`] and [`rank_functions`] are the answers.
//!
//! Sums are of whole numbers, so that they do not depend on the order in which anything is added.

use serde::{Deserialize, Serialize};

pub use self::{
    call_tree::ALL_STACKS,
    decoded_profile::{
        DecodedProfile, DecodedStack, MAX_ENCODED_BYTES, MAX_FRAMES, MAX_STACKS, MAX_TOTAL,
        MAX_UNPACKED_BYTES, NamedFunction, ProfileError, decode_profile,
    },
    flame_graph::{
        DEFAULT_MIN_SHARE, FlameDifference, FlameGraph, FlameMeasure, FlameSource, PublishedNodes,
        ReleaseSymbols, SHARE_UNITS,
    },
    function_ranking::{
        AppearedFunction, FunctionChange, FunctionRanking, FunctionShare, RankingRule, rank_functions,
    },
    merged_profile::{FunctionTotals, MergedProfile, ShareMoments, StackTotals, WHOLE_SHARE},
    profile_block::ProfileBlockError,
    profile_call::ProfileCall,
    profile_day::{InstallationStacks, MAX_FUNCTIONS_A_DAY, MAX_STACKS_A_DAY, ProfileDay, VersionProfile},
    stack_dictionary::{StackDictionary, StackEntry},
    stack_identity::{
        CUT_FRAMES, FunctionId, OTHER_FUNCTION, StackId, TOO_LONG_NAME, UNNAMED_FUNCTION, UNREADABLE_NAME,
    },
};

mod call_tree;
mod decoded_profile;
mod flame_graph;
mod function_ranking;
mod merged_profile;
mod pprof_tables;
mod profile_block;
mod profile_call;
mod profile_day;
mod stack_dictionary;
mod stack_identity;
mod varint;
mod wire_fields;

#[cfg(test)]
mod test_profiles;

/// What a profile measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfiledResource {
    /// CPU time in nanoseconds. The reports of a day add up.
    Cpu,
    /// Memory that is held, in bytes. The day has the mean of its reports.
    Heap,
}

impl ProfiledResource {
    /// The type and unit by which a profile names its values.
    const fn sample_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Cpu => ("cpu", "nanoseconds"),
            Self::Heap => ("inuse_space", "bytes"),
        }
    }
}
