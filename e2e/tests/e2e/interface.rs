//! Tests that the pages of the web interface work under their policy, and that the page about statistics is
//! right.

use std::time::Duration;

use headcount_harness::{
    browser::{Browser, Engine},
    processes::HeadcountProcess,
    wait::eventually,
};
use headcount_sim::coroot_projects::{self, CorootProject};
use reqwest::Url;
use serde_json::{Value, json};

use crate::setup::{SOON, TestSetup};

/// Pages, where `ID` stands for a project. Those of applications and nodes are in `projects`.
const PAGES: [&str; 6] = ["", "welcome", "p/new", "p/ID", "p/ID/settings/prometheus", "usage-statistics"];

#[tokio::test]
async fn every_page_shows_itself_without_an_error() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let project = CorootProject {
        name: "acme".to_owned(),
        prometheus: "http://127.0.0.1:9/".to_owned(),
        refresh_interval: Duration::from_secs(3600),
        extra_selector: String::new(),
    };
    let id = coroot_projects::create(&server, &project).await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    for page in PAGES {
        browser.visit(&server, &page.replace("ID", &id)).await;
        browser.wait_for("return document.querySelector('main h1') !== null").await;
        // What was shown before it is gone.
        assert_eq!(
            browser.run("return document.querySelectorAll('header').length").await,
            json!(1),
            "{page}"
        );
        let errors = browser.errors().await;
        assert!(errors.is_empty(), "{page}: {errors:?}");
    }
    browser.run("console.error('a page has an error')").await;
    assert_eq!(browser.errors().await.len(), 1, "errors are seen");
    browser.close().await;
}

#[tokio::test]
async fn the_page_offers_the_very_report_that_the_collector_holds() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let (server, id, bytes) = setup.report_now(server, &collector).await;
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    let offered = eventually("the page lists the report", SOON, async || {
        let link = browser.run("return document.querySelector('a[download]')?.href ?? null").await;
        Some(link.as_str()?.to_owned())
    });
    let offered: Url = offered.await.unwrap().parse().unwrap();
    assert!(offered.path().contains(&id), "{offered}");
    assert_eq!(setup.get(offered.as_str()).await.bytes().await.unwrap(), bytes);
    assert!(browser.errors().await.is_empty());
    browser.close().await;
}

#[tokio::test]
async fn the_switch_on_the_page_switches_off_and_on() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    for enabled in [false, true] {
        let shown = |state: bool| {
            format!(
                "return document.querySelector('button[role=switch]')?.getAttribute('aria-checked') === '{state}'"
            )
        };
        browser.wait_for(&shown(!enabled)).await;
        browser.run("document.querySelector('button[role=switch]').click()").await;
        browser.wait_for(&shown(enabled)).await;
        assert_eq!(setup.status(&server).await.enabled, enabled);
        browser.reload().await;
        let tracker = browser.run("return document.querySelector('script[data-headcount]') !== null").await;
        assert_eq!(tracker, json!(enabled));
    }
    browser.close().await;
}

#[tokio::test]
async fn the_switch_ends_the_tracker_of_its_page_and_the_next_page_has_one() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    let id = "localStorage.getItem('headcount-device-id:/')";
    let state = "window[Symbol.for('headcount')]?.status().state";
    browser.wait_for(&format!("return {state} === 'counting' && {id} !== null")).await;
    let switch_to = async |enabled: bool| {
        browser.run("document.querySelector('button[role=switch]').click()").await;
        let checked = "document.querySelector('button[role=switch]').getAttribute('aria-checked')";
        browser.wait_for(&format!("return {checked} === '{enabled}'")).await;
    };
    switch_to(false).await;
    browser.wait_for(&format!("return {state} === 'off' && {id} === null")).await;
    switch_to(true).await;
    assert_eq!(browser.run(&format!("return {state}")).await, json!("off"));
    browser.run("window.isOld = true").await;
    browser.click(".nav a").await;
    browser.wait_for(&format!("return !window.isOld && {state} === 'counting'")).await;
    let counted = eventually("the next view is counted", SOON, async || {
        let views = setup.preview(&server).await.ux.page_views;
        (!views.is_empty()).then_some(views)
    });
    assert_eq!(counted.await.unwrap().into_keys().collect::<Vec<_>>(), ["/"]);
    browser.close().await;
}

