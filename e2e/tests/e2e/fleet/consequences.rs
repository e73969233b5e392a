//! Tests that costs of rollouts and failing requests have their effect on the expected numbers of a fleet.

use std::collections::BTreeMap;

use headcount_sim::{
    MissedSloSeverity, SimulatedInfrastructure,
    clouds::MACHINES,
    shape::{
        CallFailures, CallRoute, FleetShape, NodePlan, VersionLoad, WorkloadChange, WorkloadKind,
        WorkloadPlan, call,
    },
    software::{GO, NGINX},
};
use serde_json::json;

const EPOCH: i64 = 1_800_000_000;

/// Long before everything.
const ALWAYS: i64 = 0;

/// A shape with an edge that calls an API. The API changes as given; requests of the call may fail or be
/// slow.
pub(super) fn edge_and_api(change: WorkloadChange, trouble: Option<CallFailures>) -> FleetShape {
    let node = NodePlan { agent: true, kubernetes: true, fargate: false, machine: &MACHINES[0], spot: false };
    let calls = call("shop/edge", "shop/api", CallRoute::Service);
    FleetShape {
        nodes: vec![node; 2],
        kube_state_metrics: true,
        workloads: vec![
            WorkloadPlan::new(WorkloadKind::Deployment, "shop", "edge", &NGINX),
            WorkloadPlan::new(WorkloadKind::Deployment, "shop", "api", &GO).replicas(2).change(change),
        ],
        calls: vec![trouble.into_iter().fold(calls, headcount_sim::shape::ServiceCall::troubled)],
        ..FleetShape::default()
    }
}

fn generate(shape: &FleetShape) -> SimulatedInfrastructure {
    SimulatedInfrastructure::generate("a", shape, 1, EPOCH).unwrap()
}

fn keys(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
    of.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect()
}

#[test]
fn the_rollout_of_the_document_changes_what_the_document_says() {
    let fleet = generate(&FleetShape::document_a());
    let started = EPOCH - 2100;
    assert_eq!(fleet.deployments_between(started - 3600, started), 0);
    assert_eq!(fleet.deployments_between(started, started + 3600), 1);
    assert_eq!(fleet.deployments_between(started, started + 24 * 3600), 24);
    // 30 minutes after the earlier pods have ended.
    let known = started + 1820;
    assert_eq!(fleet.summaries_between(known - 3600, known, ALWAYS), keys(&[]));
    let document = keys(&[("-CPU", 1), ("+Logs", 1), ("-Memory", 1)]);
    assert_eq!(fleet.summaries_between(known, known + 1, ALWAYS), document);
    let back = keys(&[("+CPU", 1), ("-Logs", 1), ("+Memory", 1)]);
    assert_eq!(fleet.summaries_between(known + 3600, known + 3601, ALWAYS), back);
    // Without a known earlier version, errors are new.
    assert_eq!(fleet.summaries_between(known, known + 1, started), keys(&[("-Logs", 1)]));
}

#[test]
fn a_load_has_its_consequences() {
    let usual = VersionLoad::BASELINE;
    let check = |load, expected: &[(&str, u64)]| {
        let fleet = generate(&edge_and_api(WorkloadChange::Rollout { at: -1900, every: None, load }, None));
        assert_eq!(fleet.summaries_between(EPOCH - 3600, EPOCH, ALWAYS), keys(expected), "{load:?}");
    };
    check(usual, &[]);
    check(VersionLoad { cpu: 1.04, memory: 0.96, log_errors: 1.04, ..usual }, &[]);
    check(
        VersionLoad { cpu: 0.9, memory: 0.9, log_errors: 2.0, ..usual },
        &[("+CPU", 1), ("+Memory", 1), ("-Logs", 1)],
    );
    check(VersionLoad { log_errors: 0.0, ..usual }, &[("+Logs", 1)]);
    check(VersionLoad { failing: 0.02, ..usual }, &[("-SLO", 1)]);
    check(VersionLoad { restarts: 6, ..usual }, &[("-Instances", 1)]);
    check(VersionLoad { restarts: 6, oom_kills: 6, ..usual }, &[("-Memory", 1)]);
    check(
        VersionLoad { restarts: 12, oom_kills: 6, memory: 2.0, ..usual },
        &[("-Instances", 1), ("-Memory", 2)],
    );
}

