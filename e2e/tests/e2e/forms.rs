//! Tests the forms of the interface: every one with good and with bad input, the first project with its first
//! numbers, and a session that ends while something is typed.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse};
use headcount_harness::{
    browser::{Browser, Engine},
    http::ADMIN_TOKEN,
    in_every_engine,
    processes::HeadcountProcess,
};
use headcount_sim::coroot_projects::{self, CorootProject};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{page_rules::faults, setup::TestSetup};

in_every_engine!(
    the_first_project_is_made_and_shows_its_first_numbers,
    a_form_explains_bad_input_and_keeps_it,
    a_session_that_ends_leaves_what_was_typed,
    a_stored_password_is_typed_again_for_another_address,
    objectives_of_a_project_are_set_beside_its_thresholds,
);

/// The pages with forms, below a project.
const TABS: [&str; 6] = ["", "/prometheus", "/clickhouse", "/inspections", "/applications", "/notifications"];

/// A server that answers range queries like a Prometheus with one node, and everything else with 200.
async fn prometheus() -> (String, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let answer = async |State(seen): State<Arc<Mutex<Vec<String>>>>, body: String| {
        seen.lock().unwrap().push(body.clone());
        let Some(end) = body.split('&').find_map(|member| member.strip_prefix("end=")) else {
            return StatusCode::OK.into_response();
        };
        let is_known = body.contains("query=node_info&") || body.contains("query=count");
        let series = format!(r#"{{"metric":{{"machine_id":"m","system_uuid":"s"}},"values":[[{end},"1"]]}}"#);
        let series = if is_known { series } else { String::new() };
        format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}}}"#)
            .into_response()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

async fn project(server: &HeadcountProcess, prometheus: &str) -> String {
    let project = CorootProject {
        name: "shop".to_owned(),
        prometheus: prometheus.to_owned(),
        refresh_interval: std::time::Duration::from_secs(3600),
        extra_selector: String::new(),
    };
    coroot_projects::create(server, &project).await.unwrap()
}

/// Waits for a text in an element.
async fn wait_for_text(browser: &Browser, selector: &str, text: &str) {
    let found = format!(
        "return [...document.querySelectorAll({})].some(it => it.textContent.includes({}))",
        json!(selector),
        json!(text)
    );
    browser.wait_for(&found).await;
}

async fn wait_for_field(browser: &Browser, selector: &str) {
    browser.wait_for(&format!("return document.querySelector({}) !== null", json!(selector))).await;
}

/// Waits until the element with an id has the focus, which it gets when the page is drawn.
async fn wait_for_focus(browser: &Browser, id: &str) {
    browser.wait_for(&format!("return document.activeElement.id === {}", json!(id))).await;
}

/// Replaces what is in a field, as typing does.
async fn replace(browser: &Browser, selector: &str, text: &str) {
    let replace = format!(
        "const field = document.querySelector({}); field.value = {}; field.dispatchEvent(new Event('input', {{ bubbles: true }}))",
        json!(selector),
        json!(text)
    );
    browser.run(&replace).await;
}

async fn press_named(browser: &Browser, name: &str) {
    let press = format!(
        "[...document.querySelectorAll('button')].find(it => it.textContent.trim() === {}).click()",
        json!(name)
    );
    browser.run(&press).await;
}

async fn the_first_project_is_made_and_shows_its_first_numbers(engine: Engine) {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let (url, _) = prometheus().await;
    let browser = Browser::open(engine, 1400).await;
    browser.visit(&server, "welcome").await;
    wait_for_field(&browser, "#new-url").await;

    // Nothing is typed: the first wrong field has the focus, and says what is wrong.
    browser.press("form button[type=submit]").await;
    wait_for_text(&browser, "#new-name-error", "is missing").await;
    wait_for_focus(&browser, "new-name").await;
    let described =
        browser.run("return document.getElementById('new-name').getAttribute('aria-describedby')").await;
    assert_eq!(described, json!("new-name-help new-name-error"));

    browser.enter("#new-url", "http://127.0.0.1:9/").await;
    press_named(&browser, "Test the connection").await;
    wait_for_text(&browser, "[role=alert]", "connection refused").await;
    let typed = browser.run("return document.getElementById('new-url').value").await;
    assert_eq!(typed, json!("http://127.0.0.1:9/"), "what was typed stays");

    replace(&browser, "#new-url", &url).await;
    press_named(&browser, "Test the connection").await;
    wait_for_text(&browser, "[role=status]", "Prometheus answers").await;

    browser.enter("#new-name", "shop").await;
    browser.press("form button[type=submit]").await;
    wait_for_text(&browser, "dl.facts dt", "Nodes").await;
    let nodes =
        "const term = [...document.querySelectorAll('dl.facts dt')].find(it => it.textContent === 'Nodes');
        return term?.nextElementSibling?.textContent === '1'";
    browser.wait_for(nodes).await;
    let named =
        setup.http.get(server.url("api/projects")).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(named["projects"][0]["name"], "shop");
    browser.close().await;
}

