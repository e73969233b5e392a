//! Compares the snapshots of two rollouts, and lists the notable changes.

use headcount_topology::application_key::ApplicationKey;

use super::RolloutSnapshot;
use crate::inspections::{AvailabilityObjective, LatencyObjective, ProjectThresholds};

/// The smallest notable change, in percent.
const NOTABLE_PERCENT: f64 = 5.0;

/// Faster growth of the memory in use is a leak, in percent per hour.
const LEAK_PERCENT: f32 = 5.0;

/// The service level objectives of an application.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceLevelObjectives {
    /// The objective for availability.
    pub availability: AvailabilityObjective,
    /// The objective for latency.
    pub latency: LatencyObjective,
}

/// The direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangeDirection {
    Better,
    Worse,
}

use ChangeDirection::{Better, Worse};

impl ServiceLevelObjectives {
    /// The objectives of an application; `is_auxiliary` is whether it serves the infrastructure.
    #[must_use]
    pub fn of(overrides: &ProjectThresholds, application: &ApplicationKey, is_auxiliary: bool) -> Self {
        Self {
            availability: overrides.availability_of(application),
            latency: overrides.latency_of(application, is_auxiliary),
        }
    }
}

/// The notable changes of a rollout by the rules of Coroot 1.6, as `+` or `-` and the name of a report;
/// `before` is the snapshot of the previous rollout. A report may occur more than once.
///
/// Two rules differ: errors in logs that disappeared completely count, which Coroot's rule never reaches; and
/// a leak counts as over only if the growth is known.
#[must_use]
pub fn changes(
    now: &RolloutSnapshot,
    before: Option<&RolloutSnapshot>,
    objectives: &ServiceLevelObjectives,
) -> Vec<&'static str> {
    let compared = |rule: fn(&RolloutSnapshot, &RolloutSnapshot) -> Option<ChangeDirection>| {
        before.and_then(|before| rule(now, before))
    };
    let verdicts = [
        (["+SLO", "-SLO"], met(now, before, f64::from(objectives.availability.percent), success)),
        (
            ["+SLO", "-SLO"],
            met(now, before, f64::from(objectives.latency.percent), quick(&objectives.latency)),
        ),
        (["+CPU", "-CPU"], compared(cpu)),
        (["+Memory", "-Memory"], (now.oom_kills > 0).then_some(Worse)),
        (["+Memory", "-Memory"], compared(memory)),
        (["+Memory", "-Memory"], leak(now, before)),
        (["+Instances", "-Instances"], (now.restarts > now.oom_kills).then_some(Worse)),
        (["+Logs", "-Logs"], logs(now, before)),
    ];
    let entry = |([better, worse], verdict): ([&'static str; 2], Option<ChangeDirection>)| {
        verdict.map(|verdict| if verdict == Better { better } else { worse })
    };
    verdicts.into_iter().filter_map(entry).collect()
}

/// Worse if an objective is missed, better if it is met and was missed before. `percent` returns the share of
/// good requests, if there were any.
fn met(
    now: &RolloutSnapshot,
    before: Option<&RolloutSnapshot>,
    objective: f64,
    percent: impl Fn(&RolloutSnapshot) -> Option<f64>,
) -> Option<ChangeDirection> {
    if percent(now)? < objective {
        return Some(Worse);
    }
    let was_missed = before.and_then(percent)? < objective;
    was_missed.then_some(Better)
}

/// The share of requests that succeeded, in percent.
fn success(snapshot: &RolloutSnapshot) -> Option<f64> {
    percent_of(snapshot.requests.saturating_sub(snapshot.errors), snapshot.requests)
}

/// The share of requests that were answered quickly, in percent.
fn quick(objective: &LatencyObjective) -> impl Fn(&RolloutSnapshot) -> Option<f64> {
    let bucket_s = objective.bucket_s;
    move |snapshot| {
        let buckets =
            snapshot.latency.iter().filter_map(|(le, count)| Some((le.parse::<f32>().ok()?, *count)));
        let within = buckets.filter(|(le, _)| *le <= bucket_s);
        let (_, quick) = within.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        percent_of(quick, *snapshot.latency.get(super::rollout_snapshot::ALL)?)
    }
}

