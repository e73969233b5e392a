//! Converts an inspection with its overrides to a response.

use headcount_health::inspections::{
    AvailabilityObjective, Inspection, InspectionThresholds, LatencyObjective, ProjectThresholds,
    ThresholdUnit,
};
use headcount_shared::api::{
    self, AvailabilityOverride, AvailabilityQueries, InspectionOverride, LatencyOverride, ThresholdOverride,
};
use headcount_topology::application_key::ApplicationKey;

/// An inspection as it applies to an application, or to the project if that is the default.
#[must_use]
pub fn inspection_response(
    inspection: Inspection,
    overrides: &ProjectThresholds,
    application: &ApplicationKey,
) -> api::Inspection {
    let of_application = overrides.applications.get(application);
    let here = if application.is_project() { Some(&overrides.project) } else { of_application };
    api::Inspection {
        id: inspection.id().to_owned(),
        unit: unit(inspection.unit()),
        default: inspection.default_threshold(),
        in_force: in_force(inspection, overrides, of_application),
        set: here.and_then(|here| set(inspection, here)),
    }
}

/// Objectives of a project have no effect.
fn in_force(
    inspection: Inspection,
    overrides: &ProjectThresholds,
    of_application: Option<&InspectionThresholds>,
) -> f32 {
    let objective = match inspection {
        Inspection::SLOAvailability => {
            of_application.and_then(|here| Some(here.availability.as_ref()?.percent))
        }
        Inspection::SLOLatency => of_application.and_then(|here| Some(here.latency.as_ref()?.percent)),
        _ => return overrides.threshold(inspection, of_application),
    };
    objective.unwrap_or(inspection.default_threshold())
}

fn set(inspection: Inspection, here: &InspectionThresholds) -> Option<InspectionOverride> {
    match inspection {
        Inspection::SLOAvailability => here.availability.as_ref().map(availability),
        Inspection::SLOLatency => here.latency.as_ref().map(latency),
        _ => {
            let threshold = *here.values.get(&inspection)?;
            Some(InspectionOverride::Threshold(ThresholdOverride { threshold }))
        }
    }
}

fn availability(objective: &AvailabilityObjective) -> InspectionOverride {
    let queries = |[total, failed]: &[String; 2]| AvailabilityQueries {
        total_requests_query: total.clone(),
        failed_requests_query: failed.clone(),
    };
    InspectionOverride::Availability(AvailabilityOverride {
        objective_percent: objective.percent,
        custom: objective.custom.as_ref().map(queries),
    })
}

fn latency(objective: &LatencyObjective) -> InspectionOverride {
    InspectionOverride::Latency(LatencyOverride {
        objective_percent: objective.percent,
        objective_bucket_s: objective.bucket_s,
        histogram_query: objective.custom.clone(),
    })
}

const fn unit(of: ThresholdUnit) -> api::Unit {
    match of {
        ThresholdUnit::Count => api::Unit::Count,
        ThresholdUnit::Percent => api::Unit::Percent,
        ThresholdUnit::PercentPerHour => api::Unit::PercentPerHour,
        ThresholdUnit::Seconds => api::Unit::Seconds,
        ThresholdUnit::SecondsPerSecond => api::Unit::SecondsPerSecond,
    }
}
