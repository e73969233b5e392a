//! What is remembered of a project: rollouts, incidents, notifications.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::payload::AlertingIntegration;

/// `GET <base>api/projects/{id}/deployments`: the rollouts of a project, newest first, at most 100.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deployments {
    /// The rollouts.
    pub deployments: Vec<Deployment>,
}

/// A rollout.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deployment {
    /// What was rolled out, as `namespace:kind:name`.
    pub application: String,
    /// The name of the replica set that came.
    pub name: String,
    /// When its first pods were seen.
    pub started_at: u32,
    /// When only its pods were left; `null` as long as that is not so.
    pub finished_at: Option<u32>,
    /// The images of its containers, sorted.
    pub container_images: Vec<String>,
    /// What the application did and cost after it; `null` before that is known.
    pub snapshot: Option<Snapshot>,
}

/// What an application did and cost after a rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// The end of the time that this is about.
    pub timestamp: u32,
    /// How long that time is, in seconds.
    pub duration_s: u32,
    /// Requests to it.
    pub requests: u64,
    /// Those that failed.
    pub errors: u64,
    /// Requests that took at most so long, by the upper bound in seconds (`0.500`), and all: `+Inf`.
    pub latency: BTreeMap<String, u64>,
    /// Restarts of containers.
    pub restarts: u64,
    /// CPU time, in seconds.
    pub cpu_usage: f32,
    /// Growth of the memory in use, in percent an hour; `null` when not known.
    pub memory_leak_percent: Option<f32>,
    /// The mean of the memory in use, in bytes.
    pub memory_usage: u64,
    /// Kills for lack of memory.
    pub oom_kills: u64,
    /// Errors in logs.
    pub log_errors: u64,
    /// Warnings in logs.
    pub log_warnings: u64,
}

/// `GET <base>api/projects/{id}/incidents`: the incidents of a project, newest first, at most 100.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Incidents {
    /// The incidents.
    pub incidents: Vec<Incident>,
}

/// A time during which an application misses an objective.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Incident {
    /// The application, as `namespace:kind:name`.
    pub application: String,
    /// What the incident is known by in its project.
    pub key: String,
    /// When it was opened.
    pub opened_at: u32,
    /// When it was over; `null` before.
    pub resolved_at: Option<u32>,
    /// How bad it is.
    pub severity: Severity,
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing says so.
    Unknown,
    /// Well.
    Ok,
    /// Well, and there is something to say.
    Info,
    /// Not well.
    Warning,
    /// Users notice.
    Critical,
}

/// `GET <base>api/projects/{id}/notifications`: what was or is to be told about incidents, newest first, at most 100.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notifications {
    /// The notifications.
    pub notifications: Vec<Notification>,
}

/// Something to be told to one destination.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notification {
    /// The application, as `namespace:kind:name`.
    pub application: String,
    /// The incident that it is about.
    pub incident_key: String,
    /// How well the application is; `ok` when the incident is over.
    pub status: Severity,
    /// The kind of the destination.
    pub destination: AlertingIntegration,
    /// When there was something to tell.
    pub timestamp: u32,
    /// When it was told, or dropped; `null` before.
    pub sent_at: Option<u32>,
}

unprinted!(Deployment, Incident, Notification);
