//! Tests by the rules of axe that everybody can read and use every page.

use std::fs;

use headcount_harness::{
    browser::{Browser, Engine},
    program::build_directory,
};
use serde_json::{Value, json};

use super::{
    page_geometry::show_at,
    shown_fleet::{PAGES, ShownFleet},
};

/// What axe finds, by rule, with the first elements of each.
const FOUND: &str = "
    const place = node => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`
    const said = rule => `${rule.id}: ${rule.help}: ${rule.nodes.slice(0, 3).map(place).join('; ')}`
    return axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations.map(said))";

/// The program of axe, as `.ci/install test` takes it from npm.
fn axe() -> String {
    let program = build_directory().unwrap().with_file_name("tools/page-tests/axe.min.js");
    fs::read_to_string(&program).unwrap_or_else(|error| {
        panic!("{}: {error}; `.ci/install test` takes it from npm", program.display())
    })
}

/// Shows pages as to a reader who prefers a colour scheme.
pub(super) async fn prefer(browser: &Browser, scheme: &str) {
    let feature = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
    browser.devtools("Emulation.setEmulatedMedia", feature).await;
}

#[tokio::test]
async fn axe_finds_nothing_on_any_page_narrow_or_wide_light_or_dark() {
    let (fleet, axe) = (ShownFleet::shared().await, axe());
    let browser = Browser::open_own(Engine::Chromium, 1280).await;
    let mut found = Vec::new();
    for page in PAGES.iter().map(|(_, page)| *page).chain(["profiles?before=1.8.0&after=1.9.0"]) {
        fleet.show(&browser, page).await;
        browser.run(&format!("{axe}; window.axe = axe")).await;
        for width in [360, 1280] {
            show_at(&browser, width).await;
            for scheme in ["light", "dark"] {
                prefer(&browser, scheme).await;
                let violations: Vec<String> = serde_json::from_value(browser.run(FOUND).await).unwrap();
                found.extend(violations.iter().map(|it| format!("{page} at {width}, {scheme}: {it}")));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");

    // Axe is there and looks.
    browser.run("document.querySelector('main').innerHTML = '<img src=static/mark.svg>'").await;
    let violations = browser.run(FOUND).await;
    assert_ne!(violations, Value::Array(Vec::new()));
    browser.close().await;
}
