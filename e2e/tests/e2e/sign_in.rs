//! Tests that an operator can sign in with a browser, change something and sign out, and that others only
//! reach the sign-in page.

use std::net::SocketAddr;

use axum::{Router, response::Html, routing::get};
use headcount_harness::{
    browser::{Browser, Engine},
    http::ADMIN_TOKEN,
    in_every_engine,
    processes::HeadcountProcess,
    program::HeadcountProgram,
    reverse_proxy::ReverseProxy,
    wait::eventually,
};
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::setup::{SOON, TestSetup, files, own_address};

in_every_engine!(
    the_form_leads_to_the_page_that_was_wanted_and_the_page_offers_to_sign_out,
    a_link_signs_in_once,
    a_page_at_another_port_of_the_same_host_changes_nothing,
);

/// A script that returns whether the form of the sign-in page is shown.
const FORM: &str = "return document.querySelector('form input[name=token]') !== null";

/// A script that returns whether the page about statistics shows that they are on, which only an operator may
/// see.
const SWITCH: &str =
    "return document.querySelector('button[role=switch]')?.getAttribute('aria-checked') === 'true'";

/// Fills in the form and sends it.
async fn enter_token(browser: &Browser, token: &str) {
    browser.wait_for(FORM).await;
    browser.enter("#token", token).await;
    browser.press("form button[type=submit]").await;
}

async fn the_form_leads_to_the_page_that_was_wanted_and_the_page_offers_to_sign_out(engine: Engine) {
    let setup = TestSetup::new();
    let program = setup.server_to("http://127.0.0.1:9/").flag("--url-base-path", "/x");
    let server = program.start().await.unwrap();
    let browser = Browser::open(engine, 1400).await;
    let page = server.url("usage-statistics?from=1h");
    browser.goto(&page).await;
    assert!(!browser.source().await.contains("tracker"));
    enter_token(&browser, "not-the-token-that-opens").await;
    browser.wait_for("return document.querySelector('[role=alert]') !== null").await;
    enter_token(&browser, ADMIN_TOKEN).await;
    browser.wait_for(SWITCH).await;
    assert_eq!(browser.run("return location.href").await, json!(page));
    assert_eq!(browser.run("return document.cookie").await, json!(""), "scripts see no cookie");
    assert_eq!(browser.run("return sessionStorage.length").await, json!(0));
    let cookies = browser.session_cookies().await;
    let [cookie] = cookies.as_slice() else { panic!("{cookies:?}") };
    assert_eq!(
        (cookie.path.as_deref(), cookie.http_only, cookie.secure),
        (Some("/x/"), Some(true), Some(false))
    );

    browser.press("button[role=switch]").await;
    eventually("statistics are off", SOON, async || (!setup.status(&server).await.enabled).then_some(()))
        .await
        .unwrap();
    browser.press("button.sign-out").await;
    browser.wait_for(FORM).await;
    assert!(browser.session_cookies().await.is_empty());
    browser.reload().await;
    browser.wait_for(FORM).await;
    browser.close().await;
}

async fn a_link_signs_in_once(engine: Engine) {
    let setup = TestSetup::new();
    // The programs have made tokens of their own, which the command finds.
    let collector = setup.collector().without_admin_token().start().await.unwrap();
    // On another port of the same host: browsers send it the cookies of both.
    let host = SocketAddr::new(collector.address().unwrap().ip(), 0);
    let server = setup.server(&collector).listen(host).without_admin_token().start().await.unwrap();
    let shown = [
        (&server, "return document.querySelector('button.sign-out') !== null"),
        (&collector, "return document.querySelector('form.sign-out') !== null"),
    ];
    let browser = Browser::open(engine, 1400).await;
    for (process, signed_in) in shown {
        let link = process.sign_in_link().await.unwrap();
        let code = link.split_once("sign-in#code=").unwrap().1;
        let token = std::fs::read_to_string(process.data_dir().join("admin-token")).unwrap();
        assert!(code.len() >= 32 && !link.contains(token.trim()), "{link}");
        browser.goto(&link).await;
        browser.wait_for(signed_in).await;
        assert_eq!(browser.run("return location.href").await, json!(process.url("")));
    }
    // Neither session has replaced the other.
    for (process, signed_in) in shown {
        browser.goto(&process.url("")).await;
        browser.wait_for(signed_in).await;
    }
    let link = server.sign_in_link().await.unwrap();
    browser.goto(&link).await;
    browser.wait_for(shown[0].1).await;
    browser.goto(&server.url("health")).await;
    browser.goto(&link).await;
    browser.wait_for("return document.getElementById('said').textContent.includes('has been used')").await;
    assert_eq!(browser.run("return location.hash").await, json!(""), "the code does not stay in the history");

    // The fleet page has no script; signing out is a form.
    browser.goto(&collector.url("")).await;
    browser.press("form.sign-out button").await;
    browser.wait_for(FORM).await;
    browser.close().await;
}

