//! Tests that makers see the state of a collector, and are told when something is wrong.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use headcount_collector::CollectorConfig;
use headcount_web::listen;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::loopback_collector::{
    DAY, DOCUMENTED, INSTANCE, ListeningCollector, PATIENCE, START, config, send_what_is_refused,
    small_report,
};

/// The values of metrics by name and labels.
async fn metrics(running: &ListeningCollector) -> BTreeMap<String, f64> {
    let text = running.get("/metrics").await.body;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_of_reports_the_disk_and_the_numbers_and_of_nobody() {
    let running = ListeningCollector::start().await;
    running.report("a", DOCUMENTED).await;
    running.report("a", DOCUMENTED).await;
    send_what_is_refused(&running).await;
    running.collector.compute_fleet().await.unwrap();
    let metrics = metrics(&running).await;
    for (name, value) in [
        ("reports_received_total", 10.0),
        ("reports_stored_total", 1.0),
        ("reports_duplicate_total", 1.0),
        ("reports_refused_total{reason=\"json\"}", 1.0),
        ("reports_refused_total{reason=\"busy\"}", 0.0),
        ("rollup_lag_seconds", 0.0),
        ("rollup_waiting_days", 0.0),
        ("rollup_last_timestamp_seconds", 1_700_000_000.0),
        ("disk_free_bytes", 75_161_927_680.0),
        ("raw_copies_paused", 0.0),
        ("releases{stage=\"final\"}", 0.0),
        ("alert{alert=\"reports_dropped\"}", 0.0),
        ("alert{alert=\"refusals_doubled\"}", 0.0),
        ("alert{alert=\"rollup_behind\"}", 0.0),
    ] {
        assert_eq!(
            metrics.get(&format!("headcount_collector_{name}")),
            Some(&value),
            "{name} in {metrics:?}"
        );
    }
    assert!(metrics["headcount_collector_disk_bytes"] > 4096.0);
    let text = running.get("/metrics").await.body;
    for unwanted in [INSTANCE, "127.0.0.1", "coroot", "0.20.0"] {
        assert!(!text.contains(unwanted), "{unwanted} in {text}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_the_page_tell_how_far_the_numbers_are_behind() {
    let running = ListeningCollector::start().await;
    let lag = async || running.get("/api/fleet/activity").await.json()["rollup_lag"].as_u64().unwrap();
    running.report("first", DOCUMENTED).await;
    running.collector.compute_fleet().await.unwrap();
    assert_eq!(lag().await, 0);
    assert!(
        running.get("/installations").await.body.contains("Every report is in the numbers of the fleet.")
    );
    let behind = async {
        // The collector may compute by itself at any time.
        loop {
            running.clock.0.fetch_add(600, Ordering::Relaxed);
            assert_eq!(running.post(&[], DOCUMENTED).await, 200);
            let (seconds, page) = (lag().await, running.get("/installations").await.body);
            if seconds >= 600 && page.contains("do not have the reports of the last") {
                break;
            }
        }
    };
    timeout(PATIENCE, behind).await.unwrap();
    running.stop().await;
}

/// A webhook on loopback that answers as it is told, and with 200 when nothing is left of that.
struct LoopbackWebhook {
    address: SocketAddr,
    messages: Arc<Mutex<Vec<Value>>>,
    stop: CancellationToken,
}

impl LoopbackWebhook {
    fn start(answers: &[(u16, &'static str)]) -> Self {
        let listener = listen::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (messages, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
        let answers = Arc::new(Mutex::new(VecDeque::from(answers.to_vec())));
        let heard = Arc::clone(&messages);
        let hear = async move |headers: HeaderMap, body: Bytes| {
            assert_eq!(headers["content-type"], "application/json");
            heard.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            let (status, retry_after) = answers.lock().unwrap().pop_front().unwrap_or((200, "0"));
            (StatusCode::from_u16(status).unwrap(), [("retry-after", retry_after)])
        };
        let routes = Router::new().route("/alerts", post(hear));
        tokio::spawn(listen::serve(listener, routes, stop.clone(), Duration::ZERO));
        Self { address, messages, stop }
    }

    fn config(&self, data_dir: &Path) -> CollectorConfig {
        let url = format!("http://{}/alerts", self.address).parse().unwrap();
        let config = CollectorConfig { alert_webhook: Some(url), ..config(data_dir) };
        assert!(!format!("{config:?}").contains("/alerts"), "the address may have a secret");
        config
    }

    /// What was said so far: the alert and whether it began or ended.
    fn heard(&self) -> Vec<(String, String)> {
        let text = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
        let messages = self.messages.lock().unwrap();
        messages.iter().map(|message| (text(message, "alert"), text(message, "state"))).collect()
    }
}

impl Drop for LoopbackWebhook {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_leave_out_what_cannot_be_read() {
    let running = ListeningCollector::start().await;
    running.report("a", DOCUMENTED).await;
    let damage = "ALTER TABLE maker_alert RENAME TO gone";
    sqlx::query(damage).execute(&mut running.intruder().await).await.unwrap();
    let metrics = metrics(&running).await;
    assert!(!metrics.keys().any(|name| name.contains("_alert")), "{metrics:?}");
    for name in ["reports_stored_total", "rollup_waiting_days", "releases{stage=\"final\"}"] {
        assert!(metrics.contains_key(&format!("headcount_collector_{name}")), "{name}: {metrics:?}");
    }
    running.stop().await;
}

/// Lets time pass, and sends so many reports. The numbers have all of them then.
async fn send_after(running: &ListeningCollector, seconds: u64, reports: u128) {
    running.clock.0.fetch_add(seconds, Ordering::Relaxed);
    for instance in 0..reports {
        assert_eq!(running.post(&[], small_report(1 + instance)).await, 200);
    }
    running.collector.compute_fleet().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_is_told_once_when_reports_drop_by_half_and_when_they_are_back() {
    const HOUR: u64 = 3600;
    let webhook = LoopbackWebhook::start(&[(503, "120")]);
    let directory = Arc::new(tempfile::tempdir().unwrap());
    let running =
        ListeningCollector::start_with(webhook.config(directory.path()), Arc::clone(&directory), START).await;
    for _ in 0..2 {
        for _ in 0..4 {
            send_after(&running, HOUR, 15).await;
        }
        running.collector.look_for_alerts().await.unwrap();
        send_after(&running, 20 * HOUR, 0).await;
    }
    assert_eq!(webhook.heard(), []);

    let began = ("reports_dropped".to_owned(), "began".to_owned());
    send_after(&running, 4 * HOUR, 0).await;
    let since = running.clock.0.load(Ordering::Relaxed);
    running.collector.look_for_alerts().await.unwrap();
    assert_eq!(webhook.heard().first(), Some(&began));
    let dropped = "headcount_collector_alert{alert=\"reports_dropped\"}";
    assert!((metrics(&running).await[dropped] - 1.0).abs() < f64::EPSILON);
    // The webhook could not take it, and asked for two minutes.
    for seconds in [0, 119] {
        send_after(&running, seconds, 0).await;
        running.collector.look_for_alerts().await.unwrap();
        assert_eq!(webhook.heard().len(), 1);
    }
    send_after(&running, 1, 0).await;
    running.collector.look_for_alerts().await.unwrap();
    assert_eq!(webhook.heard(), [began.clone(), began.clone()]);
    let text = "In the last 3 hours fewer than half as many reports were stored as in the same hours of the days before.";
    let message = json!({"alert": "reports_dropped", "state": "began", "since": since, "text": text});
    assert_eq!(webhook.messages.lock().unwrap()[1], message);

    // The clock of the next start is checked by the last report.
    send_after(&running, 0, 1).await;
    let now = running.clock.0.load(Ordering::Relaxed);
    running.stop().await;
    let running = ListeningCollector::start_with(webhook.config(directory.path()), directory, now).await;
    running.collector.look_for_alerts().await.unwrap();
    assert_eq!(webhook.heard().len(), 2, "a restart tells nothing again");
    send_after(&running, 0, 45).await;
    running.collector.look_for_alerts().await.unwrap();
    assert_eq!(webhook.heard().len(), 2, "whole hours are compared");
    send_after(&running, HOUR, 0).await;
    running.collector.look_for_alerts().await.unwrap();
    assert_eq!(webhook.heard()[2..], [(began.0, "ended".to_owned())]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_double_after_a_release_are_an_alert() {
    let running = ListeningCollector::start().await;
    let doubled = async || {
        running.collector.look_for_alerts().await.unwrap();
        metrics(&running).await["headcount_collector_alert{alert=\"refusals_doubled\"}"] > 0.5
    };
    let of_version = |instance: u128, version: &str| {
        let uuid = Uuid::from_u128(instance).to_string();
        json!({ "instance": { "uuid": uuid, "version": version } }).to_string()
    };
    for instance in 0..30 {
        assert_eq!(running.post(&[], of_version(1 + instance, "1.0")).await, 200);
    }
    let refused = async || {
        for _ in 0..20 {
            assert_eq!(running.post(&[], "{}").await, 422);
        }
    };
    assert!(!doubled().await);
    send_after(&running, 2 * 3600, 0).await;
    for instance in 0..2 {
        assert_eq!(running.post(&[], of_version(1 + instance, "1.1")).await, 200);
    }
    refused().await;
    assert!(!doubled().await, "two installations are no release");
    send_after(&running, 3600, 0).await;
    assert_eq!(running.post(&[], of_version(3, "1.1")).await, 200);
    assert!(!doubled().await, "there are as many refusals as before");
    for _ in 0..3 {
        refused().await;
    }
    assert!(doubled().await);
    send_after(&running, 8 * DAY, 0).await;
    assert!(!doubled().await, "the release is old");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_of_a_wrong_clock_are_no_evidence_when_it_is_right_again() {
    let start = ListeningCollector::start().await;
    assert_eq!(start.post(&[], small_report(1)).await, 200);
    let directory = start.stop().await;
    // The clock is two weeks ahead, and is believed.
    let ahead = START + 14 * DAY;
    let running = ListeningCollector::start_with(config(directory.path()), directory, ahead).await;
    assert_eq!(running.request("POST", "/api/clock", "", b"").await.status, 200);
    for version in ["1.0", "1.1"] {
        for instance in 0..3 {
            let uuid = Uuid::from_u128(1 + instance).to_string();
            let report = json!({ "instance": { "uuid": uuid, "version": version } }).to_string();
            assert_eq!(running.post(&[], report).await, 200);
        }
        // Versions are looked for every ten minutes.
        running.clock.0.fetch_add(600, Ordering::Relaxed);
        running.collector.look_for_alerts().await.unwrap();
    }
    let release = (ahead + 1200) / 3600;
    assert_eq!(running.rows("SELECT max(hour) FROM seen_version").await, release);
    assert!(running.rows("SELECT max(hour) FROM intake_hour").await >= release);
    let directory = running.stop().await;

    let running = ListeningCollector::start_with(config(directory.path()), directory, START).await;
    assert_eq!(running.request("POST", "/api/clock", "", b"").await.status, 200);
    assert_eq!(running.rows("SELECT max(hour) FROM seen_version").await, START / 3600);
    assert_eq!(running.rows("SELECT count(*) FROM intake_hour").await, 0);
    running.collector.look_for_alerts().await.unwrap();
    assert!(metrics(&running).await.iter().all(|(name, value)| !name.contains("_alert{") || *value < 0.5));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_of_a_thousand_versions_makes_room_for_a_new_one() {
    let running = ListeningCollector::start().await;
    let invented = "INSERT INTO seen_version (version, hour)
        WITH number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1000)
        SELECT 'invented-' || n, n FROM number";
    sqlx::query(invented).execute(&mut running.intruder().await).await.unwrap();
    for instance in 0..3 {
        let uuid = Uuid::from_u128(1 + instance).to_string();
        let report = json!({ "instance": { "uuid": uuid, "version": "1.0" } }).to_string();
        assert_eq!(running.post(&[], report).await, 200);
    }
    running.clock.0.fetch_add(600, Ordering::Relaxed);
    running.collector.look_for_alerts().await.unwrap();
    assert_eq!(running.rows("SELECT count(*) FROM seen_version").await, 1000);
    assert_eq!(running.rows("SELECT min(hour) FROM seen_version").await, 2);
    assert_eq!(running.rows("SELECT max(hour) FROM seen_version").await, START / 3600);
    running.stop().await;
}
