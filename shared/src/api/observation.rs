//! `GET <base>api/projects/{id}/observation`: how far the observation of a project is. Answers about what is
//! observed have it, too.

use serde::{Deserialize, Serialize};

/// How a project is observed, and how far the observation is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObservationStatus {
    /// Whether, and how far, this server observes it.
    pub state: ObservationState,
    /// The time of the newest answer of Prometheus; `null` without an answer.
    pub answered_at: Option<u32>,
    /// The failure of the last queries, such as `Prometheus answers 405`; `null` if Prometheus answered.
    pub failure: Option<String>,
    /// The number of queries that there are.
    pub queries: u32,
    /// The number of queries that have an answer, also from before a restart. While the first hour is
    /// fetched, it grows.
    pub answered_queries: u32,
    /// The names of queries that failed at their last run, at most ten. They may have an answer from before.
    pub failed_queries: Vec<String>,
    /// The number of queries that failed at their last run.
    pub failed_query_count: u32,
    /// The spans of time that were missing when the present round of queries began.
    pub missing_spans: u32,
    /// The number of them that are here now.
    pub filled_spans: u32,
    /// The number of rounds of queries that have ended since the observation began.
    pub rounds: u32,
    /// What was found; `null` before the first answers were looked at.
    pub found: Option<ObservedNumbers>,
}

/// Whether, and how far, a server observes a project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ObservationState {
    /// The project has no address of a Prometheus.
    NoPrometheus,
    /// This server observes nothing while usage statistics are off.
    Off,
    /// The product reports what it observes itself, so this server observes no project.
    ObservedByProduct,
    /// This server does not observe it: another server of the same database does, or it begins to.
    #[default]
    NotObserved,
    /// The first answers are being fetched, or were not looked at yet.
    Filling,
    /// Every query has an answer that was looked at, or its failure is known.
    Observed,
}

/// What was found in a project, as it is counted in a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObservedNumbers {
    /// Nodes, and managed databases and caches.
    pub nodes: u32,
    /// Applications that are connected to others.
    pub applications: u32,
    /// Their instances.
    pub instances: u32,
    /// Whether a node agent was seen.
    pub node_agent: bool,
    /// Whether kube-state-metrics was seen; `null` without Kubernetes.
    pub kube_state_metrics: Option<bool>,
}
