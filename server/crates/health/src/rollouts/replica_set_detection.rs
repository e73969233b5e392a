//! Detects the replacement of one replica set by another.

use std::{collections::BTreeSet, ops::RangeInclusive};

/// The moments that are examined, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetectionGrid {
    /// The first moment is not before this.
    pub from: u32,
    /// The last moment is not after this.
    pub to: u32,
    /// The distance between two moments; at least 1. All moments are multiples of it.
    pub step: u32,
}

/// The pods of a replica set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplicaSet {
    /// Its name.
    pub name: String,
    /// The images of its containers.
    pub images: BTreeSet<String>,
    /// The time span in which each of its pods was seen, in Unix seconds.
    pub pods: Vec<RangeInclusive<u32>>,
}

/// The detected rollouts of an application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DetectionResult {
    /// Its rollouts, the oldest first.
    pub rollouts: Vec<DetectedRollout>,
    /// The replica set that is the only one at the end, and since when, in Unix seconds; `None` if there are
    /// several or none.
    pub alone: Option<(String, u32)>,
}

/// A detected rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectedRollout {
    /// The name of the new replica set.
    pub name: String,
    /// When its first pods were seen, in Unix seconds.
    pub started_at: u32,
    /// When all other pods were gone, in Unix seconds; `None` if that did not happen, for example after a
    /// rollback.
    pub finished_at: Option<u32>,
    /// The images of its containers, sorted.
    pub container_images: Vec<String>,
}

/// Detects the rollouts of an application by the rules of Coroot 1.6: a rollout begins at the first moment
/// with a second replica set, and ends at the first moment with only one. The replica set of the first moment
/// is no rollout. Moments without pods are ignored.
#[must_use]
pub fn detect(mut replica_sets: Vec<ReplicaSet>, grid: DetectionGrid) -> DetectionResult {
    replica_sets.sort_by(|one, other| one.name.cmp(&other.name));
    let mut walk = DetectionState::default();
    for at in (grid.from.div_ceil(grid.step)..=grid.to / grid.step).map(|number| number * grid.step) {
        let present = replica_sets.iter().filter(|replica_set| replica_set.is_there(at));
        walk.pass(at, &present.collect::<Vec<_>>());
    }
    let alone = walk.alone.map(|(replica_set, since)| (replica_set.name.clone(), since));
    DetectionResult { rollouts: walk.rollouts, alone }
}

impl ReplicaSet {
    fn is_there(&self, at: u32) -> bool {
        self.pods.iter().any(|pod| pod.contains(&at))
    }
}

/// The state of the detection at a moment.
#[derive(Default)]
struct DetectionState<'r> {
    rollouts: Vec<DetectedRollout>,
    /// The newest replica set; `None` before the first moment with only one.
    newest: Option<&'r ReplicaSet>,
    /// Whether the last rollout is in progress.
    is_open: bool,
    alone: Option<(&'r ReplicaSet, u32)>,
}

