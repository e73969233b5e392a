//! Tests what makers can trust, over HTTP on loopback: that every report that arrives is counted once, with
//! its outcome, and that they are told when something is wrong.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::{
    collections::VecDeque,
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use flate2::{Compression, write::GzEncoder};
use headcount_collector::{
    Collector, CollectorConfig, RetentionPolicy,
    backup::{BackupPlan, BackupSecrets, back_up},
    routes::{private_routes, public_routes},
};
use headcount_platform::{
    clock::Clock,
    disk::free_space::{DiskSpace, FreeSpace},
};
use headcount_shared::{
    deletion_commitment::{DeletionCommitment, InstanceSecret},
    limits::REPORT_BYTES,
};
use headcount_web::listen;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use uuid::{NoContext, Timestamp, Uuid};

const DOCUMENTED: &str = include_str!("../../../../shared/tests/payload.json");
const INSTANCE: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";
const OTHER_INSTANCE: &str = "a1fcf3e2-6c1c-4e6e-a5f1-3b1d5a7d9c10";
const DAY: u64 = 24 * 60 * 60;

/// 2023-11-14T22:13:20Z.
const START: u64 = 1_700_000_000;
const TODAY: &str = "2023-11-14";

/// A limit on every wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// A clock that stands still until it is turned.
#[derive(Debug)]
struct LoopbackClock(AtomicU64);

impl Clock for LoopbackClock {
    fn wall(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.wall()
    }
}

/// A disk with much space.
#[derive(Debug)]
struct EmptyDisk;

impl FreeSpace for EmptyDisk {
    fn disk_space(&self) -> std::io::Result<DiskSpace> {
        Ok(DiskSpace { free: 70 << 30, whole: 100 << 30 })
    }
}

/// A collector that listens on loopback.
struct ListeningCollector {
    directory: Arc<TempDir>,
    clock: Arc<LoopbackClock>,
    collector: Collector,
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    /// The reports that were sent to it.
    sent: AtomicU64,
}

/// Headers of a request.
type FixedHeaders = &'static [(&'static str, &'static str)];

/// A received answer.
struct LoopbackAnswer {
    status: u16,
    body: String,
}

impl LoopbackAnswer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn config(data_dir: &Path) -> CollectorConfig {
    let retention =
        RetentionPolicy { counts: Duration::from_secs(400 * DAY), raw: Duration::from_secs(30 * DAY) };
    let free_space = Arc::new(EmptyDisk);
    CollectorConfig {
        data_dir: data_dir.to_owned(),
        keys: None,
        retention,
        max_disk: None,
        free_space,
        alert_webhook: None,
    }
}

