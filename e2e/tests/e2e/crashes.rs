//! Tests that `kill -9` at any point loses no acknowledged event and counts none twice.
//!
//! `strace` kills the process exactly at a system call that is about to change files or to send data.

use std::time::Duration;

use headcount_harness::{processes::HeadcountProcess, rounds::rounds, wait::within};
use headcount_shared::{
    api::{ReportEntry, ReportState},
    event::BrowserEvent,
};
use reqwest::StatusCode;

use crate::{
    setup::{BrowserTotals, SOON, TestSetup, event},
    syscall_trace::SyscallTrace,
};

const PAGES: [&str; 5] = ["/", "/welcome", "/p/$projectId", "/p/$projectId/node/$name", "(unmatched)"];

/// The last call of each kind at which a program is killed: by default, and in thorough runs. Most kinds have
/// fewer calls; for the others, later calls repeat the pattern.
const LAST_CALL: [usize; 2] = [12, 24];

/// The time between two events, so that there are some in every report.
const PACE: Duration = Duration::from_millis(20);

/// The number of reports after which a program that was not killed has done everything at least once.
const REPORTS: usize = 4;

/// The condition that ends the posting of events.
const ENOUGH: &str = "it is killed, or has shown all it does";

#[tokio::test]
async fn killed_between_any_two_events_it_loses_none() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let mut server = setup.server(&collector).start().await.unwrap();
    let mut counted = BrowserTotals::default();
    for round in 0..12 {
        let event = event(PAGES[round % PAGES.len()]);
        setup.view(&server, &event).await;
        counted.count(&event);
        server = server.kill().unwrap().start().await.unwrap();
    }
    let (server, _, _) = setup.report_now(server, &collector).await;
    setup.assert_arrived(&counted, &server, &collector).await;
}

#[tokio::test]
async fn killed_at_any_moment_around_its_reports_it_loses_and_doubles_none() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let mut server = setup.busy_server(&collector).start().await.unwrap();
    let mut counted = BrowserTotals::default();
    for round in 0..rounds(30, 200) {
        for page in &PAGES[..round % 4] {
            let event = event(page);
            setup.view(&server, &event).await;
            counted.count(&event);
        }
        // Not a wait for anything: it moves the time of the kill over the creation and delivery of a report.
        tokio::time::sleep(Duration::from_millis(round as u64 * 13 % 100)).await;
        server = server.kill().unwrap().start().await.unwrap();
    }
    setup.assert_arrived(&counted, &server, &collector).await;
}

#[tokio::test]
async fn a_server_killed_at_any_renaming_loses_and_doubles_none() {
    kill_at_every(KilledProcess::Server, "rename").await;
}

#[tokio::test]
async fn a_server_killed_at_any_syncing_loses_and_doubles_none() {
    kill_at_every(KilledProcess::Server, "fsync,fdatasync").await;
}

#[tokio::test]
async fn a_server_killed_at_any_removal_loses_and_doubles_none() {
    kill_at_every(KilledProcess::Server, "unlink,rmdir").await;
}

#[tokio::test]
async fn a_server_killed_at_any_making_of_a_directory_loses_and_doubles_none() {
    kill_at_every(KilledProcess::Server, "mkdir").await;
}

#[tokio::test]
async fn a_server_killed_at_any_writing_loses_and_doubles_none() {
    kill_at_every(KilledProcess::Server, "write").await;
}

#[tokio::test]
async fn a_server_killed_at_any_sending_loses_and_doubles_none() {
    kill_at_every(KilledProcess::Server, "sendto,writev,shutdown").await;
}

#[tokio::test]
async fn a_collector_killed_at_any_syncing_loses_and_doubles_none() {
    kill_at_every(KilledProcess::Collector, "fsync,fdatasync").await;
}

#[tokio::test]
async fn a_collector_killed_at_any_writing_loses_and_doubles_none() {
    kill_at_every(KilledProcess::Collector, "pwrite64").await;
}

#[tokio::test]
async fn a_collector_killed_at_any_sending_loses_and_doubles_none() {
    kill_at_every(KilledProcess::Collector, "sendto,writev,shutdown").await;
}

/// The program that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KilledProcess {
    Server,
    Collector,
}

