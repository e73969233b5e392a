//! Tests of the changes that are found in a shop whose cart is rolled out.

use headcount_prometheus::query::PrometheusQuery;
use headcount_topology::{
    application_key::ApplicationKey,
    fixture::{NOW, PrometheusFixture, over_time, scene},
    queries::{
        CONTAINER_CPU_USAGE, CONTAINER_LOG_MESSAGES, CONTAINER_MEMORY_RSS, CONTAINER_OOM_KILLS_TOTAL,
        CONTAINER_RESTARTS, UP,
    },
};

use super::*;
use crate::{
    auditor::{AuditCheck, AuditReport, CheckMessage},
    history_store::{ReportEvent, ReportEventKind},
    incidents::IncidentTransition,
    inspections::Inspection,
    rollouts::{NEEDED, RolloutSnapshot},
    sli::{ApplicationSlot, SLOT_S, SlotBatch},
};

/// The distance between two points, which divides 20 and 40 minutes.
const STEP_S: u32 = 20;

/// When the rollout started and finished.
const ROLLOUT: u32 = NOW - 2400;

const SHOP: &str = "
    node_info machine_id=1 hostname=n1
    kube_pod_info uid=1 namespace=shop pod=cart-5d9c7b6f4-a created_by_kind=ReplicaSet created_by_name=cart-5d9c7b6f4 node=n1 ~2420
    kube_pod_status_phase uid=1 phase=Running ~2420
    kube_pod_info uid=2 namespace=shop pod=cart-6f8b5c7d9-a created_by_kind=ReplicaSet created_by_name=cart-6f8b5c7d9 node=n1 pod_ip=10.1.0.2 host_ip=10.0.0.1
    kube_pod_status_phase uid=2 phase=Running +2400
    container_info $CART image=cart:2
    container_cpu_usage $CART
    container_memory_rss $CART
    container_restarts $CART job=agent instance=n1
    container_oom_kills_total $CART job=agent instance=n1
    container_log_messages $CART job=agent instance=n1 level=error pattern_hash=a
    container_log_messages $CART job=agent instance=n1 level=warning pattern_hash=b
    container_log_messages $CART job=agent instance=n1 level=info pattern_hash=c
    container_http_requests_count machine_id=1 container_id=/docker/web destination=10.1.0.2:80 actual_destination=10.1.0.2:80";

fn shop() -> PrometheusFixture {
    scene(&SHOP.replace("$CART", "machine_id=1 container_id=/k8s/shop/cart-6f8b5c7d9-a/main"))
}

fn cart() -> ApplicationKey {
    ApplicationKey::parse("shop:Deployment:cart").unwrap()
}

const CART: [&str; 3] = ["1", "", "/k8s/shop/cart-6f8b5c7d9-a/main"];

/// Adds a series of a query with its values over the last hour.
fn series(
    answers: &mut QueryResults,
    query: &'static PrometheusQuery,
    more: &[&str],
    value: impl Fn(u32) -> f32,
) {
    let from = NOW - 3600;
    let values: Vec<f32> = (from..=NOW).step_by(STEP_S as usize).map(value).collect();
    let texts: Vec<&str> =
        if query == &UP { more.to_vec() } else { CART.iter().chain(more).copied().collect() };
    over_time(answers, query, (from, STEP_S), &[(&texts, &values)]);
}

fn points() -> QueryResults {
    let mut answers = QueryResults::default();
    for query in NEEDED {
        over_time(&mut answers, query, (NOW, STEP_S), &[]);
    }
    // The container before the rollout is another one, so these series begin with it.
    let since = |value: f32| move |at: u32| if at < ROLLOUT { f32::NAN } else { value };
    series(&mut answers, &CONTAINER_CPU_USAGE, &[], since(0.5));
    // Values before the window of the snapshot do not count.
    let memory = |at: u32| if at < ROLLOUT + 300 { 9000.0 } else { 4096.0 };
    series(&mut answers, &CONTAINER_MEMORY_RSS, &[], memory);
    let target = ["agent", "n1"];
    series(&mut answers, &UP, &target, |_| 1.0);
    let at = |moment: u32| move |at: u32| if at < moment { 0.0 } else { 2.0 };
    series(&mut answers, &CONTAINER_RESTARTS, &target, at(NOW - 1200));
    // After the snapshot.
    series(&mut answers, &CONTAINER_OOM_KILLS_TOTAL, &target, at(NOW - 580));
    let from = NOW - 3600;
    let moments = || (from..=NOW).step_by(STEP_S as usize);
    let logged = |first: u32, count: f32| {
        moments().map(|at| if at < first { f32::NAN } else { count }).collect::<Vec<_>>()
    };
    let labels = |level, hash| [CART[0], CART[1], CART[2], level, hash, "agent", "n1"];
    let (errors, warnings, infos) = (logged(NOW - 1200, 3.0), logged(NOW - 900, 4.0), logged(NOW - 900, 5.0));
    over_time(
        &mut answers,
        &CONTAINER_LOG_MESSAGES,
        (from, STEP_S),
        &[
            (&labels("info", "c"), &infos),
            (&labels("error", "a"), &errors),
            (&labels("warning", "b"), &warnings),
        ],
    );
    answers
}

