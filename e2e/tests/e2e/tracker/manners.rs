//! Tests which browsers and pages are not counted, and what is not sent.

use axum::http::StatusCode;
use headcount_harness::{
    browser::Engine,
    test_site::{PLAIN, PROGRAM, ROUTES, TestSiteBuilder},
};
use serde_json::json;

use super::watched::WatchedBrowser;
use crate::behaviour_outcome::{BehaviourOutcome, behaviours, holds, holds_though};

behaviours!(
    global_privacy_control_is_obeyed,
    do_not_track_is_obeyed,
    automation_is_ignored_on_request,
    localhost_is_ignored_on_request,
    opting_out_stops_and_opting_in_begins_again,
    a_stored_choice_is_obeyed,
    opting_out_holds_for_all_installations_of_an_origin,
    opting_out_in_another_tab_holds_while_the_program_loads,
    opting_out_in_another_tab_holds_for_views_that_wait,
    what_is_sent_has_no_cookie_and_no_address_of_its_page,
    offline_views_wait_and_arrive_later,
    views_leave_one_after_another,
    a_page_that_is_left_waits_for_no_answer,
    a_page_that_is_hidden_waits_for_no_answer,
    offline_views_are_bounded_and_the_dropped_are_counted,
    without_a_network_a_server_that_answers_is_told,
    without_storage_on_request_views_count_and_nothing_is_stored,
    a_refused_beacon_is_sent_once_in_another_way,
    a_browser_without_beacons_is_counted,
);

/// The maximum number of waiting views.
const WAITING: usize = 32;

/// The note on how tests set Do Not Track and Global Privacy Control.
const BY_PROPERTY: &str = "The page is told by the property alone; not every engine has a setting for it.";

/// Ends a test that has disconnected the network.
async fn holds_offline(watched: WatchedBrowser) -> BehaviourOutcome {
    if watched.browser.engine() == Engine::Chromium {
        return holds(watched.browser).await;
    }
    let note = "The page is told that it is offline, by `navigator.onLine` and its events; its network stays, and ends in a proxy.";
    holds_though(watched.browser, note).await
}

/// Opens a page that is not counted, and checks that nothing is fetched, stored or sent there, although the
/// same browser is counted elsewhere.
async fn is_ignored(engine: Engine, setting: TestSiteBuilder) -> WatchedBrowser {
    let watched = WatchedBrowser::at(engine, "/p/acme", setting.untouched("/p/counted/node/n1")).await;
    watched.is("ignored").await;
    watched.browser.push("/p/other").await;
    watched.run("return new Promise(resolve => setTimeout(resolve))").await;
    assert_eq!(watched.run("return localStorage.length").await, json!(0));
    assert_eq!(watched.host.asked(PROGRAM), 0);
    watched.is_quiet(0).await;
    watched.goto("/p/counted/node/n1").await;
    watched.arrived(&["/p/$projectId/node/$name"]).await;
    watched
}

/// Checks that the stored UUIDs are removed once the browser's owner has opted out.
async fn forgets(watched: &WatchedBrowser) {
    assert_eq!(watched.run("return localStorage.length").await, json!(1));
    watched.goto("/p/acme").await;
    watched.is("ignored").await;
    assert_eq!(watched.run("return localStorage.length").await, json!(0));
}

async fn global_privacy_control_is_obeyed(engine: Engine) -> BehaviourOutcome {
    let control = "Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })";
    let watched = is_ignored(engine, TestSiteBuilder::new().early(control)).await;
    forgets(&watched).await;
    holds_though(watched.browser, BY_PROPERTY).await
}

async fn do_not_track_is_obeyed(engine: Engine) -> BehaviourOutcome {
    let asked = "Object.defineProperty(navigator, 'doNotTrack', { value: '1' })";
    let watched = is_ignored(engine, TestSiteBuilder::new().early(asked)).await;
    forgets(&watched).await;
    holds_though(watched.browser, BY_PROPERTY).await
}

async fn automation_is_ignored_on_request(engine: Engine) -> BehaviourOutcome {
    let watched = is_ignored(engine, TestSiteBuilder::new().attribute("data-automation", "ignore")).await;
    holds(watched.browser).await
}

