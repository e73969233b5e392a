//! Tests that the shown numbers of an installation match what runs there, with the documented stages and
//! queries.

use std::process::Command;

use headcount_harness::{
    clock::now, command_output::output, http::ADMIN_TOKEN, processes::HeadcountProcess, program::binary,
    prometheus::RunningPrometheus,
};
use headcount_shared::payload::Payload;
use headcount_sim::{
    SimulatedInfrastructure,
    coroot_projects::{self, CorootProject},
    shape::FleetShape,
};
use reqwest::Url;
use serde_json::Value;

use crate::{
    setup::TestSetup,
    world::{REFRESH, TRUE_AT_LAST, not_failed, observed, observer, until, until_true},
};

/// The stages that the document lists.
const STAGES: [&str; 7] = [
    "query",
    "load_nodes",
    "load_k8s_metadata",
    "load_rds",
    "load_containers",
    "enrich_instances",
    "join_db_cluster",
];

/// Queries with their metrics.
const ASKED: [(&str, &str); 3] = [
    ("node_info", "node_info"),
    ("container_net_latency", "container_net_latency_seconds"),
    ("kube_pod_info", "kube_pod_info"),
];

/// The output of the command `preview`.
async fn printed(server: &HeadcountProcess) -> Payload {
    let mut command = Command::new(binary().unwrap());
    command.args(["preview", "--listen", &server.address().unwrap().to_string()]);
    command.env_clear().env("ADMIN_TOKEN", ADMIN_TOKEN);
    let output = output(command).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The number of series of a metric in Prometheus.
async fn series(setup: &TestSetup, prometheus: &RunningPrometheus, metric: &str) -> u64 {
    let query = format!("count({metric})");
    let url = Url::parse_with_params(&prometheus.url("api/v1/query"), [("query", &query)]).unwrap();
    let answer: Value = setup.get(url.as_str()).await.json().await.unwrap();
    answer["data"]["result"][0]["value"][1].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_command_prints_the_document_and_stays_true_without_prometheus() {
    let setup = TestSetup::new();
    let epoch = now();
    let fleets = [("shop", FleetShape::document_a()), ("machines", FleetShape::document_b())]
        .map(|(name, shape)| SimulatedInfrastructure::generate(name, &shape, 1, epoch).unwrap());
    let observed = observed(&setup, fleets.to_vec(), REFRESH).await;
    let projects = fleets.each_ref().map(|fleet| CorootProject {
        name: fleet.name().to_owned(),
        prometheus: observed.prometheus.url(""),
        refresh_interval: REFRESH,
        extra_selector: fleet.selector(),
    });
    let program = observer(&setup, "server");
    coroot_projects::write(program.data_dir(), &projects).await.unwrap();
    let server = program.start().await.unwrap();
    let [shop, machines] = fleets;
    let expected = || shop.expected_counts(now()) + machines.expected_counts(now());
    until_true(&setup, &server, "the document", expected).await;

    let report = printed(&server).await;
    assert_eq!(expected().differences(&report), [""; 0]);
    assert_eq!(report.infra.projects, 2);
    assert_eq!((report.infra.nodes, report.infra.applications, report.infra.instances), (10, 18, 50));
    assert!(report.integration.prometheus);
    assert!(report.ux.world_load_time_avg > 0.0);
    assert!(report.ux.audit_time_avg > 0.0);
    let constructor = &report.performance.constructor;
    let missing: Vec<_> = STAGES.iter().filter(|stage| !constructor.stages.contains_key(**stage)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // They are in seconds, and no longer than the wait.
    assert!(constructor.stages.values().all(|seconds| (0.0..TRUE_AT_LAST.as_secs_f64()).contains(seconds)));
    assert!(constructor.queries.len() > 100, "{} queries", constructor.queries.len());
    assert!(constructor.queries.values().all(|query| query.query_time > 0.0 && !query.failed));

    assert_counted(&setup, &server, &observed.prometheus).await;

    drop(observed.prometheus);
    until(&setup, &server, "Prometheus is away", not_failed).await;
    assert_eq!(expected().differences(&printed(&server).await), [""; 0]);
}

/// Rounds a number as reports do: exact up to 99, with two significant digits above.
fn two_digits(number: u64) -> u64 {
    let digits = u32::try_from(number.to_string().len()).unwrap();
    let step = 10_u64.pow(digits.saturating_sub(2));
    (number + step / 2) / step * step
}

/// Waits until each query has as many series as Prometheus. The first answer includes series that ended
/// within the hour.
async fn assert_counted(setup: &TestSetup, server: &HeadcountProcess, prometheus: &RunningPrometheus) {
    let mut expected = Vec::new();
    for (query, metric) in ASKED {
        expected.push((query, two_digits(series(setup, prometheus, metric).await)));
    }
    assert!(expected.iter().all(|(_, series)| *series > 5), "{expected:?}");
    let wrong = |report: &Payload| {
        let said = |query| report.performance.constructor.queries[query].metrics_count;
        let wrong = expected.iter().filter(|(query, series)| said(*query) != *series);
        wrong.map(|(query, series)| format!("{query} has {series} series, not {}", said(query))).collect()
    };
    until(setup, server, "the series of queries", wrong).await;
}
