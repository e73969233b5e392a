//! Tests that with statistics off the tracker stores, fetches and sends nothing.

use axum::http::StatusCode;
use headcount_harness::{
    browser::Engine,
    test_site::{PLAIN, ROUTES, TestSiteBuilder},
};
use serde_json::json;

use super::watched::WatchedBrowser;
use crate::behaviour_outcome::{BehaviourOutcome, behaviours, holds};

behaviours!(
    a_module_asks_before_it_fetches_or_stores_anything,
    a_module_that_is_told_off_stores_and_fetches_nothing,
    a_copy_of_the_script_asks_too,
    a_script_that_posts_to_another_server_asks_that_one,
    an_answer_that_is_neither_yes_nor_no_counts_nothing_now,
    a_server_that_does_not_answer_is_no_yes,
    switching_off_ends_a_page_that_is_open,
    switching_off_empties_the_queue,
    opting_in_again_asks_whether_statistics_are_still_on,
    the_script_of_a_server_that_is_off_removes_its_uuid_alone,
    the_script_of_a_server_that_is_off_leaves_alone_what_its_page_sends_elsewhere,
    the_script_of_a_server_that_is_off_has_the_same_functions,
    the_script_of_a_server_that_is_off_knows_itself_when_it_is_redirected,
);

/// The page that bundles the module of the npm package.
const MODULE: &str = "/p/module";

/// The key of the UUID of the installation at the root.
const KEY: &str = "headcount-device-id:/";

/// The key of the UUID of another installation.
const OTHERS_KEY: &str = "headcount-device-id:/other/";

const UUID: &str = "20174a56-4a1e-41ca-a90d-b657d1fa873e";

/// A site with a page that uses the module of the npm package.
fn with_module() -> TestSiteBuilder {
    let html = format!(
        "<script>tracker = () => import('/npm/index.js')</script>
         <script type='module'>
           import {{ start }} from '/npm/index.js'
           start({{ endpoint: '/stats', routes: '{ROUTES}'.split(' ') }})
         </script>"
    );
    TestSiteBuilder::new().plain(MODULE, &html)
}

impl WatchedBrowser {
    /// Stores UUIDs of two installations, as earlier visits would.
    async fn was_counted_before(&self) {
        self.goto(PLAIN).await;
        for key in [KEY, OTHERS_KEY] {
            self.run(&format!("localStorage.setItem('{key}', '{UUID}')")).await;
        }
    }

    /// All stored keys, sorted.
    async fn stored(&self) -> serde_json::Value {
        self.run("return Object.keys(localStorage).sort()").await
    }

    /// Navigates, and gives the tracker time to process that.
    async fn walks_on(&self) {
        for path in ["/p/walked", "/p/walked/node/n1"] {
            self.browser.push(path).await;
            self.run("return new Promise(resolve => setTimeout(resolve))").await;
        }
        self.run("return fetch('/ping').then(() => true)").await;
    }

    /// Fails if the tracker has written to the console. The browser may write one line about a refused
    /// request.
    async fn says_nothing(&self) {
        self.is_quiet(1).await;
        assert_eq!(self.run("return seen").await["lines"], json!([]));
    }
}

async fn a_module_asks_before_it_fetches_or_stores_anything(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::new(engine, with_module()).await;
    watched.host.hold("/stats");
    watched.goto(MODULE).await;
    watched.host.holds("/stats", 1).await;
    watched.is("loading").await;
    assert_eq!(watched.stored().await, json!([]));
    assert_eq!(watched.host.requests(), ["GET /npm/index.js", "GET /stats"]);
    watched.host.let_pass("/stats");
    watched.host.heard(1).await;
    assert_eq!(watched.stored().await, json!([KEY]));
    let all = ["GET /npm/index.js", "GET /stats", "GET /npm/tracker_bg.wasm", "POST /stats"];
    assert_eq!(watched.host.requests(), all);
    watched.is_quiet(0).await;
    holds(watched.browser).await
}

async fn a_module_that_is_told_off_stores_and_fetches_nothing(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::new(engine, with_module()).await;
    let mut requests = Vec::new();
    for status in [StatusCode::NOT_FOUND, StatusCode::GONE] {
        watched.was_counted_before().await;
        watched.host.switch_off("/", status);
        watched.goto(MODULE).await;
        watched.is("off").await;
        watched.walks_on().await;
        assert_eq!(watched.stored().await, json!([OTHERS_KEY]), "{status}");
        requests.extend(["GET /npm/index.js", "GET /stats"]);
        assert_eq!(watched.host.requests(), requests, "{status}");
        watched.says_nothing().await;
    }
    holds(watched.browser).await
}

