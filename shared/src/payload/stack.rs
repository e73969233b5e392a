//! `stack`: what runs in the observed infrastructure, by kind.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use super::or_default;

/// The kinds of clouds and services in use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(default)]
pub struct StackSection {
    /// The cloud providers of the nodes, each once, from the metric `node_cloud_info`. A name that is not on
    /// the program's own list is `other`. Empty without Prometheus.
    #[serde(deserialize_with = "or_default")]
    pub clouds: Vec<String>,
    /// The kinds of services in the counted applications, each once, from the metric
    /// `container_application_type` and the engines of managed databases. A name that is not on the program's
    /// own list is `other`. Empty without Prometheus.
    #[serde(deserialize_with = "or_default")]
    pub services: Vec<String>,
    /// The kinds of services that an exporter monitors, such as `pg-agent` or `redis_exporter`, each once.
    /// Empty without Prometheus.
    #[serde(alias = "instrumented_services", deserialize_with = "or_default")]
    pub instrumented_service: Vec<String>,
}