impl ListeningCollector {
    async fn start() -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        Self::start_with(config(directory.path()), directory, START).await
    }

    async fn start_with(config: CollectorConfig, directory: Arc<TempDir>, now: u64) -> Self {
        let clock = Arc::new(LoopbackClock(AtomicU64::new(now)));
        let collector = Collector::open(&config, Arc::<LoopbackClock>::clone(&clock)).await.unwrap();
        let routes = public_routes(&collector, "127.0.0.1".parse().unwrap());
        let routes = routes.merge(private_routes(&collector));
        let listener = listen::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(listen::serve(listener, routes, stop.clone(), Duration::ZERO));
        Self { directory, clock, collector, address, stop, serving, sent: AtomicU64::new(0) }
    }

    async fn stop(self) -> Arc<TempDir> {
        self.stop.cancel();
        timeout(PATIENCE, self.serving).await.unwrap().unwrap();
        timeout(PATIENCE, self.collector.close()).await.unwrap();
        self.directory
    }

    async fn restart(self) -> Self {
        let now = self.clock.0.load(Ordering::Relaxed);
        let directory = self.stop().await;
        Self::start_with(config(directory.path()), directory, now).await
    }

    async fn request(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> LoopbackAnswer {
        let exchange = async {
            let mut peer = TcpStream::connect(self.address).await.unwrap();
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: collector\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
                body.len()
            );
            peer.write_all(head.as_bytes()).await.unwrap();
            // The collector may answer before it has read everything, and close.
            peer.write_all(body).await.ok();
            let mut answer = Vec::new();
            peer.read_to_end(&mut answer).await.ok();
            String::from_utf8(answer).unwrap()
        };
        let answer = timeout(PATIENCE, exchange).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
        LoopbackAnswer { status, body: body.to_owned() }
    }

    async fn get(&self, path: &str) -> LoopbackAnswer {
        self.request("GET", path, "", b"").await
    }

    /// Sends a report. Returns the status of the answer.
    async fn post(&self, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> u16 {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.request("POST", "/ce/usage-statistics", &headers, body.as_ref()).await.status
    }

    /// Sends a report with an id, and expects that it is taken.
    async fn report(&self, id: &str, body: impl AsRef<[u8]>) {
        assert_eq!(self.post(&[("idempotency-key", id)], body).await, 200, "{id}");
    }

    /// The answer about trust, after a check that it balances and has every report that was sent.
    async fn trust(&self) -> Value {
        let answer = self.get("/api/fleet/trust").await.json();
        for day in answer["days"].as_array().unwrap() {
            let not_stored: u64 =
                names(&day["not_stored"]).values().map(|count| count.as_u64().unwrap()).sum();
            assert_eq!(day["received"], day["stored"].as_u64().unwrap() + not_stored, "{day}");
        }
        let whole = &answer["since_beginning"];
        let number = |name: &str| whole[name].as_u64().unwrap();
        assert_eq!(number("received"), number("stored") + number("not_stored"), "{whole}");
        assert_eq!(number("stored"), number("kept") + number("dropped"), "{whole}");
        assert_eq!(number("kept"), self.rows("SELECT count(*) FROM report").await, "{whole}");
        answer
    }

    /// The same of today.
    async fn today(&self) -> Value {
        self.trust().await["days"].as_array().unwrap().last().unwrap().clone()
    }

    async fn rows(&self, query: &'static str) -> u64 {
        let count: i64 = sqlx::query_scalar(query).fetch_one(&mut self.intruder().await).await.unwrap();
        u64::try_from(count).unwrap()
    }

    /// A connection of another program to the database.
    async fn intruder(&self) -> SqliteConnection {
        let path = self.directory.path().join("collector.sqlite");
        SqliteConnection::connect(path.to_str().unwrap()).await.unwrap()
    }
}

/// Named counts as an object.
fn names(counts: &Value) -> serde_json::Map<String, Value> {
    let counts = counts.as_array().unwrap().iter();
    counts.map(|count| (count["name"].as_str().unwrap().to_owned(), count["count"].clone())).collect()
}

/// The documented report with other values at some places.
fn documented_with(changes: &[(&str, Value)]) -> String {
    let mut report: Value = serde_json::from_str(DOCUMENTED).unwrap();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        report.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    report.to_string()
}

/// A report of an installation for a time.
fn report_for(instance: &str, from: u64, to: u64) -> String {
    let (from, to) = (json!(from), json!(to));
    documented_with(&[("/instance/uuid", json!(instance)), ("/profile/from", from), ("/profile/to", to)])
}

fn small_report(instance: u128) -> String {
    json!({ "instance": { "uuid": Uuid::from_u128(instance).to_string() } }).to_string()
}

fn id_of(seconds: u64) -> String {
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, 0)).to_string()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Sends reports that are refused for every reason that their content can give. Returns the reasons.
async fn send_what_is_refused(running: &ListeningCollector) -> Vec<&'static str> {
    let values = format!("[{}0]", "0,".repeat(100_000)).into_bytes();
    let cut = gzip(DOCUMENTED.as_bytes())[..100].to_vec();
    let cases: [(&str, FixedHeaders, Vec<u8>, u16); 8] = [
        ("media_type", &[("content-type", "text/plain")], DOCUMENTED.into(), 415),
        ("coding", &[("content-encoding", "br")], DOCUMENTED.into(), 415),
        ("idempotency_key", &[("idempotency-key", "a b")], DOCUMENTED.into(), 400),
        ("too_large", &[("content-encoding", "gzip")], gzip(&vec![b' '; REPORT_BYTES + 1]), 413),
        ("too_many_values", &[], values, 413),
        ("damaged", &[("content-encoding", "gzip")], cut, 400),
        ("json", &[], b"{".into(), 400),
        ("not_a_report", &[], b"{}".into(), 422),
    ];
    let mut reasons = Vec::new();
    for (reason, headers, body, status) in cases {
        assert_eq!(running.post(headers, body).await, status, "{reason}");
        reasons.push(reason);
    }
    reasons
}