#[tokio::test]
async fn the_overview_lists_the_projects_and_links_only_to_pages_with_content() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let project = CorootProject {
        name: "shop".to_owned(),
        prometheus: "http://127.0.0.1:9/".to_owned(),
        refresh_interval: Duration::from_secs(3600),
        extra_selector: String::new(),
    };
    let id = coroot_projects::create(&server, &project).await.unwrap();
    let overview = server.url("api/overview");
    let failing = eventually("the Prometheus is asked", SOON, async || {
        let answer = setup.http.get(&overview).send().await.ok()?.json::<Value>().await.ok()?;
        answer["projects"][0]["observation"]["failure"].is_string().then_some(())
    });
    failing.await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "").await;
    browser.wait_for("return document.querySelector('main h2')?.textContent === 'shop'").await;
    let links = "return [...new Set([...document.links].map(link => link.pathname))].sort()";
    let [page, settings] = [format!("/p/{id}"), format!("/p/{id}/settings/prometheus")];
    let mut expected = ["/", &page, &settings, "/p/new/prometheus", "/usage-statistics"];
    expected.sort_unstable();
    assert_eq!(browser.run(links).await, json!(expected));
    assert!(browser.errors().await.is_empty());
    browser.close().await;
}

#[tokio::test]
async fn the_page_shows_the_pseudonym_under_which_its_browser_is_counted() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "welcome").await;
    let counted = eventually("the browser is counted", SOON, async || {
        setup.preview(&server).await.ux.users.into_iter().next()
    });
    let counted = counted.await.unwrap();
    let device_id = browser.run("return localStorage.getItem('headcount-device-id:/')").await;
    browser.visit(&server, "usage-statistics").await;
    let shown = "return document.querySelector('#this-browser code')?.textContent ?? null";
    browser.wait_for("return document.querySelector('#this-browser code') !== null").await;
    let shown = browser.run(shown).await;
    assert_eq!(shown, json!(counted));
    assert_ne!(shown, device_id);
    browser.close().await;
}

#[tokio::test]
async fn without_webassembly_or_scripts_the_page_says_what_is_sent_and_how_to_switch_it_off() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let browser = Browser::open_own(Engine::Chromium, 1400).await;
    browser.sign_in(&server).await;
    let without = json!({ "source": "delete globalThis.WebAssembly" });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", without).await;
    let on = ["Usage statistics: On", "What is sent", "--disable-usage-statistics", "Where the report is"];
    assert_says_plainly(&on, &setup, &browser, &server).await;
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    assert_says_plainly(&on, &setup, &browser, &server).await;
    assert_eq!(setup.switch(&server, false).await.status(), 200);
    let off = ["Usage statistics: Off", "What is sent", "{\"enabled\":true}", "How to switch it on"];
    assert_says_plainly(&off, &setup, &browser, &server).await;
    browser.close().await;
}

/// Checks what the page says without the interface, and that reports are where the page links to them.
async fn assert_says_plainly(
    words: &[&str],
    setup: &TestSetup,
    browser: &Browser,
    server: &HeadcountProcess,
) {
    browser.visit(server, "usage-statistics").await;
    let shown = "const plain = document.getElementById('plain')
        return plain?.checkVisibility({ visibilityProperty: true }) ? plain.innerText : null";
    let text =
        eventually("the page speaks", SOON, async || browser.run(shown).await.as_str().map(str::to_owned));
    let text = text.await.unwrap();
    for said in words {
        assert!(text.contains(*said), "{said}: {text}");
    }
    let loading = "document.querySelector('#frame .waiting')?.checkVisibility({ visibilityProperty: true })";
    browser.wait_for(&format!("return ({loading} ?? false) === false")).await;
    let link = browser.run("return document.querySelector('#plain a').href").await;
    assert_eq!(setup.get(link.as_str().unwrap()).await.status(), 200);
}
