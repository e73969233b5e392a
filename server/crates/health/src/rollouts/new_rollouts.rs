//! Finds the rollouts that are not stored yet, and stored ones that have finished.
//!
//! The rules are those of Coroot 1.6. A rollout that takes longer than an hour finishes when its replica set
//! is the only one.

use headcount_topology::application_key::ApplicationKey;

use super::{DeploymentRollout, DetectedRollout, DetectionResult};

/// The largest difference between two starts of the same rollout, in seconds: after a restart, pods are known
/// on a coarser grid.
const TOLERANCE_S: u32 = 600;

/// The rollouts of an application that were seen and are not `stored` yet, and stored ones that have
/// finished. The start of a stored rollout does not change, and neither does its finish.
#[must_use]
pub fn news(
    application: &ApplicationKey,
    stored: &[DeploymentRollout],
    seen: DetectionResult,
) -> Vec<DeploymentRollout> {
    let DetectionResult { rollouts, alone } = seen;
    let mut unmatched: Vec<&DeploymentRollout> = stored.iter().collect();
    // Exact matches first, so that a nearby rollout does not take their place.
    let exact: Vec<_> = rollouts.iter().map(|detected| take_same(&mut unmatched, detected, 0)).collect();
    let mut news = Vec::new();
    for (detected, exact) in rollouts.into_iter().zip(exact) {
        match exact.or_else(|| take_same(&mut unmatched, &detected, TOLERANCE_S)) {
            None => news.push(new(application, detected)),
            Some(known) => news.extend(better(known, &detected)),
        }
    }
    // The rollout took longer than the window, so its start is no longer in the data.
    if news.is_empty()
        && let (Some(last), Some((name, since))) = (unmatched.pop(), alone)
        && is_finished_now(stored, last, &name)
    {
        news.push(DeploymentRollout { finished_at: Some(since.max(last.started_at)), ..last.clone() });
    }
    news
}

/// Removes and returns the stored rollout that matches a detected one: it began at most `tolerance_s` seconds
/// before or after. Of several, the nearest.
fn take_same<'s>(
    unmatched: &mut Vec<&'s DeploymentRollout>,
    detected: &DetectedRollout,
    tolerance_s: u32,
) -> Option<&'s DeploymentRollout> {
    let apart = |stored: &DeploymentRollout| stored.started_at.abs_diff(detected.started_at);
    let same = unmatched.iter().enumerate().filter(|(_, stored)| stored.name == detected.name);
    let (place, nearest) = same.min_by_key(|(_, stored)| apart(stored))?;
    (apart(nearest) <= tolerance_s).then(|| unmatched.remove(place))
}

fn new(application: &ApplicationKey, detected: DetectedRollout) -> DeploymentRollout {
    let DetectedRollout { name, started_at, finished_at, container_images } = detected;
    let application = application.clone();
    DeploymentRollout { application, name, started_at, finished_at, container_images, snapshot: None }
}

fn better(known: &DeploymentRollout, detected: &DetectedRollout) -> Option<DeploymentRollout> {
    let finishes = known.finished_at.is_none() && detected.finished_at.is_some();
    let finished_at = detected.finished_at.map(|finished| finished.max(known.started_at));
    finishes.then(|| DeploymentRollout { finished_at, ..known.clone() })
}

