//! Tests that a server with its routes counts a product with pages of its own.

use std::{collections::BTreeMap, fs, net::SocketAddr};

use axum::{Router, response::Html};
use headcount_harness::{
    browser::{Browser, Engine},
    in_every_engine,
    processes::HeadcountProcess,
    program::HeadcountProgram,
    wait::eventually,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    bad_starts::assert_refused,
    setup::{SOON, TestSetup, own_address},
};

in_every_engine!(pages_of_another_origin_are_counted_by_the_table_that_the_server_was_given);

/// Routes of Coroot, and one that is hard to parse.
const ROUTES: &str = "# Coroot\n/p/:projectId/applications/:id/:report(SLO|CPU)?\n/it's/:not/`${code}`\n";

/// A server with those routes.
fn server(setup: &TestSetup) -> HeadcountProgram {
    let routes = setup.path("routes");
    fs::write(&routes, ROUTES).unwrap();
    setup.server_to("http://127.0.0.1:9/").flag("--routes", routes)
}

/// A site at an origin of its own. Every page has the server's tracker without route attributes.
async fn site(server: &HeadcountProcess) -> SocketAddr {
    let script = server.url("static/tracker.js");
    let page = format!(
        r#"<!doctype html><html lang="en"><title>Product</title><link rel="icon" href="data:,"><script type="module" src="{script}"></script><h1>Product</h1>"#
    );
    let listener = TcpListener::bind(own_address()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().fallback(async move || Html(page));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn views(setup: &TestSetup, server: &HeadcountProcess, count: u64) -> BTreeMap<String, u64> {
    let counted = eventually("the views are counted", SOON, async || {
        let views = setup.preview(server).await.ux.page_views;
        (views.values().sum::<u64>() >= count).then_some(views)
    });
    counted.await.unwrap()
}

async fn pages_of_another_origin_are_counted_by_the_table_that_the_server_was_given(engine: Engine) {
    let setup = TestSetup::new();
    let server = server(&setup).start().await.unwrap();
    let site = site(&server).await;
    let browser = Browser::open(engine, 1400).await;
    browser.goto(&format!("http://{site}/p/acme/applications/shop/SLO")).await;
    views(&setup, &server, 1).await;
    browser.push("/p/acme/applications/shop").await;
    views(&setup, &server, 2).await;
    browser.push("/p/acme/secret").await;
    let expected = [
        ("(unmatched)", 1),
        ("/p/$projectId/applications/$id", 1),
        ("/p/$projectId/applications/$id/SLO", 1),
    ];
    let expected = expected.map(|(page, views)| (page.to_owned(), views)).into();
    assert_eq!(views(&setup, &server, 3).await, expected);
    browser.close().await;
}

#[tokio::test]
async fn the_served_tracker_has_the_routes_in_each_encoding_and_a_browser_that_has_it_gets_it_once() {
    let setup = TestSetup::new();
    let server = server(&setup).start().await.unwrap();
    let url = server.url("static/tracker.js");
    let plain = setup.http.get(&url).send().await.unwrap().text().await.unwrap();
    let line = plain.lines().next().unwrap();
    let table = line.strip_prefix("const headcountRoutes=").and_then(|line| line.strip_suffix(';'));
    let templates = "/p/:projectId/applications/:id/:report(SLO|CPU)? /it's/:not/`${code}`";
    assert_eq!(serde_json::from_str::<Value>(table.unwrap()).unwrap(), json!(templates));

    let accepting = setup.http.get(&url).header("accept-encoding", "gzip, br");
    let answer = accepting.send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let tag = answer.headers()["etag"].clone();
    let mut text = String::new();
    let bytes = answer.bytes().await.unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*bytes), &mut text).unwrap();
    assert_eq!(text, plain);
    let again = setup.http.get(&url).header("accept-encoding", "gzip, br").header("if-none-match", tag);
    assert_eq!(again.send().await.unwrap().status(), 304);
}

#[tokio::test]
async fn the_program_is_fetched_once_by_its_script() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "welcome").await;
    views(&setup, &server, 1).await;
    let requests = "return performance.getEntriesByType('resource')
        .filter(({ name }) => name.endsWith('/tracker_bg.wasm')).map(({ initiatorType }) => initiatorType)";
    assert_eq!(browser.run(requests).await, json!(["fetch"]));
    browser.close().await;
}

#[tokio::test]
async fn a_route_table_that_is_none_is_refused() {
    let setup = TestSetup::new();
    let many: String = (0..513).map(|page| format!("/page{page}\n")).collect();
    let cases = [
        (Some("/\n\n# users\n/users/:\n"), "line 4 has a segment"),
        (Some(many.as_str()), "line 513 makes more than 512 keys"),
        (None, "cannot be read"),
    ];
    for (text, reason) in cases {
        let file = setup.path("routes");
        match text {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        assert_refused(setup.server_to("http://127.0.0.1:9/").flag("--routes", &file), reason).await;
        let by_environment =
            setup.server_to("http://127.0.0.1:9/").environment("ROUTES", file.to_str().unwrap());
        assert_refused(by_environment, reason).await;
    }
}
