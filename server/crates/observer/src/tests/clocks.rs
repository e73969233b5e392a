//! Tests with a Prometheus whose clock differs from this machine's.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use axum::{Form, Router, extract::State, http::header, response::IntoResponse, routing::post};
use serde::Deserialize;

use super::{until, *};

/// A Prometheus with one node. Its samples began an hour ago and end at its own time.
#[derive(Clone, Default)]
struct SkewedPrometheus {
    /// How many seconds the header `Date` and the samples are ahead of this machine's clock.
    date_ahead: Arc<AtomicI64>,
    samples_ahead: Arc<AtomicI64>,
    is_empty: Arc<AtomicBool>,
    is_cached: Arc<AtomicBool>,
    /// How many seconds the last requested time is ahead of this machine's clock.
    asked_ahead: Arc<AtomicI64>,
    /// The longest requested range, in seconds.
    asked_for: Arc<AtomicI64>,
}

#[derive(Debug, Deserialize)]
struct SkewedQuery {
    query: String,
    start: i64,
    end: i64,
    step: usize,
}

impl SkewedPrometheus {
    async fn serve(date_ahead: i64, samples_ahead: i64) -> (String, Self) {
        let elsewhere = Self::default();
        elsewhere.date_ahead.store(date_ahead, Ordering::SeqCst);
        elsewhere.samples_ahead.store(samples_ahead, Ordering::SeqCst);
        let router = Router::new().route("/api/v1/query_range", post(answer)).with_state(elsewhere.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (url, elsewhere)
    }

    /// Checks by which clock the latest queries were made.
    fn assert_asked_ahead(&self, expected: i64) {
        let asked_ahead = self.asked_ahead.load(Ordering::SeqCst);
        assert!(asked_ahead.abs_diff(expected) < 60, "{asked_ahead} {expected}");
    }
}

async fn answer(
    State(elsewhere): State<SkewedPrometheus>,
    Form(asked): Form<SkewedQuery>,
) -> impl IntoResponse {
    let here = i64::try_from(SystemClock::new().wall().as_secs()).unwrap();
    let there = here + elsewhere.samples_ahead.load(Ordering::SeqCst);
    if asked.query == "up" || asked.query == "node_info" {
        elsewhere.asked_ahead.store(asked.end - here, Ordering::SeqCst);
        elsewhere.asked_for.fetch_max(asked.end - asked.start, Ordering::SeqCst);
    }
    let is_known = asked.query == "node_info" && !elsewhere.is_empty.load(Ordering::SeqCst);
    let moments = (asked.start..=asked.end).step_by(asked.step);
    let moments = moments.filter(|at| is_known && (there - 3600..=there + 300).contains(at));
    let values: Vec<String> = moments.map(|at| format!(r#"[{at},"1"]"#)).collect();
    let series = if values.is_empty() {
        String::new()
    } else {
        format!(
            r#"{{"metric":{{"machine_id":"m","system_uuid":"u","hostname":"h"}},"values":[{}]}}"#,
            values.join(",")
        )
    };
    let body = format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}}}"#);
    let date = here + elsewhere.date_ahead.load(Ordering::SeqCst);
    let date = std::time::UNIX_EPOCH + Duration::from_secs(date.unsigned_abs());
    let mut headers = axum::http::HeaderMap::new();
    headers.insert(header::DATE, httpdate::fmt_http_date(date).parse().unwrap());
    if elsewhere.is_cached.load(Ordering::SeqCst) {
        headers.insert(header::AGE, "7200".parse().unwrap());
    }
    (headers, body)
}

fn observe(url: &str) -> (tempfile::TempDir, WorldObserver) {
    let dir = tempfile::tempdir().unwrap();
    let world = observe_in(&dir, url);
    (dir, world)
}

fn observe_in(dir: &tempfile::TempDir, url: &str) -> WorldObserver {
    let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(dir.path()));
    let world = world(&disk);
    world.configure(vec![project("one", url, 1)]);
    world
}

