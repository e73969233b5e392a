//! Parses the override that a request sets for an inspection.

use headcount_shared::api::{AvailabilityOverride, LatencyOverride, ThresholdOverride};

use crate::{
    http::{problem::Refusal, settings::request::SentBytes},
    settings::Override,
    world::inspections::{AvailabilityObjective, Inspection, LatencyObjective},
};

/// The override in the body, in the format of the inspection.
pub(super) fn set(inspection: Inspection, sent: &SentBytes) -> Result<Override, Refusal> {
    Ok(match inspection {
        Inspection::SLOAvailability => Override::Availability(Some(availability(sent.read()?))),
        Inspection::SLOLatency => Override::Latency(Some(latency(sent.read()?))),
        inspection => {
            let ThresholdOverride { threshold } = sent.read()?;
            Override::Threshold(inspection, Some(threshold))
        }
    })
}

/// The default again.
pub(super) const fn removed(inspection: Inspection) -> Override {
    match inspection {
        Inspection::SLOAvailability => Override::Availability(None),
        Inspection::SLOLatency => Override::Latency(None),
        inspection => Override::Threshold(inspection, None),
    }
}

fn availability(sent: AvailabilityOverride) -> AvailabilityObjective {
    let custom = sent.custom.map(|queries| [queries.total_requests_query, queries.failed_requests_query]);
    AvailabilityObjective { percent: sent.objective_percent, custom }
}

fn latency(sent: LatencyOverride) -> LatencyObjective {
    LatencyObjective {
        percent: sent.objective_percent,
        bucket_s: sent.objective_bucket_s,
        custom: sent.histogram_query,
    }
}
