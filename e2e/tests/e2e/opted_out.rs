//! Tests that with statistics off nothing is counted, stored or sent, and pages have no tracker.

use headcount_harness::{
    browser::{Browser, Engine},
    http,
    processes::HeadcountProcess,
    program::HeadcountProgram,
    wait::eventually,
};
use headcount_shared::browser_storage::OFF_SCRIPT;
use reqwest::{Response, StatusCode};

use crate::{
    faulty_wire::{FaultyWire, WireMode},
    setup::{BrowserTotals, SOON, TestSetup, event, files, problem},
    syscall_trace::{SyscallTrace, profiling_call},
};

/// The system calls with which a server communicates, stores and samples.
const CALLS: &str = "trace=network,openat,mkdir,mkdirat,rename,timer_create,setitimer";

/// An address where nothing answers; an attempt is enough.
const PROMETHEUS: &str = "http://127.0.0.1:9/";

/// The names of the [`ways`], as the page shows them.
const WAYS: [&str; 4] = [
    "--disable-usage-statistics",
    "DISABLE_USAGE_STATISTICS",
    "DO_NOT_TRACK",
    "HEADCOUNT_DISABLE_USAGE_STATISTICS",
];

/// The ways to switch statistics off before the start.
fn ways(program: &HeadcountProgram) -> [HeadcountProgram; 4] {
    [
        program.clone().argument("--disable-usage-statistics"),
        program.clone().environment("DISABLE_USAGE_STATISTICS", "1"),
        program.clone().environment("DO_NOT_TRACK", "1").argument("--disable-usage-statistics=false"),
        program
            .clone()
            .environment("HEADCOUNT_DISABLE_USAGE_STATISTICS", "1")
            .environment("DISABLE_USAGE_STATISTICS", "0"),
    ]
}

/// A server that reports every second and observes, if statistics are on.
fn observing_server(setup: &TestSetup, collector: &HeadcountProcess) -> HeadcountProgram {
    setup.busy_server(collector).flag("--bootstrap-prometheus-url", PROMETHEUS)
}

/// Visits pages and checks that they have no tracker, and that the server does not serve it.
async fn assert_no_tracker(setup: &TestSetup, browser: &Browser, server: &HeadcountProcess) {
    let wire = FaultyWire::to(server.address().unwrap(), WireMode::Forward).await;
    browser.hold_session(server, &format!("http://{}/", wire.address)).await;
    for page in ["", "p/acme", "usage-statistics"] {
        browser.goto(&format!("http://{}/{page}", wire.address)).await;
        assert!(!browser.source().await.contains("tracker"), "{page}");
        browser.wait_for("return document.readyState === 'complete'").await;
    }
    browser.push("/welcome").await;
    browser.wait_for("return location.pathname === '/welcome'").await;
    assert_eq!(browser.run("return localStorage.length").await, 0);
    assert!(wire.count("GET /") >= 3, "the browser was here");
    assert_eq!((wire.count("POST "), wire.count("tracker")), (0, 0));
    let answer = setup.post_bytes(server, serde_json::to_vec(&event("/")).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert!(problem(answer).await.contains("off"));
    assert_tracker_is_off(server).await;
}

/// Checks the answers to a page of a host product that still requests the tracker.
async fn assert_tracker_is_off(server: &HeadcountProcess) {
    let answer = asked_by_another_origin(server, "stats").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["cross-origin-resource-policy"], "cross-origin");
    let program = asked_by_another_origin(server, "static/tracker_bg.wasm").await;
    assert_eq!(program.status(), StatusCode::NOT_FOUND);
    let script = asked_by_another_origin(server, "static/tracker.js").await;
    assert_eq!(script.status(), StatusCode::OK);
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(script.headers()["cache-control"], "no-cache");
    assert_eq!(script.text().await.unwrap(), OFF_SCRIPT);
}

