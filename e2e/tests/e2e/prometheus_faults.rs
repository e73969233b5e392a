//! Whatever Prometheus does, what is known stays, and what failed says so.

use std::fs;

use headcount_e2e::{
    clock::now,
    fleet::{Fleet, shape::Shape},
    processes::Process,
    prometheus::Setting,
};
use headcount_shared::payload::Payload;
use serde_json::Value;

use crate::{
    saboteur::{Misdeed, Saboteur},
    scene::{Scene, own_address},
    world::{observed, observer_of, until, until_true},
};

/// A metric that nothing is counted by. Its query has the same name.
const SPOILED: &str = "node_uptime_seconds";

/// The resident memory that a server may have at most, whatever it is sent.
const MEMORY_BYTES: u64 = 400 << 20;

fn shop() -> Fleet {
    Fleet::invent("shop", &Shape::document_a(), 1, now()).unwrap()
}

/// The queries that failed.
fn failed(report: &Payload) -> Vec<String> {
    let queries = report.performance.constructor.queries.iter();
    queries.filter(|(_, query)| query.failed).map(|(name, _)| name.clone()).collect()
}

/// The most memory that a process has had resident.
fn peak_bytes(process: &Process) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn what_is_known_stays_while_prometheus_is_away() {
    let scene = Scene::new();
    let fleet = shop();
    let observed = observed(&scene, vec![fleet.clone()], 15).await;
    let server = observer_of(&scene, &observed.prometheus.url(""), &fleet).start().await.unwrap();
    let truth = || fleet.truth(now());
    until_true(&scene, &server, "before", truth).await;

    let setting = observed.prometheus.kill().unwrap();
    let all_failed = |report: &Payload| {
        let queries = &report.performance.constructor.queries;
        let well: Vec<_> = queries.iter().filter(|(_, query)| !query.failed).collect();
        well.into_iter().map(|(name, _)| format!("{name} has not failed")).collect()
    };
    let report = until(&scene, &server, "Prometheus is away", all_failed).await;
    assert!(!report.performance.constructor.queries.is_empty());
    assert_eq!(truth().differences(&report), Vec::<String>::new());

    let _prometheus = setting.start().await.unwrap();
    let report = until(&scene, &server, "Prometheus is back", failed).await;
    assert_eq!(truth().differences(&report), Vec::<String>::new());
}

#[tokio::test]
async fn one_query_that_goes_wrong_costs_only_itself() {
    let scene = Scene::new();
    let fleet = shop();
    let observed = observed(&scene, vec![fleet.clone()], 15).await;
    let saboteur = Saboteur::start(observed.prometheus.url(""), SPOILED).await;
    let server = observer_of(&scene, &saboteur.url(), &fleet).start().await.unwrap();
    let truth = || fleet.truth(now());
    until_true(&scene, &server, "before", truth).await;
    for misdeed in [
        Misdeed::Status(400),
        Misdeed::Status(422),
        Misdeed::Status(500),
        Misdeed::Garbage,
        Misdeed::Silence,
        Misdeed::Endless,
        Misdeed::Series(10_000_000),
    ] {
        saboteur.does(misdeed);
        let wrong = |report: &Payload| {
            let mut wrong = truth().differences(report);
            let failed = failed(report);
            if failed != [SPOILED] {
                wrong.push(format!("{failed:?} failed"));
            }
            wrong
        };
        until(&scene, &server, &format!("{misdeed:?}"), wrong).await;
        saboteur.does(Misdeed::None);
        until(&scene, &server, &format!("after {misdeed:?}"), failed).await;
        let peak = peak_bytes(&server);
        assert!(peak < MEMORY_BYTES, "{misdeed:?} took the server to {} MiB", peak >> 20);
    }
}

#[tokio::test]
async fn a_saboteur_spoils_one_metric_and_nothing_else() {
    let scene = Scene::new();
    let prometheus = Setting::new(scene.path("prometheus")).listen(own_address()).start().await.unwrap();
    let saboteur = Saboteur::start(prometheus.url(""), SPOILED).await;
    let ask = async |metric: &str| {
        let url = format!("{}api/v1/query_range?query={metric}&start=0&end=60&step=15", saboteur.url());
        scene.get(&url).await
    };
    for (misdeed, status) in [(Misdeed::None, 200), (Misdeed::Status(422), 422), (Misdeed::Garbage, 200)] {
        saboteur.does(misdeed);
        assert_eq!(ask(SPOILED).await.status(), status);
        let well: Value = ask("node_info").await.json().await.unwrap();
        assert_eq!(well["status"], "success");
    }
    saboteur.does(Misdeed::Series(5000));
    let flood = ask(SPOILED).await.text().await.unwrap();
    assert_eq!(flood.matches("/docker/x").count(), 5000);
}
