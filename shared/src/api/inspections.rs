//! `<base>api/projects/{id}/inspections`: the thresholds of inspections.

use serde::{Deserialize, Serialize};

/// All inspections, for all applications of a project or for one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Inspections {
    /// The inspections.
    pub inspections: Vec<Inspection>,
}

/// An inspection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Inspection {
    /// Its id, such as `CPUNode`.
    pub id: String,
    /// The unit of its threshold.
    pub unit: Unit,
    /// The threshold without an override.
    pub default: f32,
    /// The threshold that applies here.
    pub in_force: f32,
    /// The override for the project or for the application; `null` if there is none.
    pub set: Option<InspectionOverride>,
}

/// The unit of a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// How many.
    Count,
    /// Percent of a whole: from 0 to 100.
    Percent,
    /// Growth in percent per hour.
    PercentPerHour,
    /// Seconds.
    Seconds,
    /// Seconds per second.
    SecondsPerSecond,
}

/// The override of an inspection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum InspectionOverride {
    /// For every inspection except the two with an objective.
    Threshold(ThresholdOverride),
    /// For `SLOLatency`.
    Latency(LatencyOverride),
    /// For `SLOAvailability`.
    Availability(AvailabilityOverride),
}

/// A threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ThresholdOverride {
    /// The threshold that replaces the default, in the unit of the inspection. Not negative; a percentage is
    /// at most 100.
    pub threshold: f32,
}

/// An availability objective. Only for an application.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AvailabilityOverride {
    /// The share of requests that have to succeed, in percent: more than 0 and less than 100.
    pub objective_percent: f32,
    /// Custom queries; `null` for the metrics of the node agent.
    #[serde(default)]
    pub custom: Option<AvailabilityQueries>,
}

/// Custom queries of an availability objective.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AvailabilityQueries {
    /// All requests, in PromQL.
    pub total_requests_query: String,
    /// Failed requests, in PromQL.
    pub failed_requests_query: String,
}

/// A latency objective. Only for an application.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LatencyOverride {
    /// The share of requests that have to be fast, in percent: more than 0 and less than 100.
    pub objective_percent: f32,
    /// The duration that counts as fast, in seconds: more than 0.
    pub objective_bucket_s: f32,
    /// A custom histogram query, in PromQL; `null` for the metrics of the node agent.
    #[serde(default)]
    pub histogram_query: Option<String>,
}

unprinted!(AvailabilityOverride, AvailabilityQueries, LatencyOverride);