#[test]
fn a_version_that_is_replaced_too_soon_changes_nothing_and_counts() {
    let load = VersionLoad { cpu: 2.0, ..VersionLoad::BASELINE };
    let fleet = generate(&edge_and_api(WorkloadChange::Rollout { at: -3600, every: Some(1200), load }, None));
    assert_eq!(fleet.deployments_between(EPOCH - 3600, EPOCH), 3);
    assert_eq!(fleet.summaries_between(EPOCH - 3600, EPOCH + 7200, ALWAYS), keys(&[]));
}

#[test]
fn rollouts_of_what_is_not_counted_are_not_counted() {
    let rollout = WorkloadChange::Rollout {
        at: -1900,
        every: None,
        load: VersionLoad { cpu: 2.0, ..VersionLoad::BASELINE },
    };
    let shape = edge_and_api(rollout, None);
    assert_eq!(generate(&shape).deployments_between(EPOCH - 3600, EPOCH), 1);
    let unknown = FleetShape { kube_state_metrics: false, ..shape.clone() };
    let unconnected = FleetShape { calls: Vec::new(), ..shape.clone() };
    let workloads = shape.workloads.iter().cloned().map(WorkloadPlan::auxiliary).collect();
    let auxiliary = FleetShape { workloads, ..shape };
    for shape in [unknown, unconnected, auxiliary] {
        let fleet = generate(&shape);
        assert_eq!(fleet.deployments_between(EPOCH - 3600, EPOCH), 0, "{shape:?}");
        assert_eq!(fleet.summaries_between(EPOCH - 3600, EPOCH, ALWAYS), keys(&[]), "{shape:?}");
    }
}

#[test]
fn the_version_before_is_stored_as_coroot_stores_it() {
    let fleet = generate(&FleetShape::document_a());
    let [stored] = &fleet.stored_rollouts(EPOCH - 300)[..] else { panic!("one Deployment rolls out") };
    assert_eq!(stored.application_id, "shop:Deployment:orders");
    assert!(stored.name.starts_with("orders-") && stored.name.len() == 16, "{}", stored.name);
    let started = EPOCH - 2100 - 2 * 3600;
    assert_eq!((stored.started_at, stored.finished_at), (started, started));
    assert_eq!(stored.details, json!({ "container_images": ["registry.example/tool:1.2"] }));
    // Four front ends send 20 requests a second to each of two pods.
    let snapshot = json!({
        "timestamp": (started + 1800) * 1000,
        "duration": 1_200_000,
        "requests": 192_000,
        "errors": 0,
        "latency": {
            "0.005": 38_400, "0.010": 76_800, "0.025": 115_200, "0.050": 144_000, "0.100": 172_800,
            "0.250": 188_160, "0.500": 191_616, "1.000": 191_866, "2.500": 191_962, "5.000": 191_981,
            "10.000": 192_000, "+Inf": 192_000,
        },
        "restarts": 0,
        "cpu_usage": 960.0,
        "memory_leak_percent": 0,
        "memory_usage": 240_000_000,
        "oom_kills": 0,
        "log_errors": 48,
        "log_warnings": 48,
    });
    assert_eq!(stored.metrics_snapshot, snapshot);
    // Half an hour after its end the rollout itself is the newest one.
    let [newest] = &fleet.stored_rollouts(EPOCH - 280)[..] else { panic!("one Deployment rolls out") };
    assert_eq!((newest.started_at, newest.finished_at), (EPOCH - 2100, EPOCH - 2080));
}

