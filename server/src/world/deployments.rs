//! Which rollouts were there, and what did they change?

mod countable;
mod detection;
mod known;
mod measures;
mod presence;
mod snapshot;
mod stage;
mod summary;

use std::collections::{BTreeMap, HashMap};

pub use self::{
    countable::countable,
    detection::{Detected, Grid, ReplicaSet, Seen, detect},
    known::news,
    presence::{found, newest},
    snapshot::{NEEDED, Window, due, take},
    stage::Stage,
    summary::{Objectives, changes},
};
use super::application_key::ApplicationKey;

/// A rollout of a Kubernetes deployment: its pods were replaced by those of another replica set.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// What was rolled out.
    pub application: ApplicationKey,
    /// The name of the replica set that came.
    pub name: String,
    /// When its first pods were seen, in Unix seconds.
    pub started_at: u32,
    /// When only its pods were left, in Unix seconds; `None` as long as that is not so.
    pub finished_at: Option<u32>,
    /// The images of its containers, sorted.
    pub container_images: Vec<String>,
    /// What it cost from 10 to 30 minutes after it had finished; `None` before.
    pub snapshot: Option<Snapshot>,
}

/// What an application did and cost during 20 minutes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The end of these minutes, in Unix seconds.
    pub timestamp: u32,
    /// How long they are, in seconds.
    pub duration_s: u32,
    /// Requests to it.
    pub requests: u64,
    /// Those that failed.
    pub errors: u64,
    /// Requests that took at most so long, by the upper bound in seconds with three digits (`0.500`), and
    /// all: `+Inf`.
    pub latency: BTreeMap<String, u64>,
    /// Restarts of containers.
    pub restarts: u64,
    /// Seconds of CPU time.
    pub cpu_usage: f32,
    /// Growth of the memory in use, in percent an hour; NaN when not known.
    pub memory_leak_percent: f32,
    /// The mean of the memory in use, in bytes.
    pub memory_usage: u64,
    /// Kills for lack of memory.
    pub oom_kills: u64,
    /// Errors in logs.
    pub log_errors: u64,
    /// Warnings in logs.
    pub log_warnings: u64,
}

/// Some rollouts by their applications; those of one application are together, the oldest first.
#[must_use]
pub fn by_application(deployments: &[Deployment]) -> HashMap<&ApplicationKey, &[Deployment]> {
    let runs = deployments.chunk_by(|one, other| one.application == other.application);
    runs.filter_map(|run| Some((&run.first()?.application, run))).collect()
}
