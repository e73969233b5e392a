//! Says which functions became cheaper or more expensive with a release.

use std::collections::BTreeSet;

use crate::{
    fleet_truth::ChangedFunctionTruth,
    profile_stacks::{SimulatedProfileKind, StackCatalogue},
    release_history::{ReleaseHistory, ReleaseNumber},
};

/// The least difference of two shares that is a change.
const LEAST_DIFFERENCE: f64 = 0.001;

/// The least difference of two shares that is a change, as a part of the larger share.
const LEAST_PART: f64 = 0.1;

/// Shares are rounded to so many parts of the whole: a number of few digits stays the same when it is written
/// as text and read again.
const SHARE_STEPS: f64 = 1e6;

const RESOURCES: [(SimulatedProfileKind, &str); 2] =
    [(SimulatedProfileKind::Cpu, "cpu"), (SimulatedProfileKind::Memory, "memory")];

impl StackCatalogue {
    /// The functions whose own share changed, by release, resource and name.
    pub(crate) fn changed_functions(&self, releases: &ReleaseHistory) -> Vec<ChangedFunctionTruth> {
        let pairs = releases.releases().zip(releases.releases().skip(1));
        let with_resources = pairs.flat_map(|pair| RESOURCES.map(|resource| (pair, resource)));
        let changed = with_resources.flat_map(|((before, after), (kind, resource))| {
            let changes = self.share_changes(kind, before, after).into_iter();
            changes.map(move |(name, [share_before, share_after])| ChangedFunctionTruth {
                version: releases.version(after).to_owned(),
                resource: resource.to_owned(),
                name: name.to_owned(),
                share_before: rounded(share_before),
                share_after: rounded(share_after),
            })
        });
        changed.collect()
    }

    /// The functions whose share differs between two releases, with both shares.
    fn share_changes(
        &self,
        kind: SimulatedProfileKind,
        before: ReleaseNumber,
        after: ReleaseNumber,
    ) -> Vec<(&'static str, [f64; 2])> {
        let releases = [before, after].map(|release| self.own_shares(kind, release));
        let names: BTreeSet<_> = releases.iter().flat_map(|shares| shares.keys().copied()).collect();
        let both = |name| releases.each_ref().map(|shares| shares.get(name).copied().unwrap_or_default());
        let changes = names.into_iter().map(|name| (name, both(name)));
        changes.filter(|(_, shares)| is_change(*shares)).collect()
    }
}

fn is_change([before, after]: [f64; 2]) -> bool {
    let difference = (after - before).abs();
    difference >= LEAST_DIFFERENCE && difference >= LEAST_PART * before.max(after)
}

fn rounded(share: f64) -> f64 {
    (share * SHARE_STEPS).round() / SHARE_STEPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_thousandth_of_the_whole_and_a_tenth_of_the_larger_share() {
        for (shares, is_changed) in [
            ([0.002, 0.004], true),
            ([0.0015, 0.0], true),
            ([0.0, 0.0009], false),
            ([0.1, 0.095], false),
            ([0.1, 0.088], true),
        ] {
            assert_eq!(is_change(shares), is_changed, "{shares:?}");
        }
    }
}
