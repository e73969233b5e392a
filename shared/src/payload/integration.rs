//! `integration`: what the operator connected and configured.

use std::collections::BTreeMap;

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use super::or_default;

/// The operator's integrations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(default)]
pub struct IntegrationSection {
    /// Whether any project has the address of a Prometheus server, from the settings at the time of the
    /// report.
    pub prometheus: bool,
    /// Whether Prometheus holds metrics of the node agent. False without Prometheus.
    pub node_agent: bool,
    /// Whether Prometheus holds metrics of kube-state-metrics; `null` where no Kubernetes container was seen.
    pub kube_state_metrics: Option<bool>,
    /// Overridden inspection thresholds by inspection, from the settings at the time of the report.
    /// Inspections without an override are absent; a name that is not on the program's own list is `other`.
    #[serde(deserialize_with = "or_default")]
    pub inspection_overrides: BTreeMap<String, InspectionOverrides>,
    /// The number of configured application categories, from the settings at the time of the report.
    pub application_categories: u64,
    /// The types of the configured alerting integrations, each once, from the settings at the time of the
    /// report. Never a channel, an address or a key.
    #[serde(deserialize_with = "or_default")]
    pub alerting_integrations: Vec<AlertingIntegration>,
    /// Whether prices are known for the cloud in use. False without a cloud.
    pub cloud_costs: bool,
    /// Whether any project has a ClickHouse integration, from the settings at the time of the report.
    pub clickhouse: bool,
    /// Whether distributed tracing is enabled, from the settings at the time of the report.
    pub tracing: bool,
    /// Whether logs monitoring is enabled, from the settings at the time of the report.
    pub logs: bool,
    /// Whether continuous profiling is enabled, from the settings at the time of the report.
    pub profiles: bool,
}

/// How often one inspection's threshold is overridden.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(default)]
pub struct InspectionOverrides {
    /// The number of projects that override the threshold.
    pub project_level: u64,
    /// The number of applications that override the threshold.
    pub application_level: u64,
}

/// A kind of destination for alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AlertingIntegration {
    /// Opsgenie.
    Opsgenie,
    /// PagerDuty.
    Pagerduty,
    /// Slack.
    Slack,
    /// Microsoft Teams.
    Teams,
    /// A webhook of the operator's own.
    Webhook,
}

impl AlertingIntegration {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Opsgenie, Self::Pagerduty, Self::Slack, Self::Teams, Self::Webhook];

    /// The word for the kind, as it is in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opsgenie => "opsgenie",
            Self::Pagerduty => "pagerduty",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Webhook => "webhook",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_for_a_kind_is_that_of_a_report() {
        for kind in AlertingIntegration::ALL {
            assert_eq!(serde_json::to_value(kind).ok(), Some(kind.name().into()));
        }
    }
}
