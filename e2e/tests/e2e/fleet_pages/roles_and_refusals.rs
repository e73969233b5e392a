//! Tests that a wrong address and a page for another role are answered with a page, and that a viewer gets
//! what is published.

use headcount_harness::{
    browser::{Browser, Engine},
    in_every_engine,
};
use serde_json::json;

use super::shown_fleet::{ShownFleet, content, rows, sign_in_as_viewer};

in_every_engine!(a_viewer_sees_what_is_published, a_wrong_address_is_answered_with_a_page_that_leads_back);

async fn a_viewer_sees_what_is_published(engine: Engine) {
    let fleet = ShownFleet::shared().await;
    let browser = Browser::open(engine, 1280).await;
    sign_in_as_viewer(&browser, &fleet.collector).await;
    for page in ["", "published"] {
        browser.goto(&fleet.collector.url(page)).await;
        let titles =
            browser.run("return [...document.querySelectorAll('h1')].map(title => title.textContent)").await;
        assert_eq!(titles, json!(["Published"]));
        assert_eq!(rows(&browser, "nav[aria-label=Pages]", "a").await, [["Published"]]);
    }
    for page in ["overview", "changes", "trust", "installations"] {
        browser.goto(&fleet.collector.url(page)).await;
        let said = content(&browser).await;
        assert!(said.contains("To the page Published"), "{page}: {said}");
        assert_eq!(rows(&browser, "nav[aria-label=Pages]", "a").await, [["Published"]], "{page}");
        let figures = browser.run("return document.querySelectorAll('figure, table').length").await;
        assert_eq!(figures, json!(0), "{page}");
    }
    browser.close().await;
}

async fn a_wrong_address_is_answered_with_a_page_that_leads_back(engine: Engine) {
    let fleet = ShownFleet::shared().await;
    let browser = Browser::open(engine, 1280).await;
    for (address, sentence) in [
        ("overview?from=yesterday", "From must be a day such as"),
        ("versions?colour=red", "colour"),
        ("profiles?focus=all", "Focus must be a hexadecimal number"),
        ("nowhere", ""),
        ("installations/nobody", ""),
    ] {
        browser.visit(&fleet.collector, address).await;
        let said = content(&browser).await;
        assert!(said.contains(sentence), "{address}: {said}");
        assert!(!said.contains("\"status\""), "{address}: {said}");
        browser.run("document.querySelector('main a[href*=overview]').click()").await;
        browser
            .wait_for(
                "return location.pathname === '/overview'
                    && document.querySelector('h1')?.textContent === 'Overview'",
            )
            .await;
    }
    browser.close().await;
}