async fn a_form_explains_bad_input_and_keeps_it(engine: Engine) {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let (url, seen) = prometheus().await;
    let id = project(&server, &url).await;
    let browser = Browser::open(engine, 1400).await;
    let open = async |tab: &str, field: &str| {
        browser.visit(&server, &format!("p/{id}/settings{tab}")).await;
        wait_for_field(&browser, field).await;
    };
    // The tab, a field, what is wrong in it, what is said, and what is right.
    for (tab, field, wrong, said, right) in [
        ("", "project-name", "a b", "3 to 64 characters", "shop-2"),
        ("/prometheus", "prometheus-url", "ftp://p", "http or https", url.as_str()),
        ("/prometheus", "prometheus-refresh_interval_s", "often", "whole number", "3600"),
        ("/prometheus", "prometheus-extra_selector", "cluster", "label matchers", ""),
        ("/clickhouse", "clickhouse-addr", "clickhouse", "a host and a port", "clickhouse:9000"),
        ("/notifications", "links-base_url", "nowhere", "http", "https://headcount.example.com"),
    ] {
        let selector = format!("#{field}");
        open(tab, &selector).await;
        let submit =
            format!("document.querySelector('{selector}').form.querySelector('button[type=submit]').click()");
        browser
            .wait_for(&format!("return document.querySelector('{selector}').form.offsetParent !== null"))
            .await;
        replace(&browser, &selector, wrong).await;
        browser.run(&submit).await;
        wait_for_text(&browser, &format!("{selector}-error"), said).await;
        let value = browser.run(&format!("return document.querySelector('{selector}').value")).await;
        assert_eq!(value, json!(wrong), "{field}: what was typed stays");
        wait_for_focus(&browser, field).await;
        replace(&browser, &selector, right).await;
        browser.run(&submit).await;
        wait_for_text(&browser, "[role=status]", "Saved").await;
    }

    let threshold = "input[aria-label='Threshold of CPU usage of nodes in percent']";
    open("/inspections", threshold).await;
    replace(&browser, threshold, "200").await;
    browser.press("button[aria-label='Set CPU usage of nodes']").await;
    wait_for_text(&browser, "#CPUNode-error", "at most 100").await;
    replace(&browser, threshold, "70.5").await;
    browser.press("button[aria-label='Set CPU usage of nodes']").await;
    wait_for_text(&browser, "[role=status]", "CPU usage of nodes: 70.5 % is in force").await;
    browser.press("button[aria-label='Reset CPU usage of nodes']").await;
    wait_for_text(&browser, "[role=status]", "80 % is in force").await;

    open("/applications", "#categories-categories").await;
    press_named(&browser, "Add a category").await;
    wait_for_field(&browser, ".row-input input").await;
    browser.enter(".row-input input", "mine").await;
    browser.press("form button[type=submit]").await;
    wait_for_text(&browser, "#categories-categories-error", "a pattern").await;
    browser.enter(".row-input textarea", "shop/*").await;
    browser.press("form button[type=submit]").await;
    wait_for_text(&browser, "[role=status]", "Saved").await;

    open("/notifications", "#webhook-url").await;
    browser.run("document.querySelector('#webhook-url').closest('details').open = true").await;
    browser.enter("#webhook-url", &url).await;
    let in_webhook = "document.querySelector('#webhook-url').form";
    browser.run(&format!("{in_webhook}.querySelector('button[type=submit]').click()")).await;
    wait_for_text(&browser, ".stored", "Stored").await;
    assert!(!browser.source().await.contains(url.trim_end_matches('/')), "a stored secret is not shown");
    seen.lock().unwrap().clear();
    press_named(&browser, "Send a test").await;
    wait_for_text(&browser, "[role=status]", "it accepted the test").await;
    assert!(seen.lock().unwrap().iter().any(|body| body.contains("notifications-test")));
    browser.close().await;
}