/// Whether every query of a world has failed; `None` before any ran.
fn has_failed(world: &WorldObserver) -> Option<bool> {
    let queries = world.peek().queries.0;
    queries.get("node_info").map(|_| queries.values().all(|cost| cost.failed))
}

#[tokio::test]
async fn a_prometheus_with_another_clock_is_asked_by_its_own_time() {
    for ahead in [-3600, 3600, 7 * 86_400, -90_000] {
        let (url, elsewhere) = SkewedPrometheus::serve(ahead, ahead).await;
        let (_dir, world) = observe(&url);
        until("the node is seen", || world.peek().facts.nodes == 1).await;
        elsewhere.assert_asked_ahead(ahead);
        assert_eq!(has_failed(&world), Some(false));
        world.stop().await;
    }
}

#[tokio::test]
async fn a_clock_that_is_set_right_is_followed() {
    let (url, elsewhere) = SkewedPrometheus::serve(7200, 7200).await;
    let (_dir, world) = observe(&url);
    until("the node is seen", || world.peek().facts.nodes == 1).await;
    for ahead in [0, -7200, 0] {
        elsewhere.date_ahead.store(ahead, Ordering::SeqCst);
        elsewhere.samples_ahead.store(ahead, Ordering::SeqCst);
        until("it is asked by its new time", || {
            let asked_ahead = elsewhere.asked_ahead.load(Ordering::SeqCst);
            let cost = world.peek().queries.0["node_info"];
            asked_ahead.abs_diff(ahead) < 60 && cost.series == 1 && !cost.failed
        })
        .await;
    }
    world.stop().await;
}

#[tokio::test]
async fn a_date_that_the_samples_contradict_or_that_a_cache_gave_is_not_believed() {
    for (date_ahead, is_cached) in [(-3600, false), (3600, false), (-3600, true)] {
        let (url, elsewhere) = SkewedPrometheus::serve(date_ahead, 0).await;
        elsewhere.is_cached.store(is_cached, Ordering::SeqCst);
        let (_dir, world) = observe(&url);
        until("the node is seen", || world.peek().facts.nodes == 1).await;
        elsewhere.assert_asked_ahead(0);
        assert_eq!(has_failed(&world), Some(false));
        world.stop().await;
    }
}

#[tokio::test]
async fn what_is_kept_of_a_prometheus_that_is_far_ahead_is_there_after_a_restart() {
    let (url, elsewhere) = SkewedPrometheus::serve(7200, 7200).await;
    let (dir, world) = observe(&url);
    until("the node is seen", || world.peek().facts.nodes == 1).await;
    world.stop().await;
    assert!(elsewhere.asked_for.swap(0, Ordering::SeqCst) > 3000);
    let world = observe_in(&dir, &url);
    until("it is asked again", || has_failed(&world) == Some(false)).await;
    elsewhere.assert_asked_ahead(7200);
    // Only the values that may have been late, and the search for samples by the date.
    let asked_for = elsewhere.asked_for.load(Ordering::SeqCst);
    assert!(asked_for < 3000, "{asked_for}");
    world.stop().await;
}

#[tokio::test]
async fn where_clocks_differ_and_nothing_is_there_every_query_has_failed() {
    let (url, elsewhere) = SkewedPrometheus::serve(-3600, -3600).await;
    elsewhere.is_empty.store(true, Ordering::SeqCst);
    let (_dir, world) = observe(&url);
    until("nothing is known", || has_failed(&world) == Some(true)).await;
    elsewhere.is_empty.store(false, Ordering::SeqCst);
    until("the node is seen", || world.peek().facts.nodes == 1).await;
    world.stop().await;
    // If the clocks agree, there is nothing.
    let (url, elsewhere) = SkewedPrometheus::serve(0, 0).await;
    elsewhere.is_empty.store(true, Ordering::SeqCst);
    let (_dir, world) = observe(&url);
    until("queries are answered", || has_failed(&world) == Some(false)).await;
    world.stop().await;
}
