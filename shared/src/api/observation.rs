//! `GET <base>api/projects/{id}/observation`: how far the observation of a project is.

use serde::{Deserialize, Serialize};

/// How far the observation of a project is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObservationProgress {
    /// Why this server does not observe the project; `null` if it does, and the rest is about that.
    pub not_observed: Option<String>,
    /// The failure of the last queries, such as `Prometheus answers 405`; `null` if one was answered.
    pub prometheus_failure: Option<String>,
    /// How many queries there are.
    pub queries: u64,
    /// How many have an answer, also from before a restart.
    pub answered: u64,
    /// How many failed when they last ran. They may have an answer from before.
    pub failed: u64,
    /// The spans of time that were missing when the present round of queries began.
    pub missing_spans: u64,
    /// How many of them are here now.
    pub filled_spans: u64,
    /// How many rounds of queries have ended since the observation began.
    pub rounds: u64,
    /// What was found; `null` before the first answers were looked at.
    pub found: Option<ObservedNumbers>,
}

/// What was found in a project, as it is counted in a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObservedNumbers {
    /// Nodes, and managed databases and caches.
    pub nodes: u64,
    /// Applications that are connected to others.
    pub applications: u64,
    /// Their instances.
    pub instances: u64,
    /// Whether a node agent was seen.
    pub node_agent: bool,
    /// Whether kube-state-metrics was seen; `null` without Kubernetes.
    pub kube_state_metrics: Option<bool>,
}
