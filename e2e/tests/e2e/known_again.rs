//! Tests that a restarted server knows what it knew before its end, with any state that the end left on disk.

use std::{fs, path::Path, rc::Rc};

use headcount_harness::{clock::now, process_log::ProcessLog, program::HeadcountProgram};
use headcount_sim::{SimulatedInfrastructure, observed_fleets::ObservedFleets};
use tokio::task::{JoinSet, LocalSet};

use crate::{
    setup::{TestSetup, copy, files},
    syscall_trace::SyscallTrace,
    world::{failed, not_failed, observer, observing, shop, until, until_true},
};

/// The system calls at which a server is killed: the kind, and the number within one of its threads. A
/// refresh makes some hundred of each.
const DEATHS: [(&str, usize); 6] =
    [("rename", 1), ("rename", 4), ("rename", 12), ("write", 5), ("write", 12), ("openat", 30)];

/// Returns a fleet in a Prometheus, and the data directory of a server that was stopped after it had observed
/// everything.
async fn known(setup: &TestSetup) -> (SimulatedInfrastructure, ObservedFleets, HeadcountProgram, usize) {
    let (fleet, observed) = shop(setup).await;
    let program = observing(observer(setup, "known"), &observed.prometheus.url(""), &fleet);
    let server = program.start().await.unwrap();
    until_true(setup, &server, "before", || fleet.expected_counts(now())).await;
    let log = server.log().clone();
    let stopped = server.stop().await.unwrap();
    // All log lines have been read now.
    (fleet, observed, stopped, log.lines().len())
}

/// The same server on a copy of that directory.
fn copied(
    setup: &TestSetup,
    name: &str,
    known: &HeadcountProgram,
    observed: &ObservedFleets,
    fleet: &SimulatedInfrastructure,
) -> HeadcountProgram {
    let program = observing(observer(setup, name), &observed.prometheus.url(""), fleet);
    copy(known.data_dir(), program.data_dir());
    program
}

#[tokio::test]
async fn killed_while_it_refreshes_a_server_knows_the_fleet_without_prometheus() {
    let setup = Rc::new(TestSetup::new());
    let (fleet, observed, known, _) = known(&setup).await;
    let doomed: Vec<HeadcountProgram> = (0..DEATHS.len())
        .map(|number| copied(&setup, &format!("server{number}"), &known, &observed, &fleet))
        .collect();
    let told = async {
        let mut deaths = JoinSet::new();
        for (program, (calls, nth)) in doomed.iter().cloned().zip(DEATHS) {
            let setup = Rc::clone(&setup);
            deaths.spawn_local(async move { dies(&setup, program, calls, nth).await });
        }
        deaths.join_all().await;
        observed.prometheus.kill().unwrap();
        let mut lives = JoinSet::new();
        for (program, death) in doomed.into_iter().zip(DEATHS) {
            let (setup, fleet) = (Rc::clone(&setup), fleet.clone());
            lives.spawn_local(async move {
                let server = program.start().await.unwrap();
                let what = format!("killed at {death:?}, and Prometheus is away");
                let report = until(&setup, &server, &what, not_failed).await;
                assert_eq!(fleet.expected_counts(now()).differences(&report), [""; 0], "{what}");
            });
        }
        lives.join_all().await;
    };
    LocalSet::new().run_until(told).await;
}

/// Runs a server until it is killed at its `nth` call of a kind.
async fn dies(setup: &TestSetup, program: HeadcountProgram, calls: &str, nth: usize) {
    let record = format!("{calls}{nth}");
    let (trace, doomed) = SyscallTrace::killing(setup, &record, calls, nth, program);
    // It may be killed before it is healthy.
    let _server = doomed.start().await.ok();
    trace.until("+++ killed by SIGKILL +++").await;
}

#[tokio::test]
async fn a_damaged_cache_is_filled_again_without_a_word() {
    let setup = TestSetup::new();
    let (fleet, observed, known, said) = known(&setup).await;
    let expected = || fleet.expected_counts(now());
    for (name, damage) in DAMAGES {
        let program = copied(&setup, name, &known, &observed, &fleet);
        let cache = program.data_dir().join("cache");
        let damaged = files(&cache);
        assert!(damaged.len() > 50, "{damaged:?}");
        damaged.iter().for_each(|file| damage(&cache.join(file)));
        let server = program.start().await.unwrap();
        until_true(&setup, &server, name, expected).await;
        until(&setup, &server, name, failed).await;
        let log = server.log().clone();
        server.stop().await.unwrap();
        assert_quiet(&log, said + 1, name);
    }
}

/// Checks that a server logged at most this number of lines, including its end.
fn assert_quiet(log: &ProcessLog, most: usize, what: &str) {
    let lines = log.lines();
    assert_eq!(log.count("panicked"), 0, "{what}: {lines:?}");
    assert!(lines.len() <= most, "{what}: {lines:?}");
}

/// A way to damage files.
type FileDamage = fn(&Path);

const DAMAGES: [(&str, FileDamage); 5] = [
    ("cut in half", |file| changed(file, |bytes| bytes.truncate(bytes.len() / 2))),
    ("a byte is another", |file| {
        changed(file, |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
        });
    }),
    ("all zeros", |file| changed(file, |bytes| bytes.fill(0))),
    ("nothing in it", |file| changed(file, Vec::clear)),
    ("more behind it", |file| changed(file, |bytes| bytes.extend([0xff; 100]))),
];

fn changed(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    fs::write(file, bytes).unwrap();
}