async fn localhost_is_ignored_on_request(engine: Engine) -> BehaviourOutcome {
    let watched = is_ignored(engine, TestSiteBuilder::new().attribute("data-localhost", "ignore")).await;
    holds(watched.browser).await
}

async fn opting_out_stops_and_opting_in_begins_again(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new()).await;
    watched.run("return tracker().then(({ optOut }) => { optOut() })").await;
    watched.is("opted-out").await;
    let stored = "return [localStorage.getItem('headcount-opt-out'), localStorage.length]";
    assert_eq!(watched.run(stored).await, json!(["1", 1]), "the choice is stored, and no UUID");
    watched.browser.push("/p/uncounted/node/n1").await;
    watched.run("return new Promise(resolve => setTimeout(resolve))").await;
    watched.browser.push("/").await;
    watched.run("return new Promise(resolve => setTimeout(resolve))").await;
    watched.run("return tracker().then(({ optIn }) => { optIn() })").await;
    watched.is("counting").await;
    // It is a new browser now, and its current page counts.
    watched.host.heard(2).await;
    watched.ends_with(&["/p/$projectId", "/"]).await;
    assert_eq!(watched.devices().len(), 2);
    assert_eq!(watched.run("return localStorage.getItem('headcount-opt-out')").await, json!(null));
    holds(watched.browser).await
}

async fn a_stored_choice_is_obeyed(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::at(engine, "/plain", TestSiteBuilder::new()).await;
    watched.run("localStorage.setItem('headcount-opt-out', '1')").await;
    watched
        .run("localStorage.setItem('headcount-device-id:/', '20174a56-4a1e-41ca-a90d-b657d1fa873e')")
        .await;
    watched.goto("/p/acme").await;
    watched.is("opted-out").await;
    assert_eq!(watched.run("return Object.keys(localStorage)").await, json!(["headcount-opt-out"]));
    watched.browser.push("/p/other").await;
    assert_eq!(watched.host.requests(), ["GET /static/tracker.js"]);
    watched.is_quiet(0).await;
    watched.run("localStorage.removeItem('headcount-opt-out')").await;
    assert_eq!(watched.run("return localStorage.length").await, json!(0));
    watched.goto("/p/acme/node/n1").await;
    watched.arrived(&["/p/$projectId/node/$name"]).await;
    holds(watched.browser).await
}

async fn opting_out_holds_for_all_installations_of_an_origin(engine: Engine) -> BehaviourOutcome {
    let other =
        format!("<script type='module' src='/other/static/tracker.js' data-routes='{ROUTES}'></script>");
    let watched =
        WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new().plain("/p/other", &other)).await;
    watched.goto("/p/other").await;
    watched.host.heard(2).await;
    assert_eq!(watched.run("return localStorage.length").await, json!(2));
    watched.run("return tracker().then(({ optOut }) => { optOut() })").await;
    assert_eq!(watched.run("return Object.keys(localStorage)").await, json!(["headcount-opt-out"]));
    let before = watched.host.requests().len();
    watched.goto("/p/acme").await;
    watched.is("opted-out").await;
    watched.goto("/p/other").await;
    watched.is("opted-out").await;
    watched.run("return fetch('/ping').then(() => true)").await;
    let after = watched.host.requests().split_off(before);
    assert!(after.iter().all(|request| request.ends_with("/static/tracker.js")), "{after:?}");
    holds(watched.browser).await
}

/// Opts out in another tab, on a page that is not counted. The current tab stays visible.
async fn opt_out_in_another_tab(watched: &WatchedBrowser) {
    let present = watched.browser.tab().await;
    let other = watched.browser.new_window().await;
    watched.browser.switch_to(&other).await;
    watched.goto(PLAIN).await;
    watched.run("return tracker().then(({ optOut }) => { optOut() })").await;
    watched.browser.switch_to(&present).await;
    watched.browser.wait_for("return localStorage.getItem('headcount-opt-out') === '1'").await;
}

