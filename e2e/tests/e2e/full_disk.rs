//! Tests that with a full data directory events are refused, and no accepted event is lost.

use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
};

use headcount_harness::{processes::HeadcountProcess, wait::eventually};
use reqwest::StatusCode;
use uuid::Uuid;

use crate::{
    namespace::with_mounts,
    setup::{BrowserTotals, SOON, TestSetup, event, problem},
};

/// The path of a data directory, `server` or `collector`, in the mounts of its process.
pub(crate) fn inside(setup: &TestSetup, name: &str, process: &HeadcountProcess) -> PathBuf {
    let data = setup.path(name);
    PathBuf::from(format!("/proc/{}/root", process.id())).join(data.strip_prefix("/").unwrap())
}

/// Writes until there is no room left.
pub(crate) fn fill(file: PathBuf) -> PathBuf {
    let mut filler = File::create(&file).unwrap();
    for size in [4096, 1] {
        while filler.write_all(&vec![b'x'; size]).is_ok() {}
    }
    file
}

#[tokio::test]
async fn without_room_events_are_refused_and_those_that_were_taken_arrive() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let data = setup.path("server");
    fs::create_dir(&data).unwrap();
    let mount = with_mounts(&format!("mount -t tmpfs -o size=2m none '{}'", data.display()));
    let server = setup.busy_server(&collector).under(mount).start().await.unwrap();
    let mut counted = BrowserTotals::default();
    let mut take = async |expected: Option<StatusCode>| {
        let event = event("/");
        let answer = setup.post_bytes(&server, serde_json::to_vec(&event).unwrap()).await;
        let status = answer.status();
        match status {
            StatusCode::NO_CONTENT => counted.count(&event),
            StatusCode::SERVICE_UNAVAILABLE => assert!(problem(answer).await.contains("stored")),
            other => panic!("{other}"),
        }
        assert!(expected.is_none_or(|expected| status == expected), "{status}");
        status
    };
    for _ in 0..5 {
        take(Some(StatusCode::NO_CONTENT)).await;
    }
    for _ in 0..3 {
        let filler = fill(inside(&setup, "server", &server).join("filler"));
        eventually("an event finds no room", SOON, async || {
            (take(None).await == StatusCode::SERVICE_UNAVAILABLE).then_some(())
        })
        .await
        .unwrap();
        assert_eq!(setup.get(&server.url("health")).await.status(), StatusCode::OK);
        fs::remove_file(filler).unwrap();
        eventually("there is room again", SOON, async || {
            (take(None).await == StatusCode::NO_CONTENT).then_some(())
        })
        .await
        .unwrap();
    }
    setup.assert_arrived(&counted, &server, &collector).await;
}

/// Sends a report of its own to a collector.
async fn report(setup: &TestSetup, collector: &HeadcountProcess, id: Uuid) -> StatusCode {
    let body = format!(r#"{{"instance":{{"uuid":"{id}"}}}}"#);
    let request = setup.http.post(collector.url("ce/usage-statistics")).body(body);
    request.header("idempotency-key", id.to_string()).send().await.unwrap().status()
}

#[tokio::test]
async fn without_room_a_collector_refuses_reports_and_takes_them_when_there_is_room_again() {
    let setup = TestSetup::new();
    let data = setup.path("collector");
    fs::create_dir(&data).unwrap();
    let mount = with_mounts(&format!("mount -t tmpfs -o size=4m none '{}'", data.display()));
    let collector = setup.collector().under(mount).start().await.unwrap();
    for _ in 0..2 {
        let filler = fill(inside(&setup, "collector", &collector).join("filler"));
        let refused = eventually("a report finds no room", SOON, async || {
            let id = Uuid::new_v4();
            (report(&setup, &collector, id).await == StatusCode::SERVICE_UNAVAILABLE).then_some(id)
        })
        .await
        .unwrap();
        fs::remove_file(filler).unwrap();
        assert_eq!(report(&setup, &collector, refused).await, StatusCode::OK);
        let ids = setup.stored(&collector).await.into_iter().map(|report| report.id);
        assert_eq!(ids.filter(|id| *id == refused.to_string()).count(), 1);
    }
}