/// A thousand requests in each slot of the last hour, half of which failed and took longer than half a
/// second.
fn indicators() -> ServiceLevelIndicators {
    let ends = (NOW - 3600) / SLOT_S..=NOW / SLOT_S;
    let mut batch = SlotBatch::default();
    for end in ends.map(|number| number * SLOT_S) {
        batch.requests.push(end);
        batch.latencies.push(end);
        batch.slots.push(ApplicationSlot {
            application: cart(),
            source: SlotSource::Seen,
            end,
            requests: Some([1000.0, 500.0]),
            latency: vec![(0.5, 500.0), (f32::INFINITY, 1000.0)],
        });
    }
    let mut indicators = ServiceLevelIndicators::default();
    indicators.add(&batch);
    indicators
}

/// The audit of the cart. There are none of the others.
fn audits(world: &World<'_>, status: HealthStatus) -> Vec<ApplicationAudit> {
    let message = CheckMessage::BurnRate { rate: 14.4, within: "1 hour" };
    let check = |inspection, status| {
        let message = message.clone();
        AuditCheck { inspection, status, threshold: 99.0, value: None, message }
    };
    let checks =
        vec![check(Inspection::SLOAvailability, status), check(Inspection::SLOLatency, HealthStatus::Ok)];
    let slo = AuditReport { name: slo::NAME, status, checks };
    let applications = world.applications().map(|(application, app)| ApplicationAudit {
        application,
        status,
        reports: if app.id.key(&world.texts) == cart() { vec![slo.clone()] } else { Vec::new() },
    });
    applications.collect()
}

fn findings(
    scene: &PrometheusFixture,
    recalled: &ProjectHistory,
    indicators: &ServiceLevelIndicators,
    points: Option<QueryResults>,
) -> HistoryChanges {
    scene.look(|world| {
        let audits = audits(world, HealthStatus::Critical);
        let counting_since = recalled.counting_since;
        let audits = &audits[..];
        let sight =
            ChangeDetector { world, indicators, recalled, counting_since, audits, step_s: STEP_S, now: NOW };
        sight.findings(|| points, || "key".to_owned(), |_| {})
    })
}

fn rollout(snapshot: Option<RolloutSnapshot>) -> DeploymentRollout {
    DeploymentRollout {
        application: cart(),
        name: "cart-6f8b5c7d9".to_owned(),
        started_at: ROLLOUT,
        finished_at: Some(ROLLOUT),
        container_images: vec!["cart:2".to_owned()],
        snapshot,
    }
}

fn snapshot() -> RolloutSnapshot {
    RolloutSnapshot {
        timestamp: ROLLOUT + 1800,
        duration_s: 1200,
        requests: 4000,
        errors: 2000,
        latency: [("0.500".to_owned(), 2000), ("+Inf".to_owned(), 4000)].into(),
        restarts: 2,
        cpu_usage: 600.0,
        memory_leak_percent: 0.0,
        memory_usage: 4096,
        oom_kills: 0,
        log_errors: 3,
        log_warnings: 4,
    }
}

fn countable(fact: ReportEventKind) -> ReportEvent {
    let what = if fact == ReportEventKind::Deployment { "deployment" } else { "summary" };
    ReportEvent { item: format!("{what}/shop:Deployment:cart/cart-6f8b5c7d9/{ROLLOUT}"), fact }
}

#[test]
fn a_rollout_is_found_with_what_it_cost_and_changed_and_an_incident_with_its_reasons() {
    let found = findings(&shop(), &ProjectHistory::default(), &indicators(), Some(points()));
    assert_eq!(found.deployments, [rollout(Some(snapshot()))]);
    let changes = vec!["-SLO", "-SLO", "-Instances", "-Logs"];
    assert_eq!(
        found.countable,
        [countable(ReportEventKind::Deployment), countable(ReportEventKind::Summary(changes))]
    );
    let [change] = &*found.incidents else { panic!("{:?}", found.incidents) };
    assert_eq!(
        (change.what, change.incident.severity, &*change.incident.key),
        (IncidentTransition::Opened, HealthStatus::Critical, "key")
    );
    assert_eq!((&change.incident.application, change.incident.opened_at), (&cart(), NOW));
    let reasons: Vec<_> =
        change.reasons.iter().map(|reason| [&*reason.report, &*reason.check, &*reason.message]).collect();
    assert_eq!(reasons, [["SLO", "Availability", "error budget burn rate is 14x within 1 hour"]]);
}