async fn a_copy_of_the_script_asks_too(engine: Engine) -> BehaviourOutcome {
    let copy = format!(
        "<script>tracker = () => import('/npm/script.js')</script>
         <script type='module' src='/npm/script.js' data-routes='{ROUTES}'></script>"
    );
    let watched = WatchedBrowser::new(engine, TestSiteBuilder::new().plain("/p/copy", &copy)).await;
    watched.host.switch_off("/", StatusCode::NOT_FOUND);
    watched.goto("/p/copy").await;
    watched.is("off").await;
    watched.walks_on().await;
    assert_eq!(watched.stored().await, json!([]));
    assert_eq!(watched.host.requests(), ["GET /npm/script.js", "GET /stats"]);
    watched.says_nothing().await;
    watched.host.answer_questions("/", StatusCode::NO_CONTENT);
    watched.host.answer_views("/", StatusCode::NO_CONTENT);
    watched.goto("/p/copy").await;
    watched.arrived(&["/p/$projectId"]).await;
    holds(watched.browser).await
}

async fn a_script_that_posts_to_another_server_asks_that_one(engine: Engine) -> BehaviourOutcome {
    let setting = TestSiteBuilder::new().attribute("data-endpoint", "/other/stats");
    let watched = WatchedBrowser::new(engine, setting).await;
    watched.was_counted_before().await;
    watched.host.switch_off("/other/", StatusCode::NOT_FOUND);
    watched.goto("/p/acme").await;
    watched.is("off").await;
    watched.walks_on().await;
    assert_eq!(watched.stored().await, json!([KEY]));
    assert_eq!(watched.host.requests(), ["GET /static/tracker.js", "GET /other/stats"]);
    watched.says_nothing().await;
    holds(watched.browser).await
}

async fn an_answer_that_is_neither_yes_nor_no_counts_nothing_now(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::new(engine, with_module()).await;
    let mut requests = Vec::new();
    // The answers of a site with a page at every address, of a server of 0.1.0, of a broken one, and of a
    // proxy without a server.
    for status in [
        StatusCode::OK,
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::BAD_GATEWAY,
    ] {
        watched.was_counted_before().await;
        watched.host.answer_questions("/", status);
        watched.goto(MODULE).await;
        watched.is("failed").await;
        watched.walks_on().await;
        // It may be temporary, so the UUID stays.
        assert_eq!(watched.stored().await, json!([KEY, OTHERS_KEY]), "{status}");
        requests.extend(["GET /npm/index.js", "GET /stats"]);
        assert_eq!(watched.host.requests(), requests, "{status}");
        let url = watched.host.url("/stats");
        let line = format!("warn headcount: {url} answered {} in place of 204", status.as_u16());
        assert_eq!(watched.run("return seen").await["lines"], json!([line]));
    }
    watched.host.answer_questions("/", StatusCode::NO_CONTENT);
    watched.goto(MODULE).await;
    watched.arrived(&["/p/$projectId"]).await;
    assert_eq!(watched.devices().into_iter().collect::<Vec<_>>(), [UUID]);
    holds(watched.browser).await
}

async fn a_server_that_does_not_answer_is_no_yes(engine: Engine) -> BehaviourOutcome {
    let setting = TestSiteBuilder::new().attribute("data-endpoint", "http://127.0.0.1:9/stats");
    let watched = WatchedBrowser::at(engine, "/p/acme", setting).await;
    watched.is("failed").await;
    watched.walks_on().await;
    assert_eq!(watched.stored().await, json!([]));
    assert_eq!(watched.host.requests(), ["GET /static/tracker.js"]);
    assert_eq!(watched.run("return seen").await["lines"], json!([]), "the browser says it itself");
    holds(watched.browser).await
}

async fn switching_off_ends_a_page_that_is_open(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::new(engine, TestSiteBuilder::new()).await;
    for (round, status) in [StatusCode::NOT_FOUND, StatusCode::GONE].into_iter().enumerate() {
        watched.host.answer_views("/", StatusCode::NO_CONTENT);
        watched.was_counted_before().await;
        watched.goto("/p/acme").await;
        watched.host.heard(1 + 2 * round).await;
        watched.host.answer_views("/", status);
        watched.browser.push("/").await;
        watched.is("off").await;
        assert_eq!(watched.stored().await, json!([OTHERS_KEY]), "{status}");
        watched.walks_on().await;
        let told = ["/p/$projectId", "/"].repeat(1 + round);
        watched.arrived(&told).await;
        assert_eq!(watched.status().await, json!({ "state": "off", "waiting": 0, "dropped": 0 }));
        watched.says_nothing().await;
    }
    holds(watched.browser).await
}

async fn switching_off_empties_the_queue(engine: Engine) -> BehaviourOutcome {
    // As if there were no network.
    let offline = "Object.defineProperty(navigator, 'onLine', { get: () => window.online })";
    let watched = WatchedBrowser::new(engine, TestSiteBuilder::new().early(offline)).await;
    watched.host.answer_questions("/", StatusCode::BAD_GATEWAY);
    watched.goto("/p/acme").await;
    watched.is("counting").await;
    watched.browser.push("/").await;
    watched.run("return new Promise(resolve => setTimeout(resolve))").await;
    assert_eq!(watched.status().await["waiting"], 2);
    watched.host.answer_views("/", StatusCode::NOT_FOUND);
    watched.run("window.online = true; dispatchEvent(new Event('online'))").await;
    watched.is("off").await;
    watched.run("window.online = false").await;
    watched.walks_on().await;
    assert_eq!(watched.status().await, json!({ "state": "off", "waiting": 0, "dropped": 0 }));
    watched.host.answer_views("/", StatusCode::NO_CONTENT);
    watched.run("window.online = true; dispatchEvent(new Event('online'))").await;
    watched.walks_on().await;
    // The answer to the first view arrived before the second one was sent.
    watched.arrived(&["/p/$projectId"]).await;
    assert_eq!(watched.stored().await, json!([]));
    holds(watched.browser).await
}

