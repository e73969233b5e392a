//! Defines the history of a project: rollouts, incidents, notifications.

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
    /// The application, as `namespace:kind:name`.
    pub application: String,
    /// The name of the new replica set.
    pub name: String,
    /// When its first pods were seen.
    pub started_at: u32,
    /// When all earlier pods had ended; `null` before.
    pub finished_at: Option<u32>,
    /// The images of its containers, sorted.
    pub container_images: Vec<String>,
    /// The requests and costs of the application after it; `null` before that is known.
    pub snapshot: Option<Snapshot>,
}

/// The requests and costs of an application after a rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// The end of the measured time.
    pub timestamp: u32,
    /// The length of that time, in seconds.
    pub duration_s: u32,
    /// Requests to it.
    pub requests: u64,
    /// Failed requests.
    pub errors: u64,
    /// Requests by the upper bound of their duration in seconds (`0.500`), and all of them: `+Inf`.
    pub latency: BTreeMap<String, u64>,
    /// Restarts of containers.
    pub restarts: u64,
    /// CPU time, in seconds.
    pub cpu_usage: f32,
    /// Growth of the memory in use, in percent per hour; `null` if it is not known.
    pub memory_leak_percent: Option<f32>,
    /// The mean of the memory in use, in bytes.
    pub memory_usage: u64,
    /// OOM kills.
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
    /// The id of the incident in its project.
    pub key: String,
    /// When it was opened.
    pub opened_at: u32,
    /// When it was over; `null` before.
    pub resolved_at: Option<u32>,
    /// How bad it is.
    pub severity: Severity,
}

/// A severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Not known.
    Unknown,
    /// Healthy.
    Ok,
    /// Healthy, with a remark.
    Info,
    /// Not healthy.
    Warning,
    /// Users are affected.
    Critical,
}

/// `GET <base>api/projects/{id}/notifications`: the notifications about incidents, sent and waiting ones,
/// newest first, at most 100.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notifications {
    /// The notifications.
    pub notifications: Vec<Notification>,
}

/// A notification to one destination.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notification {
    /// The application, as `namespace:kind:name`.
    pub application: String,
    /// The incident that it is about.
    pub incident_key: String,
    /// The severity of the incident; `ok` when it is over.
    pub status: Severity,
    /// The kind of the destination.
    pub destination: AlertingIntegration,
    /// When it was created.
    pub timestamp: u32,
    /// When it was sent or dropped; `null` before.
    pub sent_at: Option<u32>,
}

unprinted!(Deployment, Incident, Notification);