async fn a_stored_password_is_typed_again_for_another_address(engine: Engine) {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let id = project(&server, "http://127.0.0.1:9/").await;
    let (other, _) = prometheus().await;
    let browser = Browser::open(engine, 1400).await;
    let password = "#prometheus-basic_auth-password";
    browser.visit(&server, &format!("p/{id}/settings/prometheus")).await;
    wait_for_field(&browser, password).await;
    replace(&browser, "#prometheus-basic_auth-user", "me").await;
    replace(&browser, password, "hidden").await;
    browser.press("#prometheus-save").await;
    wait_for_text(&browser, "#prometheus-basic_auth-password-secret", "Stored").await;

    replace(&browser, "#prometheus-url", &other).await;
    for asks in ["#prometheus-save", "#prometheus button[data-act=test]"] {
        browser.press(asks).await;
        let again = "Give the password again, because another server could get them.";
        wait_for_text(&browser, &format!("{password}-error"), again).await;
        // The field for it is there, and has the focus.
        browser
            .wait_for(&format!("return document.querySelector('input{password}') === document.activeElement"))
            .await;
        browser.run("document.querySelector('button[data-act=keep-secret]').click()").await;
        wait_for_text(&browser, "#prometheus-basic_auth-password-secret", "Stored").await;
    }
    let typed = browser.run("return document.querySelector('#prometheus-url').value").await;
    assert_eq!(typed, json!(other), "what was typed stays");

    browser.press("#prometheus button[data-act=replace-secret]").await;
    replace(&browser, password, "another").await;
    browser.press("#prometheus-save").await;
    wait_for_text(&browser, "#prometheus-said", "Saved").await;
    browser.close().await;
}

async fn objectives_of_a_project_are_set_beside_its_thresholds(engine: Engine) {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let id = project(&server, "http://127.0.0.1:9/").await;
    let of_cart = format!("api/projects/{id}/applications/shop:Deployment:cart/inspections/SLOLatency");
    let objective = json!({ "objective_percent": 95, "objective_bucket_s": 2 });
    let set = setup.http.put(server.url(&of_cart)).json(&objective).send().await.unwrap();
    assert_eq!(set.status(), StatusCode::OK);
    let browser = Browser::open(engine, 1400).await;
    browser.visit(&server, &format!("p/{id}/settings/inspections")).await;
    wait_for_text(&browser, "#row-SLOLatency", "99 % within 500").await;
    wait_for_text(&browser, "#row-SLOLatency a", "cart").await;
    replace(&browser, "#SLOLatency-threshold", "100").await;
    browser.press("button[aria-label='Set Requests that are answered quickly']").await;
    wait_for_text(&browser, "#SLOLatency-error", "less than 100").await;
    replace(&browser, "#SLOLatency-threshold", "97.5").await;
    replace(&browser, "#SLOLatency-quick", "0.25").await;
    browser.press("button[aria-label='Set Requests that are answered quickly']").await;
    let said = "Requests that are answered quickly: 97.5 % within 250\u{202f}ms is in force.";
    wait_for_text(&browser, "[role=status]", said).await;
    // A field sends its form, too.
    browser.enter("#SLOAvailability-threshold", "99.9\u{e007}").await;
    wait_for_text(&browser, "[role=status]", "Requests that succeed: 99.9 % is in force.").await;
    browser.press("button[aria-label='Reset Requests that succeed']").await;
    wait_for_text(&browser, "[role=status]", "Requests that succeed: 99 % is in force.").await;
    browser.close().await;
}

