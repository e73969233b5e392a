//! Finds the functions that became more expensive from one version to another, and says how sure that is.
//!
//! An observation is the share that a function has in the profile of an installation; installations that do not
//! have the function count with a share of 0. Welch's t-test compares the means of the two versions, and the
//! correction of Benjamini and Hochberg takes into account that many functions are tested.
//!
//! The days of one installation are not independent of each other, so a version does not have as many
//! observations as there are installations and days: it has that number divided by the days. This is at most the
//! number that counts, because no installation has more than one observation a day.

use serde::{Deserialize, Serialize};

use super::{
    flame_graph::ReleaseSymbols,
    merged_profile::{FunctionTotals, MergedProfile, ShareMoments, WHOLE_SHARE},
    stack_dictionary::StackDictionary,
    stack_identity::PLACEHOLDERS,
};
use crate::student_t::two_sided_p_value;

/// Which share of a function is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FunctionShare {
    /// What the function takes itself.
    Own,
    /// What it takes with all that it calls.
    Total,
}

impl FunctionShare {
    const fn moments(self, function: &FunctionTotals) -> ShareMoments {
        match self {
            Self::Own => function.own,
            Self::Total => function.total,
        }
    }
}

/// What is ranked, and what counts as significant.
#[derive(Debug, Clone, Copy)]
pub struct RankingRule<'a> {
    /// Which share is compared.
    pub share: FunctionShare,
    /// Only functions that at least so many installations of both versions have are compared.
    pub min_installations: u32,
    /// The part of the significant changes that may be none, 0 to 1, such as 0.05.
    pub false_discovery_rate: f64,
    /// The names that may be shown; `None` for all.
    pub symbols: Option<&'a ReleaseSymbols>,
}

impl RankingRule<'_> {
    fn may_show(&self, name: &str) -> bool {
        !PLACEHOLDERS.contains(&name) && self.symbols.is_none_or(|symbols| symbols.has_name(name))
    }
}

/// How the share of a function changed. Shares are means over the installations, 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionChange {
    /// The function.
    pub name: String,
    /// The mean share in the first version.
    pub before: f64,
    /// The mean share in the second version.
    pub after: f64,
    /// `after` less `before`: above 0 for a function that became more expensive.
    pub difference: f64,
    /// The difference in standard deviations of a single installation (Cohen's d). `None` when all
    /// installations are equal.
    pub effect_size: Option<f64>,
    /// The probability of such a difference or a larger one, up or down, if nothing had changed.
    pub p_value: f64,
    /// The smallest rate of false discoveries at which this change is significant.
    pub adjusted_p_value: f64,
    /// Whether that is at most the rate asked for.
    pub is_significant: bool,
    /// At least how many installations of the first version have the function.
    pub before_installations: u32,
    /// At least how many installations of the second version have the function.
    pub after_installations: u32,
}

/// A function that enough installations of the second version have, but too few of the first to compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppearedFunction {
    /// The function.
    pub name: String,
    /// The mean share in the second version, 0 to 1.
    pub after: f64,
    /// At least how many installations of the second version have the function.
    pub after_installations: u32,
}

/// What became of the functions of one version in another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionRanking {
    /// All functions that were compared: first the significant changes, then the others, each from the largest
    /// increase of the share to the largest decrease.
    pub changes: Vec<FunctionChange>,
    /// Functions that are new, the most expensive first. Nothing is said about their significance.
    pub appeared: Vec<AppearedFunction>,
}

