//! Tests that the program in the browser shows of a flame graph what its address says.

use headcount_harness::{
    browser::{Browser, Engine},
    in_every_engine,
};
use serde_json::json;

use super::shown_fleet::{ShownFleet, assert_no_errors};

in_every_engine!(a_click_on_a_function_opens_it_as_its_address_does);

/// The program has the numbers of the graph.
const IS_READY: &str = "return document.querySelector('.flames .flame-search input') !== null";

/// The keys of the functions of the graph.
const KEYS: &str = "return [...document.querySelectorAll('.flames a.frame')]
    .map(link => new URL(link.getAttribute('href'), location.href).searchParams.get('focus') ?? '').sort()";

async fn a_click_on_a_function_opens_it_as_its_address_does(engine: Engine) {
    let fleet = ShownFleet::shared().await;
    let browser = Browser::open(engine, 1280).await;
    fleet.show(&browser, "profiles").await;
    browser.wait_for(IS_READY).await;
    let whole = browser.run(KEYS).await;
    // A function that takes less than the whole.
    let key = browser
        .run(
            "const frames = [...document.querySelectorAll('.flames a.frame')];
            const link = frames.find(link => link.textContent.includes('SeriesCache::read'));
            link.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
            return new URL(link.getAttribute('href'), location.href).searchParams.get('focus')",
        )
        .await;
    browser.wait_for(&format!("return new URLSearchParams(location.search).get('focus') === {key}")).await;
    let opened = browser.run(KEYS).await;
    assert_ne!(opened, whole);
    // The browser loads the address that the program made.
    browser.run("document.querySelector('.flame-search').remove(); location.reload()").await;
    browser.wait_for(IS_READY).await;
    assert_eq!(browser.run(KEYS).await, opened);
    assert_ne!(opened, json!([]));
    assert_no_errors(&browser, "profiles").await;
    browser.close().await;
}