async fn opting_out_in_another_tab_holds_while_the_program_loads(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::new(engine, TestSiteBuilder::new()).await;
    watched.host.hold(PROGRAM);
    watched.goto("/p/acme").await;
    watched.host.holds(PROGRAM, 1).await;
    opt_out_in_another_tab(&watched).await;
    watched.host.let_pass(PROGRAM);
    watched.is("opted-out").await;
    assert_eq!(watched.run("return Object.keys(localStorage)").await, json!(["headcount-opt-out"]));
    watched.arrived(&[]).await;
    holds(watched.browser).await
}

async fn opting_out_in_another_tab_holds_for_views_that_wait(engine: Engine) -> BehaviourOutcome {
    let offline = "Object.defineProperty(navigator, 'onLine', { get: () => window.online })";
    let watched = WatchedBrowser::new(engine, TestSiteBuilder::new().early(offline)).await;
    // If the server answers, views do not wait.
    watched.host.answer_questions("/", StatusCode::BAD_GATEWAY);
    watched.goto("/p/acme").await;
    watched.is("counting").await;
    opt_out_in_another_tab(&watched).await;
    watched.run("window.online = true; dispatchEvent(new Event('online'))").await;
    watched.is("opted-out").await;
    assert_eq!(watched.run("return Object.keys(localStorage)").await, json!(["headcount-opt-out"]));
    watched.arrived(&[]).await;
    holds(watched.browser).await
}

async fn what_is_sent_has_no_cookie_and_no_address_of_its_page(engine: Engine) -> BehaviourOutcome {
    // A server on another path of the origin is asked first.
    let setting = TestSiteBuilder::new()
        .early("document.cookie = 'session=secret; path=/'")
        .attribute("data-endpoint", "/other/stats");
    let watched = WatchedBrowser::counted_at(engine, "/p/acme?invite=7", setting).await;
    watched.run(&format!("history.pushState({{}}, '', '/?invite=8'); location.href = '{PLAIN}'")).await;
    watched.browser.wait_for(&format!("return location.pathname === '{PLAIN}'")).await;
    let sent = watched.host.heard(2).await.into_iter().map(|view| view.headers);
    let heads: Vec<_> = watched.host.questions().into_iter().chain(sent).collect();
    assert_eq!(heads.len(), 3);
    for head in heads {
        assert!(head.get("referer").is_none() && head.get("cookie").is_none(), "{head:?}");
    }
    holds(watched.browser).await
}

/// A script that removes support for `keepalive` requests.
const WITHOUT_KEEPALIVE: &str = "delete Request.prototype.keepalive";

/// Disconnects or reconnects the page: really if the engine can, else only in what the page sees.
async fn connect(watched: &WatchedBrowser, connected: bool) {
    let browser = &watched.browser;
    if browser.engine() == Engine::Chromium {
        let conditions = json!({
            "offline": !connected, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1
        });
        browser.devtools("Network.enable", json!({})).await;
        browser.devtools("Network.emulateNetworkConditions", conditions).await;
        browser.wait_for(&format!("return navigator.onLine === {connected}")).await;
        return;
    }
    let script = format!(
        "Object.defineProperty(navigator, 'onLine', {{ value: {connected}, configurable: true }});
         dispatchEvent(new Event('{}'))",
        if connected { "online" } else { "offline" },
    );
    let answer = if connected { StatusCode::NO_CONTENT } else { StatusCode::BAD_GATEWAY };
    watched.host.answer_questions("/", answer);
    browser.run(&script).await;
}

/// Makes the page see no network, as on a machine with loopback only.
const WITHOUT_NETWORK: &str =
    "Object.defineProperty(navigator, 'onLine', { value: false, configurable: true })";

async fn without_a_network_a_server_that_answers_is_told(engine: Engine) -> BehaviourOutcome {
    let setting = TestSiteBuilder::new().early(WITHOUT_NETWORK);
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", setting).await;
    watched.browser.push("/").await;
    watched.host.heard(2).await;
    // The server is asked once; after that it is known to be reachable, also when a page ends.
    let questions = || watched.host.requests().into_iter().filter(|request| request == "GET /stats").count();
    assert_eq!(questions(), 1);
    watched.run(&format!("history.pushState({{}}, '', '/p/last'); location.href = '{PLAIN}'")).await;
    watched.browser.wait_for(&format!("return location.pathname === '{PLAIN}'")).await;
    watched.arrived(&["/", "/p/$projectId", "/p/$projectId"]).await;
    assert_eq!(questions(), 1);
    // A page that loses its network while it is open continues.
    watched.goto("/p/acme").await;
    watched.host.heard(4).await;
    watched.run("dispatchEvent(new Event('offline'))").await;
    watched.browser.push("/p/acme/node/n1").await;
    watched
        .arrived(&["/", "/p/$projectId", "/p/$projectId", "/p/$projectId", "/p/$projectId/node/$name"])
        .await;
    watched.is_quiet(0).await;
    holds(watched.browser).await
}

