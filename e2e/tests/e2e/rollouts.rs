//! Tests that rollouts and their summaries are in reports exactly once, with any crash in between.

use std::{fs, rc::Rc, time::Duration};

use headcount_harness::{
    clock::now, processes::HeadcountProcess, program::HeadcountProgram, wait::eventually,
};
use headcount_sim::{
    SimulatedInfrastructure,
    coroot_projects::{self, CorootProject},
    observed_fleets::ObservedFleets,
    shape::{FleetShape, VersionLoad, WorkloadChange},
    stored_history,
};
use tokio::task::{JoinSet, LocalSet};

use crate::{
    event_totals::{EventTotals, rolled_out},
    faulty_wire::{FaultyWire, WireMode},
    setup::{SOON, TestSetup, copy, own_address},
    syscall_trace::SyscallTrace,
    world::{TRUE_AT_LAST, observer, reporting, until, until_true},
};

/// The age of the fleet at the start, in seconds: old enough for the summary of its rollout to be known at
/// once.
const AGE: i64 = 600;

/// How often the fleet is scraped, in the past too. Container usage needs samples at least this dense.
const SCRAPES: Duration = Duration::from_secs(15);

/// The documented shop, with an additional rollout of an uncounted application.
fn shape() -> FleetShape {
    let mut shape = FleetShape::document_a();
    let change = WorkloadChange::Rollout { at: -2100, every: None, load: VersionLoad::BASELINE };
    for workload in shape.workloads.iter_mut().filter(|workload| workload.name == "grafana") {
        workload.change = change;
    }
    shape
}

/// Starts a Prometheus with that fleet.
async fn rolling(setup: &TestSetup) -> (SimulatedInfrastructure, ObservedFleets) {
    let fleet = SimulatedInfrastructure::generate("shop", &shape(), 1, now() - AGE).unwrap();
    let every = i64::try_from(SCRAPES.as_secs()).unwrap();
    let directory = setup.path("prometheus");
    let observed =
        ObservedFleets::start(&directory, own_address(), vec![fleet.clone()], every, SCRAPES).await;
    (fleet, observed.unwrap())
}

/// A server with the history of an earlier server in its settings.
async fn successor(
    setup: &TestSetup,
    name: &str,
    fleet: &SimulatedInfrastructure,
    observed: &ObservedFleets,
) -> HeadcountProgram {
    let program = observer(setup, name);
    let project = CorootProject {
        name: fleet.name().to_owned(),
        prometheus: observed.prometheus.url(""),
        refresh_interval: SCRAPES,
        extra_selector: fleet.selector(),
    };
    coroot_projects::write(program.data_dir(), &[project]).await.unwrap();
    let before = fleet.stored_rollouts(now() - AGE - 3600);
    stored_history::write(program.data_dir(), fleet.name(), &before).await.unwrap();
    program
}

/// The expected events of the hour before the first start of a server, and of the time since.
fn expected(fleet: &SimulatedInfrastructure) -> EventTotals {
    let (from, until) = (now() - 3600, now());
    EventTotals {
        deployments: fleet.deployments_between(from, until),
        summaries: fleet.summaries_between(from, until, 0),
        ..EventTotals::default()
    }
}

/// Requests previews until one has all events.
async fn until_known(setup: &TestSetup, server: &HeadcountProcess, fleet: &SimulatedInfrastructure) {
    until(setup, server, "what happened", |report| {
        let (said, expected) = (EventTotals::of(report), expected(fleet));
        if said == expected { Vec::new() } else { vec![format!("{said:?} instead of {expected:?}")] }
    })
    .await;
}