#[test]
fn a_service_level_is_missed_as_fast_as_its_budget_burns() {
    let day = EPOCH - 24 * 3600;
    let of = |from, until, failing, slow| {
        generate(&edge_and_api(WorkloadChange::Steady, Some(CallFailures { from, until, failing, slow })))
    };
    let check = |fleet: &SimulatedInfrastructure, moment: i64, expected: Option<MissedSloSeverity>| {
        let missed = fleet.missed_levels(EPOCH + moment, day).into_iter().collect::<Vec<_>>();
        let expected: Vec<_> =
            expected.map(|severity| ("shop/api".to_owned(), severity)).into_iter().collect();
        assert_eq!(missed, expected, "at {moment}");
    };
    for fleet in [of(-1200, -600, 1.0, 0.0), of(-1200, -600, 0.0, 1.0)] {
        check(&fleet, -1300, None);
        // 14.4 percent of an hour are 518 seconds; of five minutes, 43.
        check(&fleet, -1200 + 510, None);
        check(&fleet, -1200 + 530, Some(MissedSloSeverity::Critical));
        check(&fleet, -600 + 250, Some(MissedSloSeverity::Critical));
        check(&fleet, -600 + 262, None);
    }
    check(&of(-24 * 3600, 0, 0.05, 0.0), 0, Some(MissedSloSeverity::Warning));
    check(&of(-24 * 3600, 0, 0.02, 0.0), 0, None);
    check(&of(-8 * 3600, 0, 0.08, 0.0), 0, Some(MissedSloSeverity::Critical));
    // Ten minutes of observation are not enough.
    let fleet = of(-1200, 0, 1.0, 0.0);
    assert_eq!(fleet.missed_levels(EPOCH, EPOCH - 600), BTreeMap::new());
    assert_eq!(fleet.missed_levels(EPOCH, EPOCH - 3600).len(), 1);
}

#[test]
fn no_service_level_is_missed_where_the_shape_says_nothing_of_it() {
    let shapes = (1..=20).map(FleetShape::random).chain([
        FleetShape::document_a(),
        FleetShape::document_b(),
        FleetShape::sized(3, 60),
    ]);
    for shape in shapes {
        assert_eq!(generate(&shape).missed_levels(EPOCH, EPOCH - 24 * 3600), BTreeMap::new(), "{shape:?}");
    }
}

/// The values of the series of a metric, by their labels without the given one.
fn by_labels<'a>(exposition: &'a str, metric: &str, without: &str) -> BTreeMap<String, Vec<(&'a str, f64)>> {
    let mut found: BTreeMap<String, Vec<(&str, f64)>> = BTreeMap::new();
    for line in exposition.lines() {
        let Some(rest) = line.strip_prefix(metric).and_then(|rest| rest.strip_prefix('{')) else { continue };
        let (labels, value) = rest.rsplit_once("} ").unwrap();
        let (dropped, kept): (Vec<&str>, Vec<&str>) =
            labels.split(',').partition(|label| label.starts_with(without));
        found.entry(kept.join(",")).or_default().push((dropped[0], value.parse().unwrap()));
    }
    found
}

#[test]
fn every_protocol_that_counts_requests_tells_how_long_they_took() {
    let exposition = SimulatedInfrastructure::generate("a", &FleetShape::sized(3, 60), 1, EPOCH)
        .unwrap()
        .exposition(EPOCH);
    for family in [
        "http_requests",
        "postgres_queries",
        "redis_queries",
        "memcached_queries",
        "mysql_queries",
        "mongo_queries",
        "kafka_requests",
        "cassandra_queries",
    ] {
        let counts = by_labels(&exposition, &format!("container_{family}_total"), "status=");
        let buckets =
            by_labels(&exposition, &format!("container_{family}_duration_seconds_total_bucket"), "le=");
        assert!(!counts.is_empty(), "{family}");
        assert!(counts.keys().eq(buckets.keys()), "{family}");
        for (labels, counts) in counts {
            let buckets = &buckets[&labels];
            assert_eq!(buckets.len(), 12, "{labels}");
            let up_to =
                |bound: &str| buckets.iter().find(|(le, _)| *le == format!("le=\"{bound}\"")).unwrap().1;
            let all: f64 = counts.iter().map(|(_, count)| count).sum();
            // Each status is rounded down.
            assert!((up_to("+Inf") - all).abs() <= 2.0, "{labels}: {all} and {buckets:?}");
            let bounds =
                ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
            assert!(bounds.map(up_to).is_sorted(), "{labels}: {buckets:?}");
            assert!(up_to("0.5") / all > 0.995, "{labels}: {buckets:?}");
            let failed = |status: &str| status.contains("failed") || status.contains("=\"5");
            assert!(!counts.iter().any(|(status, _)| failed(status)), "{labels}: {counts:?}");
        }
    }
}