fn cpu(now: &RolloutSnapshot, before: &RolloutSnapshot) -> Option<ChangeDirection> {
    compare(per_request(now.cpu_usage.into(), now)?, per_request(before.cpu_usage.into(), before)?)
}

fn memory(now: &RolloutSnapshot, before: &RolloutSnapshot) -> Option<ChangeDirection> {
    compare(now.memory_usage as f64, before.memory_usage as f64)
}

fn leak(now: &RolloutSnapshot, before: Option<&RolloutSnapshot>) -> Option<ChangeDirection> {
    let leaks = |snapshot: &RolloutSnapshot| snapshot.memory_leak_percent > LEAK_PERCENT;
    if leaks(now) {
        return Some(Worse);
    }
    (!now.memory_leak_percent.is_nan() && before.is_some_and(leaks)).then_some(Better)
}

fn logs(now: &RolloutSnapshot, before: Option<&RolloutSnapshot>) -> Option<ChangeDirection> {
    match (now.log_errors, before.map_or(0, |before| before.log_errors)) {
        (0, 0) => None,
        (0, _) => Some(Better),
        (_, 0) => Some(Worse),
        (errors, errors_before) => {
            let before = per_request(errors_before as f64, before?)?;
            compare(per_request(errors as f64, now)?, before)
        }
    }
}

/// Compares two values of which a smaller one is better; `None` if the change is not notable, or a value is
/// not above 0.
fn compare(now: f64, before: f64) -> Option<ChangeDirection> {
    if now <= 0.0 || before <= 0.0 {
        return None;
    }
    match (now - before) / before * 100.0 {
        change if change > NOTABLE_PERCENT => Some(Worse),
        change if change < -NOTABLE_PERCENT => Some(Better),
        _ => None,
    }
}

fn per_request(value: f64, snapshot: &RolloutSnapshot) -> Option<f64> {
    (snapshot.requests > 0).then(|| value / snapshot.requests as f64)
}

