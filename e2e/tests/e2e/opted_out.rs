//! Opted out: nothing is counted, kept or sent, and the page has no tracker.

use headcount_e2e::{
    browser::{Browser, Engine},
    processes::Process,
    program::Program,
    wait::eventually,
};
use reqwest::StatusCode;

use crate::{
    scene::{SOON, Scene, Totals, event, files, problem},
    trace::Trace,
    wire::{Mode, Wire},
};

/// What of the system a server uses to talk, to keep and to sample.
const CALLS: &str = "trace=network,openat,mkdir,mkdirat,rename,setitimer";

/// Where nobody answers; an attempt is enough.
const PROMETHEUS: &str = "http://127.0.0.1:9/";

/// How a process may be told before it starts.
fn ways(program: &Program) -> [Program; 4] {
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

/// A server that would report every second, and observe.
fn observing_server(scene: &Scene, collector: &Process) -> Program {
    scene.busy_server(collector).flag("--bootstrap-prometheus-url", PROMETHEUS)
}

/// Visits pages and checks that neither they nor the server know of a tracker.
async fn assert_no_tracker(scene: &Scene, browser: &Browser, server: &Process) {
    let wire = Wire::to(server.address().unwrap(), Mode::Forward).await;
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
    let answer = scene.post_bytes(server, serde_json::to_vec(&event("/")).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(problem(answer).await.contains("off"));
}

#[tokio::test]
async fn an_enabled_server_has_a_tracker_connects_and_samples() {
    let scene = Scene::new();
    let collector = scene.collector().start().await.unwrap();
    let (trace, program) = Trace::of(&scene, "trace", CALLS, observing_server(&scene, &collector));
    let server = program.start().await.unwrap();
    scene.first_report(&collector).await;
    trace.until("htons(9)").await;
    assert!(scene.get(&server.url("")).await.text().await.unwrap().contains("tracker.js"));
    server.stop().await.unwrap();
    trace.until("+++ exited with 0 +++").await;
    let port = format!("htons({})", collector.address().unwrap().port());
    assert!(trace.lines("connect(").iter().any(|line| line.contains(&port)));
    for call in ["O_CREAT", "mkdir", "rename", "setitimer"] {
        assert!(!trace.lines(call).is_empty(), "{call}");
    }
}

#[tokio::test]
async fn told_at_the_start_nothing_is_counted_kept_or_sent() {
    let scene = Scene::new();
    let collector = scene.collector().start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    for (number, program) in ways(&observing_server(&scene, &collector)).into_iter().enumerate() {
        let (trace, program) = Trace::of(&scene, &format!("trace{number}"), CALLS, program);
        let server = program.start().await.unwrap();
        assert_no_tracker(&scene, &browser, &server).await;
        assert!(!scene.status(&server).await.enabled);
        assert_eq!(scene.switch(&server, true).await.status(), StatusCode::CONFLICT);
        assert!(!scene.status(&server).await.enabled);
        server.stop().await.unwrap();
        trace.until("+++ exited with 0 +++").await;
        for call in ["connect(", "O_CREAT", "O_WRONLY", "mkdir", "rename", "setitimer"] {
            assert_eq!(trace.lines(call), [""; 0], "{call}");
        }
        assert_eq!(
            trace.lines(" socket(").len(),
            1,
            "one socket, to listen on: {:?}",
            trace.lines(" socket(")
        );
        assert!(!scene.path("server").exists());
    }
    browser.close().await;
    assert!(scene.stored(&collector).await.is_empty());
}

#[tokio::test]
async fn switched_off_on_the_page_nothing_is_counted_kept_or_sent_after_a_restart_too() {
    let scene = Scene::new();
    let collector = scene.collector().start().await.unwrap();
    let server =
        scene.server(&collector).flag("--bootstrap-prometheus-url", PROMETHEUS).start().await.unwrap();
    assert_eq!(scene.switch(&server, false).await.status(), StatusCode::OK);
    let browser = Browser::open(Engine::Chromium, 1400).await;
    assert_no_tracker(&scene, &browser, &server).await;
    server.stop().await.unwrap();

    let (trace, program) = Trace::of(&scene, "trace", CALLS, observing_server(&scene, &collector));
    let server = program.start().await.unwrap();
    assert_no_tracker(&scene, &browser, &server).await;
    assert!(!scene.status(&server).await.enabled);
    server.stop().await.unwrap();
    trace.until("+++ exited with 0 +++").await;
    assert_eq!(trace.lines("connect("), [""; 0]);
    assert_eq!(trace.lines("setitimer"), [""; 0]);
    let left = files(&scene.path("server"));
    let settings = |name: &String| name.starts_with("db.sqlite") || name == "lock" || name == "instance.uuid";
    assert!(left.iter().all(settings), "{left:?}");
    browser.close().await;
    assert!(scene.stored(&collector).await.is_empty());
}

#[tokio::test]
async fn what_was_counted_before_switching_off_never_arrives() {
    let scene = Scene::new();
    let collector = scene.collector().start().await.unwrap();
    let down = collector.kill().unwrap();
    let server = scene
        .busy_server_to(&format!("http://{}/ce/usage-statistics", down.address()))
        .start()
        .await
        .unwrap();
    for _ in 0..3 {
        scene.view(&server, &event("/")).await;
    }
    eventually("some of it waits in a report", SOON, async || {
        (scene.status(&server).await.queued >= 2).then_some(())
    })
    .await
    .unwrap();
    scene.view(&server, &event("/welcome")).await;
    assert_eq!(scene.switch(&server, false).await.status(), StatusCode::OK);
    assert_eq!(scene.post(&server, &event("/")).await, StatusCode::NOT_FOUND);

    let collector = down.start().await.unwrap();
    assert_eq!(scene.switch(&server, true).await.status(), StatusCode::OK);
    let mut expected = Totals::default();
    for _ in 0..2 {
        let event = event("/p/$projectId");
        scene.view(&server, &event).await;
        expected.count(&event);
    }
    scene.first_report(&collector).await;
    scene.assert_arrived(&expected, &server, &collector).await;
}
