//! Tests that rollouts and their summaries are in reports exactly once, with any crash in between.

use std::{fs, rc::Rc, time::Duration};

use headcount_e2e::{
    clock::now,
    fleet::{
        SimulatedFleet,
        shape::{FleetShape, VersionLoad, WorkloadChange},
    },
    observed::ObservedFleets,
    past,
    processes::HeadcountProcess,
    program::HeadcountProgram,
    projects::{self, CorootProject},
    wait::eventually,
};
use tokio::task::{JoinSet, LocalSet};

use crate::{
    happened::{EventTotals, rolled_out},
    scene::{SOON, TestScene, copy, own_address},
    trace::SyscallTrace,
    wire::{FaultyWire, WireMode},
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
    let fate = WorkloadChange::Rollout { at: -2100, every: None, load: VersionLoad::USUAL };
    for workload in shape.workloads.iter_mut().filter(|workload| workload.name == "grafana") {
        workload.fate = fate;
    }
    shape
}

/// Starts a Prometheus with that fleet.
async fn rolling(scene: &TestScene) -> (SimulatedFleet, ObservedFleets) {
    let fleet = SimulatedFleet::invent("shop", &shape(), 1, now() - AGE).unwrap();
    let every = i64::try_from(SCRAPES.as_secs()).unwrap();
    let directory = scene.path("prometheus");
    let observed =
        ObservedFleets::start(&directory, own_address(), vec![fleet.clone()], every, SCRAPES).await;
    (fleet, observed.unwrap())
}

/// A server with the history of an earlier server in its settings.
async fn successor(
    scene: &TestScene,
    name: &str,
    fleet: &SimulatedFleet,
    observed: &ObservedFleets,
) -> HeadcountProgram {
    let program = observer(scene, name);
    let project = CorootProject {
        name: fleet.name().to_owned(),
        prometheus: observed.prometheus.url(""),
        refresh_interval: SCRAPES,
        extra_selector: fleet.selector(),
    };
    projects::write(program.data_dir(), &[project]).await.unwrap();
    let before = fleet.stored_rollouts(now() - AGE - 3600);
    past::write(program.data_dir(), fleet.name(), &before).await.unwrap();
    program
}

/// The expected events of the hour before the first start of a server, and of the time since.
fn truth(fleet: &SimulatedFleet) -> EventTotals {
    let (from, until) = (now() - 3600, now());
    EventTotals {
        deployments: fleet.deployments_between(from, until),
        summaries: fleet.summaries_between(from, until, 0),
        ..EventTotals::default()
    }
}

/// Requests previews until one has all events.
async fn until_known(scene: &TestScene, server: &HeadcountProcess, fleet: &SimulatedFleet) {
    until(scene, server, "what happened", |report| {
        let (said, truth) = (EventTotals::of(report), truth(fleet));
        if said == truth { Vec::new() } else { vec![format!("{said:?} instead of {truth:?}")] }
    })
    .await;
}

#[tokio::test]
async fn a_rollout_and_its_summary_arrive_once_through_crashes_and_silent_collectors() {
    let scene = TestScene::new();
    let (fleet, observed) = rolling(&scene).await;
    let expected = truth(&fleet);
    let changes = expected.summaries.iter().map(|(change, count)| (change.as_str(), *count));
    assert_eq!(expected.deployments, 1);
    assert_eq!(changes.collect::<Vec<_>>(), [("+Logs", 1), ("-CPU", 1), ("-Memory", 1)]);
    let program = successor(&scene, "server", &fleet, &observed).await;
    let server = program.clone().start().await.unwrap();
    until_known(&scene, &server, &fleet).await;
    assert_eq!(EventTotals::of(&scene.preview(&server).await), expected, "looking takes nothing");
    server.kill().unwrap();

    // The collector has the report, and the server does not know.
    let collector = scene.collector().start().await.unwrap();
    let wire = FaultyWire::to(collector.address().unwrap(), WireMode::LoseAnswers).await;
    let program =
        reporting(&scene, program.data_dir(), &format!("http://{}/ce/usage-statistics", wire.address));
    let server = program.start().await.unwrap();
    eventually("an answer is lost", SOON, async || (wire.lost_answers() > 0).then_some(())).await.unwrap();
    let program = server.kill().unwrap();
    // Reports are made that no collector accepts.
    let down = collector.kill().unwrap();
    wire.set(WireMode::Forward);
    let server = program.start().await.unwrap();
    let queued = scene.status(&server).await.queued;
    eventually("intervals pass", SOON, async || {
        (scene.status(&server).await.queued > queued + 2).then_some(())
    })
    .await
    .unwrap();
    let program = server.kill().unwrap();
    let (collector, server) = (down.start().await.unwrap(), program.start().await.unwrap());
    assert_eq!(EventTotals::arrived(&scene, &server, &collector).await, expected);

    // A server that sees all of this for the first time does not count it again.
    let program = server.stop().await.unwrap();
    fs::remove_dir_all(program.data_dir().join("cache")).unwrap();
    let server = program.start().await.unwrap();
    until_true(&scene, &server, "a server without a cache", || fleet.truth(now())).await;
    assert_eq!(EventTotals::arrived(&scene, &server, &collector).await, expected);
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
    let scene = Rc::new(TestScene::new());
    let (fleet, observed) = rolling(&scene).await;
    let fresh = successor(&scene, "fresh", &fleet, &observed).await;
    let known = successor(&scene, "known", &fleet, &observed).await;
    let server = known.start().await.unwrap();
    until_known(&scene, &server, &fleet).await;
    let known = server.kill().unwrap();
    let finding = DEATHS_WHILE_FINDING_OUT.map(|nth| (fresh.clone(), "pwrite64", nth));
    let reporting = DEATHS_WHILE_REPORTING.map(|(calls, nth)| (known.clone(), calls, nth));
    let deaths: Vec<_> = finding.into_iter().chain(reporting).collect();
    let told = async {
        for some in deaths.chunks(AT_A_TIME) {
            let mut dying = JoinSet::new();
            for (program, calls, nth) in some.iter().cloned() {
                let (scene, fleet) = (Rc::clone(&scene), fleet.clone());
                dying.spawn_local(async move { dies(&scene, &fleet, &program, calls, nth).await });
            }
            dying.join_all().await;
        }
    };
    LocalSet::new().run_until(told).await;
}

/// Runs a copy of a server until it is killed at its `nth` call of a kind, and then a successor.
async fn dies(
    scene: &TestScene,
    fleet: &SimulatedFleet,
    program: &HeadcountProgram,
    calls: &str,
    nth: usize,
) {
    let what =
        format!("{} killed at call {nth} of {calls}", program.data_dir().file_name().unwrap().display());
    let directory = scene.path(&what);
    copy(program.data_dir(), &directory);
    let collector =
        HeadcountProgram::collect(scene.path(&format!("collector of {what}"))).listen(own_address());
    let collector = collector.start().await.unwrap();
    let program = reporting(scene, &directory, &collector.url("ce/usage-statistics"));
    let (trace, doomed) =
        SyscallTrace::killing(scene, &format!("trace of {what}"), calls, nth, program.clone());
    // It may be killed before it is healthy.
    let doomed = doomed.start().await.ok();
    trace.until("+++ killed by SIGKILL +++").await;
    drop(doomed);
    let server = program.start().await.unwrap();
    let expected = truth(fleet);
    eventually(&what, TRUE_AT_LAST, async || {
        (EventTotals::in_reports(scene, &collector).await == expected).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(EventTotals::arrived(scene, &server, &collector).await, expected, "{what}");
}