async fn without_storage_on_request_views_count_and_nothing_is_stored(engine: Engine) -> BehaviourOutcome {
    let setting = TestSiteBuilder::new().with("/p/none", "data-storage", "none").with(
        "/p/none/node/n1",
        "data-storage",
        "none",
    );
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", setting).await;
    assert_eq!(watched.run("return localStorage.length").await, json!(1));
    for (round, path) in ["/p/none", "/p/none/node/n1"].into_iter().enumerate() {
        watched.goto(path).await;
        watched.host.heard(2 + 2 * round).await;
        watched.browser.push("/").await;
        watched.host.heard(3 + 2 * round).await;
        let kept = "return [localStorage.length, sessionStorage.length, document.cookie]";
        assert_eq!(watched.run(kept).await, json!([0, 0, ""]), "what was stored before is removed");
    }
    let views = watched.host.beacons();
    assert!(views.iter().skip(1).all(|view| view.event.ephemeral), "{views:?}");
    assert_eq!(watched.devices().len(), 3, "a UUID for each page");
    watched.arrived(&["/", "/", "/p/$projectId", "/p/$projectId", "/p/$projectId/node/$name"]).await;
    watched.is_quiet(0).await;
    holds(watched.browser).await
}

/// Navigates to a page for each number, each in a task of its own.
async fn visit_nodes(watched: &WatchedBrowser, numbers: std::ops::Range<usize>) {
    let walk = "for (let number = arguments_from; number < arguments_to; number++) {
            history.pushState({}, '', '/p/acme/node/' + number)
            await new Promise(resolve => setTimeout(resolve, 1))
        }";
    let walk = walk
        .replace("arguments_from", &numbers.start.to_string())
        .replace("arguments_to", &numbers.end.to_string());
    watched.run(&format!("return (async () => {{ {walk} }})()")).await;
    watched.run("return new Promise(resolve => setTimeout(resolve, 1))").await;
}

async fn offline_views_wait_and_arrive_later(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new()).await;
    connect(&watched, false).await;
    visit_nodes(&watched, 0..3).await;
    assert_eq!(watched.status().await, json!({ "state": "counting", "waiting": 3, "dropped": 0 }));
    assert_eq!(watched.host.keys(), ["/p/$projectId"]);
    connect(&watched, true).await;
    let node = "/p/$projectId/node/$name";
    watched.host.heard(4).await;
    watched.ends_with(&["/p/$projectId", node, node, node]).await;
    assert_eq!(watched.status().await["waiting"], 0);
    holds_offline(watched).await
}

/// Pages that are opened while the first of their views has no answer.
const IN_ORDER: [(&str, &str); 3] = [
    ("/p/acme/node/n1", "/p/$projectId/node/$name"),
    ("/", "/"),
    ("/p/acme/app/x/CPU", "/p/$projectId/app/$id/CPU"),
];

/// A page that has opened these pages, with a server that has not answered their views yet.
async fn unanswered(engine: Engine) -> WatchedBrowser {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new()).await;
    watched.host.hold("/stats");
    for (path, _) in IN_ORDER {
        watched.browser.push(path).await;
        watched.run("return new Promise(resolve => setTimeout(resolve, 1))").await;
    }
    watched.host.holds("/stats", 1).await;
    watched
}

