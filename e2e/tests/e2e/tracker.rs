//! Tests what the tracker counts in real browsers.

mod altered;
mod element;
mod frames;
mod harm;
mod identity;
mod manners;
mod off;
mod old;
mod views;
mod watched;

use std::collections::BTreeMap;

use headcount_harness::{
    browser::{Browser, Engine},
    processes::HeadcountProcess,
    wait::eventually,
};
use serde_json::json;

use crate::setup::{SOON, TestSetup};

/// A server whose collector does not matter.
async fn server(setup: &TestSetup) -> HeadcountProcess {
    setup.server_to("http://127.0.0.1:9/").start().await.unwrap()
}

/// Waits for `expected` views, and returns their number by page.
async fn views(setup: &TestSetup, server: &HeadcountProcess, expected: u64) -> BTreeMap<String, u64> {
    let counted = eventually("the views are counted", SOON, async || {
        let views = setup.preview(server).await.ux.page_views;
        (views.values().sum::<u64>() >= expected).then_some(views)
    });
    counted.await.unwrap()
}

fn expected<const N: usize>(views: [(&str, u64); N]) -> BTreeMap<String, u64> {
    views.map(|(page, views)| (page.to_owned(), views)).into()
}

#[tokio::test]
async fn a_path_is_a_view_and_so_are_reload_and_back_but_a_query_or_hash_is_none() {
    let setup = TestSetup::new();
    let server = server(&setup).await;
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "p/acme?from=1h").await;
    assert_eq!(views(&setup, &server, 1).await, expected([("/p/$projectId", 1)]));

    browser.push("/p/acme?from=2h").await;
    browser.push("/p/acme#chart").await;
    browser.run("history.replaceState({}, '', '/p/acme?from=3h')").await;
    browser.run("location.hash = 'table'").await;
    browser.push("/welcome").await;
    assert_eq!(views(&setup, &server, 2).await, expected([("/p/$projectId", 1), ("/welcome", 1)]));

    browser.back().await;
    assert_eq!(views(&setup, &server, 3).await, expected([("/p/$projectId", 2), ("/welcome", 1)]));

    browser.reload().await;
    assert_eq!(views(&setup, &server, 4).await, expected([("/p/$projectId", 3), ("/welcome", 1)]));

    // Two navigations in one task: the page settles on the last one.
    browser.run("history.pushState({}, '', '/p/new'); history.replaceState({}, '', '/p/beta/node/n1')").await;
    browser.push("/no/such/page").await;
    let all = [("(unmatched)", 1), ("/p/$projectId", 3), ("/p/$projectId/node/$name", 1), ("/welcome", 1)];
    assert_eq!(views(&setup, &server, 6).await, expected(all));
    assert_eq!(setup.preview(&server).await.ux.users.len(), 1);
    browser.close().await;
}

#[tokio::test]
async fn cleared_storage_is_a_new_browser() {
    let setup = TestSetup::new();
    let server = server(&setup).await;
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "").await;
    views(&setup, &server, 1).await;
    browser.visit(&server, "welcome").await;
    views(&setup, &server, 2).await;
    assert_eq!(setup.preview(&server).await.ux.users.len(), 1);
    browser.run("localStorage.clear()").await;
    browser.visit(&server, "").await;
    views(&setup, &server, 3).await;
    assert_eq!(setup.preview(&server).await.ux.users.len(), 2);
    browser.close().await;
}

#[tokio::test]
async fn two_tabs_opened_at_once_are_one_browser() {
    let setup = TestSetup::new();
    let server = server(&setup).await;
    let browser = Browser::open(Engine::Chromium, 1400).await;
    // A page of the same origin without a tracker.
    browser.visit(&server, "health").await;
    assert_eq!(browser.run("return localStorage.length").await, json!(0));
    browser.run("for (const page of ['/', '/welcome']) window.open(page, '_blank', 'popup,noopener')").await;
    assert_eq!(views(&setup, &server, 2).await, expected([("/", 1), ("/welcome", 1)]));
    assert_eq!(setup.preview(&server).await.ux.users.len(), 1);
    browser.close().await;
}

#[tokio::test]
async fn under_a_base_path_everything_works_as_at_the_root() {
    let setup = TestSetup::new();
    let program = setup.server_to("http://127.0.0.1:9/").flag("--url-base-path", "/coroot/");
    let server = program.start().await.unwrap();
    assert!(server.url("").ends_with("/coroot/"), "{}", server.url(""));
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "p/acme/settings/prometheus").await;
    browser.wait_for("return document.body.innerText.trim().length > 0").await;
    browser.push("/coroot/").await;
    browser.push("/p/acme").await;
    let all = [("(unmatched)", 1), ("/", 1), ("/p/$projectId/settings/prometheus", 1)];
    assert_eq!(views(&setup, &server, 3).await, expected(all));
    browser.close().await;
}
