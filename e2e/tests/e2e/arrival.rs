//! Tests that a report counts as delivered only if the collector confirmed it, and that a report that may
//! have left is never listed as deleted.

use std::{fs, sync::Arc};

use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use headcount_harness::{processes::HeadcountProcess, wait::eventually};
use headcount_shared::api::ReportState;
use tokio::{net::TcpListener, sync::Mutex, task::AbortHandle};

use crate::{
    faulty_wire::{FaultyWire, WireMode},
    setup::{BrowserTotals, SOON, TestSetup, event, files},
};

/// A server between an installation and its collector that gives the same answer to every request, until
/// another one is set.
struct CaptivePortal {
    url: String,
    answer: Arc<Mutex<(StatusCode, &'static str, &'static str)>>,
    task: AbortHandle,
}

impl CaptivePortal {
    async fn answering(status: StatusCode, content_type: &'static str, body: &'static str) -> Self {
        let answer = Arc::new(Mutex::new((status, content_type, body)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ce/usage-statistics", listener.local_addr().unwrap());
        let given = Arc::clone(&answer);
        let router = Router::new().fallback(async move || -> Response {
            let (status, content_type, body) = *given.lock().await;
            (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Self { url, answer, task }
    }
}

impl Drop for CaptivePortal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The state of the only report.
async fn state(setup: &TestSetup, server: &HeadcountProcess) -> Option<ReportState> {
    setup.kept(server).await.first().map(|report| report.state)
}

async fn failure(setup: &TestSetup, server: &HeadcountProcess) -> String {
    eventually("an attempt has failed", SOON, async || setup.status(server).await.last_failure).await.unwrap()
}

#[tokio::test]
async fn a_report_waits_behind_pages_for_people_and_arrives_when_they_are_gone() {
    for (status, content_type, body) in [
        (StatusCode::OK, "text/html", "<!doctype html><title>Blocked</title>"),
        (StatusCode::OK, "text/plain", "please sign in"),
        (StatusCode::UNAUTHORIZED, "application/json", "{}"),
        (StatusCode::NOT_FOUND, "text/html", "<html>nginx</html>"),
        (StatusCode::BAD_REQUEST, "text/html", "<html>nginx</html>"),
        (StatusCode::GONE, "application/json", "{}"),
        (StatusCode::FOUND, "text/html", ""),
    ] {
        let setup = TestSetup::new();
        let portal = CaptivePortal::answering(status, content_type, body).await;
        let server = setup.server_reporting(&portal.url, "1h").start().await.unwrap();
        let why = failure(&setup, &server).await;
        assert!(why.contains(&format!("status {}", status.as_u16())), "{why}");
        assert_eq!(state(&setup, &server).await, Some(ReportState::Queued), "{status} {body}");
        assert_eq!(setup.status(&server).await.last_delivered_at, None);
        server.log().until("could not be delivered").await.unwrap();
        assert_eq!(server.log().count("could not be delivered"), 1, "{:?}", server.log().lines());

        *portal.answer.lock().await = (StatusCode::OK, "application/json", r#"{"status":"stored"}"#);
        server.stop().await.unwrap();
        let server = setup.server_to(&portal.url).start().await.unwrap();
        eventually("the report is sent", SOON, async || {
            (state(&setup, &server).await == Some(ReportState::Sent)).then_some(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn a_collector_that_says_what_is_wrong_with_a_report_refuses_it() {
    let setup = TestSetup::new();
    let problem = r#"{"detail":"the report is not understood"}"#;
    let collector =
        CaptivePortal::answering(StatusCode::UNPROCESSABLE_ENTITY, "application/problem+json", problem).await;
    let server = setup.server_reporting(&collector.url, "1h").start().await.unwrap();
    eventually("the report is refused", SOON, async || {
        (state(&setup, &server).await == Some(ReportState::Refused)).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(setup.status(&server).await.refused, 1);
}

#[tokio::test]
async fn switched_off_before_the_answer_a_report_is_unknown_and_one_that_never_left_is_deleted() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let wire = FaultyWire::to(collector.address().unwrap(), WireMode::Hang).await;
    let url = format!("http://{}/ce/usage-statistics", wire.address);
    let server = setup.server_reporting(&url, "1s").start().await.unwrap();
    eventually("others wait", SOON, async || (setup.status(&server).await.queued >= 3).then_some(()))
        .await
        .unwrap();
    let oldest = setup.kept(&server).await.pop().unwrap();
    eventually("the oldest is on its way", SOON, async || (wire.count(&oldest.id) > 0).then_some(()))
        .await
        .unwrap();
    let all = setup.kept(&server).await;
    assert!(setup.switch(&server, false).await.status().is_success());

    // The oldest one, and others that the server may have tried meanwhile.
    let left: Vec<String> = files(&setup.path("server/reports")).into_iter().collect();
    assert!(left.iter().any(|name| name.starts_with(&format!("unknown/{}", oldest.id))), "{left:?}");
    let (on_the_wire, waited): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|report| wire.count(&report.id) > 0);
    let may_stay =
        |name: &String| on_the_wire.iter().any(|sent| name.starts_with(&format!("unknown/{}", sent.id)));
    assert!(left.iter().all(may_stay), "{left:?}");
    assert!(waited.len() >= 2, "{waited:?}");
    let sent = wire.count(&oldest.id);

    // It is not sent again, and it stays listed.
    wire.set(WireMode::Forward);
    assert!(setup.switch(&server, true).await.status().is_success());
    let kept = setup.kept(&server).await.into_iter().find(|report| report.id == oldest.id);
    assert_eq!(kept.map(|report| report.state), Some(ReportState::Unknown));
    eventually("later reports arrive", SOON, async || setup.status(&server).await.last_delivered_at)
        .await
        .unwrap();
    assert_eq!(wire.count(&oldest.id), sent);
}

#[tokio::test]
async fn a_data_directory_that_is_removed_is_made_again_and_counting_goes_on_as_the_same_installation() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let mut counted = BrowserTotals::default();
    let mut view = async || {
        let event = event("/");
        setup.view(&server, &event).await;
        counted.count(&event);
    };
    view().await;
    let instance = setup.preview(&server).await.instance.uuid;
    let key = setup.path("server/browser.key");
    let key_before = fs::read(&key).unwrap();
    fs::remove_dir_all(setup.path("server")).unwrap();
    let said = eventually("it is made again", SOON, async || setup.status(&server).await.data_directory);
    assert!(said.await.unwrap().contains("removed"));
    view().await;
    server.log().until("data directory was removed").await.unwrap();
    assert_eq!(server.log().count("data directory was removed"), 1, "{:?}", server.log().lines());
    assert_eq!(fs::read(&key).unwrap(), key_before, "browsers keep their pseudonyms");

    let (server, _, _) = setup.report_now(server, &collector).await;
    setup.assert_arrived(&counted, &server, &collector).await;
    assert_eq!(setup.preview(&server).await.instance.uuid, instance);
}

#[tokio::test]
async fn what_adds_up_since_the_last_report_survives_a_clean_restart() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let program = |samples: &str| setup.server(&collector).flag("--process-sample-interval", samples);
    let server = program("1s").start().await.unwrap();
    let before = eventually("there are samples", SOON, async || {
        let report = setup.preview(&server).await;
        (report.performance.cpu_usage.len() >= 2).then_some(report)
    });
    let before = before.await.unwrap();
    server.stop().await.unwrap();
    let kept = setup.path("server/unreported.json");
    assert!(kept.exists());

    let server = program("1h").start().await.unwrap();
    let after = setup.preview(&server).await;
    assert!(!kept.exists(), "it is in the process now");
    assert!(after.performance.cpu_usage.starts_with(&before.performance.cpu_usage));
    assert!(after.performance.memory_usage.starts_with(&before.performance.memory_usage));
    assert_eq!(after.profile.from, before.profile.from);
    assert!(after.profile.to >= before.profile.to);

    assert!(setup.switch(&server, false).await.status().is_success());
    server.stop().await.unwrap();
    assert!(!kept.exists(), "nothing is kept while statistics are off");
}
