//! Tests that the tracker never harms the page.

use axum::http::StatusCode;
use headcount_harness::{
    browser::Engine,
    test_site::{PLAIN, PROGRAM, TestSiteBuilder},
};
use serde_json::json;

use super::{
    altered::{trapping, truncated},
    watched::WatchedBrowser,
};
use crate::behaviour_outcome::{BehaviourOutcome, behaviours, holds, holds_though};

behaviours!(
    a_missing_program_leaves_the_page_alone,
    a_truncated_program_leaves_the_page_alone,
    a_program_that_never_arrives_whole_leaves_the_page_alone,
    an_altered_program_leaves_the_page_alone,
    a_trap_at_the_start_leaves_the_page_alone,
    a_trap_on_the_way_leaves_the_page_alone,
    a_policy_without_wasm_leaves_the_page_alone,
    a_policy_without_connections_leaves_the_page_alone,
    a_policy_that_allows_wasm_is_enough,
    loaded_twice_it_counts_once,
    a_server_that_is_broken_leaves_the_page_alone,
    frozen_history_leaves_the_page_alone,
    a_server_of_another_origin_leaves_no_line_in_a_page_that_isolates_itself,
);

/// Ends a test that has checked the console.
async fn holds_as_far_as_told(watched: WatchedBrowser) -> BehaviourOutcome {
    if watched.browser.engine().tells_errors() {
        return holds(watched.browser).await;
    }
    let note = "What the page throws, rejects and writes is watched; an automated WebKit does not tell its own messages.";
    holds_though(watched.browser, note).await
}

/// Opens a page in which the tracker cannot work, and checks that it gives up without an effect on the page.
async fn fails_quietly(engine: Engine, setting: TestSiteBuilder) -> WatchedBrowser {
    let watched = WatchedBrowser::at(engine, "/p/acme", setting).await;
    watched.is("failed").await;
    watched.is_unharmed().await;
    assert!(watched.host.beacons().is_empty());
    watched
}

async fn a_missing_program_leaves_the_page_alone(engine: Engine) -> BehaviourOutcome {
    holds_as_far_as_told(fails_quietly(engine, TestSiteBuilder::new().program(None)).await).await
}

async fn a_truncated_program_leaves_the_page_alone(engine: Engine) -> BehaviourOutcome {
    holds_as_far_as_told(fails_quietly(engine, TestSiteBuilder::new().program(Some(truncated()))).await).await
}

async fn a_program_that_never_arrives_whole_leaves_the_page_alone(engine: Engine) -> BehaviourOutcome {
    // As in a page that is left: its fetch ends after the answer has begun.
    let left =
        "Response.prototype.arrayBuffer = () => Promise.reject(new DOMException('left', 'AbortError'))";
    let setting = TestSiteBuilder::new().early(left);
    let watched = WatchedBrowser::at(engine, "/p/acme", setting).await;
    watched.is("failed").await;
    assert_eq!(watched.run("return seen").await["lines"], json!([]), "the browser says it itself");
    assert_eq!(watched.host.asked(PROGRAM), 1);
    holds_as_far_as_told(watched).await
}

async fn an_altered_program_leaves_the_page_alone(engine: Engine) -> BehaviourOutcome {
    let other = b"<!doctype html><title>Please sign in</title>".to_vec();
    holds_as_far_as_told(fails_quietly(engine, TestSiteBuilder::new().program(Some(other))).await).await
}

async fn a_trap_at_the_start_leaves_the_page_alone(engine: Engine) -> BehaviourOutcome {
    holds_as_far_as_told(fails_quietly(engine, TestSiteBuilder::new().program(Some(trapping("open")))).await)
        .await
}

async fn a_trap_on_the_way_leaves_the_page_alone(engine: Engine) -> BehaviourOutcome {
    holds_as_far_as_told(
        fails_quietly(engine, TestSiteBuilder::new().program(Some(trapping("settle")))).await,
    )
    .await
}

