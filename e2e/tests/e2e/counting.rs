//! Tests the way from a page in a browser to the report in the collector.

use headcount_harness::{
    browser::{Browser, Engine},
    wait::eventually,
};
use headcount_shared::{
    api::{ReportEntry, ReportState},
    payload::Payload,
};
use sha2::{Digest, Sha256};

use crate::setup::{Breakpoint, SOON, TestSetup};

#[tokio::test]
async fn three_pages_in_two_browsers_of_two_sizes_arrive_as_exactly_those_numbers() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let mut views = 0;
    for (width, pages) in [(1400, ["", "p/acme", "p/acme/app/shop:web/SLO"]), (700, ["", "", "p/other"])] {
        let browser = Browser::open(Engine::Chromium, width).await;
        for page in pages {
            browser.visit(&server, page).await;
            views += 1;
            eventually("the view is counted", SOON, async || {
                (setup.preview(&server).await.ux.page_views.values().sum::<u64>() == views).then_some(())
            })
            .await
            .unwrap();
        }
        browser.close().await;
    }

    let (server, id, bytes) = setup.report_now(server, &collector).await;
    let report: Payload = serde_json::from_slice(&bytes).unwrap();
    let views = [("/", 3), ("/p/$projectId", 2), ("/p/$projectId/app/$id/SLO", 1)];
    assert_eq!(report.ux.page_views, views.map(|(page, views)| (page.to_owned(), views)).into());
    assert_eq!(report.ux.users_by_screen_size, [(Breakpoint::Sm, 1), (Breakpoint::Lg, 1)].into());
    assert_eq!(report.ux.users.len(), 2);

    let offered = setup.get(&server.url(&format!("api/usage-statistics/reports/{id}"))).await;
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(offered.headers()["x-content-sha256"], digest);
    assert_eq!(offered.bytes().await.unwrap(), bytes);
    let sent = eventually("the server knows that it was delivered", SOON, async || {
        setup.kept(&server).await.into_iter().find(|kept| kept.state == ReportState::Sent)
    });
    let size = bytes.len() as u64;
    assert!(
        matches!(sent.await.unwrap(), ReportEntry { id: sent, bytes, .. } if sent == id && bytes == size)
    );
}

#[tokio::test]
async fn a_report_has_the_documented_fields_and_no_other() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let (_server, _, bytes) = setup.report_now(server, &collector).await;
    let sent: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let report: Payload = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(sent, serde_json::to_value(&report).unwrap());
    assert!(!report.integration.prometheus);
    let uuid = std::fs::read_to_string(setup.path("server/instance.uuid")).unwrap();
    assert_eq!(report.instance.uuid.to_string(), uuid);
}
