//! `infra`: how large the observed infrastructure is.

use std::collections::BTreeMap;

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use super::or_default;

/// The sizes of the observed infrastructure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(default)]
pub struct InfraSection {
    /// The number of configured projects, from the settings at the time of the report.
    pub projects: u64,
    /// The number of applications over all projects at the time of the report, external services included:
    /// those that talk to another application, without those that control or monitor the infrastructure. 0
    /// without Prometheus.
    pub applications: u64,
    /// The number of nodes over all projects at the time of the report: machines, and instances of RDS and
    /// ElastiCache. 0 without Prometheus.
    pub nodes: u64,
    /// The number of application instances (pods, containers, endpoints of external services) of the counted
    /// applications over all projects at the time of the report, those that ended within the hour included. 0
    /// without Prometheus.
    pub instances: u64,
    /// The number of rollouts of counted applications that became known since the last report: each is in
    /// exactly one. 0 without Prometheus.
    pub deployments: u64,
    /// The number of notable changes that rollouts of counted applications brought, by type (`+Logs`,
    /// `-CPU`), which became known since the last report, half an hour after a rollout. Empty without
    /// Prometheus.
    #[serde(deserialize_with = "or_default")]
    pub deployment_summaries: BTreeMap<String, u64>,
}