async fn the_script_of_a_server_that_is_off_removes_its_uuid_alone(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::new(engine, TestSiteBuilder::new()).await;
    watched.was_counted_before().await;
    watched.run(&format!("localStorage.setItem('headcount-device-id', '{UUID}')")).await;
    watched.run("localStorage.setItem('theme', 'dark')").await;
    watched.host.switch_off("/", StatusCode::NOT_FOUND);
    watched.goto("/p/acme").await;
    watched.is("off").await;
    watched.walks_on().await;
    assert_eq!(watched.stored().await, json!([OTHERS_KEY, "theme"]));
    assert_eq!(watched.host.requests(), ["GET /static/tracker.js"]);
    watched.is_quiet(0).await;
    holds(watched.browser).await
}

async fn opting_in_again_asks_whether_statistics_are_still_on(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new()).await;
    watched.host.answer_questions("/", StatusCode::NOT_FOUND);
    watched.run("return tracker().then(({ optOut, optIn }) => { optOut(); optIn() })").await;
    watched.is("off").await;
    watched.walks_on().await;
    assert_eq!(watched.stored().await, json!([]));
    assert_eq!(watched.host.keys(), ["/p/$projectId"]);
    let all = ["GET /static/tracker.js", "GET /static/tracker_bg.wasm", "POST /stats", "GET /stats"];
    assert_eq!(watched.host.requests(), all);
    watched.says_nothing().await;
    holds(watched.browser).await
}

async fn the_script_of_a_server_that_is_off_leaves_alone_what_its_page_sends_elsewhere(
    engine: Engine,
) -> BehaviourOutcome {
    let setting = TestSiteBuilder::new().attribute("data-endpoint", "/other/stats");
    let watched = WatchedBrowser::new(engine, setting).await;
    watched.was_counted_before().await;
    watched.host.switch_off("/", StatusCode::NOT_FOUND);
    watched.goto("/p/acme").await;
    watched.is("off").await;
    assert_eq!(watched.stored().await, json!([OTHERS_KEY]));
    assert_eq!(watched.host.requests(), ["GET /static/tracker.js"]);
    watched.is_quiet(0).await;
    holds(watched.browser).await
}

async fn the_script_of_a_server_that_is_off_has_the_same_functions(engine: Engine) -> BehaviourOutcome {
    let importing = "<script type='module'>
           import { optIn, optOut, start, status } from '/static/tracker.js'
           start({ endpoint: '/stats', routes: ['/'] })
           window.ended = status()
         </script>";
    let watched = WatchedBrowser::new(engine, TestSiteBuilder::new().content(importing)).await;
    watched.was_counted_before().await;
    watched.host.switch_off("/", StatusCode::NOT_FOUND);
    watched.goto("/p/acme").await;
    let off = json!({ "state": "off", "waiting": 0, "dropped": 0 });
    assert_eq!(watched.run("return ended").await, off);
    watched.run("return tracker().then(({ optOut }) => { optOut() })").await;
    assert_eq!(watched.status().await["state"], "opted-out");
    assert_eq!(
        watched.stored().await,
        json!(["headcount-opt-out"]),
        "the choice holds for all installations"
    );
    watched.browser.reload().await;
    assert_eq!(watched.status().await["state"], "opted-out");
    watched.run("return tracker().then(({ optIn }) => { optIn() })").await;
    assert_eq!(watched.status().await, off);
    assert_eq!(watched.stored().await, json!([]));
    watched.is_quiet(0).await;
    holds(watched.browser).await
}

async fn the_script_of_a_server_that_is_off_knows_itself_when_it_is_redirected(
    engine: Engine,
) -> BehaviourOutcome {
    let moved = "<script type='module' src='/moved/tracker.js'></script>
        <script type='module'>window.ran = true</script>";
    let setting =
        TestSiteBuilder::new().plain("/p/moved", moved).redirect("/moved/tracker.js", "/static/tracker.js");
    let watched = WatchedBrowser::new(engine, setting).await;
    watched.was_counted_before().await;
    watched.host.switch_off("/", StatusCode::NOT_FOUND);
    watched.goto("/p/moved").await;
    watched.browser.wait_for("return window.ran").await;
    assert_eq!(watched.stored().await, json!([OTHERS_KEY]));
    watched.is_quiet(0).await;
    holds(watched.browser).await
}
