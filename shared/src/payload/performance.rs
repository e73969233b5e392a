//! `performance`: what the program costs.

use std::collections::BTreeMap;

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use super::or_default;

/// The cost of the program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(default)]
pub struct PerformanceSection {
    /// The cost of building the model of the observed infrastructure.
    #[serde(deserialize_with = "or_default")]
    pub constructor: ConstructorPerformance,
    /// CPU usage of this process since the last report, by default a sample a minute, in cores: CPU seconds by
    /// the seconds that really passed. Empty when no sample was taken yet.
    #[serde(deserialize_with = "or_default")]
    pub cpu_usage: Vec<f64>,
    /// Resident memory of this process since the last report, by default a sample a minute, in bytes. Empty
    /// when no sample was taken yet.
    #[serde(deserialize_with = "or_default")]
    pub memory_usage: Vec<u64>,
}

/// The cost of the constructor, which turns metrics into a model of nodes, applications and instances.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(default)]
pub struct ConstructorPerformance {
    /// The longest time of each stage since the last report, in seconds. Empty without Prometheus.
    #[serde(deserialize_with = "or_default")]
    pub stages: BTreeMap<String, f64>,
    /// What each Prometheus query cost, by the name of the query. Empty without Prometheus.
    #[serde(deserialize_with = "or_default")]
    pub queries: BTreeMap<String, QueryPerformance>,
}

/// What one Prometheus query cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(default)]
pub struct QueryPerformance {
    /// Whether the query failed in any project when Prometheus was last asked.
    pub failed: bool,
    /// The latency of the query when it last filled the cache, the longest over all projects, in seconds.
    pub query_time: f64,
    /// The number of series that the query returned, over all projects.
    pub metrics_count: u64,
}