#[tokio::test(flavor = "multi_thread")]
async fn every_report_is_received_once_and_stored_or_not_for_a_named_reason() {
    let running = ListeningCollector::start().await;
    running.report("first", DOCUMENTED).await;
    running.report("first", DOCUMENTED).await;
    assert_eq!(running.post(&[("idempotency-key", "first")], small_report(1)).await, 422);
    let mut expected: serde_json::Map<String, Value> = send_what_is_refused(&running)
        .await
        .into_iter()
        .chain(["duplicate", "conflict"])
        .map(|reason| (reason.to_owned(), json!(1)))
        .collect();

    // Of one network, 256 installations may be new in an hour.
    let network = [("x-forwarded-for", "203.0.113.9")];
    for instance in 1..=258 {
        running.post(&network, small_report(instance)).await;
    }
    expected.insert("new_installation_quota".to_owned(), json!(2));

    // An installation is deleted, and reports once more.
    let deleted = format!("/api/instances/{}", Uuid::from_u128(1));
    assert_eq!(running.request("DELETE", &deleted, "", b"").await.status, 200);
    assert_eq!(running.post(&[], small_report(1)).await, 410);
    expected.insert("deleted".to_owned(), json!(1));

    // A sender hangs up in the middle.
    running.sent.fetch_add(1, Ordering::Relaxed);
    let mut peer = TcpStream::connect(running.address).await.unwrap();
    peer.write_all(b"POST /ce/usage-statistics HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{")
        .await
        .unwrap();
    drop(peer);
    expected.insert("interrupted".to_owned(), json!(1));

    let sent = running.sent.load(Ordering::Relaxed);
    let all_arrived = async {
        while running.today().await["received"] != sent {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, all_arrived).await.unwrap();
    let today = running.today().await;
    assert_eq!(today["day"], TODAY);
    assert_eq!((names(&today["not_stored"]), &today["stored"]), (expected, &json!(257)));
    assert_eq!(Value::Object(names(&today["dropped"])), json!({"report_deletion": 1, "raw_deletion": 1}));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remarkable_about_stored_reports_is_counted_by_day() {
    let running = ListeningCollector::start().await;
    let hour = 3600;
    let reports = [
        ("a", report_for(INSTANCE, 10 * hour, 11 * hour)),
        ("b", report_for(INSTANCE, 11 * hour, 12 * hour)),
        ("after-a-gap", report_for(INSTANCE, 14 * hour, 15 * hour)),
        ("after-another", report_for(INSTANCE, 16 * hour, 17 * hour)),
        ("closes-it", report_for(INSTANCE, 15 * hour, 16 * hour)),
        ("overlaps", report_for(INSTANCE, 10 * hour + 1800, 11 * hour)),
        ("other", report_for(OTHER_INSTANCE, 20 * hour, 21 * hour)),
    ];
    for (id, report) in &reports {
        running.report(id, report).await;
    }
    let bad = [("/infra/nodes", json!("many")), ("/stack/clouds", json!([1, "aws"]))];
    running.report(&id_of(START - DAY), documented_with(&bad)).await;
    for commitment in ["0a", "0b"] {
        let commitment = commitment.repeat(32);
        let status = running.post(&[("deletion-commitment", &commitment)], small_report(7)).await;
        assert_eq!(status, 200);
    }
    assert_eq!(running.post(&[("headcount-product", "No Product")], small_report(8)).await, 200);

    let today = running.today().await;
    // The time of the documented report is years after that of the others. Its profiles are not real.
    for (name, count) in [
        ("late", 1),
        ("gaps", 3),
        ("gaps_closed", 1),
        ("overlaps", 1),
        ("clones", 1),
        ("unreadable_profiles", 16),
    ] {
        assert_eq!(today[name], count, "{name}: {today}");
    }
    let set_aside = json!({"headers": 1, "infra.nodes": 1, "stack.clouds": 1});
    assert_eq!(Value::Object(names(&today["set_aside"])), set_aside);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_survives_a_restart_and_a_database_that_cannot_be_written() {
    let running = ListeningCollector::start().await;
    running.report("a", DOCUMENTED).await;
    send_what_is_refused(&running).await;
    let mut database = running.intruder().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut database).await.unwrap();
    assert_eq!(running.post(&[("idempotency-key", "b")], DOCUMENTED).await, 503);
    assert_eq!(running.get("/api/fleet/trust").await.status, 503, "the ledger would not be whole");
    sqlx::query("ROLLBACK").execute(&mut database).await.unwrap();
    let before = running.today().await;
    assert_eq!((&before["received"], &names(&before["not_stored"])["failed"]), (&json!(10), &json!(1)));
    // What the last seconds brought is written at the end.
    assert_eq!(running.post(&[], "{").await, 400);
    let running = running.restart().await;
    let after = running.today().await;
    assert_eq!((&after["received"], &names(&after["not_stored"])["json"]), (&json!(11), &json!(2)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_later_is_counted_by_name_and_the_sums_of_old_days_stay() {
    let running = ListeningCollector::start().await;
    for number in 0..5 {
        running.report(&format!("old-{number}"), DOCUMENTED).await;
    }
    assert_eq!(running.post(&[], "{").await, 400);
    running.collector.compute_fleet().await.unwrap();
    running.clock.0.store(START + 40 * DAY, Ordering::Relaxed);
    // The clock is doubted until it is confirmed.
    assert_eq!(running.request("POST", "/api/clock", "", b"").await.status, 200);
    running.report("new", report_for(OTHER_INSTANCE, 1, 2)).await;
    running.collector.prune(Duration::from_secs(START + 40 * DAY)).await.unwrap();
    let today = running.today().await;
    assert_eq!(Value::Object(names(&today["dropped"])), json!({"raw_retention": 5}));

    running.collector.prune(Duration::from_secs(START + 402 * DAY)).await.unwrap();
    let answer = running.trust().await;
    assert_eq!(answer["days"].as_array().unwrap().len(), 1, "{answer}");
    let dropped = json!({"raw_retention": 6, "report_retention": 5});
    assert_eq!(Value::Object(names(&answer["days"][0]["dropped"])), dropped);
    let whole = json!({"received": 7, "stored": 6, "not_stored": 1, "dropped": 5, "kept": 1});
    assert_eq!(answer["since_beginning"], whole, "the day of the old reports is gone, its sums are not");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_without_a_place_counts_as_other_and_gets_one_when_another_is_gone() {
    let running = ListeningCollector::start().await;
    let of = async |product: &str, instance| {
        running.post(&[("headcount-product", product)], small_report(instance)).await
    };
    for number in 0..100 {
        assert_eq!(of(&format!("invented-{number}"), 1 + number).await, 200);
    }
    assert_eq!(of("coroot", 101).await, 200, "the usual product has a place of its own");
    assert_eq!(running.post(&[("headcount-product", "invented-0")], "{").await, 400);
    assert_eq!(running.post(&[("headcount-product", "never-heard-of")], "{").await, 400);
    running.collector.compute_fleet().await.unwrap();
    let products = running.get("/api/fleet/products").await.json();
    let products: Vec<&str> =
        products["products"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(products.len(), 64 + 1);
    assert!(products.contains(&"coroot") && products.contains(&"other"), "{products:?}");
    for (product, received, stored) in [("other", 38, 37), ("invented-0", 2, 1), ("coroot", 1, 1)] {
        let of_product = running.get(&format!("/api/fleet/trust?product={product}")).await.json();
        let whole = &of_product["since_beginning"];
        assert_eq!((&whole["received"], &whole["stored"]), (&json!(received), &json!(stored)), "{product}");
    }

    // When everything of products is dropped, their places are free.
    running.clock.0.fetch_add(2 * DAY, Ordering::Relaxed);
    assert_eq!(of("invented-1", 2).await, 200);
    running.collector.compute_fleet().await.unwrap();
    running.collector.prune(Duration::from_secs(START + 401 * DAY)).await.unwrap();
    assert_eq!(of("newcomer", 102).await, 200);
    running.collector.compute_fleet().await.unwrap();
    let products = running.get("/api/fleet/products").await.json();
    assert_eq!(products, json!({ "products": ["invented-1", "newcomer"] }));
    let places =
        running.rows("SELECT count(*) FROM product WHERE name IN ('coroot', 'invented-1', 'newcomer')").await;
    assert_eq!((places, running.rows("SELECT count(*) FROM product").await), (3, 3));
    let other = running.get("/api/fleet/trust?product=other").await.json();
    assert_eq!(other["since_beginning"]["received"], 38 + 62 + 1, "the sums of products without a place");
    running.trust().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_has_a_period_and_the_same_numbers_as_csv() {
    let running = ListeningCollector::start().await;
    running.report("a", DOCUMENTED).await;
    assert_eq!(running.post(&[], "{").await, 400);
    let answer = running.get("/api/fleet/trust?product=coroot&from=2023-11-01&to=2023-11-14").await.json();
    for (name, value) in [
        ("product", json!("coroot")),
        ("from", json!("2023-11-01")),
        ("to", json!("2023-11-14")),
        ("computed_at", json!(START)),
    ] {
        assert_eq!(answer[name], value, "{name}");
    }
    let none = running.get("/api/fleet/trust?to=2023-11-13").await.json();
    assert_eq!((&none["days"], &none["since_beginning"]["received"]), (&json!([]), &json!(2)));
    let csv = running.get("/api/fleet/trust?format=csv").await.body;
    for line in ["day,number,name,count", "2023-11-14,received,,2", "2023-11-14,not_stored,json,1"] {
        assert!(csv.lines().any(|found| found == line), "{line} in {csv}");
    }
    for query in ["from=yesterday", "version=1", "format=xml"] {
        assert_eq!(running.get(&format!("/api/fleet/trust?{query}")).await.status, 400, "{query}");
    }
    running.stop().await;
}

/// The values of metrics by name and labels.
async fn metrics(running: &ListeningCollector) -> std::collections::BTreeMap<String, f64> {
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
    assert!(running.get("/").await.body.contains("Every report is in the numbers of the fleet."));
    let behind = async {
        // The collector may compute by itself at any time.
        loop {
            running.clock.0.fetch_add(600, Ordering::Relaxed);
            assert_eq!(running.post(&[], DOCUMENTED).await, 200);
            let (seconds, page) = (lag().await, running.get("/").await.body);
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
        CollectorConfig { alert_webhook: Some(url), ..config(data_dir) }
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
    let text = "In the last 3 hours fewer than half as many reports arrived as in the same hours of the days before.";
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

impl ListeningCollector {
    /// Copies the data directory while the collector runs.
    async fn back_up(&self) -> PathBuf {
        let to = self.directory.path().with_extension("back-up");
        let secrets = BackupSecrets::Included { keys: None };
        back_up(&BackupPlan { data_dir: self.directory.path().to_owned(), to: to.clone(), secrets })
            .await
            .unwrap();
        to
    }

    async fn delete_own(&self, secret: &str) -> LoopbackAnswer {
        let body = json!({ "instance": INSTANCE, "secret": secret }).to_string();
        self.request("POST", "/ce/usage-statistics/deletion", "", body.as_bytes()).await
    }

    async fn installations(&self) -> u64 {
        self.get("/api/fleet").await.json()["total"].as_u64().unwrap()
    }
}

/// A new directory with the files of a back-up, and with the file of deletions of another data directory, if
/// there is one.
fn restored(back_up: &Path, deletions_of: Option<&Path>) -> Arc<TempDir> {
    let directory = tempfile::tempdir().unwrap();
    copy_directory(back_up, directory.path());
    if let Some(from) = deletions_of {
        fs::copy(from.join("deletions"), directory.path().join("deletions")).unwrap();
    }
    Arc::new(directory)
}

fn copy_directory(from: &Path, into: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            fs::create_dir(into.join(&name)).unwrap();
            copy_directory(&path, &into.join(&name));
        } else {
            fs::copy(&path, into.join(&name)).unwrap();
        }
    }
}

/// The bytes of all files in a directory and below.
fn bytes_in(directory: &Path) -> Vec<u8> {
    let bytes = |path: &Path| if path.is_dir() { bytes_in(path) } else { fs::read(path).unwrap() };
    fs::read_dir(directory).unwrap().flat_map(|entry| bytes(&entry.unwrap().path())).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A deletion secret of [`INSTANCE`] with its commitment.
fn secret_and_commitment() -> (String, String) {
    let secret: InstanceSecret = "5e".repeat(32).parse().unwrap();
    ("5e".repeat(32), DeletionCommitment::new(INSTANCE.parse().unwrap(), &secret).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_back_up_applies_deletions_that_are_newer_than_it() {
    let running = ListeningCollector::start().await;
    let (secret, commitment) = secret_and_commitment();
    for id in ["a1", "a2"] {
        let headers = [("idempotency-key", id), ("deletion-commitment", commitment.as_str())];
        assert_eq!(running.post(&headers, DOCUMENTED).await, 200);
    }
    running.report("b1", report_for(OTHER_INSTANCE, 1, 2)).await;
    running.collector.compute_fleet().await.unwrap();
    let back_up = running.back_up().await;
    // Later than the back-up: a report, and the deletion.
    running.report("b2", report_for(OTHER_INSTANCE, 2, 3)).await;
    let receipt = running.delete_own(&secret).await;
    assert_eq!(receipt.status, 200);
    let old = running.stop().await;
    assert!(!holds(&fs::read(old.path().join("deletions")).unwrap(), INSTANCE));

    let without = restored(&back_up, None);
    let running = ListeningCollector::start_with(config(without.path()), without, START).await;
    assert_eq!(running.installations().await, 2, "nothing tells of the deletion");
    running.stop().await;

    let directory = restored(&back_up, Some(old.path()));
    let mut running = ListeningCollector::start_with(config(directory.path()), directory, START).await;
    for _ in 0..2 {
        assert_eq!(running.installations().await, 1);
        assert!(!holds(&bytes_in(running.directory.path()), INSTANCE), "nothing of it is in any file");
        assert_eq!(running.get("/api/reports/a1").await.status, 404);
        assert_eq!(running.post(&[("idempotency-key", "a3")], DOCUMENTED).await, 410);
        assert_eq!(running.delete_own(&secret).await.body, receipt.body, "the same receipt");
        running = running.restart().await;
    }
    for (id, from, status) in [("b1", 1, "duplicate"), ("b2", 2, "stored"), ("b2", 2, "duplicate")] {
        let report = report_for(OTHER_INSTANCE, from, from + 1);
        let headers = format!("idempotency-key: {id}\r\n");
        let answer = running.request("POST", "/ce/usage-statistics", &headers, report.as_bytes()).await;
        assert_eq!(answer.json(), json!({ "status": status }), "{id}");
    }
    let today = running.today().await;
    assert_eq!(Value::Object(names(&today["dropped"])), json!({"report_deletion": 2, "raw_deletion": 2}));
    running.collector.compute_fleet().await.unwrap();
    let activity = running.get("/api/fleet/activity?from=2023-11-14").await.json();
    assert_eq!(activity["days"][0]["active_1d"], 1, "the numbers are those without it");
    running.stop().await;
    fs::remove_dir_all(back_up).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_applied_once_and_an_installation_that_reports_again_later_stays() {
    let running = ListeningCollector::start().await;
    running.report("a1", DOCUMENTED).await;
    let back_up = running.back_up().await;
    assert_eq!(running.request("DELETE", &format!("/api/instances/{INSTANCE}"), "", b"").await.status, 200);
    // After 60 days, its reports are taken again.
    running.clock.0.fetch_add(61 * DAY, Ordering::Relaxed);
    running.collector.prune_now().await.unwrap();
    running.report("a2", DOCUMENTED).await;
    let running = running.restart().await;
    assert_eq!(running.installations().await, 1, "it was deleted before it reported again");
    let now = running.clock.0.load(Ordering::Relaxed);
    let old = running.stop().await;

    // The deletion still matters to the back-up, although its tombstone is gone.
    let directory = restored(&back_up, Some(old.path()));
    let running = ListeningCollector::start_with(config(directory.path()), directory, now).await;
    assert_eq!(running.installations().await, 0);
    // By the stored reports it is still the day of the back-up.
    assert_eq!(running.request("POST", "/api/clock", "", b"").await.status, 200);
    running.collector.prune_now().await.unwrap();
    running.report("a2", DOCUMENTED).await;
    assert_eq!(running.restart().await.installations().await, 1);
    fs::remove_dir_all(back_up).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_deletions_is_made_again_from_tombstones_and_old_lines_leave_it() {
    let running = ListeningCollector::start().await;
    running.report("a1", DOCUMENTED).await;
    let back_up = running.back_up().await;
    assert_eq!(running.request("DELETE", &format!("/api/instances/{INSTANCE}"), "", b"").await.status, 200);
    let old = running.stop().await;
    fs::remove_file(old.path().join("deletions")).unwrap();
    let running = ListeningCollector::start_with(config(old.path()), Arc::clone(&old), START).await;
    running.stop().await;
    let directory = restored(&back_up, Some(old.path()));
    let running = ListeningCollector::start_with(config(directory.path()), directory, START).await;
    assert_eq!(running.installations().await, 0);
    running.collector.prune(Duration::from_secs(START + 399 * DAY)).await.unwrap();
    let file = running.directory.path().join("deletions");
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 1);
    running.collector.prune(Duration::from_secs(START + 402 * DAY)).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
    assert_eq!(running.rows("SELECT count(*) FROM applied_deletion").await, 0);
    running.stop().await;
    fs::remove_dir_all(back_up).unwrap();
}
