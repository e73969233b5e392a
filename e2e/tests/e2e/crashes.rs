//! `kill -9` at any point loses no acknowledged event and counts none twice.

use std::time::Duration;

use headcount_e2e::{processes::Process, wait::eventually};
use headcount_shared::event::BrowserEvent;
use reqwest::StatusCode;

use crate::scene::{SOON, Scene, Totals, event};

const PAGES: [&str; 5] = ["/", "/welcome", "/p/$projectId", "/p/$projectId/node/$name", "(unmatched)"];

/// A server that has delivered a few reports has made fewer calls of a kind than this in any of its threads.
const LAST_CALL: usize = 30;

#[tokio::test]
async fn killed_between_any_two_events_it_loses_none() {
    let scene = Scene::new();
    let collector = scene.collector().start().await.unwrap();
    let mut server = scene.server(&collector).start().await.unwrap();
    let mut counted = Totals::default();
    for round in 0..12 {
        let event = event(PAGES[round % PAGES.len()]);
        scene.view(&server, &event).await;
        counted.count(&event);
        server = server.kill().unwrap().start().await.unwrap();
    }
    let (server, _, _) = scene.report_now(server, &collector).await;
    scene.assert_arrived(&counted, &server, &collector).await;
}

#[tokio::test]
async fn killed_at_any_moment_around_its_reports_it_loses_and_doubles_none() {
    let scene = Scene::new();
    let collector = scene.collector().start().await.unwrap();
    let mut server = scene.busy_server(&collector).start().await.unwrap();
    let mut counted = Totals::default();
    for round in 0..30_u64 {
        for page in &PAGES[..(round % 4) as usize] {
            let event = event(page);
            scene.view(&server, &event).await;
            counted.count(&event);
        }
        // Not a wait for anything: the moment of the kill wanders over the making and the sending of a report.
        tokio::time::sleep(Duration::from_millis(round * 13 % 100)).await;
        server = server.kill().unwrap().start().await.unwrap();
    }
    scene.assert_arrived(&counted, &server, &collector).await;
}

/// What became of a server that is killed at its `nth` call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// It was killed there, and everything was right afterwards.
    Killed,
    /// It does not make that many calls.
    NeverReached,
}

#[tokio::test]
async fn killed_at_any_renaming_it_loses_and_doubles_none() {
    kill_at_every("rename").await;
}

#[tokio::test]
async fn killed_at_any_syncing_it_loses_and_doubles_none() {
    kill_at_every("fsync,fdatasync").await;
}

#[tokio::test]
async fn killed_at_any_removal_it_loses_and_doubles_none() {
    kill_at_every("unlink,rmdir").await;
}

#[tokio::test]
async fn killed_at_any_making_of_a_directory_it_loses_and_doubles_none() {
    kill_at_every("mkdir").await;
}

/// Kills servers as they enter a system call that changes what is on disk under its name, or makes it last: one at its
/// first call, one at its second, until there are no more.
async fn kill_at_every(calls: &str) {
    for nth in (1..LAST_CALL).step_by(3) {
        let attempts = tokio::join!(kill_at(calls, nth), kill_at(calls, nth + 1), kill_at(calls, nth + 2));
        if [attempts.0, attempts.1, attempts.2].contains(&Attempt::NeverReached) {
            assert!(nth > 1 || attempts.0 == Attempt::Killed, "there are calls of {calls}");
            return;
        }
    }
}

async fn kill_at(calls: &str, nth: usize) -> Attempt {
    let scene = Scene::new();
    let collector = scene.collector().start().await.unwrap();
    let inject = format!("inject={calls}:signal=KILL:when={nth}");
    let trace = format!("trace={calls}");
    let record = scene.path("trace").to_string_lossy().into_owned();
    let program = scene.busy_server(&collector);
    let doomed =
        program.clone().under(["strace", "-D", "-f", "-qq", "-o", &record, "-e", &trace, "-e", &inject]);
    let (mut counted, mut unanswered) = (Totals::default(), None);
    let mut reached = true;
    // It may be killed before it serves.
    if let Ok(mut server) = doomed.start().await {
        unanswered = post_until_killed(&scene, &mut server, &mut counted).await;
        reached = server.ended().unwrap().is_some();
        if !reached {
            server.kill().unwrap();
        }
    }
    let server = program.start().await.unwrap();
    let last = event("/usage-statistics");
    scene.view(&server, &last).await;
    counted.count(&last);
    let arrived = scene.arrived(&counted, &server, &collector).await;
    if arrived != counted
        && let Some(event) = unanswered
    {
        // An event without an answer may have been counted or not.
        counted.count(&event);
    }
    assert_eq!(arrived, counted, "killed at call {nth} of {calls}");
    if reached { Attempt::Killed } else { Attempt::NeverReached }
}

/// Posts events until the server is killed or has delivered several reports. Gives the event that had no answer, if one
/// had none.
async fn post_until_killed(
    scene: &Scene,
    server: &mut Process,
    counted: &mut Totals,
) -> Option<BrowserEvent> {
    let reports = |status: headcount_shared::api::Status| status.last_delivered_at;
    let mut deliveries = 0;
    let mut last = None;
    for round in 0.. {
        let event = event(PAGES[round % PAGES.len()]);
        let body = serde_json::to_vec(&event).unwrap();
        match scene.http.post(server.url("stats")).body(body).send().await {
            Ok(answer) => {
                assert_eq!(answer.status(), StatusCode::NO_CONTENT);
                counted.count(&event);
            }
            Err(_) => {
                eventually("the server is killed", SOON, async || server.ended().unwrap()).await.unwrap();
                return Some(event);
            }
        }
        let Ok(answer) = scene.http.get(server.url("api/usage-statistics")).send().await else { return None };
        let Ok(status) = answer.json().await else { return None };
        let delivered = reports(status);
        if delivered != last {
            (last, deliveries) = (delivered, deliveries + 1);
        }
        if deliveries > 2 {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}