#[tokio::test]
async fn a_rollout_and_its_summary_arrive_once_through_crashes_and_silent_collectors() {
    let setup = TestSetup::new();
    let (fleet, observed) = rolling(&setup).await;
    let expected = expected(&fleet);
    let changes = expected.summaries.iter().map(|(change, count)| (change.as_str(), *count));
    assert_eq!(expected.deployments, 1);
    assert_eq!(changes.collect::<Vec<_>>(), [("+Logs", 1), ("-CPU", 1), ("-Memory", 1)]);
    let program = successor(&setup, "server", &fleet, &observed).await;
    let server = program.clone().start().await.unwrap();
    until_known(&setup, &server, &fleet).await;
    assert_eq!(EventTotals::of(&setup.preview(&server).await), expected, "looking takes nothing");
    server.kill().unwrap();

    // The collector has the report, and the server does not know.
    let collector = setup.collector().start().await.unwrap();
    let wire = FaultyWire::to(collector.address().unwrap(), WireMode::LoseAnswers).await;
    let program =
        reporting(&setup, program.data_dir(), &format!("http://{}/ce/usage-statistics", wire.address));
    let server = program.start().await.unwrap();
    eventually("an answer is lost", SOON, async || (wire.lost_answers() > 0).then_some(())).await.unwrap();
    let program = server.kill().unwrap();
    // Reports are made that no collector accepts.
    let down = collector.kill().unwrap();
    wire.set(WireMode::Forward);
    let server = program.start().await.unwrap();
    let queued = setup.status(&server).await.queued;
    eventually("intervals pass", SOON, async || {
        (setup.status(&server).await.queued > queued + 2).then_some(())
    })
    .await
    .unwrap();
    let program = server.kill().unwrap();
    let (collector, server) = (down.start().await.unwrap(), program.start().await.unwrap());
    assert_eq!(EventTotals::arrived(&setup, &server, &collector).await, expected);

    // A server that sees all of this for the first time does not count it again.
    let program = server.stop().await.unwrap();
    fs::remove_dir_all(program.data_dir().join("cache")).unwrap();
    let server = program.start().await.unwrap();
    until_true(&setup, &server, "a server without a cache", || fleet.expected_counts(now())).await;
    assert_eq!(EventTotals::arrived(&setup, &server, &collector).await, expected);
    let program = server.stop().await.unwrap();
    let remembered = rolled_out(program.data_dir()).await;
    let (grafana, orders) = ("monitoring:Deployment:grafana", "shop:Deployment:orders");
    assert_eq!(remembered, [grafana, grafana, orders, orders], "what is not counted is remembered too");
}

/// The numbers of the calls that write into the settings at which a server is killed while it finds events.
const DEATHS_WHILE_FINDING_OUT: [usize; 6] = [2, 5, 9, 14, 20, 27];

/// The system calls at which a server is killed while it reports events: the kind and the number.
const DEATHS_WHILE_REPORTING: [(&str, usize); 12] = [
    ("pwrite64", 1),
    ("pwrite64", 2),
    ("pwrite64", 3),
    ("pwrite64", 5),
    ("pwrite64", 8),
    ("pwrite64", 12),
    ("rename", 1),
    ("rename", 2),
    ("rename", 3),
    ("rename", 4),
    ("sendto,writev", 1),
    ("sendto,writev", 3),
];

/// How many servers are killed at a time.
const AT_A_TIME: usize = 3;

#[tokio::test]
async fn a_server_killed_while_it_finds_out_or_reports_what_happened_counts_it_once() {
    let setup = Rc::new(TestSetup::new());
    let (fleet, observed) = rolling(&setup).await;
    let fresh = successor(&setup, "fresh", &fleet, &observed).await;
    let known = successor(&setup, "known", &fleet, &observed).await;
    let server = known.start().await.unwrap();
    until_known(&setup, &server, &fleet).await;
    let known = server.kill().unwrap();
    let finding = DEATHS_WHILE_FINDING_OUT.map(|nth| (fresh.clone(), "pwrite64", nth));
    let reporting = DEATHS_WHILE_REPORTING.map(|(calls, nth)| (known.clone(), calls, nth));
    let deaths: Vec<_> = finding.into_iter().chain(reporting).collect();
    let told = async {
        for some in deaths.chunks(AT_A_TIME) {
            let mut dying = JoinSet::new();
            for (program, calls, nth) in some.iter().cloned() {
                let (setup, fleet) = (Rc::clone(&setup), fleet.clone());
                dying.spawn_local(async move { dies(&setup, &fleet, &program, calls, nth).await });
            }
            dying.join_all().await;
        }
    };
    LocalSet::new().run_until(told).await;
}

/// Runs a copy of a server until it is killed at its `nth` call of a kind, and then a successor.
async fn dies(
    setup: &TestSetup,
    fleet: &SimulatedInfrastructure,
    program: &HeadcountProgram,
    calls: &str,
    nth: usize,
) {
    let what =
        format!("{} killed at call {nth} of {calls}", program.data_dir().file_name().unwrap().display());
    let directory = setup.path(&what);
    copy(program.data_dir(), &directory);
    let collector =
        HeadcountProgram::collect(setup.path(&format!("collector of {what}"))).listen(own_address());
    let collector = collector.start().await.unwrap();
    let program = reporting(setup, &directory, &collector.url("ce/usage-statistics"));
    let (trace, doomed) =
        SyscallTrace::killing(setup, &format!("trace of {what}"), calls, nth, program.clone());
    // It may be killed before it is healthy.
    let doomed = doomed.start().await.ok();
    trace.until("+++ killed by SIGKILL +++").await;
    drop(doomed);
    let server = program.start().await.unwrap();
    let expected = expected(fleet);
    eventually(&what, TRUE_AT_LAST, async || {
        (EventTotals::in_reports(setup, &collector).await == expected).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(EventTotals::arrived(setup, &server, &collector).await, expected, "{what}");
}
