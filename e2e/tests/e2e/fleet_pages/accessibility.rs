//! Tests by the rules of axe that everybody can read and use every page.

use headcount_harness::browser::{Browser, Engine};

use super::shown_fleet::{PAGES, ShownFleet};
use crate::page_rules::{faults, violations};

#[tokio::test]
async fn axe_finds_nothing_on_any_page_narrow_or_wide_light_or_dark() {
    let fleet = ShownFleet::shared().await;
    let browser = Browser::open_own(Engine::Chromium, 1280).await;
    let mut found = Vec::new();
    for page in PAGES.iter().map(|(_, page)| *page).chain(["profiles?before=1.8.0&after=1.9.0"]) {
        fleet.show(&browser, page).await;
        found.extend(faults(&browser, page).await);
    }
    assert!(found.is_empty(), "{found:#?}");

    // Axe is there and looks.
    browser.run("document.querySelector('main').innerHTML = '<img src=static/mark.svg>'").await;
    assert_ne!(violations(&browser).await, [""; 0]);
    browser.close().await;
}
