//! Tests that known numbers stay and failed queries are reported, with any fault of Prometheus.

use std::{fs, rc::Rc, time::Duration};

use headcount_harness::{clock::now, processes::HeadcountProcess, prometheus::StoppedPrometheus};
use headcount_shared::payload::Payload;
use headcount_sim::SimulatedInfrastructure;
use serde_json::Value;
use tokio::task::{JoinSet, LocalSet};

use crate::{
    faulty_prometheus::{FaultyPrometheus, PrometheusFault},
    setup::{TestSetup, own_address},
    world::{failed, not_failed, observer, observer_of, observing, shop, until, until_true},
};

/// A metric that no count depends on. Its query has the same name.
const SPOILED: &str = "node_uptime_seconds";

/// The faults, grouped by server. Faults that take time run in parallel.
const MISDEEDS: [&[PrometheusFault]; 3] = [
    &[
        PrometheusFault::Status(400),
        PrometheusFault::Status(422),
        PrometheusFault::Status(500),
        PrometheusFault::Garbage,
    ],
    &[PrometheusFault::Silence, PrometheusFault::Endless],
    &[PrometheusFault::Series(10_000_000)],
];

/// A text that every query contains.
const ANY: &str = "";

/// Fewer requests than a server needs to observe a fleet.
const SOME: usize = 40;

/// The maximum resident memory of a server for any answer.
const MEMORY_BYTES: u64 = 400 << 20;

/// The peak resident memory of a process.
fn peak_bytes(process: &HeadcountProcess) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn what_is_known_stays_while_prometheus_is_away() {
    let setup = TestSetup::new();
    let (fleet, observed) = shop(&setup).await;
    let server = observer_of(&setup, &observed.prometheus.url(""), &fleet).start().await.unwrap();
    let expected = || fleet.expected_counts(now());
    until_true(&setup, &server, "before", expected).await;

    let setting = observed.prometheus.kill().unwrap();
    let report = until(&setup, &server, "Prometheus is away", not_failed).await;
    assert_eq!(expected().differences(&report), Vec::<String>::new());

    let _prometheus = setting.start().await.unwrap();
    let report = until(&setup, &server, "Prometheus is back", failed).await;
    assert_eq!(expected().differences(&report), Vec::<String>::new());
}

#[tokio::test]
async fn one_query_that_goes_wrong_costs_only_itself() {
    let setup = Rc::new(TestSetup::new());
    let (fleet, observed) = shop(&setup).await;
    let url = observed.prometheus.url("");
    let told = async {
        let mut tasks = JoinSet::new();
        for (number, misdeeds) in MISDEEDS.into_iter().enumerate() {
            let (setup, url, fleet) = (Rc::clone(&setup), url.clone(), fleet.clone());
            let server = format!("server{number}");
            tasks.spawn_local(async move { costs_only_itself(&setup, &server, url, &fleet, misdeeds).await });
        }
        let mut wrong = 0;
        while let Some(ended) = tasks.join_next().await {
            wrong += u32::from(ended.is_err());
        }
        assert_eq!(wrong, 0, "so many servers have a misdeed that costs more; each says above which");
    };
    LocalSet::new().run_until(told).await;
}

async fn costs_only_itself(
    setup: &TestSetup,
    server: &str,
    real: String,
    fleet: &SimulatedInfrastructure,
    misdeeds: &[PrometheusFault],
) {
    let faulty = FaultyPrometheus::start(real, SPOILED).await;
    let server = observing(observer(setup, server), &faulty.url(), fleet).start().await.unwrap();
    let expected = || fleet.expected_counts(now());
    until_true(setup, &server, "before", expected).await;
    for &misdeed in misdeeds {
        faulty.does(misdeed);
        let wrong = |report: &Payload| {
            let mut wrong = expected().differences(report);
            let failed = failed(report);
            if failed != [SPOILED] {
                wrong.push(format!("{failed:?} failed"));
            }
            wrong
        };
        until(setup, &server, &format!("{misdeed:?}"), wrong).await;
        faulty.does(PrometheusFault::None);
        until(setup, &server, &format!("after {misdeed:?}"), failed).await;
        let peak = peak_bytes(&server);
        assert!(peak < MEMORY_BYTES, "{misdeed:?} took the server to {} MiB", peak >> 20);
    }
}

#[tokio::test]
async fn a_saboteur_spoils_one_metric_and_nothing_else() {
    let setup = TestSetup::new();
    let prometheus =
        StoppedPrometheus::new(setup.path("prometheus")).listen(own_address()).start().await.unwrap();
    let faulty = FaultyPrometheus::start(prometheus.url(""), SPOILED).await;
    let ask = async |metric: &str| {
        let url = format!("{}api/v1/query_range?query={metric}&start=0&end=60&step=15", faulty.url());
        setup.get(&url).await
    };
    for (misdeed, status) in
        [(PrometheusFault::None, 200), (PrometheusFault::Status(422), 422), (PrometheusFault::Garbage, 200)]
    {
        faulty.does(misdeed);
        assert_eq!(ask(SPOILED).await.status(), status);
        let well: Value = ask("node_info").await.json().await.unwrap();
        assert_eq!(well["status"], "success");
    }
    faulty.does(PrometheusFault::Series(5000));
    let flood = ask(SPOILED).await.text().await.unwrap();
    assert_eq!(flood.matches("/docker/x").count(), 5000);
}

#[tokio::test]
async fn numbers_come_true_when_each_answer_takes_a_second() {
    let setup = TestSetup::new();
    let (fleet, observed) = shop(&setup).await;
    let slow = FaultyPrometheus::start(observed.prometheus.url(""), ANY).await;
    slow.does(PrometheusFault::Late(Duration::from_secs(1)));
    let server = observer_of(&setup, &slow.url(), &fleet).start().await.unwrap();
    let report = until_true(&setup, &server, "each answer is late", || fleet.expected_counts(now())).await;
    let quickest = report.performance.constructor.queries.values().map(|query| query.query_time);
    assert!(quickest.fold(f64::INFINITY, f64::min) >= 1.0);
    assert_eq!(failed(&report), Vec::<String>::new());
}

#[tokio::test]
async fn numbers_come_true_when_prometheus_restarts_while_it_is_asked() {
    let setup = TestSetup::new();
    let (fleet, observed) = shop(&setup).await;
    let slow = FaultyPrometheus::start(observed.prometheus.url(""), ANY).await;
    slow.stops_after(SOME);
    let server = observer_of(&setup, &slow.url(), &fleet).start().await.unwrap();
    let under_way = |report: &Payload| {
        let answered = report.performance.constructor.queries.len();
        if answered < SOME / 2 { vec![format!("{answered} queries are answered")] } else { Vec::new() }
    };
    let report = until(&setup, &server, "some queries are answered", under_way).await;
    assert_ne!(fleet.expected_counts(now()).differences(&report), Vec::<String>::new(), "this is the middle");
    let setting = observed.prometheus.kill().unwrap();
    slow.goes_on();
    until(&setup, &server, "some queries fail", |report| {
        if failed(report).is_empty() { vec!["none failed".to_owned()] } else { Vec::new() }
    })
    .await;
    let _prometheus = setting.start().await.unwrap();
    until_true(&setup, &server, "Prometheus is back", || fleet.expected_counts(now())).await;
    until(&setup, &server, "Prometheus is back", failed).await;
}