/// Sends a request without credentials, as a page of another origin does, which may read the answer.
async fn asked_by_another_origin(server: &HeadcountProcess, path: &str) -> Response {
    let request = http::client().unwrap().get(server.url(path)).header("origin", "https://product.example");
    let answer = request.send().await.unwrap();
    if answer.status().is_success() || path == "stats" {
        assert_eq!(answer.headers()["access-control-allow-origin"], "*", "{path}");
    }
    answer
}

/// Checks that the page is public, shows that statistics are off and the reason, and needs no script for
/// that.
async fn assert_page_says_off(browser: &Browser, server: &HeadcountProcess, by: &str) {
    let page =
        http::client().unwrap().get(server.url("")).header("accept", "text/html").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let page = page.text().await.unwrap();
    assert!(
        page.contains(by) && page.contains("<strong>Off</strong>") && !page.contains("<script"),
        "{page}"
    );
    browser.visit(server, "usage-statistics").await;
    browser.wait_for("return document.body.innerText.includes('Usage statistics: Off')").await;
}

#[tokio::test]
async fn the_tracker_of_a_server_that_is_off_forgets_its_own_browser_and_no_other() {
    let setup = TestSetup::new();
    let server =
        setup.server_to("http://127.0.0.1:1/").flag("--url-base-path", "/coroot/").start().await.unwrap();
    assert_eq!(setup.switch(&server, false).await.status(), StatusCode::OK);
    let base = format!("http://{}/coroot/", server.address().unwrap());
    for engine in Engine::ALL {
        let browser = Browser::open(engine, 1400).await;
        // A document without a policy of its own: the one of a host product.
        browser.goto(&format!("{base}health")).await;
        let keys =
            ["headcount-device-id", "headcount-device-id:/coroot/", "headcount-device-id:/other/", "mine"];
        browser.run(&format!("{keys:?}.forEach(key => localStorage.setItem(key, 'x'))")).await;
        let module = "const tracker = await import('/coroot/static/tracker.js');";
        let state =
            "tracker.start({ endpoint: '/coroot/stats', routes: ['/'] }); return tracker.status().state";
        assert_eq!(browser.run(&format!("return (async () => {{ {module} {state} }})()")).await, "off");
        let left = browser.run("return Object.keys(localStorage).sort()").await;
        assert_eq!(left, serde_json::json!(["headcount-device-id:/other/", "mine"]), "{engine}");
        browser.close().await;
    }
}

#[tokio::test]
async fn an_enabled_server_has_a_tracker_connects_and_samples() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let (trace, program) = SyscallTrace::of(&setup, "trace", CALLS, observing_server(&setup, &collector));
    let server = program.start().await.unwrap();
    setup.first_report(&collector).await;
    trace.until("htons(9)").await;
    let on = asked_by_another_origin(&server, "stats").await;
    assert_eq!(
        (on.status(), on.headers()["cache-control"].as_bytes()),
        (StatusCode::NO_CONTENT, &b"no-store"[..])
    );
    let tracker = asked_by_another_origin(&server, "static/tracker.js").await;
    assert_ne!(tracker.text().await.unwrap(), OFF_SCRIPT);
    let program = asked_by_another_origin(&server, "static/tracker_bg.wasm").await;
    assert_eq!(program.status(), StatusCode::OK);
    assert!(setup.get(&server.url("")).await.text().await.unwrap().contains("tracker.js"));
    server.stop().await.unwrap();
    trace.until("+++ exited with 0 +++").await;
    let port = format!("htons({})", collector.address().unwrap().port());
    assert!(trace.lines("connect(").iter().any(|line| line.contains(&port)));
    for call in ["O_CREAT", "mkdir", "rename", profiling_call()] {
        assert!(!trace.lines(call).is_empty(), "{call}");
    }
}