/// Ranks functions by how much more of an installation's time or memory they take in `after` than in `before`.
/// Functions that the dictionary does not know are left out.
#[must_use]
pub fn rank_functions(
    dictionary: &StackDictionary,
    before: &MergedProfile,
    after: &MergedProfile,
    rule: RankingRule<'_>,
) -> FunctionRanking {
    let mut ranking = FunctionRanking::default();
    for function in after.functions() {
        if function.installations < rule.min_installations {
            continue;
        }
        let Some(name) = dictionary.name_of_function(function.id).filter(|name| rule.may_show(name)) else {
            continue;
        };
        let found = before.functions().binary_search_by_key(&function.id, |function| function.id).ok();
        let earlier = found.map(|position| &before.functions()[position]);
        match earlier.filter(|earlier| earlier.installations >= rule.min_installations) {
            Some(earlier) => {
                let samples = [
                    ShareSample::from_moments(rule.share.moments(earlier), before),
                    ShareSample::from_moments(rule.share.moments(function), after),
                ];
                let installations = [earlier.installations, function.installations];
                ranking.changes.extend(change(name, samples, installations));
            }
            None => ranking.appeared.push(AppearedFunction {
                name: name.to_owned(),
                after: ShareSample::from_moments(rule.share.moments(function), after).mean,
                after_installations: function.installations,
            }),
        }
    }
    adjust_p_values(&mut ranking.changes, rule.false_discovery_rate);
    ranking.changes.sort_by(|left, right| {
        let significant_first = right.is_significant.cmp(&left.is_significant);
        let largest_first = right.difference.total_cmp(&left.difference);
        significant_first.then(largest_first).then_with(|| left.name.cmp(&right.name))
    });
    ranking
        .appeared
        .sort_by(|left, right| right.after.total_cmp(&left.after).then_with(|| left.name.cmp(&right.name)));
    ranking
}

/// The shares that a function has in the installations of a version.
#[derive(Debug, Clone, Copy)]
struct ShareSample {
    /// How many independent observations it counts for.
    size: f64,
    mean: f64,
    variance: f64,
}

impl ShareSample {
    fn from_moments(moments: ShareMoments, profile: &MergedProfile) -> Self {
        let observations = profile.observations as f64;
        let size = observations / f64::from(profile.days.max(1));
        if profile.observations < 2 {
            let mean = moments.sum as f64 / WHOLE_SHARE as f64 / observations.max(1.0);
            return Self { size, mean, variance: 0.0 };
        }
        // Exact until here: the difference of two large numbers that are nearly the same is what matters.
        let squares = moments.squares.saturating_mul(profile.observations.into());
        let deviation = squares.saturating_sub(u128::from(moments.sum).pow(2)) as f64;
        let whole = WHOLE_SHARE as f64;
        Self {
            size,
            mean: moments.sum as f64 / whole / observations,
            variance: deviation / (whole * whole) / (observations * (observations - 1.0)),
        }
    }

    fn squared_error(&self) -> f64 {
        self.variance / self.size
    }
}

/// `None` if a version has too few installations for any test.
fn change(name: &str, samples: [ShareSample; 2], installations: [u32; 2]) -> Option<FunctionChange> {
    let p_value = welch_p_value(samples)?;
    let [before, after] = samples;
    let difference = after.mean - before.mean;
    let degrees = before.size + after.size - 2.0;
    let pooled = (before.variance * (before.size - 1.0) + after.variance * (after.size - 1.0)) / degrees;
    Some(FunctionChange {
        name: name.to_owned(),
        before: before.mean,
        after: after.mean,
        difference,
        effect_size: (pooled > 0.0).then(|| difference / pooled.sqrt()),
        p_value,
        adjusted_p_value: p_value,
        is_significant: false,
        before_installations: installations[0],
        after_installations: installations[1],
    })
}

/// The p-value of Welch's t-test, two-sided. `None` if a sample is too small.
fn welch_p_value(samples: [ShareSample; 2]) -> Option<f64> {
    let [before, after] = samples;
    if before.size < 2.0 || after.size < 2.0 {
        return None;
    }
    let difference = after.mean - before.mean;
    let errors = samples.map(|sample| sample.squared_error());
    let error = errors[0] + errors[1];
    if error <= 0.0 {
        return Some(if difference == 0.0 { 1.0 } else { 0.0 });
    }
    let degrees = error * error
        / (errors[0] * errors[0] / (before.size - 1.0) + errors[1] * errors[1] / (after.size - 1.0));
    Some(two_sided_p_value(difference / error.sqrt(), degrees))
}

/// Benjamini and Hochberg: of `m` p-values, the one of rank `i` counts `m / i` times, but not more than a larger
/// one.
fn adjust_p_values(changes: &mut [FunctionChange], false_discovery_rate: f64) {
    changes.sort_by(|left, right| left.p_value.total_cmp(&right.p_value));
    let count = changes.len() as f64;
    let mut smallest = 1.0_f64;
    for (position, change) in changes.iter_mut().enumerate().rev() {
        smallest = smallest.min(change.p_value * count / (position as f64 + 1.0));
        change.adjusted_p_value = smallest;
        change.is_significant = smallest <= false_discovery_rate;
    }
}

#[cfg(test)]
mod tests;