async fn views_leave_one_after_another(engine: Engine) -> BehaviourOutcome {
    let watched = unanswered(engine).await;
    for waiting in (0..IN_ORDER.len()).rev() {
        watched.host.holds("/stats", 1).await;
        assert_eq!(watched.status().await["waiting"], waiting);
        assert_eq!(watched.host.asked("/stats"), 1 + IN_ORDER.len() - waiting, "one is under way");
        watched.host.release("/stats");
    }
    let views = watched.host.heard(1 + IN_ORDER.len()).await;
    let arrived: Vec<_> = views.iter().skip(1).map(|view| view.event.path.as_str()).collect();
    assert_eq!(arrived, IN_ORDER.map(|(_, key)| key));
    watched.host.let_pass("/stats");
    // A failed view does not block others.
    watched.host.answer_views("/", StatusCode::SERVICE_UNAVAILABLE);
    watched.browser.push("/p/other").await;
    watched.host.heard(2 + IN_ORDER.len()).await;
    watched.browser.push("/end").await;
    watched.host.heard(3 + IN_ORDER.len()).await;
    watched.is_quiet(2).await;
    holds(watched.browser).await
}

async fn a_page_that_is_left_waits_for_no_answer(engine: Engine) -> BehaviourOutcome {
    let watched = unanswered(engine).await;
    watched.run(&format!("location.href = '{PLAIN}'")).await;
    watched.host.holds("/stats", IN_ORDER.len()).await;
    watched.host.let_pass("/stats");
    watched.browser.wait_for(&format!("return location.pathname === '{PLAIN}'")).await;
    watched.arrived(&[&["/p/$projectId"][..], &IN_ORDER.map(|(_, key)| key)].concat()).await;
    holds(watched.browser).await
}

async fn a_page_that_is_hidden_waits_for_no_answer(engine: Engine) -> BehaviourOutcome {
    let watched = unanswered(engine).await;
    // Its new tabs open in the background. In other engines they hide the current one.
    let is_told = engine == Engine::WebKit;
    if is_told {
        let hide = "Object.defineProperty(document, 'hidden', { value: true })
            Object.defineProperty(document, 'visibilityState', { value: 'hidden' })
            document.dispatchEvent(new Event('visibilitychange'))";
        watched.run(hide).await;
    } else {
        let shown = watched.browser.new_tab().await;
        watched.browser.switch_to(&shown).await;
    }
    watched.host.holds("/stats", IN_ORDER.len()).await;
    watched.host.let_pass("/stats");
    watched.host.heard(1 + IN_ORDER.len()).await;
    let mut keys = watched.host.keys();
    keys.sort();
    let mut expected = [&["/p/$projectId"][..], &IN_ORDER.map(|(_, key)| key)].concat();
    expected.sort_unstable();
    assert_eq!(keys, expected);
    if is_told {
        return holds_though(watched.browser, BY_PROPERTY).await;
    }
    holds(watched.browser).await
}

async fn offline_views_are_bounded_and_the_dropped_are_counted(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new()).await;
    connect(&watched, false).await;
    // The first of these is dropped, and so are the surplus ones.
    watched.browser.push("/").await;
    visit_nodes(&watched, 0..WAITING + 7).await;
    assert_eq!(watched.status().await, json!({ "state": "counting", "waiting": WAITING, "dropped": 8 }));
    connect(&watched, true).await;
    watched.host.heard(1 + WAITING).await;
    let kept = [&["/p/$projectId"][..], &["/p/$projectId/node/$name"; WAITING]].concat();
    watched.ends_with(&kept).await;
    holds_offline(watched).await
}

/// Leaves a page in the task in which it navigates, so that its last view is sent while it ends.
async fn is_left_at_once(engine: Engine, early: &str) -> BehaviourOutcome {
    let early = format!("{WITHOUT_KEEPALIVE}; {early}");
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new().early(&early)).await;
    watched.run(&format!("history.pushState({{}}, '', '/'); location.href = '{PLAIN}'")).await;
    watched.browser.wait_for(&format!("return location.pathname === '{PLAIN}'")).await;
    watched.host.heard(2).await;
    watched.arrived(&["/p/$projectId", "/"]).await;
    holds(watched.browser).await
}

async fn a_refused_beacon_is_sent_once_in_another_way(engine: Engine) -> BehaviourOutcome {
    is_left_at_once(engine, "Navigator.prototype.sendBeacon = () => false").await
}

async fn a_browser_without_beacons_is_counted(engine: Engine) -> BehaviourOutcome {
    is_left_at_once(engine, "delete Navigator.prototype.sendBeacon").await
}
