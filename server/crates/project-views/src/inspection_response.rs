//! Converts an inspection with its overrides to a response.

use headcount_health::inspections::{
    AvailabilityObjective, Inspection, InspectionThresholds, LatencyObjective, ProjectThresholds,
    ThresholdUnit,
};
use headcount_shared::api::{
    self, ApplicationOverride, AvailabilityOverride, AvailabilityQueries, InspectionOverride,
    LatencyOverride, ThresholdOverride,
};
use headcount_topology::application_key::ApplicationKey;

use crate::inspection_titles::inspection_title;

/// The most overrides of applications in an answer.
const MOST_OVERRIDES: usize = 1000;

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
        title: inspection_title(inspection).to_owned(),
        unit: unit(inspection.unit()),
        default: inspection.default_threshold(),
        in_force: in_force(inspection, overrides, application),
        set: here.and_then(|here| set(inspection, here)),
    }
}

/// What is set for single applications, by their ids, and how many overrides are left out.
#[must_use]
pub fn application_overrides(overrides: &ProjectThresholds) -> (Vec<ApplicationOverride>, u32) {
    let mut applications: Vec<_> =
        overrides.applications.iter().map(|(key, of)| (key.to_string(), of)).collect();
    applications.sort_by(|one, other| one.0.cmp(&other.0));
    let mut all: Vec<ApplicationOverride> = applications
        .into_iter()
        .flat_map(|(application, of)| {
            Inspection::ALL.iter().filter_map(move |inspection| {
                let (application, inspection, set) =
                    (application.clone(), inspection.id().to_owned(), set(*inspection, of)?);
                Some(ApplicationOverride { application, inspection, set })
            })
        })
        .collect();
    let more = u32::try_from(all.len().saturating_sub(MOST_OVERRIDES)).unwrap_or(u32::MAX);
    all.truncate(MOST_OVERRIDES);
    (all, more)
}

/// The number that is set for the project; `None` if none is.
pub(crate) fn set_for_project(inspection: Inspection, overrides: &ProjectThresholds) -> Option<f32> {
    match set(inspection, &overrides.project)? {
        InspectionOverride::Threshold(set) => Some(set.threshold),
        InspectionOverride::Availability(set) => Some(set.objective_percent),
        InspectionOverride::Latency(set) => Some(set.objective_percent),
    }
}

fn in_force(inspection: Inspection, overrides: &ProjectThresholds, application: &ApplicationKey) -> f32 {
    match inspection {
        Inspection::SLOAvailability => overrides.availability_of(application).percent,
        Inspection::SLOLatency => overrides.latency_of(application, false).percent,
        _ => overrides.threshold(inspection, overrides.applications.get(application)),
    }
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn every_inspection_has_a_title_of_its_own() {
        let (none, project) = (ProjectThresholds::default(), ApplicationKey::default());
        let shown = Inspection::ALL.iter().map(|of| inspection_response(*of, &none, &project));
        let titles: BTreeSet<String> = shown.map(|of| of.title).collect();
        assert_eq!(titles.len(), Inspection::ALL.len());
        assert!(titles.contains("CPU usage of nodes") && !titles.contains(""));
    }

    #[test]
    fn overrides_of_applications_are_in_order_and_bounded() {
        let key = |name: usize| ApplicationKey::parse(&format!("shop:Deployment:{name:04}")).unwrap();
        let latency = LatencyObjective { percent: 95.0, bucket_s: 0.5, custom: None };
        let of = InspectionThresholds {
            values: BTreeMap::from([(Inspection::CPUNode, 70.0)]),
            latency: Some(latency),
            ..InspectionThresholds::default()
        };
        let applications = (0..501).map(|name| (key(name), of.clone())).collect();
        let overrides = ProjectThresholds { applications, ..ProjectThresholds::default() };
        let (all, more) = application_overrides(&overrides);
        assert_eq!((all.len(), more), (1000, 2));
        let named: Vec<_> =
            all.iter().take(3).map(|of| (of.application.as_str(), of.inspection.as_str())).collect();
        let (first, second) = ("shop:Deployment:0000", "shop:Deployment:0001");
        assert_eq!(named, [(first, "SLOLatency"), (first, "CPUNode"), (second, "SLOLatency")]);
        assert_eq!(application_overrides(&ProjectThresholds::default()), (Vec::new(), 0));
    }
}
