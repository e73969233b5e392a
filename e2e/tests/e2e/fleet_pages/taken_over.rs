//! Tests that the program in the browser shows of pages and flame graphs what their addresses say.

use headcount_harness::{
    browser::{Browser, Engine},
    in_every_engine,
};
use serde_json::json;

use super::shown_fleet::{IS_SHOWN, PAGES, ShownFleet, assert_no_errors};

in_every_engine!(
    a_click_on_a_function_opens_it_as_its_address_does,
    a_page_that_comes_in_parts_is_the_one_that_its_address_loads,
    a_page_that_is_left_at_once_says_nothing
);

/// The program has taken over.
const HAS_TAKEN_OVER: &str = "return document.querySelector('body > div [role=status]') !== null";

/// The parts of the content.
const PARTS: &str = "return [...document.querySelectorAll('main > *')].map(part =>
    `${part.localName} ${part.id} ${part.querySelectorAll('*').length}`)";

/// Counts the times at which parts of the content are exchanged.
const COUNT_EXCHANGES: &str = "window.exchanges = 0;
    new MutationObserver(() => window.exchanges += 1).observe(document.querySelector('main'), { childList: true })";

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

async fn a_page_that_comes_in_parts_is_the_one_that_its_address_loads(engine: Engine) {
    let fleet = ShownFleet::shared().await;
    let browser = Browser::open(engine, 1280).await;
    fleet.show(&browser, "overview").await;
    let day = json!(fleet.truth.days[2].day);
    let changes = [
        "document.querySelector('nav a[href^=performance]').click()".to_owned(),
        format!(
            "scrollTo(0, 900); const form = document.querySelector('main form.filters');
            form.elements.from.value = {day}; form.requestSubmit()"
        ),
        "document.querySelector('nav a[href^=trust]').click()".to_owned(),
    ];
    for change in changes {
        browser.wait_for(HAS_TAKEN_OVER).await;
        let before = browser.run("return location.href").await;
        browser.run(COUNT_EXCHANGES).await;
        browser.run(&change).await;
        browser.wait_for(&format!("return location.href !== {before} && {IS_SHOWN}")).await;
        if change.contains("performance") {
            // This page has more elements than are exchanged in one frame.
            let exchanges = browser.run("return window.exchanges").await.as_u64();
            assert!(exchanges > Some(1), "{exchanges:?}");
        }
        let shown = browser.run(PARTS).await;
        let scrolled = browser.run("return scrollY").await;
        assert_eq!(scrolled, json!(if change.contains("scrollTo") { 900 } else { 0 }));
        browser.reload().await;
        assert_eq!(browser.run(PARTS).await, shown, "{change}");
    }
    assert_no_errors(&browser, "trust").await;
    browser.close().await;
}

async fn a_page_that_is_left_at_once_says_nothing(engine: Engine) {
    let fleet = ShownFleet::shared().await;
    let browser = Browser::open(engine, 1280).await;
    for (_, page) in PAGES {
        browser.visit(&fleet.collector, &fleet.address(page)).await;
    }
    assert_no_errors(&browser, "all pages").await;
    browser.close().await;
}