async fn a_session_that_ends_leaves_what_was_typed(engine: Engine) {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let id = project(&server, "http://127.0.0.1:9/").await;
    let browser = Browser::open_own(engine, 1400).await;
    browser.visit(&server, &format!("p/{id}/settings")).await;
    wait_for_field(&browser, "#project-name").await;
    replace(&browser, "#project-name", "renamed").await;

    // Somebody signs out in another tab.
    let first = browser.tab().await;
    let second = browser.new_tab().await;
    browser.switch_to(&second).await;
    browser.goto(&server.url("usage-statistics")).await;
    wait_for_field(&browser, "button.sign-out").await;
    browser.press("button.sign-out").await;
    wait_for_field(&browser, "#token").await;

    browser.switch_to(&first).await;
    browser.run("document.querySelector('form button[type=submit]')?.click()").await;
    wait_for_text(&browser, "h1", "You are signed out").await;
    let visible = "return [...document.querySelectorAll('h1')].filter(it => it.offsetParent !== null).length";
    assert_eq!(browser.run(visible).await, json!(1), "one clear state");
    let link = "return document.querySelector('main a[href*=\"sign-in\"]').getAttribute('href')";
    let expected = format!("/sign-in?to=%2Fp%2F{id}%2Fsettings");
    assert_eq!(browser.run(link).await, json!(expected));

    browser.switch_to(&second).await;
    browser.enter("#token", ADMIN_TOKEN).await;
    browser.press("form button[type=submit]").await;
    wait_for_field(&browser, "button.sign-out").await;
    browser.switch_to(&first).await;
    // Drivers do not show the tab that they drive.
    browser.run("window.dispatchEvent(new Event('focus'))").await;
    browser.wait_for("return document.querySelector('#project-name').offsetParent !== null").await;
    assert_eq!(browser.run("return document.querySelector('#project-name').value").await, json!("renamed"));
    browser.press("form button[type=submit]").await;
    wait_for_text(&browser, "[role=status]", "Saved").await;
    browser.close().await;
}

#[tokio::test]
async fn settings_that_are_only_read_disable_the_forms_and_say_why() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let id = project(&server, "http://127.0.0.1:9/").await;
    server.stop().await.unwrap();
    let server =
        setup.server_to("http://127.0.0.1:9/").argument("--read-only-settings").start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, &format!("p/{id}/settings")).await;
    wait_for_text(&browser, ".notice", "--read-only-settings").await;
    browser.wait_for("return document.querySelector('#project-name')?.matches(':disabled') === true").await;
    browser.visit(&server, "p/new").await;
    browser.wait_for("return document.querySelector('#new-name')?.matches(':disabled') === true").await;
    browser.close().await;
}

#[tokio::test]
async fn a_tab_that_does_not_exist_says_so() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let id = project(&server, "http://127.0.0.1:9/").await;
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, &format!("p/{id}/settings/aws")).await;
    wait_for_text(&browser, "[role=alert]", "There is no tab “aws”").await;
    let tabs = "return [...document.querySelectorAll('nav.tabs a')].map(it => it.textContent)";
    let expected = ["Project", "Prometheus", "ClickHouse", "Inspections", "Categories", "Notifications"];
    assert_eq!(browser.run(tabs).await, json!(expected));
    browser.visit(&server, "p/nobody00/settings").await;
    wait_for_text(&browser, "[role=alert]", "There is no project").await;
    assert!(browser.errors().await.is_empty());
    browser.close().await;
}

#[tokio::test]
async fn axe_finds_nothing_in_the_forms_narrow_or_wide_light_or_dark() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let (url, _) = prometheus().await;
    let id = project(&server, &url).await;
    let browser = Browser::open_own(Engine::Chromium, 1280).await;
    let mut found = Vec::new();
    let pages = TABS.iter().map(|tab| format!("p/{id}/settings{tab}")).chain(["p/new".to_owned()]);
    for page in pages {
        browser.visit(&server, &page).await;
        wait_for_field(&browser, "main form, main table").await;
        browser.run("document.querySelectorAll('details').forEach(it => it.open = true)").await;
        // What is wrong is shown, too.
        browser.run("document.querySelectorAll('form button[type=submit]').forEach(it => it.click())").await;
        found.extend(faults(&browser, &page).await);
    }
    assert!(found.is_empty(), "{found:#?}");
    browser.close().await;
}