async fn a_policy_without_wasm_leaves_the_page_alone(engine: Engine) -> BehaviourOutcome {
    let setting =
        TestSiteBuilder::new().header("content-security-policy", "default-src 'self'; img-src data:");
    holds_as_far_as_told(fails_quietly(engine, setting).await).await
}

async fn a_policy_without_connections_leaves_the_page_alone(engine: Engine) -> BehaviourOutcome {
    let setting = TestSiteBuilder::new().header("content-security-policy", "connect-src 'none'");
    let watched = WatchedBrowser::at(engine, "/p/acme", setting).await;
    watched.is("failed").await;
    watched.browser.push("/p/works").await;
    assert_eq!(watched.run("return location.pathname").await, json!("/p/works"));
    assert_eq!(watched.run("return seen").await["lines"], json!([]), "the browser says it itself");
    watched.is_quiet(2).await;
    assert_eq!(watched.host.asked(PROGRAM), 0);
    holds_as_far_as_told(watched).await
}

async fn a_policy_that_allows_wasm_is_enough(engine: Engine) -> BehaviourOutcome {
    let policy =
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:";
    let setting = TestSiteBuilder::new().header("content-security-policy", policy);
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", setting).await;
    watched.ends_with(&["/p/$projectId"]).await;
    watched.is_quiet(0).await;
    holds_as_far_as_told(watched).await
}

async fn loaded_twice_it_counts_once(engine: Engine) -> BehaviourOutcome {
    let again = "<script type='module' src='/static/tracker.js'></script>
        <script type='module' src='/static/tracker.js?again'></script>";
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new().content(again)).await;
    assert_eq!(watched.host.asked("/static/tracker.js"), 2);
    watched.ends_with(&["/p/$projectId"]).await;
    assert_eq!(watched.host.asked(PROGRAM), 1);
    watched.is_quiet(0).await;
    holds_as_far_as_told(watched).await
}

async fn a_server_that_is_broken_leaves_the_page_alone(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::new(engine, TestSiteBuilder::new()).await;
    watched.host.answer_views("/", StatusCode::INTERNAL_SERVER_ERROR);
    watched.goto("/p/acme").await;
    watched.host.heard(1).await;
    // Nothing is sent twice: the server may have counted a view that it refused.
    watched.ends_with(&["/p/$projectId"]).await;
    watched.is_quiet(2).await;
    assert_eq!(watched.run("return seen").await["lines"], json!([]));
    holds_as_far_as_told(watched).await
}

async fn frozen_history_leaves_the_page_alone(engine: Engine) -> BehaviourOutcome {
    let setting = TestSiteBuilder::new().early("Object.freeze(history)");
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", setting).await;
    watched.is_quiet(0).await;
    watched.is_unharmed().await;
    holds_as_far_as_told(watched).await
}

async fn a_server_of_another_origin_leaves_no_line_in_a_page_that_isolates_itself(
    engine: Engine,
) -> BehaviourOutcome {
    let watched = WatchedBrowser::new(
        engine,
        TestSiteBuilder::new().header("cross-origin-embedder-policy", "require-corp"),
    )
    .await;
    // The same server under another name is another origin.
    let elsewhere = format!("http://localhost:{}/", watched.host.address().port());
    watched.goto(PLAIN).await;
    let start = format!(
        "const script = document.createElement('script')
         script.type = 'module'
         script.src = '{elsewhere}static/tracker.js'
         script.crossOrigin = 'anonymous'
         script.dataset.routes = '/plain /p/:projectId /end'
         document.head.append(script)"
    );
    watched.run(&start).await;
    watched.host.heard(1).await;
    watched.browser.push("/p/acme").await;
    watched.host.heard(2).await;
    // The last view of a page is a beacon.
    watched.run("history.pushState({}, '', '/end'); location.href = '/p/next'").await;
    watched.browser.wait_for("return location.pathname === '/p/next'").await;
    watched.arrived(&["/end", "/p/$projectId", "/p/$projectId", "/plain"]).await;
    watched.is_quiet(0).await;
    holds_as_far_as_told(watched).await
}
