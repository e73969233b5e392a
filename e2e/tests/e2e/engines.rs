//! Tests that the three engines can be driven alike.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, response::Html, routing::get};
use headcount_harness::{
    browser::{Browser, Engine},
    in_every_engine,
    wait::eventually,
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::setup::SOON;

in_every_engine!(
    a_browser_that_was_used_is_as_new,
    a_page_has_the_width_that_was_asked_for,
    history_is_walked_back_and_forward,
    tabs_are_driven_one_at_a_time,
    a_name_is_served_by_the_proxy_and_is_no_secure_context,
);

/// A server on loopback that answers every path with the same page.
async fn site() -> SocketAddr {
    serve(Router::new().fallback(get(page))).await
}

async fn page() -> Html<&'static str> {
    Html("<!doctype html><title>page</title><link rel='icon' href='data:,'><h1>page</h1>")
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn a_page_has_the_width_that_was_asked_for(engine: Engine) {
    let site = site().await;
    let browser = Browser::open(engine, 1400).await;
    browser.goto(&format!("http://{site}/")).await;
    assert_eq!(browser.run("return [location.host, innerWidth]").await, json!([site.to_string(), 1400]));
    browser.resize(800).await;
    assert_eq!(browser.run("return innerWidth").await, json!(800));
    browser.close().await;
}

async fn history_is_walked_back_and_forward(engine: Engine) {
    let site = site().await;
    let browser = Browser::open(engine, 1400).await;
    browser.goto(&format!("http://{site}/one")).await;
    browser.push("/two").await;
    browser.back().await;
    browser.wait_for("return location.pathname === '/one'").await;
    browser.forward().await;
    browser.wait_for("return location.pathname === '/two'").await;
    browser.reload().await;
    assert!(browser.source().await.contains("<h1>page</h1>"));
    browser.close().await;
}

async fn a_browser_that_was_used_is_as_new(engine: Engine) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let kept = get(async move || {
        counted.fetch_add(1, Ordering::Relaxed);
        ([("cache-control", "max-age=3600")], "kept")
    });
    let site = serve(Router::new().route("/kept", kept).fallback(get(page))).await;
    for _ in 0..3 {
        let browser = Browser::open(engine, 1000).await;
        assert_eq!(browser.tabs().await.len(), 1);
        browser.goto(&format!("http://{site}/")).await;
        let seen = "return [localStorage.length, document.cookie, navigator.onLine, innerWidth]";
        assert_eq!(browser.run(seen).await, json!([0, "", true, 1000]));
        if engine.tells_errors() {
            assert_eq!(browser.errors().await, [""; 0]);
        }
        let before = asked.load(Ordering::Relaxed);
        browser.run("return fetch('/kept').then(() => true)").await;
        assert!(asked.load(Ordering::Relaxed) > before, "what was fetched for one user is kept for another");

        browser.run("localStorage.setItem('a', 'b'); document.cookie = 'a=b'; console.error('wrong')").await;
        browser.resize(700).await;
        let tab = browser.new_window().await;
        browser.switch_to(&tab).await;
        browser.goto(&format!("http://{site}/other")).await;
        browser.run("sessionStorage.setItem('a', 'b'); console.error('wrong there')").await;
        browser.close().await;
    }
}

#[tokio::test]
async fn errors_and_warnings_of_a_page_are_heard_and_nothing_else() {
    for engine in Engine::ALL.into_iter().filter(|engine| engine.tells_errors()) {
        hear_errors_and_warnings(engine).await;
    }
}

async fn hear_errors_and_warnings(engine: Engine) {
    let site = site().await;
    let browser = Browser::open(engine, 1400).await;
    browser.goto(&format!("http://{site}/")).await;
    browser.run("console.log('nothing'); console.warn('careful'); console.error('wrong')").await;
    browser
        .run("setTimeout(() => { throw new Error('thrown') }); Promise.reject(new Error('rejected'))")
        .await;
    let mut heard = Vec::new();
    let all = eventually("all are heard", SOON, async || {
        heard.extend(browser.errors().await);
        (heard.len() >= 4).then(|| heard.clone())
    });
    let heard = all.await.unwrap();
    for word in ["careful", "wrong", "thrown", "rejected"] {
        assert_eq!(heard.iter().filter(|line| line.contains(word)).count(), 1, "{word}: {heard:?}");
    }
    assert_eq!(heard.len(), 4, "{heard:?}");
    browser.close().await;
}

async fn tabs_are_driven_one_at_a_time(engine: Engine) {
    let site = site().await;
    let browser = Browser::open(engine, 1400).await;
    browser.goto(&format!("http://{site}/first")).await;
    let first = browser.tab().await;
    let second = browser.new_tab().await;
    assert_eq!(browser.tab().await, first);
    browser.switch_to(&second).await;
    browser.goto(&format!("http://{site}/second")).await;
    assert_eq!(browser.tabs().await.len(), 2);
    browser.close_tab().await;
    browser.switch_to(&first).await;
    assert_eq!(browser.run("return location.pathname").await, json!("/first"));
    assert_eq!(browser.tabs().await, [first]);
    browser.close().await;
}

async fn a_name_is_served_by_the_proxy_and_is_no_secure_context(engine: Engine) {
    let site = site().await;
    let browser = Browser::open_through(engine, 1400, site).await;
    browser.goto("http://headcount.test/").await;
    assert_eq!(
        browser.run("return [location.host, isSecureContext]").await,
        json!(["headcount.test", false])
    );
    browser.goto(&format!("http://{site}/")).await;
    assert_eq!(browser.run("return isSecureContext").await, json!(true));
    browser.close().await;
}
