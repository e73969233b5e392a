//! Detects rollouts, and summarizes what they changed.

mod container_measurements;
mod new_rollouts;
mod replica_set_detection;
mod report_events;
mod rollout_snapshot;
mod rollout_stage;
mod rollout_summary;
mod seen_rollouts;

use std::collections::{BTreeMap, HashMap};

use headcount_topology::application_key::ApplicationKey;

pub use self::{
    new_rollouts::news,
    replica_set_detection::{DetectedRollout, DetectionGrid, DetectionResult, ReplicaSet, detect},
    report_events::countable,
    rollout_snapshot::{NEEDED, SnapshotWindow, due, take},
    rollout_stage::RolloutStage,
    rollout_summary::{ServiceLevelObjectives, changes},
    seen_rollouts::{found, newest},
};

/// A rollout of a Kubernetes deployment: the pods of one replica set are replaced by those of another.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentRollout {
    /// The application.
    pub application: ApplicationKey,
    /// The name of the new replica set.
    pub name: String,
    /// When its first pods were seen, in Unix seconds.
    pub started_at: u32,
    /// When all other pods were gone, in Unix seconds; `None` before.
    pub finished_at: Option<u32>,
    /// The images of its containers, sorted.
    pub container_images: Vec<String>,
    /// The consumption from 10 to 30 minutes after it finished; `None` before.
    pub snapshot: Option<RolloutSnapshot>,
}

/// The requests and the consumption of an application during 20 minutes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RolloutSnapshot {
    /// The end of that time, in Unix seconds.
    pub timestamp: u32,
    /// Its length in seconds.
    pub duration_s: u32,
    /// Requests to it.
    pub requests: u64,
    /// Those that failed.
    pub errors: u64,
    /// Cumulative latency histogram: requests by the upper bound in seconds with three digits (`0.500`), and
    /// all as `+Inf`.
    pub latency: BTreeMap<String, u64>,
    /// Restarts of containers.
    pub restarts: u64,
    /// Seconds of CPU time.
    pub cpu_usage: f32,
    /// Growth of the memory in use, in percent per hour; NaN if unknown.
    pub memory_leak_percent: f32,
    /// The mean of the memory in use, in bytes.
    pub memory_usage: u64,
    /// OOM kills.
    pub oom_kills: u64,
    /// Errors in logs.
    pub log_errors: u64,
    /// Warnings in logs.
    pub log_warnings: u64,
}

/// Groups rollouts by application. `deployments` must be grouped by application already, the oldest first.
#[must_use]
pub fn by_application(deployments: &[DeploymentRollout]) -> HashMap<&ApplicationKey, &[DeploymentRollout]> {
    let runs = deployments.chunk_by(|one, other| one.application == other.application);
    runs.filter_map(|run| Some((&run.first()?.application, run))).collect()
}