/// Whether the newest stored rollout is `last`, has not finished, and its replica set is the only one.
fn is_finished_now(stored: &[DeploymentRollout], last: &DeploymentRollout, alone: &str) -> bool {
    stored.last() == Some(last) && last.finished_at.is_none() && last.name == alone
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn detected(name: &str, started_at: u32, finished_at: Option<u32>) -> DetectedRollout {
        DetectedRollout {
            name: name.to_owned(),
            started_at,
            finished_at,
            container_images: vec!["i".to_owned()],
        }
    }

    fn stored(name: &str, started_at: u32, finished_at: Option<u32>) -> DeploymentRollout {
        new(&ApplicationKey::default(), detected(name, started_at, finished_at))
    }

    #[track_caller]
    fn check(
        known: &[DeploymentRollout],
        seen: &[DetectedRollout],
        alone: Option<(&str, u32)>,
        expected: &[DeploymentRollout],
    ) {
        let alone = alone.map(|(name, since)| (name.to_owned(), since));
        let found =
            news(&ApplicationKey::default(), known, DetectionResult { rollouts: seen.to_vec(), alone });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_rollout_is_told_once_and_again_when_it_has_finished() {
        let (going, finished) = (stored("rs2", 5000, None), stored("rs2", 5000, Some(5060)));
        check(&[], &[detected("rs2", 5000, None)], None, std::slice::from_ref(&going));
        check(std::slice::from_ref(&going), &[detected("rs2", 5000, None)], None, &[]);
        check(
            std::slice::from_ref(&going),
            &[detected("rs2", 5000, Some(5060))],
            None,
            std::slice::from_ref(&finished),
        );
        check(std::slice::from_ref(&finished), &[detected("rs2", 5000, Some(5060))], None, &[]);
        check(std::slice::from_ref(&finished), &[detected("rs2", 5000, Some(5075))], None, &[]);
        check(std::slice::from_ref(&finished), &[detected("rs2", 5000, None)], None, &[]);
    }

    #[test]
    fn one_that_began_at_nearly_the_same_time_is_the_same_and_keeps_its_start() {
        let known = [stored("rs2", 5000, None)];
        check(&known, &[detected("rs2", 5600, Some(5700))], None, &[stored("rs2", 5000, Some(5700))]);
        check(&known, &[detected("rs2", 4400, Some(4800))], None, &[stored("rs2", 5000, Some(5000))]);
        let later = [detected("rs2", 5601, None)];
        check(&known, &later, None, &[stored("rs2", 5601, None)]);
        check(&known, &[detected("rs3", 5000, None)], None, &[stored("rs3", 5000, None)]);
    }

    #[test]
    fn one_that_comes_back_soon_is_another() {
        let first = stored("rs1", 5000, Some(5000));
        let back = [
            detected("rs1", 5000, Some(5000)),
            detected("rs2", 5100, None),
            detected("rs1", 5200, Some(5200)),
        ];
        let expected = [stored("rs2", 5100, None), stored("rs1", 5200, Some(5200))];
        check(std::slice::from_ref(&first), &back, None, &expected);
        let all = [first, expected[0].clone(), expected[1].clone()];
        check(&all, &back, None, &[]);
    }

    #[test]
    fn one_that_takes_longer_than_anybody_looks_back_finishes_when_it_is_alone() {
        let going = [stored("rs1", 1000, Some(1000)), stored("rs2", 5000, None)];
        check(&going, &[], Some(("rs2", 9000)), &[stored("rs2", 5000, Some(9000))]);
        check(&going, &[], Some(("rs1", 9000)), &[]);
        check(&going, &[], None, &[]);
        check(&[stored("rs2", 5000, None), stored("rs3", 6000, Some(6000))], &[], Some(("rs2", 9000)), &[]);
    }

    fn rollouts() -> impl Strategy<Value = Vec<(u32, u8, Option<u32>)>> {
        let rollout = (0_u8..3, proptest::option::of(0_u32..200));
        proptest::collection::btree_map(5000_u32..8000, rollout, 0..8)
            .prop_map(|all| all.into_iter().map(|(at, (name, lasts))| (at, name, lasts)).collect())
    }

    proptest! {
        #[test]
        fn what_is_told_and_stored_is_not_told_again(before in rollouts(), seen in rollouts(), alone in 0_u8..4) {
            let name = |number: u8| format!("rs{number}");
            let known = before.iter().map(|(at, number, lasts)| stored(&name(*number), *at, lasts.map(|lasts| at + lasts)));
            let mut known: BTreeMap<u32, DeploymentRollout> = known.map(|rollout| (rollout.started_at, rollout)).collect();
            let detected = seen.iter().map(|(at, number, lasts)| detected(&name(*number), *at, lasts.map(|lasts| at + lasts)));
            let seen = DetectionResult { rollouts: detected.collect(), alone: (alone < 3).then(|| (name(alone), 9000)) };
            // Two rollouts cannot have the same start.
            prop_assume!(seen.rollouts.iter().all(|rollout| {
                known.get(&rollout.started_at).is_none_or(|known| known.name == rollout.name)
            }));
            let all = |known: &BTreeMap<u32, DeploymentRollout>| known.values().cloned().collect::<Vec<_>>();
            for _ in 0..2 {
                for told in news(&ApplicationKey::default(), &all(&known), seen.clone()) {
                    known.insert(told.started_at, told);
                }
            }
            prop_assert_eq!(news(&ApplicationKey::default(), &all(&known), seen), vec![]);
        }
    }
}