/// Serves a page at another origin.
async fn another_origin(host: SocketAddr, page: String) -> Url {
    let listener = TcpListener::bind((host.ip(), 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let routes = Router::new().fallback(get(async move || Html(page)));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

async fn a_page_at_another_port_of_the_same_host_changes_nothing(engine: Engine) {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let browser = Browser::open(engine, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    browser.wait_for(SWITCH).await;
    // Browsers treat this as the same site and send the cookie.
    let (base, page) = (server.url(""), "<!doctype html><title>other</title>");
    let other = another_origin(server.address().unwrap(), page.to_owned()).await;
    browser.goto(other.as_str()).await;
    let off = r#"{"enabled":false}"#;
    for (path, asked) in [
        // Requests that need a preflight, and those that a form can send too.
        ("api/usage-statistics", json!({ "method": "PUT", "body": off })),
        (
            "api/usage-statistics",
            json!({ "method": "PUT", "body": off, "headers": { "headcount-request": "1" } }),
        ),
        ("api/session", json!({ "method": "DELETE" })),
        ("api/projects", json!({ "method": "POST", "mode": "no-cors", "body": r#"{"name":"evil"}"# })),
        ("api/session/code", json!({ "method": "POST", "mode": "no-cors" })),
        ("sign-out", json!({ "method": "POST", "mode": "no-cors" })),
    ] {
        let mut asked = asked;
        asked["credentials"] = json!("include");
        let ask = format!("fetch({}, {asked})", json!(format!("{base}{path}")));
        browser.run(&format!("return {ask}.then(() => 'answered', () => 'failed')")).await;
    }
    assert!(setup.status(&server).await.enabled);
    let projects: Value = setup.get(&server.url("api/projects")).await.json().await.unwrap();
    assert_eq!(projects["projects"], json!([]));
    browser.visit(&server, "usage-statistics").await;
    browser.wait_for(SWITCH).await;
    assert_eq!(browser.session_cookies().await.len(), 1, "the session goes on");
    browser.close().await;
}

#[tokio::test]
async fn the_form_works_where_the_script_does_not_arrive() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let without_scripts = format!(
        "location ~ \\.js$ {{ return 404; }} location / {{ proxy_pass http://{}; }}",
        server.address().unwrap()
    );
    let proxy = ReverseProxy::nginx(own_address(), &without_scripts).await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.goto(&proxy.url("usage-statistics")).await;
    enter_token(&browser, ADMIN_TOKEN).await;
    eventually("the page that was wanted is shown", SOON, async || {
        browser.source().await.contains("<div id=\"plain\"").then_some(())
    })
    .await
    .unwrap();
    assert_eq!(browser.run("return location.pathname").await, json!("/usage-statistics"));
    assert_eq!(browser.session_cookies().await.len(), 1);
    browser.close().await;
}

#[tokio::test]
async fn a_link_from_another_site_opens_the_page_for_a_browser_that_is_signed_in() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    browser.wait_for(SWITCH).await;
    let page = format!(
        r#"<!doctype html><html lang="en"><title>a chat</title><a href="{}">look</a>"#,
        server.url("welcome")
    );
    // Browsers treat another host as another site.
    let other = another_origin(SocketAddr::from(([127, 0, 0, 1], 0)), page).await;
    browser.goto(other.as_str()).await;
    browser.press("a").await;
    browser.wait_for("return document.querySelector('button.sign-out') !== null").await;
    assert_eq!(browser.run("return location.href").await, json!(server.url("welcome")));
    browser.close().await;
}

/// Starts the same again with another token.
async fn restarted_with(server: HeadcountProcess, token: &str) -> HeadcountProcess {
    let program: HeadcountProgram = server.stop().await.unwrap();
    program.environment("ADMIN_TOKEN", token).start().await.unwrap()
}

#[tokio::test]
async fn a_session_survives_a_restart_and_ends_with_its_token() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    browser.wait_for(SWITCH).await;
    let server = restarted_with(server, ADMIN_TOKEN).await;
    browser.reload().await;
    browser.wait_for(SWITCH).await;
    let server = restarted_with(server, "another-token-for-tests").await;
    browser.reload().await;
    browser.wait_for(FORM).await;
    browser.close().await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_token_is_made_once_and_where_it_is_is_said_without_it() {
    let setup = TestSetup::new();
    let collector = setup.collector().without_admin_token().start().await.unwrap();
    let server = setup.server(&collector).without_admin_token().start().await.unwrap();
    for process in [collector, server] {
        let file = process.data_dir().join("admin-token");
        let token = std::fs::read_to_string(&file).unwrap();
        process.log().until(&file.display().to_string()).await.unwrap();
        let said = process.log().lines().join("\n");
        assert!(!said.contains(token.trim()), "{said}");
        let asked = async |process: &HeadcountProcess| {
            let asked =
                headcount_harness::http::client().unwrap().get(process.url("")).bearer_auth(token.trim());
            asked.send().await.unwrap().status()
        };
        assert_eq!(asked(&process).await, StatusCode::OK);
        let process = process.stop().await.unwrap().start().await.unwrap();
        assert_eq!(asked(&process).await, StatusCode::OK, "the next start has the same token");
    }
}

#[tokio::test]
async fn commands_that_find_no_token_or_no_program_say_so() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").without_admin_token().start().await.unwrap();
    let kept = server.data_dir().join("admin-token");
    std::fs::remove_file(&kept).unwrap();
    let missing = server.sign_in_link().await.unwrap_err().to_string();
    assert!(missing.contains("there is no admin token") && missing.contains("--data-dir"), "{missing}");
    std::fs::write(&kept, "another-token-for-tests").unwrap();
    let wrong = server.sign_in_link().await.unwrap_err().to_string();
    assert!(wrong.contains("refused") && !wrong.contains("another-token"), "{wrong}");
    assert!(files(&setup.path("server")).contains("admin-token"));
}
