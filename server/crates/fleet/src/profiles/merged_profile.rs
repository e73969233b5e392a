//! Holds the sums over installations for one version and resource, for a day or for several.

use std::cmp::Ordering;

use super::stack_identity::{FunctionId, StackId};

/// The share of an installation that spends everything in one place. Shares are whole numbers of this, so that
/// sums of them do not depend on their order.
pub const WHOLE_SHARE: u64 = 1 << 32;

/// The part that `value` is of `total`, as a part of [`WHOLE_SHARE`], rounded down. 0 of nothing.
pub(super) fn share_of(value: u64, total: u64) -> u64 {
    if total == 0 {
        return 0;
    }
    let share = value as f64 / total as f64 * WHOLE_SHARE as f64;
    (share as u64).min(WHOLE_SHARE)
}

/// The sums of one stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackTotals {
    /// Which stack.
    pub id: StackId,
    /// Sum over installations and days: nanoseconds of CPU time, or bytes of memory that were held.
    pub value: u128,
    /// Sum over installations and days of the installation's own fraction, in parts of [`WHOLE_SHARE`].
    pub share: u64,
    /// Installations that had the stack; of several days the maximum, so at least so many are distinct.
    pub installations: u32,
}

/// Sum and sum of squares of shares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShareMoments {
    /// Sum of shares, in parts of [`WHOLE_SHARE`].
    pub sum: u64,
    /// Sum of the squares of shares, in parts of [`WHOLE_SHARE`] squared.
    pub squares: u128,
}

impl ShareMoments {
    /// Adds one share.
    pub(super) fn add_share(&mut self, share: u64) {
        self.sum = self.sum.saturating_add(share);
        self.squares = self.squares.saturating_add(u128::from(share) * u128::from(share));
    }

    fn merge(&mut self, other: Self) {
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
    }
}

/// The sums of one function. Installations without the function count as a share of 0 and add nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionTotals {
    /// Which function.
    pub id: FunctionId,
    /// Installations that had the function; of several days the maximum.
    pub installations: u32,
    /// What the function takes itself.
    pub own: ShareMoments,
    /// What the function takes with all that it calls; once a stack, however often it calls itself.
    pub total: ShareMoments,
}

/// The profile of a version over all its installations. Which product, version and resource it is of is said by
/// where it is stored.
///
/// Merging is associative and commutative. The default is the profile of no day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergedProfile {
    /// The days that were merged.
    pub days: u32,
    /// Installations that had a profile; of several days the maximum, so at least so many are distinct.
    pub installations: u32,
    /// Sum over the days of the installations that had a profile: how many shares there are.
    pub observations: u64,
    /// The stacks, by ascending number, each once.
    pub(super) stacks: Vec<StackTotals>,
    /// The functions, by ascending number, each once.
    pub(super) functions: Vec<FunctionTotals>,
}

impl MergedProfile {
    /// The stacks, by ascending number, each once.
    #[must_use]
    pub fn stacks(&self) -> &[StackTotals] {
        &self.stacks
    }

    /// The functions, by ascending number, each once.
    #[must_use]
    pub fn functions(&self) -> &[FunctionTotals] {
        &self.functions
    }

    /// The two profiles as one. They must be of the same version and resource and have no day in common.
    ///
    /// Everything is added, except that the number of installations is the larger one. Sums end at the largest
    /// number of their type.
    #[must_use]
    pub fn merge_days(&self, other: &Self) -> Self {
        Self {
            days: self.days.saturating_add(other.days),
            installations: self.installations.max(other.installations),
            observations: self.observations.saturating_add(other.observations),
            stacks: merge_sorted(
                &self.stacks,
                &other.stacks,
                |stack| stack.id,
                |stack, other| {
                    stack.value = stack.value.saturating_add(other.value);
                    stack.share = stack.share.saturating_add(other.share);
                    stack.installations = stack.installations.max(other.installations);
                },
            ),
            functions: merge_sorted(
                &self.functions,
                &other.functions,
                |function| function.id,
                |function, other| {
                    function.installations = function.installations.max(other.installations);
                    function.own.merge(other.own);
                    function.total.merge(other.total);
                },
            ),
        }
    }
}

impl<'a> FromIterator<&'a MergedProfile> for MergedProfile {
    /// All days as one profile, as [`MergedProfile::merge_days`] makes it.
    fn from_iter<I: IntoIterator<Item = &'a Self>>(days: I) -> Self {
        days.into_iter().fold(Self::default(), |merged, day| merged.merge_days(day))
    }
}

/// Both lists as one in the order of their keys; `add` makes one of two rows with the same key.
fn merge_sorted<T: Copy, K: Ord>(
    left: &[T],
    right: &[T],
    key: impl Fn(&T) -> K,
    add: impl Fn(&mut T, &T),
) -> Vec<T> {
    let mut merged = Vec::with_capacity(left.len().max(right.len()));
    let (mut left, mut right) = (left, right);
    while let ([first, left_rest @ ..], [second, right_rest @ ..]) = (left, right) {
        let order = key(first).cmp(&key(second));
        let mut row = if order == Ordering::Greater { *second } else { *first };
        if order == Ordering::Equal {
            add(&mut row, second);
        }
        if order != Ordering::Greater {
            left = left_rest;
        }
        if order != Ordering::Less {
            right = right_rest;
        }
        merged.push(row);
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profiles::test_profiles::{RandomFleet, any_installation};

    #[test]
    fn a_share_is_a_part_of_the_whole() {
        for (value, total, share) in [
            (0, 0, 0),
            (0, 5, 0),
            (5, 5, WHOLE_SHARE),
            (1, 4, WHOLE_SHARE / 4),
            (1, 3, WHOLE_SHARE / 3),
            (u64::MAX, u64::MAX, WHOLE_SHARE),
            (1, u64::MAX, 0),
        ] {
            assert_eq!(share_of(value, total), share, "{value} of {total}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn days_are_merged_in_any_order(
            days in proptest::collection::vec(proptest::collection::vec(any_installation(), 0..6), 3),
        ) {
            let mut fleet = RandomFleet::default();
            let days: Vec<MergedProfile> = days.iter().map(|day| fleet.profile(day)).collect();
            let [a, b, c] = &days[..] else { panic!("three days") };

            prop_assert_eq!(a.merge_days(b), b.merge_days(a));
            prop_assert_eq!(a.merge_days(b).merge_days(c), a.merge_days(&b.merge_days(c)));
            prop_assert_eq!(&a.merge_days(&MergedProfile::default()), a);

            let merged: MergedProfile = days.iter().collect();
            prop_assert_eq!(merged.days, days.iter().map(|day| day.days).sum::<u32>());
            prop_assert_eq!(merged.observations, days.iter().map(|day| day.observations).sum::<u64>());
            prop_assert_eq!(
                merged.installations,
                days.iter().map(|day| day.installations).max().unwrap_or(0)
            );
            prop_assert!(merged.stacks.is_sorted_by(|left, right| left.id < right.id));
            prop_assert!(merged.functions.is_sorted_by(|left, right| left.id < right.id));
            for stack in &merged.stacks {
                let own: Vec<_> =
                    days.iter().flat_map(|day| &day.stacks).filter(|own| own.id == stack.id).collect();
                prop_assert_eq!(stack.value, own.iter().map(|own| own.value).sum::<u128>());
                prop_assert_eq!(stack.share, own.iter().map(|own| own.share).sum::<u64>());
                prop_assert_eq!(Some(stack.installations), own.iter().map(|own| own.installations).max());
            }
        }
    }
}
