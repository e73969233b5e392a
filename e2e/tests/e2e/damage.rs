//! Tests that a server starts with damaged files, logs them once, and counts and delivers everything else.

use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
};

use headcount_harness::{processes::HeadcountProcess, wait::eventually};
use headcount_shared::api::ReportState;

use crate::setup::{BrowserTotals, SOON, TestSetup, event, files};

/// Waits until a server logs one complaint, and checks that it logs no other.
async fn assert_complains_once(server: &HeadcountProcess, of: &str) {
    server.log().until(of).await.unwrap();
    let lines = server.log().lines();
    let complaints = lines.iter().filter(|line| line.contains(" WARN ") || line.contains(" ERROR "));
    let complaints: Vec<_> = complaints.collect();
    assert!(complaints.len() == 1 && complaints[0].contains(of), "{lines:?}");
    assert_eq!(server.log().count(of), 1, "{lines:?}");
}

#[tokio::test]
async fn a_damaged_instance_uuid_is_replaced() {
    for content in [&b""[..], b"not a uuid", b"\xff\xfe\0", b"00000000-0000-0000-0000-000000000000"] {
        let setup = TestSetup::new();
        let collector = setup.collector().start().await.unwrap();
        let server = setup.server(&collector).start().await.unwrap();
        let event = event("/");
        setup.view(&server, &event).await;
        let program = server.kill().unwrap();
        fs::write(setup.path("server/instance.uuid"), content).unwrap();
        let server = program.start().await.unwrap();
        assert_complains_once(&server, "instance.uuid").await;
        let uuid = setup.preview(&server).await.instance.uuid;
        let (server, _, _) = setup.report_now(server, &collector).await;
        assert_eq!(setup.preview(&server).await.instance.uuid, uuid);
        assert_eq!(setup.totals(&collector).await.page_views, [("/".to_owned(), 1)].into());
    }
}

#[tokio::test]
async fn garbage_in_the_journal_costs_only_itself() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let mut counted = BrowserTotals::default();
    for page in ["/", "/welcome"] {
        let event = event(page);
        setup.view(&server, &event).await;
        counted.count(&event);
    }
    let program = server.kill().unwrap();
    let segment = files(&setup.path("server")).into_iter().find(|name| name.contains("journal/")).unwrap();
    let mut segment = File::options().append(true).open(setup.path("server").join(segment)).unwrap();
    segment.write_all(b"\xff\xfe garbage\n\0\0\0\0\n00000000 v - lg /\nhalf a li").unwrap();

    let server = program.start().await.unwrap();
    assert_complains_once(&server, "damaged").await;
    let event = event("/p/$projectId");
    setup.view(&server, &event).await;
    counted.count(&event);
    let (server, _, _) = setup.report_now(server, &collector).await;
    setup.assert_arrived(&counted, &server, &collector).await;
}

#[tokio::test]
async fn a_damaged_report_is_set_aside_and_the_others_are_delivered() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let down = collector.kill().unwrap();
    let url = format!("http://{}/ce/usage-statistics", down.address());
    let server = setup.busy_server_to(&url).start().await.unwrap();
    eventually("reports wait", SOON, async || (setup.status(&server).await.queued >= 2).then_some(()))
        .await
        .unwrap();
    let program = server.kill().unwrap();
    let damaged = queued(&setup).remove(0);
    fs::write(&damaged, "{}").unwrap();

    let collector = down.start().await.unwrap();
    let server = program.start().await.unwrap();
    let mut counted = BrowserTotals::default();
    let event = event("/");
    setup.view(&server, &event).await;
    counted.count(&event);
    setup.assert_arrived(&counted, &server, &collector).await;
    assert_complains_once(&server, "damaged").await;
    let sent = setup.kept(&server).await.iter().filter(|kept| kept.state == ReportState::Sent).count();
    assert_eq!(setup.stored(&collector).await.len(), sent);
    assert!(sent >= 2);
    assert!(!damaged.exists());
}

/// The files of the queued reports, oldest first.
fn queued(setup: &TestSetup) -> Vec<PathBuf> {
    let directory = setup.path("server");
    let names = files(&directory).into_iter().filter(|name| name.contains("/queued/"));
    names.map(|name| directory.join(name)).collect()
}
