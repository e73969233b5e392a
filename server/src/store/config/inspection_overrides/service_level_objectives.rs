//! Reads and writes the objectives of service levels: lists of which the first element counts.

use headcount_health::inspections::{AvailabilityObjective, LatencyObjective};
use serde_json::{Value, json};

use crate::store::{
    json_column::{JsonObject, flag, put, text},
    store_error::InvalidChange,
};

/// A number in single precision; `None` unless it is a finite number.
#[expect(clippy::cast_possible_truncation, reason = "Coroot has these numbers in single precision")]
pub(super) fn single(value: &Value) -> Option<f32> {
    Some(value.as_f64()? as f32).filter(|number| number.is_finite())
}

/// The objective of `SLOAvailability`.
pub(super) fn availability(config: &Value) -> Option<AvailabilityObjective> {
    let first = first(config)?;
    Some(AvailabilityObjective {
        percent: first.get("objective_percentage").and_then(single)?,
        custom: flag(first, "custom")
            .then(|| [text(first, "total_requests_query"), text(first, "failed_requests_query")]),
    })
}

/// The objective of `SLOLatency`.
pub(super) fn latency(config: &Value) -> Option<LatencyObjective> {
    let first = first(config)?;
    Some(LatencyObjective {
        percent: first.get("objective_percentage").and_then(single)?,
        bucket_s: first.get("objective_bucket").and_then(single)?,
        custom: flag(first, "custom").then(|| text(first, "histogram_query")),
    })
}

fn first(config: &Value) -> Option<&JsonObject> {
    config.get(0)?.as_object()
}

/// Replaces the stored objective. Its unknown members stay.
pub(super) fn with_availability(
    stored: Option<&Value>,
    objective: &AvailabilityObjective,
) -> Result<Value, InvalidChange> {
    check_percent(objective.percent)?;
    let [total, failed] = objective.custom.clone().unwrap_or_default();
    if objective.custom.is_some() && (total.trim().is_empty() || failed.trim().is_empty()) {
        return Err(InvalidChange::Queries);
    }
    let mut first = stored.and_then(first).cloned().unwrap_or_default();
    put(
        &mut first,
        [
            ("custom", json!(objective.custom.is_some())),
            ("total_requests_query", json!(total)),
            ("failed_requests_query", json!(failed)),
            ("objective_percentage", json!(objective.percent)),
        ],
    );
    Ok(json!([first]))
}

/// Replaces the stored objective. Its unknown members stay.
pub(super) fn with_latency(
    stored: Option<&Value>,
    objective: &LatencyObjective,
) -> Result<Value, InvalidChange> {
    check_percent(objective.percent)?;
    if !(objective.bucket_s > 0.0 && objective.bucket_s.is_finite()) {
        return Err(InvalidChange::Objective);
    }
    if objective.custom.as_ref().is_some_and(|query| query.trim().is_empty()) {
        return Err(InvalidChange::Queries);
    }
    let mut first = stored.and_then(first).cloned().unwrap_or_default();
    put(
        &mut first,
        [
            ("custom", json!(objective.custom.is_some())),
            ("histogram_query", json!(objective.custom.clone().unwrap_or_default())),
            ("objective_bucket", json!(objective.bucket_s)),
            ("objective_percentage", json!(objective.percent)),
        ],
    );
    Ok(json!([first]))
}

fn check_percent(percent: f32) -> Result<(), InvalidChange> {
    if percent > 0.0 && percent < 100.0 { Ok(()) } else { Err(InvalidChange::Objective) }
}
