//! Tests that every count arrives exactly once with collectors that are down and answers that get lost.

use std::collections::BTreeSet;

use headcount_harness::{processes::HeadcountProcess, wait::eventually};
use headcount_shared::api::ReportState;

use crate::{
    faulty_wire::{FaultyWire, WireMode},
    setup::{BrowserTotals, SOON, TestSetup, event},
};

/// Posts a few events.
async fn some_views(setup: &TestSetup, server: &HeadcountProcess, counted: &mut BrowserTotals) {
    for page in ["/", "/welcome", "/p/$projectId"] {
        let event = event(page);
        setup.view(server, &event).await;
        counted.count(&event);
    }
}

/// Checks that the collector holds each report of the server once.
async fn assert_every_report_once(
    setup: &TestSetup,
    server: &HeadcountProcess,
    collector: &HeadcountProcess,
) {
    let stored = setup.stored(collector).await;
    let ids: BTreeSet<String> = stored.iter().map(|report| report.id.clone()).collect();
    assert_eq!(ids.len(), stored.len());
    let sent = setup.kept(server).await.into_iter().filter(|kept| kept.state == ReportState::Sent);
    assert!(sent.map(|kept| kept.id).all(|id| ids.contains(&id)));
}

#[tokio::test]
async fn a_collector_that_was_away_for_three_intervals_gets_everything_once() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.busy_server(&collector).start().await.unwrap();
    let mut counted = BrowserTotals::default();
    some_views(&setup, &server, &mut counted).await;
    setup.assert_arrived(&counted, &server, &collector).await;
    let down = collector.kill().unwrap();
    for intervals in 1..=3 {
        some_views(&setup, &server, &mut counted).await;
        eventually("an interval passes", SOON, async || {
            (setup.status(&server).await.queued >= intervals).then_some(())
        })
        .await
        .unwrap();
    }
    eventually("the failure is known", SOON, async || setup.status(&server).await.last_failure)
        .await
        .unwrap();
    let collector = down.start().await.unwrap();
    setup.assert_arrived(&counted, &server, &collector).await;
    assert_every_report_once(&setup, &server, &collector).await;
    server.log().until("delivered again").await.unwrap();
    assert_eq!(server.log().count("could not be delivered"), 1, "{:?}", server.log().lines());
    assert_eq!(server.log().count("delivered again"), 1);
}

#[tokio::test]
async fn a_report_whose_answer_was_lost_is_counted_once() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let wire = FaultyWire::to(collector.address().unwrap(), WireMode::LoseAnswers).await;
    let url = format!("http://{}/ce/usage-statistics", wire.address);
    let server = setup.busy_server_to(&url).start().await.unwrap();
    let mut counted = BrowserTotals::default();
    for lost in 1..=3 {
        some_views(&setup, &server, &mut counted).await;
        eventually("an answer is lost", SOON, async || (wire.lost_answers() >= lost).then_some(()))
            .await
            .unwrap();
    }
    assert_eq!(setup.kept(&server).await.iter().filter(|kept| kept.state == ReportState::Sent).count(), 0);
    assert!(!setup.stored(&collector).await.is_empty(), "the requests arrived");
    wire.set(WireMode::Forward);
    setup.assert_arrived(&counted, &server, &collector).await;
    assert_every_report_once(&setup, &server, &collector).await;
}

#[tokio::test]
async fn a_collector_killed_between_reports_loses_and_doubles_none() {
    let setup = TestSetup::new();
    let mut collector = setup.collector().start().await.unwrap();
    let server = setup.busy_server(&collector).start().await.unwrap();
    let mut counted = BrowserTotals::default();
    for _ in 0..4 {
        some_views(&setup, &server, &mut counted).await;
        let before = setup.stored(&collector).await.len();
        eventually("a report arrives", SOON, async || {
            (setup.stored(&collector).await.len() > before).then_some(())
        })
        .await
        .unwrap();
        collector = collector.kill().unwrap().start().await.unwrap();
    }
    setup.assert_arrived(&counted, &server, &collector).await;
}
