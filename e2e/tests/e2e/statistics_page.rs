//! Tests that the page about usage statistics lets its reader read reports, compare them, draw their profiles
//! and see where the installation stands.

use std::fs;

use headcount_harness::browser::{Browser, Engine};
use serde_json::json;

use crate::setup::TestSetup;

#[tokio::test]
async fn a_sent_report_is_read_compared_and_drawn_in_the_page() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let (server, id, bytes) = setup.report_now(server, &collector).await;
    let report = setup.get(&server.url(&format!("api/usage-statistics/reports/{id}"))).await;
    let sha256 = report.headers()["x-content-sha256"].to_str().unwrap().to_owned();
    assert_eq!(report.bytes().await.unwrap(), bytes);

    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    let read = format!("button[aria-label=\"Read report {id}\"]");
    browser.wait_for(&format!("return document.querySelector('{read}') !== null")).await;
    browser.press(&read).await;
    let shown = "return document.querySelector('.opened code.address')?.textContent ?? null";
    browser.wait_for("return document.querySelector('.opened .section') !== null").await;
    assert_eq!(browser.run(shown).await, json!(sha256));
    let focused = browser.run("return document.activeElement.id").await;
    assert_eq!(focused, json!("opened-title"));

    // The time of the profile is another one in each report.
    let changed = "return [...document.querySelectorAll('[aria-label=\"Values that differ\"] th code')]
        .some(path => path.textContent === 'profile.to')";
    browser.wait_for(changed).await;

    let draw = "const button = [...document.querySelectorAll('.opened button')]
        .find(button => button.textContent === 'Draw memory')
        button?.click(); return button !== undefined";
    assert_eq!(browser.run(draw).await, json!(true));
    browser.wait_for("return document.querySelector('.opened .chart-plot a.frame') !== null").await;
    let basis = browser.run("return document.querySelector('.opened .basis').textContent").await;
    assert!(basis.as_str().unwrap().contains(sha256.get(..12).unwrap()), "{basis}");
    let all = browser.run("return document.querySelectorAll('.opened a.frame').length").await;
    browser.run("document.querySelectorAll('.opened a.frame')[1].dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))").await;
    browser
        .wait_for(
            "return document.activeElement.closest('a')?.getAttribute('href').startsWith('#call-') ?? false",
        )
        .await;
    assert!(all.as_u64().unwrap() > 1, "{all}");
    assert_eq!(browser.errors().await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn a_refresh_of_the_preview_closes_no_section_and_builds_nothing_anew() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    browser.wait_for("return document.querySelectorAll('details.section').length === 7").await;
    browser
        .run("window.sections = [...document.querySelectorAll('details.section')]; sections[4].open = true")
        .await;
    let hash = "return document.querySelector('code.address.hash')?.textContent";
    let before = browser.run(hash).await;
    browser.run("fetch('stats', { method: 'POST', body: JSON.stringify({ type: 'route-open', device_size: 'lg', path: '/welcome',
        device_id: '20174a56-4a1e-41ca-a90d-b657d1fa873e' }) })").await;
    let refresh = "[...document.querySelectorAll('button')].find(one => one.textContent === 'Refresh the preview').click()";
    browser.run(refresh).await;
    browser
        .wait_for(&format!("return document.querySelector('code.address.hash')?.textContent !== {before}"))
        .await;
    let same = "const now = [...document.querySelectorAll('details.section')]
        return sections.every((section, place) => section === now[place]) && now[4].open";
    assert_eq!(browser.run(same).await, json!(true));
    assert_eq!(browser.errors().await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn what_was_reported_is_drawn_and_a_collector_that_publishes_nothing_is_said_to() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let (server, _, _) = setup.report_now(server, &collector).await;
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    browser.wait_for("return document.querySelectorAll('.charts figure').length === 6").await;
    let download = "[...document.querySelectorAll('button')].find(one => one.textContent === 'Download what is published')";
    browser.wait_for(&format!("return {download} !== undefined")).await;
    browser.run(&format!("{download}.click()")).await;
    browser.wait_for("return document.querySelector('[aria-labelledby=fleet-title]').textContent.includes('publishes nothing')").await;
    browser.close().await;
}

#[tokio::test]
async fn the_page_has_the_collector_delete_what_was_sent_and_shows_the_receipt() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let (server, _, _) = setup.report_now(server, &collector).await;
    let old = fs::read_to_string(setup.path("server/instance.uuid")).unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    for label in ["Ask for deletion…", "Delete what was sent"] {
        let button =
            format!("[...document.querySelectorAll('button')].find(one => one.textContent === '{label}')");
        browser.wait_for(&format!("return {button} !== undefined")).await;
        browser.run(&format!("{button}.click()")).await;
    }
    let receipt = "return document.querySelector('pre[aria-label=Receipt]')?.textContent.includes('\"reports\": 1') ?? false";
    browser.wait_for(receipt).await;
    browser
        .wait_for("return document.querySelector('button[aria-label^=\"Save the receipt of\"]') !== null")
        .await;
    // The new installation may have reported by now.
    assert!(setup.stored(&collector).await.iter().all(|report| report.instance != old));
    browser.close().await;
}
