//! Whatever Prometheus does, what is known stays, and what failed says so.

use std::fs;

use headcount_e2e::{
    clock::now,
    fleet::{Fleet, shape::Shape},
    processes::Process,
};
use headcount_shared::payload::Payload;

use crate::{
    saboteur::{Misdeed, Saboteur},
    scene::Scene,
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
    let observed = observed(&scene, vec![fleet.clone()]).await;
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
    let observed = observed(&scene, vec![fleet.clone()]).await;
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
