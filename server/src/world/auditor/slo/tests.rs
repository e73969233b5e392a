//! Tests of service levels: a table of burn rates and durations.

use std::collections::HashMap;

use super::*;
use crate::world::{
    answers::Symbols,
    indicators::{Batch, Indicators, SLOT_S, SlotOf, Source},
    inspections::{AvailabilityObjective, LatencyObjective, Overrides, Thresholds},
    model::Texts,
    scene::scene,
};

const END: u32 = 1_699_999_800;

/// Indicators in which each slot of a day has a thousand requests, of which a share failed and took a second.
fn known(share: impl Fn(u32) -> Option<f32>) -> Indicators {
    let mut known = Indicators::default();
    for ago in (0..288).rev() {
        let end = END - ago * SLOT_S;
        let slots = share(ago).map(|share| SlotOf {
            application: key(),
            source: Source::Seen,
            end,
            requests: Some([1000.0, 1000.0 * share]),
            latency: vec![(0.5, 1000.0 - 1000.0 * share), (f32::INFINITY, 1000.0)],
        });
        let slots = slots.into_iter().collect();
        known.add(&Batch { requests: vec![end], latencies: vec![end], slots, ..Batch::default() });
    }
    known
}

fn key() -> ApplicationKey {
    ApplicationKey::parse("_:Unknown:cart").unwrap()
}

fn reported(indicators: &Indicators, overrides: &Overrides) -> Option<Report> {
    scene("container_info machine_id=1 container_id=/docker/cart").look(|world| {
        let (app, _) = world.applications().next().unwrap();
        of_application(&Evidence { world, indicators, overrides, deployments: &[] }, app, &key())
    })
}

#[track_caller]
fn check(share: impl Fn(u32) -> Option<f32>, expected: Status, message: &str) {
    let report = reported(&known(share), &Overrides::default()).unwrap();
    assert_eq!((report.name, report.status, report.checks.len()), ("SLO", expected, 2));
    for check in report.checks {
        let found = check.message.text(&Texts::new(&Symbols::default()));
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
    check(lately(12, 0.144), Status::Critical, hour);
    check(lately(12, 0.143), Status::Ok, "");
    check(lately(6, 0.288), Status::Critical, hour);
    // It has been over for five minutes.
    check(|ago| Some(if (1..13).contains(&ago) { 0.3 } else { 0.0 }), Status::Ok, "");
    check(lately(72, 0.06), Status::Critical, "error budget burn rate is 6x within 6 hours");
    check(lately(72, 0.059), Status::Ok, "");
    // In the last half hour nothing failed.
    check(
        |ago| Some(if (6..100).contains(&ago) { 0.1 } else { 0.0 }),
        Status::Warning,
        "error budget burn rate is 3x within 24 hours",
    );
    check(lately(288, 0.03), Status::Warning, "error budget burn rate is 3x within 24 hours");
    check(lately(288, 0.029), Status::Ok, "");
    check(lately(288, 0.0), Status::Ok, "");
}

#[test]
fn what_is_half_unknown_does_not_burn_and_silence_is_not_success() {
    check(|ago| (ago < 5).then_some(1.0), Status::Ok, "");
    check(|ago| (ago < 6).then_some(1.0), Status::Critical, "error budget burn rate is 100x within 1 hour");
    check(|ago| (ago >= 2).then_some(1.0), Status::Critical, "error budget burn rate is 100x within 6 hours");
    check(|ago| (ago >= 3).then_some(1.0), Status::Unknown, "");
    assert_eq!(reported(&known(|_| None), &Overrides::default()), None);
    assert_eq!(reported(&Indicators::default(), &Overrides::default()), None);
}

#[test]
fn objectives_are_those_of_the_application_alone() {
    let objectives = |percent, bucket_s| Thresholds {
        availability: Some(AvailabilityObjective { percent, custom: None }),
        latency: Some(LatencyObjective { percent, bucket_s, custom: None }),
        ..Thresholds::default()
    };
    let indicators = known(lately(12, 0.2));
    let statuses = |overrides: &Overrides| {
        let report = reported(&indicators, overrides).unwrap();
        report.checks.iter().map(|check| check.status).collect::<Vec<_>>()
    };
    let of_application =
        |thresholds| Overrides { applications: HashMap::from([(key(), thresholds)]), ..Overrides::default() };
    let (bad, good) = (Status::Critical, Status::Ok);
    assert_eq!(statuses(&Overrides::default()), [bad, bad]);
    assert_eq!(statuses(&of_application(objectives(90.0, 0.5))), [good, good]);
    assert_eq!(statuses(&of_application(objectives(99.0, 0.1))), [bad]);
    assert_eq!(statuses(&of_application(objectives(99.0, f32::INFINITY))), [bad, good]);
    assert_eq!(statuses(&of_application(objectives(100.0, 0.5))), [bad, bad]);
    assert_eq!(statuses(&Overrides { project: objectives(90.0, 0.5), ..Overrides::default() }), [bad, bad]);
    let spotless = known(lately(12, 0.0));
    let report = reported(&spotless, &of_application(objectives(100.0, 0.5))).unwrap();
    assert_eq!(report.status, good);
    // Custom queries without answers do not fall back to the requests that the node agent sees.
    let custom = AvailabilityObjective { percent: 99.0, custom: Some(["a".to_owned(), "b".to_owned()]) };
    let overrides = of_application(Thresholds { availability: Some(custom), ..Thresholds::default() });
    assert_eq!(statuses(&overrides), [bad]);
}
