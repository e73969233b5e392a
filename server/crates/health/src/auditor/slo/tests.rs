//! Tests of service levels: a table of burn rates and durations.

use std::collections::HashMap;

use headcount_prometheus::results::StringInterner;
use headcount_topology::{fixture::scene, model::TextInterner};

use super::*;
use crate::{
    inspections::{AvailabilityObjective, InspectionThresholds, LatencyObjective, ProjectThresholds},
    sli::{ApplicationSlot, SLOT_S, ServiceLevelIndicators, SlotBatch, SlotSource},
};

const END: u32 = 1_699_999_800;

/// Indicators in which each slot of a day has a thousand requests, of which a share failed and took a second.
fn known(share: impl Fn(u32) -> Option<f32>) -> ServiceLevelIndicators {
    let mut known = ServiceLevelIndicators::default();
    for ago in (0..288).rev() {
        let end = END - ago * SLOT_S;
        let slots = share(ago).map(|share| ApplicationSlot {
            application: key(),
            source: SlotSource::Seen,
            end,
            requests: Some([1000.0, 1000.0 * share]),
            latency: vec![(0.5, 1000.0 - 1000.0 * share), (f32::INFINITY, 1000.0)],
        });
        let slots = slots.into_iter().collect();
        known.add(&SlotBatch { requests: vec![end], latencies: vec![end], slots, ..SlotBatch::default() });
    }
    known
}

fn key() -> ApplicationKey {
    ApplicationKey::parse("_:Unknown:cart").unwrap()
}

fn reported(indicators: &ServiceLevelIndicators, overrides: &ProjectThresholds) -> Option<AuditReport> {
    scene("container_info machine_id=1 container_id=/docker/cart").look(|world| {
        let (app, _) = world.applications().next().unwrap();
        of_application(&AuditInput { world, indicators, overrides, deployments: &[] }, app, &key())
    })
}

#[track_caller]
fn check(share: impl Fn(u32) -> Option<f32>, expected: HealthStatus, message: &str) {
    let report = reported(&known(share), &ProjectThresholds::default()).unwrap();
    assert_eq!((report.name, report.status, report.checks.len()), ("SLO", expected, 2));
    for check in report.checks {
        let found = check.message.text(&TextInterner::new(&StringInterner::default()));
        assert_eq!((check.status, &*found), (expected, message), "{:?}", check.inspection);
        assert!((check.threshold - 99.0).abs() < f32::EPSILON);
    }
}

/// A share of bad requests in the last slots, and none before.
fn lately(slots: u32, share: f32) -> impl Fn(u32) -> Option<f32> {
    move |ago| Some(if ago < slots { share } else { 0.0 })
}

#[test]
fn a_budget_burns_too_fast_in_a_long_time_and_still_at_its_end() {
    let hour = "error budget burn rate is 14x within 1 hour";
    check(lately(12, 0.144), HealthStatus::Critical, hour);
    check(lately(12, 0.143), HealthStatus::Ok, "");
    check(lately(6, 0.288), HealthStatus::Critical, hour);
    // It has been over for five minutes.
    check(|ago| Some(if (1..13).contains(&ago) { 0.3 } else { 0.0 }), HealthStatus::Ok, "");
    check(lately(72, 0.06), HealthStatus::Critical, "error budget burn rate is 6x within 6 hours");
    check(lately(72, 0.059), HealthStatus::Ok, "");
    // In the last half hour nothing failed.
    check(
        |ago| Some(if (6..100).contains(&ago) { 0.1 } else { 0.0 }),
        HealthStatus::Warning,
        "error budget burn rate is 3x within 24 hours",
    );
    check(lately(288, 0.03), HealthStatus::Warning, "error budget burn rate is 3x within 24 hours");
    check(lately(288, 0.029), HealthStatus::Ok, "");
    check(lately(288, 0.0), HealthStatus::Ok, "");
}

#[test]
fn what_is_half_unknown_does_not_burn_and_silence_is_not_success() {
    check(|ago| (ago < 5).then_some(1.0), HealthStatus::Ok, "");
    check(
        |ago| (ago < 6).then_some(1.0),
        HealthStatus::Critical,
        "error budget burn rate is 100x within 1 hour",
    );
    check(
        |ago| (ago >= 2).then_some(1.0),
        HealthStatus::Critical,
        "error budget burn rate is 100x within 6 hours",
    );
    check(|ago| (ago >= 3).then_some(1.0), HealthStatus::Unknown, "");
    assert_eq!(reported(&known(|_| None), &ProjectThresholds::default()), None);
    assert_eq!(reported(&ServiceLevelIndicators::default(), &ProjectThresholds::default()), None);
}

#[test]
fn objectives_are_those_of_the_application_then_of_the_project() {
    let objectives = |percent, bucket_s| InspectionThresholds {
        availability: Some(AvailabilityObjective { percent, custom: None }),
        latency: Some(LatencyObjective { percent, bucket_s, custom: None }),
        ..InspectionThresholds::default()
    };
    let indicators = known(lately(12, 0.2));
    let statuses = |overrides: &ProjectThresholds| {
        let report = reported(&indicators, overrides).unwrap();
        report.checks.iter().map(|check| check.status).collect::<Vec<_>>()
    };
    let of_application = |thresholds| ProjectThresholds {
        applications: HashMap::from([(key(), thresholds)]),
        ..ProjectThresholds::default()
    };
    let (bad, good) = (HealthStatus::Critical, HealthStatus::Ok);
    assert_eq!(statuses(&ProjectThresholds::default()), [bad, bad]);
    assert_eq!(statuses(&of_application(objectives(90.0, 0.5))), [good, good]);
    assert_eq!(statuses(&of_application(objectives(99.0, 0.1))), [bad]);
    assert_eq!(statuses(&of_application(objectives(99.0, f32::INFINITY))), [bad, good]);
    assert_eq!(statuses(&of_application(objectives(100.0, 0.5))), [bad, bad]);
    let of_project = ProjectThresholds { project: objectives(90.0, 0.5), ..ProjectThresholds::default() };
    assert_eq!(statuses(&of_project), [good, good]);
    let of_both =
        ProjectThresholds { applications: of_application(objectives(100.0, 0.5)).applications, ..of_project };
    assert_eq!(statuses(&of_both), [bad, bad]);
    let spotless = known(lately(12, 0.0));
    let report = reported(&spotless, &of_application(objectives(100.0, 0.5))).unwrap();
    assert_eq!(report.status, good);
    // Custom queries without answers do not fall back to the requests that the node agent sees.
    let custom = AvailabilityObjective { percent: 99.0, custom: Some(["a".to_owned(), "b".to_owned()]) };
    let overrides = of_application(InspectionThresholds {
        availability: Some(custom),
        ..InspectionThresholds::default()
    });
    assert_eq!(statuses(&overrides), [bad]);
}