#[test]
fn what_is_remembered_is_no_news() {
    let first = findings(&shop(), &ProjectHistory::default(), &indicators(), Some(points()));
    let recalled = ProjectHistory {
        deployments: first.deployments.clone(),
        incidents: first.incidents.iter().map(|change| change.incident.clone()).collect(),
        ..ProjectHistory::default()
    };
    // No snapshot is needed, so `points` is not called.
    let again = findings(&shop(), &recalled, &indicators(), None);
    assert_eq!((again.deployments.len(), again.incidents.len()), (0, 0));
    assert_eq!(again.countable, first.countable);
    assert!(!again.are_news(&first.countable) && first.are_news(&first.countable));
    assert!(again.are_news(&[]));
}

#[test]
fn there_is_no_snapshot_of_what_is_not_known() {
    let without = |indicators: &ServiceLevelIndicators, points: Option<QueryResults>| {
        let found = findings(&shop(), &ProjectHistory::default(), indicators, points);
        assert_eq!(found.deployments, [rollout(None)]);
        assert_eq!(found.countable, [countable(ReportEventKind::Deployment)]);
    };
    without(&indicators(), None);
    // `points` is not even called.
    shop().look(|world| {
        let (recalled, indicators) = (&ProjectHistory::default(), &ServiceLevelIndicators::default());
        let (counting_since, audits) = (0, &[][..]);
        let sight =
            ChangeDetector { world, indicators, recalled, counting_since, audits, step_s: STEP_S, now: NOW };
        let found = sight.findings(|| panic!("no snapshot is possible"), String::new, |_| {});
        assert_eq!(found.deployments, [rollout(None)]);
    });
    // One of the queries failed since.
    let mut stale = points();
    over_time(&mut stale, &CONTAINER_OOM_KILLS_TOTAL, (NOW - 640, STEP_S), &[]);
    without(&indicators(), Some(stale));
    // The memory is unknown for most of the time.
    let mut gap = points();
    series(&mut gap, &CONTAINER_MEMORY_RSS, &[], |at| if at > NOW - 1220 { f32::NAN } else { 1.0 });
    without(&indicators(), Some(gap));
}

#[test]
fn a_snapshot_is_compared_with_the_last_one_there_is() {
    let earlier = |started_at: u32, snapshot: Option<RolloutSnapshot>| DeploymentRollout {
        name: "cart-5d9c7b6f4".to_owned(),
        started_at,
        finished_at: Some(started_at),
        ..rollout(snapshot)
    };
    let costly = RolloutSnapshot { cpu_usage: 900.0, memory_usage: 2048, log_errors: 9, ..snapshot() };
    let recalled = ProjectHistory {
        deployments: vec![earlier(NOW - 190_000, Some(costly)), earlier(NOW - 180_000, None)],
        ..ProjectHistory::default()
    };
    let found = findings(&shop(), &recalled, &indicators(), Some(points()));
    let changes = vec!["-SLO", "-SLO", "+CPU", "-Memory", "-Instances", "+Logs"];
    // Yesterday's rollouts were counted yesterday.
    assert_eq!(
        found.countable,
        [countable(ReportEventKind::Deployment), countable(ReportEventKind::Summary(changes))]
    );
}

#[test]
fn rollouts_of_what_does_not_count_are_remembered_and_not_counted() {
    let watching = shop().category("monitoring", "shop/*");
    let found = findings(&watching, &ProjectHistory::default(), &indicators(), Some(points()));
    assert_eq!((found.deployments.len(), found.countable.len()), (1, 0));
}

#[test]
fn rollouts_from_before_statistics_were_on_are_remembered_and_not_counted() {
    for (counting_since, counted) in [(ROLLOUT - 1, 2), (ROLLOUT, 0)] {
        let recalled = ProjectHistory { counting_since, ..ProjectHistory::default() };
        let found = findings(&shop(), &recalled, &indicators(), Some(points()));
        assert_eq!((found.deployments.len(), found.countable.len()), (1, counted), "{counting_since}");
    }
}
