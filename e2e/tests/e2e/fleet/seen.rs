//! Tests that a real Prometheus sees the costs of rollouts and failing requests.

use headcount_harness::{
    clock::now,
    prometheus::{RunningPrometheus, StoppedPrometheus},
};
use headcount_sim::{
    SimulatedInfrastructure,
    shape::{CallFailures, FleetShape, WorkloadChange},
};

use super::{consequences::edge_and_api, number, past};
use crate::setup::{TestSetup, own_address};

/// The 20 minutes that end at a moment, of the pods of a Deployment, in a real Prometheus.
struct RolloutWindow<'a> {
    setup: &'a TestSetup,
    prometheus: &'a RunningPrometheus,
    fleet: &'a str,
    name: &'a str,
    until: i64,
}

impl RolloutWindow<'_> {
    async fn number(&self, query: &str) -> f64 {
        let pods = format!(
            "fleet=\"{}\",container_id=~\"/k8s/shop/{}-[^-/]{{9}}-[^-/]{{5}}/main\"",
            self.fleet, self.name
        );
        let clients = format!("fleet=\"{}\",container_id=~\"/k8s/shop/(edge|frontend)-.+\"", self.fleet);
        let service = format!(
            "label_replace(kube_service_info{{fleet=\"{}\",service=\"{}\"}},\"to\",\"$1\",\"cluster_ip\",\"(.*)\")",
            self.fleet, self.name
        );
        let of_service = |metric: &str| {
            let to =
                format!("label_replace(increase({metric}[20m]),\"to\",\"$1\",\"destination\",\"(.*):.*\")");
            format!("sum({to} and on(to) {service})")
        };
        let query = match query.strip_prefix("service:") {
            Some(metric) => of_service(metric),
            None => query.to_owned(),
        };
        let query = query.replace("PODS", &pods).replace("CLIENTS", &clients);
        number(self.setup, self.prometheus, &query, self.until).await
    }

    async fn requests(&self) -> f64 {
        self.number("service:container_http_requests_total{CLIENTS}").await
    }

    async fn cpu(&self) -> f64 {
        self.number("sum(increase(container_resources_cpu_usage_seconds_total{PODS}[20m]))").await
    }

    async fn memory(&self) -> f64 {
        self.number("sum(avg_over_time(container_resources_memory_rss_bytes{PODS}[5m]))").await
    }

    async fn errors(&self) -> f64 {
        self.number("sum(increase(container_log_messages_total{level=\"error\",PODS}[20m]))").await
    }
}

#[track_caller]
fn assert_near(found: f64, expected: f64, what: &str) {
    assert!((found / expected - 1.0).abs() < 0.03, "{what}: {found} instead of {expected}");
}

#[tokio::test]
async fn a_real_prometheus_sees_what_a_rollout_costs() {
    let setup = TestSetup::new();
    let epoch = now() - 600;
    let troubled = edge_and_api(
        WorkloadChange::Steady,
        Some(CallFailures { from: -1200, until: 0, failing: 0.25, slow: 0.5 }),
    );
    let fleets = [("a", FleetShape::document_a()), ("b", troubled)]
        .map(|(name, shape)| SimulatedInfrastructure::generate(name, &shape, 1, epoch).unwrap());
    let setting = StoppedPrometheus::new(setup.path("prometheus")).listen(own_address());
    setting.backfill(&past(&setup, &fleets, epoch - 3900..=epoch + 60, 15)).await.unwrap();
    let prometheus = setting.start().await.unwrap();
    let window =
        |fleet, name, until| RolloutWindow { setup: &setup, prometheus: &prometheus, fleet, name, until };

    let (before, after) = (window("a", "orders", epoch - 2160), window("a", "orders", epoch - 280));
    for window in [&before, &after] {
        assert_near(window.requests().await, 192_000.0, "requests");
    }
    assert_near(before.cpu().await, 960.0, "CPU time");
    assert_near(after.cpu().await / before.cpu().await, 1.5, "CPU time");
    assert_near(before.memory().await, 2.4e8, "memory");
    assert_near(after.memory().await / before.memory().await, 1.4, "memory");
    assert!((before.errors().await - 48.0).abs() < 3.0, "{} errors", before.errors().await);
    assert!((after.errors().await - 12.0).abs() < 3.0, "{} errors", after.errors().await);

    // One replica set, both, and the other one, once Prometheus has forgotten the pods of the first.
    for (moment, replica_sets, pods) in [(-60, 1.0, 2.0), (15, 2.0, 4.0), (330, 1.0, 2.0)] {
        let told =
            "kube_pod_info{fleet=\"a\",created_by_kind=\"ReplicaSet\",created_by_name=~\"orders-[^-]+\"}";
        let at = window("a", "orders", epoch - 2100 + moment);
        assert_eq!(at.number(&format!("count({told})")).await, pods, "pods at {moment}");
        let sets = format!("count(count by (created_by_name) ({told}))");
        assert_eq!(at.number(&sets).await, replica_sets, "replica sets at {moment}");
    }

    let trouble = window("b", "api", epoch);
    let requests = trouble.requests().await;
    assert_near(requests, 48_000.0, "requests");
    let failed = trouble.number("service:container_http_requests_total{status=\"500\",CLIENTS}").await;
    assert_near(failed / requests, 0.25, "failed requests");
    let fast = "service:container_http_requests_duration_seconds_total_bucket{le=\"0.5\",CLIENTS}";
    assert_near(trouble.number(fast).await / requests, 0.5, "requests that are not slow");
    // Before, nothing failed and nothing was slow.
    let calm = window("b", "api", epoch - 1260);
    assert_near(calm.number(fast).await / calm.requests().await, 0.998, "requests that are not slow");
    assert_eq!(calm.number("service:container_http_requests_total{status=\"500\",CLIENTS}").await, 0.0);
}
