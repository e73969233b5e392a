//! `<base>api/projects/{id}/inspections`: the thresholds of inspections.

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Unexpected},
};

/// All inspections, for all applications of a project or for one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Inspections {
    /// The inspections.
    pub inspections: Vec<Inspection>,
    /// What is set for single applications, by their ids, at most 1,000; empty in the answer about one
    /// application.
    pub applications: Vec<ApplicationOverride>,
    /// The number of overrides that are left out of `applications`.
    pub more_applications: u32,
}

/// The override of an inspection for one application.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApplicationOverride {
    /// The application, as `namespace:kind:name`.
    pub application: String,
    /// The id of the inspection.
    pub inspection: String,
    /// What is set.
    pub set: InspectionOverride,
}

/// An inspection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Inspection {
    /// Its id, such as `CPUNode`.
    pub id: String,
    /// What it checks, in a few words.
    pub title: String,
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
    #[serde(deserialize_with = "representable")]
    pub threshold: f32,
}

/// A number that is as good as itself in single precision: not too small for anything but zero, and not too large.
fn representable<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    let number = f64::deserialize(from)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "digits are lost, and what is lost entirely is refused"
    )]
    let single = number as f32;
    if single.is_finite() && (single == 0.0) == (number == 0.0) {
        return Ok(single);
    }
    Err(D::Error::invalid_value(
        Unexpected::Float(number),
        &"zero or a number that is neither too small nor too large",
    ))
}

/// An availability objective.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AvailabilityOverride {
    /// The share of requests that have to succeed, in percent: more than 0 and less than 100.
    pub objective_percent: f32,
    /// Custom queries, only for an application; `null` for the metrics of the node agent.
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

/// A latency objective.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LatencyOverride {
    /// The share of requests that have to be fast, in percent: more than 0 and less than 100.
    pub objective_percent: f32,
    /// The duration that counts as fast, in seconds: more than 0.
    pub objective_bucket_s: f32,
    /// A custom histogram query, in PromQL, only for an application; `null` for the metrics of the node
    /// agent.
    #[serde(default)]
    pub histogram_query: Option<String>,
}

unprinted!(ApplicationOverride, AvailabilityOverride, AvailabilityQueries, LatencyOverride);
