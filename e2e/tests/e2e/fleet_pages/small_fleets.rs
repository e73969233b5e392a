//! Tests that the pages of a collector without reports, and of one with a single installation, say so.

use headcount_harness::{
    browser::{Browser, Engine},
    in_every_engine,
};
use serde_json::json;

use super::shown_fleet::{PAGES, ShownFleet, assert_no_errors, collector, content, rows};
use crate::setup::TestSetup;

in_every_engine!(a_collector_without_reports_says_so, a_fleet_of_one_has_every_page);

async fn a_collector_without_reports_says_so(engine: Engine) {
    let setup = TestSetup::new();
    let collector = collector(&setup).await.start().await.unwrap();
    let browser = Browser::open(engine, 1280).await;
    for (title, page) in PAGES {
        browser.visit(&collector, page).await;
        let said = content(&browser).await;
        let titles =
            browser.run("return [...document.querySelectorAll('h1')].map(title => title.textContent)").await;
        assert_eq!(titles, json!([title]));
        let empty = match page {
            "trust" => "No report has arrived yet.",
            "installations" => "No installation has reported yet.",
            "published" => "",
            _ => "No installation of coroot is in the numbers yet.",
        };
        assert!(said.contains(empty), "{page}: {said}");
        assert!(!said.contains("NaN") && !said.contains("inf "), "{page}: {said}");
        assert_no_errors(&browser, page).await;
    }
    browser.close().await;
    collector.stop().await.unwrap();
}

async fn a_fleet_of_one_has_every_page(engine: Engine) {
    let fleet = ShownFleet::of(1, 10).await;
    let browser = Browser::open(engine, 1280).await;
    for (title, page) in PAGES {
        fleet.show(&browser, page).await;
        let titles =
            browser.run("return [...document.querySelectorAll('h1')].map(title => title.textContent)").await;
        assert_eq!(titles, json!([title]));
        assert_no_errors(&browser, page).await;
    }
    fleet.show(&browser, "overview").await;
    let said = content(&browser).await;
    assert!(said.contains("1 installation reported in the 30 days until"), "{said}");
    fleet.show(&browser, "installations").await;
    assert_eq!(rows(&browser, "main tbody tr", "td").await.len(), 1);
    browser.close().await;
    fleet.end().await;
}
