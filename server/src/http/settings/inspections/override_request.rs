//! Parses the override that a request sets for an inspection.

use headcount_health::inspections::{AvailabilityObjective, Inspection, LatencyObjective};
use headcount_shared::api::{AvailabilityOverride, LatencyOverride, ThresholdOverride};
use headcount_web::problem::ProblemResponse;

use crate::{http::settings::extractors::RawBody, store::InspectionChange};

/// The override in the body, in the format of the inspection.
pub(super) fn parse(inspection: Inspection, sent: &RawBody) -> Result<InspectionChange, ProblemResponse> {
    Ok(match inspection {
        Inspection::SLOAvailability => InspectionChange::Availability(Some(availability(sent.parse()?))),
        Inspection::SLOLatency => InspectionChange::Latency(Some(latency(sent.parse()?))),
        inspection => {
            let ThresholdOverride { threshold } = sent.parse()?;
            InspectionChange::Threshold(inspection, Some(threshold))
        }
    })
}

/// The default again.
pub(super) const fn removal(inspection: Inspection) -> InspectionChange {
    match inspection {
        Inspection::SLOAvailability => InspectionChange::Availability(None),
        Inspection::SLOLatency => InspectionChange::Latency(None),
        inspection => InspectionChange::Threshold(inspection, None),
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
