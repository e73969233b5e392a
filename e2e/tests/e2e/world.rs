//! Tests that a server reports the expected numbers of fleets in a real Prometheus.

use std::{path::Path, rc::Rc, time::Duration};

use headcount_harness::{clock::now, processes::HeadcountProcess, program::HeadcountProgram};
use headcount_shared::payload::Payload;
use headcount_sim::{
    SimulatedInfrastructure, expected_counts::ExpectedCounts, observed_fleets::ObservedFleets, prices,
    shape::FleetShape,
};
use tokio::{
    sync::Semaphore,
    task::{JoinSet, LocalSet},
    time::Instant,
};

use crate::setup::{TestSetup, own_address};

/// The shortest interval between two refreshes: a server queries Prometheus when there are new samples.
pub(crate) const REFRESH: Duration = Duration::from_secs(5);

/// The limit for a server to report the expected numbers on a loaded machine.
pub(crate) const TRUE_AT_LAST: Duration = Duration::from_secs(300);

/// How many servers run at a time.
const AT_A_TIME: usize = 3;

/// A server with the price file of the fleet, without a collector, that observes nothing yet.
pub(crate) fn observer(setup: &TestSetup, name: &str) -> HeadcountProgram {
    priced(setup, &setup.path(name))
        .flag("--collector-url", "http://127.0.0.1:1/")
        .flag("--first-report-after", "1h")
}

/// A server on a data directory with the price file of the fleet, that reports every second from now on.
pub(crate) fn reporting(setup: &TestSetup, data_dir: &Path, collector_url: &str) -> HeadcountProgram {
    priced(setup, data_dir)
        .flag("--collector-url", collector_url)
        .flag("--first-report-after", "0s")
        .flag("--report-interval", "1s")
}

/// A server on a data directory with the price file of the fleet.
pub(crate) fn priced(setup: &TestSetup, data_dir: &Path) -> HeadcountProgram {
    let file = setup.path("cloud-pricing.json.gz");
    prices::write(&file).unwrap();
    HeadcountProgram::serve(data_dir)
        .listen(own_address())
        .flag("--cloud-pricing-url", prices::url(&file).unwrap())
}

/// A server of one project.
pub(crate) fn observer_of(
    setup: &TestSetup,
    prometheus: &str,
    fleet: &SimulatedInfrastructure,
) -> HeadcountProgram {
    observing(observer(setup, fleet.name()), prometheus, fleet)
}

/// Gives a server a fleet as its only project.
pub(crate) fn observing(
    server: HeadcountProgram,
    prometheus: &str,
    fleet: &SimulatedInfrastructure,
) -> HeadcountProgram {
    server
        .flag("--bootstrap-prometheus-url", prometheus)
        .flag("--bootstrap-refresh-interval", format!("{}s", REFRESH.as_secs()))
        .flag("--bootstrap-prometheus-extra-selector", fleet.selector())
}

/// Requests previews until `wrong` returns no lines. At the limit it fails with these lines.
pub(crate) async fn until(
    setup: &TestSetup,
    server: &HeadcountProcess,
    what: &str,
    wrong: impl Fn(&Payload) -> Vec<String>,
) -> Payload {
    let deadline = Instant::now() + TRUE_AT_LAST;
    loop {
        let report = setup.preview(server).await;
        let wrong = wrong(&report);
        if wrong.is_empty() {
            return report;
        }
        let late = Instant::now() > deadline;
        assert!(!late, "{what}, after {TRUE_AT_LAST:?}:\n  {}", wrong.join("\n  "));
        // A server logs nothing when it has built its model anew.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until a server reports the expected numbers of everything that it observes.
pub(crate) async fn until_true(
    setup: &TestSetup,
    server: &HeadcountProcess,
    what: &str,
    expected: impl Fn() -> ExpectedCounts,
) -> Payload {
    until(setup, server, what, |report| expected().differences(report)).await
}

/// Starts a Prometheus that scrapes fleets at this interval.
pub(crate) async fn observed(
    setup: &TestSetup,
    fleets: Vec<SimulatedInfrastructure>,
    scrapes: Duration,
) -> ObservedFleets {
    let directory = setup.path("prometheus");
    // Fewer past samples than scrapes would have, to keep the import short.
    ObservedFleets::start(&directory, own_address(), fleets, 30, scrapes).await.unwrap()
}

/// Starts a Prometheus with one fleet, scraped as often as a server queries it.
pub(crate) async fn shop(setup: &TestSetup) -> (SimulatedInfrastructure, ObservedFleets) {
    let fleet = SimulatedInfrastructure::generate("shop", &FleetShape::document_a(), 1, now()).unwrap();
    let observed = observed(setup, vec![fleet.clone()], REFRESH).await;
    (fleet, observed)
}

/// The queries of a report that failed.
pub(crate) fn failed(report: &Payload) -> Vec<String> {
    let queries = report.performance.constructor.queries.iter();
    queries.filter(|(_, query)| query.failed).map(|(name, _)| name.clone()).collect()
}

/// A line for each query of a report that has not failed, and one if there are no queries.
pub(crate) fn not_failed(report: &Payload) -> Vec<String> {
    let queries = &report.performance.constructor.queries;
    if queries.is_empty() {
        return vec!["there are no queries".to_owned()];
    }
    let well = queries.iter().filter(|(_, query)| !query.failed);
    well.map(|(name, _)| format!("{name} has not failed")).collect()
}

#[tokio::test]
async fn twenty_fleets_are_told_as_they_are() {
    let setup = Rc::new(TestSetup::new());
    let epoch = now();
    let generate = |seed: u64| {
        SimulatedInfrastructure::generate(&seed.to_string(), &FleetShape::random(seed), seed, epoch).unwrap()
    };
    let fleets: Vec<SimulatedInfrastructure> = (1..=20).map(generate).collect();
    let observed = observed(&setup, fleets.clone(), Duration::from_secs(30)).await;
    let url = observed.prometheus.url("");
    let turn = Rc::new(Semaphore::new(AT_A_TIME));
    let mut tasks = JoinSet::new();
    let told = async {
        for fleet in fleets {
            tasks.spawn_local(told_as_it_is(Rc::clone(&setup), Rc::clone(&turn), url.clone(), fleet));
        }
        let mut wrong = 0;
        while let Some(ended) = tasks.join_next().await {
            wrong += u32::from(ended.is_err());
        }
        assert_eq!(wrong, 0, "so many fleets are told wrong; each says above what is");
    };
    LocalSet::new().run_until(told).await;
}

async fn told_as_it_is(
    setup: Rc<TestSetup>,
    turn: Rc<Semaphore>,
    prometheus: String,
    fleet: SimulatedInfrastructure,
) {
    let _turn = turn.acquire().await.unwrap();
    let server = observer_of(&setup, &prometheus, &fleet).start().await.unwrap();
    let what = format!("the fleet of seed {}", fleet.name());
    until_true(&setup, &server, &what, || fleet.expected_counts(now())).await;
}
