//! Tests the pages of what is observed: from all projects to one application and one node, by name, and what an
//! operator changes there.

use headcount_harness::{
    browser::{Browser, Engine},
    in_every_engine,
    processes::HeadcountProcess,
    wait::eventually,
};
use headcount_sim::{
    constant_prometheus::{self, ConstantSeries, container_labels, node_labels},
    coroot_projects::{self, CorootProject},
};
use serde_json::json;

use crate::setup::{SOON, TestSetup};

in_every_engine!(
    an_operator_finds_what_fails_and_sets_a_threshold,
    many_applications_are_searched_filtered_and_sorted,
    a_table_that_is_left_is_as_it_was_after_back_and_reload,
);

/// The names of the applications that are shown.
const NAMES: &str =
    "[...document.querySelectorAll('#applications-title ~ * tbody th')].map(it => it.innerText.trim())";

/// The applications, of which the last one does not run.
fn applications() -> Vec<String> {
    (0..150).map(|number| format!("app-{number:03}")).chain(["down".to_owned()]).collect()
}

/// The series of a query, which is percent-encoded.
fn series(query: &str) -> Vec<ConstantSeries> {
    let container = |name: &str| container_labels(&format!("/docker/{name}"));
    let containers = |names: Vec<String>, value| names.iter().map(|name| (container(name), value)).collect();
    match query {
        "node_info" => vec![(node_labels(r#","hostname":"node-1""#), "1")],
        "container_info" => containers(applications(), "1"),
        "container_resources_memory_rss_bytes" => {
            containers(applications().into_iter().filter(|name| name != "down").collect(), "1048576")
        }
        _ if query.contains("container_resources_cpu_usage_seconds_total") => {
            containers(vec!["app-000".to_owned()], "0.5")
        }
        _ if query.starts_with("sum%28rate%28node_resources_cpu_usage") => vec![(node_labels(""), "85")],
        _ => Vec::new(),
    }
}

/// A server with a project that is observed, and the id of that.
pub(crate) async fn observed(setup: &TestSetup) -> (HeadcountProcess, String) {
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let project = CorootProject {
        name: "shop".to_owned(),
        prometheus: constant_prometheus::serve(series).await.unwrap(),
        refresh_interval: std::time::Duration::from_secs(30),
        extra_selector: String::new(),
    };
    let id = coroot_projects::create(&server, &project).await.unwrap();
    (server, id)
}

/// Waits until the main part of the page has a text.
async fn wait_for_text(browser: &Browser, text: &str) {
    browser
        .wait_for(&format!("return document.querySelector('main').innerText.includes({})", json!(text)))
        .await;
}

/// Loads the page again until an expression is true of it. It fetches every half minute, which would take longer.
async fn reload_until(browser: &Browser, expression: &str) {
    let seen = eventually("the page shows what was observed", SOON, async || {
        browser.reload().await;
        browser.wait_for("return document.querySelector('main .fresh, main .notice') !== null").await;
        (browser.run(&format!("return ({expression}) ?? false")).await == json!(true)).then_some(())
    });
    seen.await.unwrap();
}

/// Waits until a link with this text is there, and follows it.
async fn follow(browser: &Browser, text: &str) {
    let link = format!(
        "[...document.querySelectorAll('main a')].find(it => it.textContent.trim().startsWith({}))",
        json!(text)
    );
    browser.wait_for(&format!("return {link} !== undefined")).await;
    browser.run(&format!("{link}.click()")).await;
}

async fn an_operator_finds_what_fails_and_sets_a_threshold(engine: Engine) {
    let setup = TestSetup::new();
    let (server, id) = observed(&setup).await;
    let browser = Browser::open(engine, 1400).await;
    browser.visit(&server, "").await;
    reload_until(&browser, "document.querySelector('main .failing li')?.innerText.includes('down')").await;
    wait_for_text(&browser, "0 of 1 instances are available").await;
    wait_for_text(&browser, "1 of 151 applications fails: 1 with a warning.").await;
    follow(&browser, "shop").await;
    wait_for_text(&browser, "151 applications.").await;
    follow(&browser, "app-000").await;
    wait_for_text(&browser, "a node has hardly any CPU time left: node-1").await;
    follow(&browser, "CPU").await;
    wait_for_text(&browser, "CPU usage of nodes").await;
    browser.wait_for("return document.querySelectorAll('main .charts figure.chart').length === 2").await;

    let badge = "document.querySelector('#check-CPUNode .badge').innerText";
    browser.wait_for(&format!("return {badge}.includes('warning')")).await;
    browser.run("document.querySelector('#check-CPUNode summary').click()").await;
    browser
        .run(
            "const field = document.querySelector('#check-CPUNode input');
            field.value = '90'; field.dispatchEvent(new Event('input', { bubbles: true }));
            field.form.requestSubmit()",
        )
        .await;
    browser.wait_for(&format!("return {badge}.includes('healthy')")).await;
    wait_for_text(&browser, "90 %, set for this application").await;
    let is_open = browser.run("return document.querySelector('#check-CPUNode details').open").await;
    assert_eq!(is_open, json!(true), "what is open stays open when values change");

    browser.visit(&server, &format!("p/{id}/node/node-1")).await;
    wait_for_text(&browser, "Node in project shop").await;
    browser.wait_for("return document.querySelectorAll('main tbody tr').length === 50").await;
    if engine.tells_errors() {
        let errors = browser.errors().await;
        assert!(errors.is_empty(), "{errors:?}");
    }
    browser.close().await;
}

/// A script that searches for a text.
fn search(text: &str) -> String {
    format!(
        "const field = document.querySelector('main input[type=search]');
        field.value = '{text}'; field.dispatchEvent(new Event('input', {{ bubbles: true }}))"
    )
}

async fn many_applications_are_searched_filtered_and_sorted(engine: Engine) {
    let setup = TestSetup::new();
    let (server, id) = observed(&setup).await;
    let browser = Browser::open(engine, 1400).await;
    browser.visit(&server, &format!("p/{id}")).await;
    let rows = NAMES;
    reload_until(&browser, &format!("{rows}.length === 50")).await;
    // The worst comes first.
    assert_eq!(browser.run(&format!("return {rows}[0]")).await, json!("down"));
    browser.run("document.querySelector('main button.more').click()").await;
    browser.wait_for(&format!("return {rows}.length === 100")).await;

    browser.run(&search("APP-01")).await;
    wait_for_text(&browser, "10 of 151 applications.").await;
    let sort = "document.querySelector('main thead button').click()";
    let order = "document.querySelector('main thead th').getAttribute('aria-sort')";
    for (direction, first) in [("ascending", "app-010"), ("descending", "app-019")] {
        browser.run(sort).await;
        browser.wait_for(&format!("return {order} === '{direction}' && {rows}[0] === '{first}'")).await;
    }
    browser.run(&search("")).await;
    browser
        .run(
            "const field = document.querySelector('main select');
            field.value = 'failing'; field.dispatchEvent(new Event('change', { bubbles: true }))",
        )
        .await;
    browser.wait_for(&format!("return {rows}.length === 1 && {rows}[0] === 'down'")).await;
    // Nothing is wider than the page, except what is scrolled in its own box.
    let widths = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]";
    let widths = browser.run(widths).await;
    assert_eq!(widths[0], widths[1]);
    browser.close().await;
}

async fn a_table_that_is_left_is_as_it_was_after_back_and_reload(engine: Engine) {
    let setup = TestSetup::new();
    let (server, id) = observed(&setup).await;
    let browser = Browser::open(engine, 1400).await;
    browser.visit(&server, &format!("p/{id}")).await;
    reload_until(&browser, &format!("{NAMES}.length === 50")).await;
    browser.run(&search("App-")).await;
    wait_for_text(&browser, "150 of 151 applications.").await;
    for first in ["app-000", "app-149"] {
        browser.run("document.querySelector('main thead button').click()").await;
        browser.wait_for(&format!("return {NAMES}[0] === '{first}'")).await;
    }
    browser.run("document.querySelector('main button.more').click()").await;
    let is_arranged = format!(
        "{NAMES}.length === 100 && {NAMES}[0] === 'app-149'
            && document.querySelector('main input[type=search]').value === 'App-'"
    );
    browser.wait_for(&format!("return {is_arranged}")).await;
    browser.run("window.scrollTo(0, 1200)").await;
    let is_as_left = format!("return {is_arranged} && Math.round(window.scrollY) === 1200");
    browser.wait_for(&is_as_left).await;

    browser.run("document.querySelector('#applications-rows tbody tr:nth-child(60) a').click()").await;
    wait_for_text(&browser, "in project shop").await;
    browser.wait_for("return window.scrollY === 0").await;
    browser.back().await;
    browser.wait_for(&is_as_left).await;
    browser.reload().await;
    browser.wait_for(&is_as_left).await;
    let address = browser.run("return location.pathname + location.search + location.hash").await;
    assert!(address.as_str().unwrap().ends_with(&format!("/p/{id}")), "{address}");

    browser.run(&search("nowhere")).await;
    browser
        .wait_for(
            "return document.querySelector('#applications-rows').innerText.includes('Nothing matches.')",
        )
        .await;
    let counted = eventually("both pages are counted", SOON, async || {
        let views = setup.preview(&server).await.ux.page_views;
        (views.len() > 1).then_some(views)
    });
    let counted = counted.await.unwrap();
    let pages: Vec<&str> = counted.keys().map(String::as_str).collect();
    assert_eq!(pages, ["/p/$projectId", "/p/$projectId/app/$id"]);
    assert_eq!(counted["/p/$projectId/app/$id"], 1);
    if engine.tells_errors() {
        let errors = browser.errors().await;
        assert!(errors.is_empty(), "{errors:?}");
    }
    browser.close().await;
}