impl<'r> DetectionState<'r> {
    /// Processes a moment with these replica sets, which are sorted by name.
    fn pass(&mut self, at: u32, present: &[&'r ReplicaSet]) {
        match present {
            [] => {}
            [only] => self.pass_one(at, only),
            several => self.pass_several(at, several),
        }
    }

    fn pass_one(&mut self, at: u32, only: &'r ReplicaSet) {
        if self.alone.is_none_or(|(alone, _)| alone.name != only.name) {
            self.alone = Some((only, at));
        }
        let Some(newest) = self.newest else {
            self.newest = Some(only);
            return;
        };
        if std::mem::take(&mut self.is_open)
            && let Some(open) = self.rollouts.last_mut().filter(|open| open.name == only.name)
        {
            open.finished_at = Some(at);
        }
        if newest.name != only.name {
            self.begin(at, only);
            self.is_open = false;
            self.finish_last(at);
        }
    }

    fn pass_several(&mut self, at: u32, several: &[&'r ReplicaSet]) {
        self.alone = None;
        let Some(newest) = self.newest.filter(|_| !self.is_open) else { return };
        if let Some(other) = several.iter().find(|other| other.name != newest.name) {
            self.begin(at, other);
        }
    }

    fn begin(&mut self, at: u32, replica_set: &'r ReplicaSet) {
        self.newest = Some(replica_set);
        self.is_open = true;
        self.rollouts.push(DetectedRollout {
            name: replica_set.name.clone(),
            started_at: at,
            finished_at: None,
            container_images: replica_set.images.iter().cloned().collect(),
        });
    }

    fn finish_last(&mut self, at: u32) {
        if let Some(last) = self.rollouts.last_mut() {
            last.finished_at = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The pods of a replica set by presence at each point from 1 on. Each run of `1` is a pod.
    fn replica_set(name: &str, points: &str) -> ReplicaSet {
        let mut pods: Vec<RangeInclusive<u32>> = Vec::new();
        for (at, _) in (1..).zip(points.chars()).filter(|(_, there)| *there == '1') {
            match pods.last_mut() {
                Some(pod) if *pod.end() + 1 == at => *pod = *pod.start()..=at,
                _ => pods.push(at..=at),
            }
        }
        ReplicaSet { name: name.to_owned(), images: BTreeSet::new(), pods }
    }

    fn seen(points: &[(&str, &str)]) -> DetectionResult {
        let replica_sets = points.iter().map(|(name, points)| replica_set(name, points)).collect();
        detect(replica_sets, DetectionGrid { from: 1, to: 6, step: 1 })
    }

    fn texts(seen: &DetectionResult) -> Vec<String> {
        let text = |rollout: &DetectedRollout| {
            let DetectedRollout { name, started_at, finished_at, .. } = rollout;
            format!("{started_at}-{}:{name}", finished_at.unwrap_or_default())
        };
        seen.rollouts.iter().map(text).collect()
    }

    #[test]
    fn rollouts_are_those_that_coroot_finds() {
        for (rs1, rs2, expected) in [
            ("111111", "", &[][..]),
            ("111000", "000111", &["4-4:rs2"]),
            ("111100", "001111", &["3-5:rs2"]),
            ("110000", "000011", &["5-5:rs2"]),
            ("110000", "010011", &["2-5:rs2"]),
            ("110011", "001100", &["3-3:rs2", "5-5:rs1"]),
            ("100000", "111111", &[]),
            ("110000", "110011", &[]),
            ("111110", "111111", &[]),
            ("111111", "111111", &[]),
            ("110011", "111100", &["5-5:rs1"]),
            ("111111", "000111", &["4-0:rs2"]),
            ("111111", "001100", &["3-0:rs2", "5-5:rs1"]),
        ] {
            assert_eq!(texts(&seen(&[("rs1", rs1), ("rs2", rs2)])), expected, "{rs1} {rs2}");
        }
        let two_pods = ReplicaSet { pods: vec![1..=6, 2..=5], ..replica_set("rs1", "") };
        assert_eq!(detect(vec![two_pods], DetectionGrid { from: 1, to: 6, step: 1 }).rollouts, []);
    }

    #[test]
    fn what_is_alone_at_the_end_is_known() {
        for (rs1, rs2, expected) in [
            ("110000", "111111", Some(("rs2", 3))),
            ("110000", "000011", Some(("rs2", 5))),
            ("110000", "001000", Some(("rs2", 3))),
            ("111111", "000001", None),
            ("110011", "111111", None),
            ("000000", "000000", None),
        ] {
            let expected = expected.map(|(name, at)| (name.to_owned(), at));
            assert_eq!(seen(&[("rs1", rs1), ("rs2", rs2)]).alone, expected, "{rs1} {rs2}");
        }
    }

    #[test]
    fn moments_are_multiples_of_the_step() {
        let pods = |name: &str, pod| ReplicaSet { pods: vec![pod], ..replica_set(name, "") };
        let seen = detect(
            vec![pods("rs1", 900..=1015), pods("rs2", 1003..=1100)],
            DetectionGrid { from: 901, to: 1100, step: 15 },
        );
        assert_eq!(texts(&seen), ["1005-1020:rs2"]);
    }

    fn points() -> impl Strategy<Value = String> {
        proptest::string::string_regex("[01]{6}").unwrap()
    }

    proptest! {
        #[test]
        fn rollouts_follow_one_another_whatever_the_order_of_pods(all in proptest::collection::vec(points(), 1..4)) {
            let names = ["a", "b", "c"];
            let named: Vec<_> = names.into_iter().zip(all.iter().map(String::as_str)).collect();
            let found = seen(&named);
            let reversed: Vec<_> = named.iter().rev().copied().collect();
            prop_assert_eq!(&seen(&reversed), &found);
            let pairs = found.rollouts.iter().zip(found.rollouts.iter().skip(1));
            for (one, next) in pairs {
                prop_assert!(one.name != next.name);
                prop_assert!(one.started_at < next.started_at);
                prop_assert!(one.finished_at.is_none_or(|finished| finished <= next.started_at));
            }
            for rollout in &found.rollouts {
                // It exists at its start, and is the only one at its finish.
                let is_there = |name: &str, at: u32| {
                    let points = named.iter().find(|(other, _)| *other == name).unwrap().1;
                    points.as_bytes()[at as usize - 1] == b'1'
                };
                prop_assert!(is_there(&rollout.name, rollout.started_at));
                for (name, _) in &named {
                    let finished = rollout.finished_at;
                    prop_assert!(finished.is_none_or(|at| is_there(name, at) == (**name == rollout.name)));
                }
            }
        }
    }
}
