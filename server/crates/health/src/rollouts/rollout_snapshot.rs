//! Decides when the snapshot of a rollout is due, and takes it.

use std::collections::BTreeMap;

use headcount_prometheus::query::{PrometheusQuery, WINDOW};
use headcount_topology::{
    model::{AppId, World},
    queries::{
        CONTAINER_CPU_USAGE, CONTAINER_LOG_MESSAGES, CONTAINER_MEMORY_RSS, CONTAINER_OOM_KILLS_TOTAL,
        CONTAINER_RESTARTS, FARGATE_CONTAINER_CPU_USAGE_SECONDS, FARGATE_CONTAINER_MEMORY_RSS,
        FARGATE_CONTAINER_OOM_EVENTS_TOTAL, UP,
    },
};

use super::{
    DeploymentRollout, RolloutSnapshot,
    container_measurements::{ContainerMeasurements, CounterKind},
};
use crate::{matching_row::MatchingRows, sli::RequestSums, trend_line::TrendLine};

/// The time from the finish to the start of a snapshot, and the length of a snapshot, in seconds.
const AFTER_S: u32 = 600;
const LENGTH_S: u32 = 1200;

/// The name of the bucket with all requests.
pub(super) const ALL: &str = "+Inf";

/// The queries whose values over time a snapshot needs.
pub const NEEDED: &[&PrometheusQuery] = &[
    &UP,
    &CONTAINER_CPU_USAGE,
    &CONTAINER_MEMORY_RSS,
    &CONTAINER_OOM_KILLS_TOTAL,
    &CONTAINER_RESTARTS,
    &CONTAINER_LOG_MESSAGES,
    &FARGATE_CONTAINER_CPU_USAGE_SECONDS,
    &FARGATE_CONTAINER_MEMORY_RSS,
    &FARGATE_CONTAINER_OOM_EVENTS_TOTAL,
];

/// The time of a snapshot: after `from` and not after `to`, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotWindow {
    /// Its start.
    pub from: u32,
    /// Its end.
    pub to: u32,
}

/// Selects the rollouts of one application whose snapshot is due; `rollouts` has the oldest first, and the
/// newest values are from `to`, in Unix seconds. A snapshot covers 20 minutes that begin 10 minutes after the
/// finish. It is due if these are over and within the last hour, and no other rollout began in them.
#[must_use]
pub fn due(rollouts: &[DeploymentRollout], to: u32) -> Vec<(&DeploymentRollout, SnapshotWindow)> {
    let nexts = rollouts.iter().skip(1).map(|next| next.started_at).chain([u32::MAX]);
    let with_next = rollouts.iter().zip(nexts).filter(|(rollout, _)| rollout.snapshot.is_none());
    with_next
        .filter_map(|(rollout, next)| {
            let from = rollout.finished_at?.saturating_add(AFTER_S);
            let window = SnapshotWindow { from, to: from.saturating_add(LENGTH_S) };
            let is_loaded = window.from >= to.saturating_sub(u32::try_from(WINDOW.as_secs()).ok()?);
            (window.to <= next.min(to) && is_loaded).then_some((rollout, window))
        })
        .collect()
}

/// Takes the snapshot of an application for a window; `rows` has the answers to the queries of [`NEEDED`],
/// `sums` its requests. `None` if the answers do not cover the window, or if the memory is known for less
/// than half of it: missing values are not estimated.
///
/// The memory in use is the mean over the window. Coroot uses the whole hour before the end of the window,
/// much of which is before the rollout.
#[must_use]
pub fn take(
    world: &World<'_>,
    rows: &MatchingRows<'_>,
    app: AppId,
    window: SnapshotWindow,
    sums: &RequestSums,
) -> Option<RolloutSnapshot> {
    if NEEDED.iter().any(|query| rows.points().table(query).to < window.to) {
        return None;
    }
    let measures = ContainerMeasurements::of(world, rows, app);
    let memory = measures.memory(window);
    if !measures.is_mostly_known(&memory, window) {
        return None;
    }
    let logged = |levels: &[&str]| count(measures.increase(CounterKind::Logs(levels), window));
    Some(RolloutSnapshot {
        timestamp: window.to,
        duration_s: window.to - window.from,
        requests: count(sums.requests),
        errors: count(sums.errors),
        latency: latency(sums),
        restarts: count(measures.increase(CounterKind::Restarts, window)),
        cpu_usage: measures.cpu_seconds(window) as f32,
        memory_leak_percent: leak_percent(&memory, window).unwrap_or(f32::NAN),
        memory_usage: count(mean(&memory)),
        oom_kills: count(measures.increase(CounterKind::OomKills, window)),
        log_errors: logged(&["error", "critical", "fatal"]),
        log_warnings: logged(&["warning"]),
    })
}

fn latency(sums: &RequestSums) -> BTreeMap<String, u64> {
    let name = |bound: f32| if bound.is_finite() { format!("{bound:.3}") } else { ALL.to_owned() };
    sums.latency.iter().map(|(bound, requests)| (name(*bound), count(*requests))).collect()
}

/// The growth of the memory in use per hour by its trend line, in percent; `None` without a line, or if it is
/// not above 0.
fn leak_percent(memory: &[(u32, f64)], window: SnapshotWindow) -> Option<f32> {
    let line = TrendLine::through(memory)?;
    let (begin, end) = (line.at(window.from), line.at(window.from.saturating_add(3600)));
    (begin > 0.0 && end > 0.0).then_some(((end - begin) / begin * 100.0) as f32)
}

fn mean(values: &[(u32, f64)]) -> f64 {
    values.iter().map(|(_, value)| value).sum::<f64>() / values.len().max(1) as f64
}

/// A count, rounded.
fn count(number: f64) -> u64 {
    number.round() as u64
}

#[cfg(test)]
mod tests;
