//! Slots and objectives for tests.

use std::collections::HashMap;

use headcount_topology::application_key::ApplicationKey;

use super::{ApplicationSlot, SlotSource};
use crate::inspections::{AvailabilityObjective, InspectionThresholds, LatencyObjective, ProjectThresholds};

/// The end of a slot.
pub const END: u32 = 1_699_999_800;

/// The key of an application that runs outside of Kubernetes.
#[must_use]
pub fn key(name: &str) -> ApplicationKey {
    ApplicationKey { namespace: "_".to_owned(), kind: "Unknown".to_owned(), name: name.to_owned() }
}

/// A slot of an application, as the node agent sees it.
#[must_use]
pub fn slot(name: &str, end: u32, requests: Option<[f32; 2]>, latency: &[(f32, f32)]) -> ApplicationSlot {
    ApplicationSlot {
        application: key(name),
        source: SlotSource::Seen,
        end,
        requests,
        latency: latency.to_vec(),
    }
}

/// Objectives of the application `cart` with queries of the operator.
#[must_use]
pub fn own_objectives(queries: [&str; 2], histogram: &str) -> ProjectThresholds {
    let availability = AvailabilityObjective { custom: Some(queries.map(str::to_owned)), percent: 99.0 };
    let latency = LatencyObjective { percent: 99.0, bucket_s: 0.5, custom: Some(histogram.to_owned()) };
    let thresholds = InspectionThresholds {
        availability: Some(availability),
        latency: Some(latency),
        ..InspectionThresholds::default()
    };
    ProjectThresholds {
        applications: HashMap::from([(key("cart"), thresholds)]),
        ..ProjectThresholds::default()
    }
}