#[tokio::test]
async fn told_at_the_start_nothing_is_counted_kept_or_sent() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    for (number, program) in ways(&observing_server(&setup, &collector)).into_iter().enumerate() {
        let (trace, program) = SyscallTrace::of(&setup, &format!("trace{number}"), CALLS, program);
        let server = program.start().await.unwrap();
        assert_no_tracker(&setup, &browser, &server).await;
        assert!(!setup.status(&server).await.enabled);
        assert_page_says_off(&browser, &server, WAYS[number]).await;
        assert_eq!(setup.switch(&server, true).await.status(), StatusCode::CONFLICT);
        assert!(!setup.status(&server).await.enabled);
        server.stop().await.unwrap();
        trace.until("+++ exited with 0 +++").await;
        for call in ["connect(", "O_CREAT", "O_WRONLY", "mkdir", "rename", "timer_create", "setitimer"] {
            assert_eq!(trace.lines(call), [""; 0], "{call}");
        }
        assert_eq!(
            trace.lines(" socket(").len(),
            1,
            "one socket, to listen on: {:?}",
            trace.lines(" socket(")
        );
        assert!(!setup.path("server").exists());
    }
    browser.close().await;
    assert!(setup.stored(&collector).await.is_empty());
}

#[tokio::test]
async fn switched_off_on_the_page_nothing_is_counted_kept_or_sent_after_a_restart_too() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server =
        setup.server(&collector).flag("--bootstrap-prometheus-url", PROMETHEUS).start().await.unwrap();
    assert_eq!(setup.switch(&server, false).await.status(), StatusCode::OK);
    let browser = Browser::open(Engine::Chromium, 1400).await;
    assert_no_tracker(&setup, &browser, &server).await;
    server.stop().await.unwrap();

    let (trace, program) = SyscallTrace::of(&setup, "trace", CALLS, observing_server(&setup, &collector));
    let server = program.start().await.unwrap();
    assert_no_tracker(&setup, &browser, &server).await;
    assert!(!setup.status(&server).await.enabled);
    server.stop().await.unwrap();
    trace.until("+++ exited with 0 +++").await;
    assert_eq!(trace.lines("connect("), [""; 0]);
    for timer in ["timer_create", "setitimer"] {
        assert_eq!(trace.lines(timer), [""; 0]);
    }
    let left = files(&setup.path("server"));
    // What identifies the installation stays, so that it can delete what it sent.
    let kept = [
        "admin-token",
        "browser.key",
        "instance.secret",
        "instance.uuid",
        "lock",
        "never-delivered",
        "nothing-to-erase",
        "times-switched-off",
    ];
    let settings = |name: &String| name.starts_with("db.sqlite") || kept.contains(&name.as_str());
    assert!(left.iter().all(settings), "{left:?}");
    browser.close().await;
    assert!(setup.stored(&collector).await.is_empty());
}

#[tokio::test]
async fn what_was_counted_before_switching_off_never_arrives() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let down = collector.kill().unwrap();
    let server = setup
        .busy_server_to(&format!("http://{}/ce/usage-statistics", down.address()))
        .start()
        .await
        .unwrap();
    for _ in 0..3 {
        setup.view(&server, &event("/")).await;
    }
    eventually("some of it waits in a report", SOON, async || {
        (setup.status(&server).await.queued >= 2).then_some(())
    })
    .await
    .unwrap();
    setup.view(&server, &event("/welcome")).await;
    assert_eq!(setup.switch(&server, false).await.status(), StatusCode::OK);
    assert_eq!(setup.post(&server, &event("/")).await, StatusCode::NOT_FOUND);

    let collector = down.start().await.unwrap();
    assert_eq!(setup.switch(&server, true).await.status(), StatusCode::OK);
    let mut expected = BrowserTotals::default();
    for _ in 0..2 {
        let event = event("/p/$projectId");
        setup.view(&server, &event).await;
        expected.count(&event);
    }
    setup.first_report(&collector).await;
    setup.assert_arrived(&expected, &server, &collector).await;
}
