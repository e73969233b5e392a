//! Tests that a simulated fleet feeds a real Prometheus.

mod before;
mod consequences;
mod seen;

use std::{fs::File, io::BufWriter, ops::RangeInclusive, path::PathBuf, time::Duration};

use headcount_harness::{
    clock::now,
    prometheus::{RunningPrometheus, StoppedPrometheus},
    wait::eventually,
};
use headcount_sim::{
    SimulatedInfrastructure,
    expected_counts::ExpectedCounts,
    observed_fleets::ObservedFleets,
    shape::{CallRoute, FleetShape, VersionLoad, WorkloadChange, WorkloadKind, WorkloadPlan, call},
    software::{GO, POSTGRES},
    write_openmetrics,
};
use reqwest::Url;
use serde_json::Value;

use crate::setup::{SOON, TestSetup, own_address};

/// Writes the past of fleets into a file of the scene.
fn past(
    setup: &TestSetup,
    fleets: &[SimulatedInfrastructure],
    between: RangeInclusive<i64>,
    every: usize,
) -> PathBuf {
    let path = setup.path("past.om");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    let moments: Vec<i64> = between.step_by(every).collect();
    write_openmetrics(fleets, &moments, &mut file).unwrap();
    path
}

/// The result of a query that returns one number.
async fn number(setup: &TestSetup, prometheus: &RunningPrometheus, query: &str, at: i64) -> f64 {
    let parameters = [("query", query), ("time", &at.to_string())];
    let url = Url::parse_with_params(&prometheus.url("api/v1/query"), parameters).unwrap();
    let answer: Value = setup.get(url.as_str()).await.json().await.unwrap();
    let value = &answer["data"]["result"][0]["value"][1];
    value.as_str().unwrap_or_else(|| panic!("{query} gives {answer}")).parse().unwrap()
}

#[tokio::test]
async fn a_past_is_found_in_a_real_prometheus() {
    let setup = TestSetup::new();
    let epoch = now();
    let fleets = [SimulatedInfrastructure::generate("a", &FleetShape::document_a(), 1, epoch).unwrap()];
    let setting = StoppedPrometheus::new(setup.path("prometheus")).listen(own_address());
    setting.backfill(&past(&setup, &fleets, epoch - 3600..=epoch, 15)).await.unwrap();
    let prometheus = setting.start().await.unwrap();
    let agents = number(&setup, &prometheus, "count(node_info{fleet=\"a\"})", epoch).await;
    assert_eq!(agents as u64, 5);
    // Without series that Prometheus extends for five minutes.
    let exposed = "count(last_over_time({fleet=\"a\"}[1s]))";
    let all = fleets[0].series_at(epoch) as f64;
    assert_eq!(number(&setup, &prometheus, exposed, epoch).await, all);

    // It restarts at the same address with its data.
    let address = prometheus.url("");
    let prometheus = prometheus.stop().await.unwrap().start().await.unwrap();
    let prometheus = prometheus.kill().unwrap().start().await.unwrap();
    assert_eq!(prometheus.url(""), address);
    assert_eq!(number(&setup, &prometheus, exposed, epoch).await, all);
}

#[test]
fn both_documents_together_are_as_the_document_says() {
    let epoch = 1_800_000_000;
    let expected = |shape, moment| {
        SimulatedInfrastructure::generate("a", &shape, 7, epoch).unwrap().expected_counts(moment)
    };
    for moment in [epoch, epoch + 3600, epoch + 24 * 3600] {
        let expected =
            expected(FleetShape::document_a(), moment) + expected(FleetShape::document_b(), moment);
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let document = ExpectedCounts {
            nodes: 10,
            applications: 18,
            instances: 50,
            clouds: set(&["aws", "hetzner", "ovh"]),
            services: set(&["pgbouncer", "postgres", "redis"]),
            instrumented: set(&["postgres", "redis"]),
            node_agent: true,
            kube_state_metrics: Some(true),
            cloud_costs: true,
        };
        assert_eq!(expected, document);
    }
}

#[test]
fn a_seed_gives_the_same_again_and_another_seed_something_else() {
    let epoch = 1_800_000_000;
    let exposed = |seed| {
        SimulatedInfrastructure::generate("a", &FleetShape::random(seed), seed, epoch)
            .unwrap()
            .exposition(epoch + 7)
    };
    assert_eq!(exposed(9), exposed(9));
    assert_ne!(exposed(9), exposed(19));
}

#[test]
fn a_rollout_replaces_pods_and_those_that_ended_count_for_an_hour() {
    let epoch = 1_800_000_000;
    let rollout = WorkloadChange::Rollout { at: 600, every: None, load: VersionLoad::BASELINE };
    let mut shape = FleetShape::document_b();
    shape.nodes.iter_mut().for_each(|node| node.kubernetes = true);
    shape.kube_state_metrics = true;
    shape.workloads = vec![
        WorkloadPlan::new(WorkloadKind::Deployment, "shop", "web", &GO).replicas(2).change(rollout),
        WorkloadPlan::new(WorkloadKind::StatefulSet, "shop", "db", &POSTGRES),
    ];
    shape.calls = vec![call("shop/web", "shop/db", CallRoute::Service)];
    let fleet = SimulatedInfrastructure::generate("a", &shape, 1, epoch).unwrap();
    for (moment, instances) in [(0, 3), (660, 5), (660 + 3000, 5), (700 + 3600, 3)] {
        assert_eq!(fleet.expected_counts(epoch + moment).instances, instances, "{moment} s later");
    }
}

#[tokio::test]
async fn a_fleet_is_scraped_live_from_where_its_past_ends() {
    let setup = TestSetup::new();
    let fleet = SimulatedInfrastructure::generate("b", &FleetShape::document_b(), 2, now()).unwrap();
    let every = Duration::from_secs(1);
    let observed = ObservedFleets::start(&setup.path("prometheus"), own_address(), vec![fleet], 15, every)
        .await
        .unwrap();
    let scraped_since = now();
    let live = "count(node_info{fleet=\"b\"})";
    eventually("the present is scraped", SOON, async || {
        let newest = number(&setup, &observed.prometheus, "min(timestamp(node_info))", now()).await;
        (newest as i64 > scraped_since).then_some(())
    })
    .await
    .unwrap();
    // The past and the present are the same series.
    assert_eq!(number(&setup, &observed.prometheus, live, now()).await as u64, 4);
    let hour = "min(count_over_time(node_info{fleet=\"b\"}[1h]))";
    assert!(number(&setup, &observed.prometheus, hour, now()).await >= 240.0);
}