/// Kills a program as it enters a system call that changes files or sends data: once at its first call, once
/// at its second, until there are no more.
async fn kill_at_every(victim: KilledProcess, calls: &str) {
    let mut killed = 0;
    let [usual, thorough] = LAST_CALL;
    for nth in (1..=rounds(usual, thorough)).step_by(3) {
        let (a, b, c) = tokio::join!(
            kill_at(victim, calls, nth),
            kill_at(victim, calls, nth + 1),
            kill_at(victim, calls, nth + 2)
        );
        let now = [a, b, c].into_iter().filter(|&killed| killed).count();
        killed += now;
        if now < 3 {
            break;
        }
    }
    assert!(killed > 0, "there are calls of {calls}");
}

/// Kills a program at its `nth` call and checks that all counts are right afterwards. Returns whether it was
/// killed: it may make fewer calls.
async fn kill_at(victim: KilledProcess, calls: &str, nth: usize) -> bool {
    match victim {
        KilledProcess::Server => kill_server_at(calls, nth).await,
        KilledProcess::Collector => kill_collector_at(calls, nth).await,
    }
}

async fn kill_server_at(calls: &str, nth: usize) -> bool {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let program = setup.busy_server(&collector);
    let (trace, doomed) = SyscallTrace::killing(&setup, "killed", calls, nth, program.clone());
    let mut server = doomed.start().await.ok();
    let (mut counted, mut unanswered) = (BrowserTotals::default(), None);
    if let Some(server) = &server {
        let posting = async {
            while unanswered.is_none() && setup.stored(&collector).await.len() < REPORTS {
                unanswered = post(&setup, server, &mut counted).await.err();
                tokio::time::sleep(PACE).await;
            }
        };
        within(ENOUGH, SOON, posting).await.unwrap();
    }
    let killed = was_killed(&trace, &mut server, unanswered.is_some()).await;
    drop(server);

    let server = program.start().await.unwrap();
    post(&setup, &server, &mut counted).await.unwrap();
    let arrived = setup.arrived(&counted, &server, &collector).await;
    if arrived != counted
        && let Some(event) = unanswered
    {
        // An event without an answer may or may not have been counted.
        counted.count(&event);
    }
    assert_eq!(arrived, counted, "killed at call {nth} of {calls}");
    killed
}

async fn kill_collector_at(calls: &str, nth: usize) -> bool {
    let setup = TestSetup::new();
    // From here on it keeps its address.
    let program = setup.collector().start().await.unwrap().kill().unwrap();
    let (trace, doomed) = SyscallTrace::killing(&setup, "killed", calls, nth, program.clone());
    let mut collector = doomed.start().await.ok();
    let url = format!("http://{}/ce/usage-statistics", program.address());
    let server = setup.busy_server_to(&url).start().await.unwrap();
    let mut counted = BrowserTotals::default();
    let is_sent = |report: &ReportEntry| report.state == ReportState::Sent;
    let posting = async {
        while collector.as_mut().is_some_and(|collector| collector.ended().unwrap().is_none())
            && setup.kept(&server).await.iter().filter(|report| is_sent(report)).count() < REPORTS
        {
            post(&setup, &server, &mut counted).await.unwrap();
            tokio::time::sleep(PACE).await;
        }
    };
    within(ENOUGH, SOON, posting).await.unwrap();
    let killed = was_killed(&trace, &mut collector, false).await;
    drop(collector);

    let collector = program.start().await.unwrap();
    post(&setup, &server, &mut counted).await.unwrap();
    setup.assert_arrived(&counted, &server, &collector).await;
    killed
}

/// Posts an event. Returns it as an error if there was no answer.
async fn post(
    setup: &TestSetup,
    server: &HeadcountProcess,
    counted: &mut BrowserTotals,
) -> Result<(), BrowserEvent> {
    let event = event(PAGES[counted.users.len() % PAGES.len()]);
    let body = serde_json::to_vec(&event).unwrap();
    let Ok(answer) = setup.http.post(server.url("stats")).body(body).send().await else { return Err(event) };
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    counted.count(&event);
    Ok(())
}

/// Whether a program was killed at the chosen call. One that does not start, or `is_gone`, was.
async fn was_killed(trace: &SyscallTrace, process: &mut Option<HeadcountProcess>, is_gone: bool) -> bool {
    let runs = process.as_mut().is_some_and(|process| process.ended().unwrap().is_none());
    if runs && !is_gone {
        return false;
    }
    trace.until("+++ killed by SIGKILL +++").await;
    true
}