fn percent_of(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64 * 100.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// An unremarkable snapshot of a thousand requests, with some changes.
    fn snapshot(change: impl FnOnce(&mut RolloutSnapshot)) -> RolloutSnapshot {
        let mut snapshot = RolloutSnapshot {
            requests: 1000,
            latency: latency(1000, 1000),
            cpu_usage: 100.0,
            memory_usage: 1000,
            memory_leak_percent: 0.0,
            ..RolloutSnapshot::default()
        };
        change(&mut snapshot);
        snapshot
    }

    fn latency(quick: u64, all: u64) -> BTreeMap<String, u64> {
        BTreeMap::from([
            ("0.250".to_owned(), quick / 2),
            ("0.500".to_owned(), quick),
            ("+Inf".to_owned(), all),
        ])
    }

    type SnapshotChange = fn(&mut RolloutSnapshot);

    const SAME: SnapshotChange = |_| {};

    #[test]
    fn every_rule_has_its_better_and_its_worse() {
        let nan: SnapshotChange = |snapshot| snapshot.memory_leak_percent = f32::NAN;
        let failing: SnapshotChange = |snapshot| snapshot.errors = 11;
        let slow: SnapshotChange = |snapshot| snapshot.latency = latency(989, 1000);
        let leaking: SnapshotChange = |snapshot| snapshot.memory_leak_percent = 5.1;
        let logging: SnapshotChange = |snapshot| snapshot.log_errors = 100;
        let rules: &[(SnapshotChange, Option<SnapshotChange>, &[&str])] = &[
            (SAME, Some(SAME), &[]),
            (SAME, None, &[]),
            (failing, None, &["-SLO"]),
            (failing, Some(failing), &["-SLO"]),
            (SAME, Some(failing), &["+SLO"]),
            (|snapshot| snapshot.errors = 10, None, &[]),
            (slow, None, &["-SLO"]),
            (SAME, Some(slow), &["+SLO"]),
            (|snapshot| snapshot.latency = latency(990, 1000), None, &[]),
            (|snapshot| snapshot.latency = BTreeMap::new(), Some(slow), &[]),
            (|snapshot| (snapshot.requests, snapshot.errors) = (0, 0), Some(failing), &[]),
            (|snapshot| (snapshot.errors, snapshot.latency) = (11, latency(0, 9)), None, &["-SLO", "-SLO"]),
            (|snapshot| snapshot.cpu_usage = 105.1, Some(SAME), &["-CPU"]),
            (|snapshot| snapshot.cpu_usage = 104.9, Some(SAME), &[]),
            (|snapshot| snapshot.cpu_usage = 94.9, Some(SAME), &["+CPU"]),
            (|snapshot| snapshot.cpu_usage = 200.0, None, &[]),
            (|snapshot| (snapshot.cpu_usage, snapshot.requests) = (200.0, 2000), Some(SAME), &[]),
            (|snapshot| snapshot.cpu_usage = 0.0, Some(SAME), &[]),
            (|snapshot| snapshot.oom_kills = 1, None, &["-Memory"]),
            (SAME, Some(|snapshot| snapshot.oom_kills = 1), &[]),
            (|snapshot| snapshot.memory_usage = 1051, Some(SAME), &["-Memory"]),
            (|snapshot| snapshot.memory_usage = 1050, Some(SAME), &[]),
            (|snapshot| snapshot.memory_usage = 949, Some(SAME), &["+Memory"]),
            (|snapshot| snapshot.memory_usage = 0, Some(SAME), &[]),
            (leaking, None, &["-Memory"]),
            (leaking, Some(leaking), &["-Memory"]),
            (SAME, Some(leaking), &["+Memory"]),
            (nan, Some(leaking), &[]),
            (nan, Some(nan), &[]),
            (|snapshot| snapshot.restarts = 1, None, &["-Instances"]),
            (|snapshot| (snapshot.restarts, snapshot.oom_kills) = (2, 2), None, &["-Memory"]),
            (logging, None, &["-Logs"]),
            (logging, Some(SAME), &["-Logs"]),
            (logging, Some(logging), &[]),
            (|snapshot| snapshot.log_errors = 106, Some(logging), &["-Logs"]),
            (|snapshot| snapshot.log_errors = 94, Some(logging), &["+Logs"]),
            (SAME, Some(logging), &["+Logs"]),
            (|snapshot| (snapshot.log_errors, snapshot.requests) = (500, 0), Some(logging), &[]),
            // The example in the documentation.
            (
                |snapshot| (snapshot.cpu_usage, snapshot.memory_usage) = (150.0, 2000),
                Some(logging),
                &["-CPU", "-Memory", "+Logs"],
            ),
        ];
        let objectives =
            ServiceLevelObjectives::of(&ProjectThresholds::default(), &ApplicationKey::default(), false);
        for (place, (now, before, expected)) in rules.iter().enumerate() {
            let before = before.map(snapshot);
            assert_eq!(changes(&snapshot(now), before.as_ref(), &objectives), *expected, "rule {place}");
        }
    }

    #[test]
    fn what_is_quick_depends_on_the_objective() {
        let half_are_quick = snapshot(|snapshot| snapshot.latency = latency(500, 1000));
        for (bucket_s, percent, expected) in
            [(0.5, 50.0, &[][..]), (0.4, 50.0, &["-SLO"]), (0.1, 99.0, &[]), (5.0, 51.0, &["-SLO"])]
        {
            let mut objectives =
                ServiceLevelObjectives::of(&ProjectThresholds::default(), &ApplicationKey::default(), false);
            objectives.latency = LatencyObjective { percent, bucket_s, custom: None };
            assert_eq!(changes(&half_are_quick, None, &objectives), expected, "{bucket_s} {percent}");
        }
    }
}
