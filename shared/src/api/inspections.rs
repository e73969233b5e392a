//! `<base>api/projects/{id}/inspections`: when does an inspection fire?

use serde::{Deserialize, Serialize};

/// All inspections, as they are for all applications of a project or for one.
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
    /// The threshold where nobody says something else.
    pub default: f32,
    /// The threshold that counts here.
    pub in_force: f32,
    /// What is set here, for the project or for the application; `null` for nothing.
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
    /// Growth in percent an hour.
    PercentPerHour,
    /// Seconds.
    Seconds,
    /// Seconds a second.
    SecondsPerSecond,
}

/// What is set for an inspection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum InspectionOverride {
    /// For every inspection but the two that have an objective.
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
    /// What counts instead of the default, in the unit of the inspection. Not negative; a percentage is at most 100.
    pub threshold: f32,
}

/// When requests succeed often enough. Only for an application.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AvailabilityOverride {
    /// The share of requests that is to succeed, in percent: more than 0 and less than 100.
    pub objective_percent: f32,
    /// The operator's own queries; `null` for what the node agent sees.
    #[serde(default)]
    pub custom: Option<AvailabilityQueries>,
}

/// Queries of the operator's own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AvailabilityQueries {
    /// All requests, in PromQL.
    pub total_requests_query: String,
    /// Those that failed, in PromQL.
    pub failed_requests_query: String,
}

/// When requests are answered quickly often enough. Only for an application.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LatencyOverride {
    /// The share of requests that is to be quick, in percent: more than 0 and less than 100.
    pub objective_percent: f32,
    /// What is quick, in seconds: more than 0.
    pub objective_bucket_s: f32,
    /// The operator's own histogram, in PromQL; `null` for what the node agent sees.
    #[serde(default)]
    pub histogram_query: Option<String>,
}

unprinted!(AvailabilityOverride, AvailabilityQueries, LatencyOverride);
