//! Tests that the views of every page of the interface are in the report, under the keys of the route table.

use std::collections::BTreeMap;

use headcount_harness::{
    browser::{Browser, Engine},
    processes::HeadcountProcess,
    wait::eventually,
};
use headcount_shared::{
    payload::Payload,
    routes::{KeyPlaceholder, ROUTES, RouteTable, UNMATCHED},
};
use headcount_sim::coroot_projects::{self, CorootProject};
use serde_json::json;

use crate::setup::{SOON, TestSetup};

/// Pages with the keys of their views, where `ID` stands for a project.
const PAGES: [(&str, &str); 16] = [
    ("", "/"),
    ("welcome", "/welcome"),
    ("usage-statistics", "/usage-statistics"),
    ("p/new", "/p/new"),
    ("p/new/prometheus", "/p/new/prometheus"),
    ("p/ID", "/p/$projectId"),
    ("p/ID/app/shop:Deployment:orders", "/p/$projectId/app/$id"),
    ("p/ID/app/shop:Deployment:orders/SLO", "/p/$projectId/app/$id/SLO"),
    ("p/ID/app/shop:Deployment:orders/Net", "/p/$projectId/app/$id/Net"),
    ("p/ID/node/node-1", "/p/$projectId/node/$name"),
    ("p/ID/settings", "/p/$projectId/settings"),
    ("p/ID/settings/prometheus", "/p/$projectId/settings/prometheus"),
    ("p/ID/settings/clickhouse", "/p/$projectId/settings/clickhouse"),
    ("p/ID/settings/inspections", "/p/$projectId/settings/inspections"),
    ("p/ID/settings/applications", "/p/$projectId/settings/applications"),
    ("p/ID/settings/notifications", "/p/$projectId/settings/notifications"),
];

/// Links that are followed one after another from the overview, by the ends of their addresses, with the keys
/// of the views.
const LINKS: [(&str, &str); 5] = [
    ("/p/ID", "/p/$projectId"),
    ("/p/ID/settings", "/p/$projectId/settings"),
    ("/p/ID/settings/notifications", "/p/$projectId/settings/notifications"),
    ("/p/ID/settings/applications", "/p/$projectId/settings/applications"),
    ("/usage-statistics", "/usage-statistics"),
];

/// The views that are counted, by key.
type CountedViews = BTreeMap<String, u64>;

/// Waits until as many views are counted as expected, and checks their keys.
async fn assert_counted(setup: &TestSetup, server: &HeadcountProcess, expected: &CountedViews) {
    let counted = eventually("the view is counted", SOON, async || {
        let counted = setup.preview(server).await.ux.page_views;
        (counted.values().sum::<u64>() >= expected.values().sum()).then_some(counted)
    });
    assert_eq!(counted.await.unwrap(), *expected);
}

#[tokio::test]
async fn every_page_of_the_interface_is_reported_under_its_key_and_nothing_else_is() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let project = CorootProject {
        name: "shop".to_owned(),
        prometheus: "http://127.0.0.1:9/".to_owned(),
        refresh_interval: std::time::Duration::from_secs(3600),
        extra_selector: String::new(),
    };
    let id = coroot_projects::create(&server, &project).await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    let mut expected = CountedViews::new();
    let mut count = |key: &str| {
        *expected.entry(key.to_owned()).or_default() += 1;
        expected.clone()
    };
    for (page, key) in PAGES {
        browser.visit(&server, &page.replace("ID", &id)).await;
        browser.wait_for("return document.querySelector('main h1') !== null").await;
        assert_counted(&setup, &server, &count(key)).await;
    }
    // Within the page, and back.
    browser.visit(&server, "").await;
    assert_counted(&setup, &server, &count("/")).await;
    for (address, key) in LINKS {
        let link = format!(
            "[...document.links].find(link => link.pathname.endsWith({}))",
            json!(address.replace("ID", &id))
        );
        browser.wait_for(&format!("return {link} !== undefined")).await;
        browser.run(&format!("{link}.click()")).await;
        assert_counted(&setup, &server, &count(key)).await;
    }
    browser.back().await;
    let expected = count("/p/$projectId/settings/applications");
    assert_counted(&setup, &server, &expected).await;
    // The end of the process is not a view.
    browser.close().await;

    let (_server, _, bytes) = setup.report_now(server, &collector).await;
    let report: Payload = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(report.ux.page_views, expected);
    assert_eq!(report.ux.users.len(), 1);
}

#[test]
fn the_walk_opens_a_page_of_every_route() {
    for route in ROUTES {
        let table = RouteTable::unchecked(route.to_owned());
        let matches = |(page, _): &(&str, &str)| {
            table.page_key(&format!("/{page}"), KeyPlaceholder::default()) != UNMATCHED
        };
        assert!(PAGES.iter().any(matches), "{route}");
    }
}
