//! Tests the collector as senders and operators use it: over HTTP, on a real database.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, StatusCode},
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use headcount_collector::{
    Collector, CollectorConfig, CollectorOpenError, RetentionPolicy,
    backup::{BackupPlan, BackupSecrets, back_up},
    collector_keys::CollectorKeys,
    routes::{private_routes, public_routes, router},
};
use headcount_fleet::{
    cells::{cell_block::CellBlock, cell_table::CellTable},
    typed_report::TypedReportDecoder,
};
use headcount_platform::{
    clock::{Clock, SystemClock},
    disk::free_space::{DiskSpace, FreeSpace},
    hex,
};
use headcount_shared::{
    api::DeletionReceipt,
    deletion_commitment::{DeletionCommitment, InstanceSecret, instance_sha256},
    limits::REPORT_BYTES,
};
use headcount_web::{
    access::{AccessConfig, AccessControl, PeerAddress, SessionProgram},
    base_path::BasePath,
    static_files::StaticFiles,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

const DOCUMENTED: &str = include_str!("../../../../shared/tests/payload.json");
const INSTANCE: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";
const OTHER_INSTANCE: &str = "a1fcf3e2-6c1c-4e6e-a5f1-3b1d5a7d9c10";
const DAY: u64 = 24 * 60 * 60;
const START: u64 = 1_700_000_000;

/// A clock that stands still until it is set.
#[derive(Debug, Default)]
struct ManualClock {
    wall: AtomicU64,
    monotonic: AtomicU64,
}

impl ManualClock {
    fn at(seconds: u64) -> Arc<Self> {
        Arc::new(Self { wall: AtomicU64::new(seconds), ..Self::default() })
    }

    /// Lets time pass until then.
    fn turn_to(&self, seconds: u64) {
        let before = self.wall.swap(seconds, Ordering::Relaxed);
        self.monotonic.fetch_add(seconds.saturating_sub(before), Ordering::Relaxed);
    }

    /// Lets the wall clock jump without time passing.
    fn jump_to(&self, seconds: u64) {
        self.wall.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Duration {
        Duration::from_secs(self.wall.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.monotonic.load(Ordering::Relaxed))
    }
}

/// A disk of which a set part is used, in percent.
#[derive(Debug, Default)]
struct SetFreeSpace {
    used: AtomicU64,
}

impl FreeSpace for SetFreeSpace {
    fn disk_space(&self) -> std::io::Result<DiskSpace> {
        Ok(DiskSpace { free: 100 - self.used.load(Ordering::Relaxed), whole: 100 })
    }
}

/// A collector on a data directory of its own.
struct RunningCollector {
    directory: Arc<TempDir>,
    clock: Arc<ManualClock>,
    collector: Collector,
    router: Router,
}

/// Headers of a request.
type StaticHeaders = &'static [(&'static str, &'static str)];

/// A received answer.
#[derive(Debug)]
struct ReceivedAnswer {
    status: StatusCode,
    response: Response<()>,
    body: Bytes,
}

impl ReceivedAnswer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts that the sender is asked to retry in 1 to 30 minutes.
    fn assert_comes_back_spread(&self) {
        let seconds: u64 = self.header("retry-after").parse().unwrap();
        assert!((60..=1800).contains(&seconds), "{seconds}");
    }

    fn detail(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        problem["detail"].as_str().unwrap().to_owned()
    }
}

impl RunningCollector {
    async fn start() -> Self {
        Self::start_on(Arc::new(tempfile::tempdir().unwrap())).await
    }

    async fn start_on(directory: Arc<TempDir>) -> Self {
        Self::start_with(directory, START, None).await
    }

    async fn start_with(directory: Arc<TempDir>, now: u64, max_disk: Option<u64>) -> Self {
        let config = CollectorConfig { max_disk, ..config(directory.path()) };
        Self::start_by(config, directory, now).await
    }

    async fn start_by(config: CollectorConfig, directory: Arc<TempDir>, now: u64) -> Self {
        let clock = ManualClock::at(now);
        let collector = Collector::open(&config, Arc::<ManualClock>::clone(&clock)).await.unwrap();
        let router =
            public_routes(&collector, "10.1.0.0/16".parse().unwrap()).merge(private_routes(&collector));
        Self { directory, clock, collector, router }
    }

    async fn restart(self) -> Self {
        self.restart_at(START).await
    }

    async fn restart_at(self, now: u64) -> Self {
        let directory = self.stop().await;
        Self::start_with(directory, now, None).await
    }

    async fn stop(self) -> Arc<TempDir> {
        self.collector.close().await;
        self.directory
    }

    /// The bytes of all files in the data directory.
    fn files(&self) -> Vec<u8> {
        files_in(self.directory.path())
    }

    async fn prune_after(&self, days: u64) -> (u64, u64) {
        let pruned = self.collector.prune(Duration::from_secs(START + days * DAY)).await.unwrap();
        (pruned.raw, pruned.reports)
    }

    /// The typed forms of the reports, in the order of their arrival.
    async fn typed_reports(&self) -> Vec<Vec<u8>> {
        let query = sqlx::query_scalar("SELECT report FROM typed ORDER BY seq");
        query.fetch_all(&mut self.intruder().await).await.unwrap()
    }

    /// The cells of a table on the day of [`START`].
    async fn cells(&self, table: CellTable) -> CellBlock {
        let query =
            sqlx::query_scalar("SELECT block FROM block WHERE layer = 'cells' AND name = ? AND day = ?");
        let query = query.bind(table.name()).bind(i64::try_from(START / DAY).unwrap());
        let block: Vec<u8> = query.fetch_one(&mut self.intruder().await).await.unwrap();
        CellBlock::decode(&block).unwrap()
    }

    async fn send(&self, request: Request<Body>) -> ReceivedAnswer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        ReceivedAnswer { status: parts.status, response: Response::from_parts(parts, ()), body }
    }

    async fn get(&self, path: &str) -> ReceivedAnswer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, headers: &[(&str, &str)], body: impl Into<Body>) -> ReceivedAnswer {
        let mut request = Request::post("/ce/usage-statistics");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Sends a report and expects an answer.
    async fn report(&self, id: &str, body: impl Into<Body>, status: &str) {
        let answer = self.post(&[("idempotency-key", id)], body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.json(), json!({ "status": status }));
    }

    async fn ids(&self, query: &str) -> Vec<String> {
        let listed = self.get(&format!("/api/reports{query}")).await.json();
        let reports = listed["reports"].as_array().unwrap();
        reports.iter().map(|report| report["id"].as_str().unwrap().to_owned()).collect()
    }

    async fn fleet(&self) -> Value {
        self.get("/api/fleet").await.json()
    }

    /// A connection of another program to the database.
    async fn intruder(&self) -> SqliteConnection {
        let path = self.directory.path().join("collector.sqlite");
        SqliteConnection::connect(path.to_str().unwrap()).await.unwrap()
    }
}

fn config(data_dir: &Path) -> CollectorConfig {
    let days = |days| Duration::from_secs(days * DAY);
    let retention = RetentionPolicy::new(days(400), days(30));
    let free_space = Arc::new(SetFreeSpace::default());
    CollectorConfig {
        data_dir: data_dir.to_owned(),
        keys: None,
        retention,
        max_disk: None,
        free_space,
        alert_webhook: None,
    }
}

async fn refusal_to_open(data_dir: &Path) -> String {
    let refused: CollectorOpenError =
        Collector::open(&config(data_dir), ManualClock::at(START)).await.unwrap_err();
    refused.to_string()
}

/// The bytes of all files in a directory and below.
fn files_in(directory: &Path) -> Vec<u8> {
    let bytes = |path: &Path| if path.is_dir() { files_in(path) } else { fs::read(path).unwrap() };
    fs::read_dir(directory).unwrap().flat_map(|entry| bytes(&entry.unwrap().path())).collect()
}

/// Whether a text is in some bytes.
fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd_frame(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
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

fn report_of(instance: &str) -> String {
    documented_with(&[("/instance/uuid", json!(instance))])
}

#[tokio::test]
async fn a_report_comes_back_byte_for_byte_however_it_was_sent() {
    let running = RunningCollector::start().await;
    let digest = format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(DOCUMENTED)));
    let sent: [(&str, Vec<u8>); 5] = [
        ("", DOCUMENTED.into()),
        ("identity", DOCUMENTED.into()),
        ("gzip", gzip(DOCUMENTED.as_bytes())),
        ("gzip", [gzip(&DOCUMENTED.as_bytes()[..50]), gzip(&DOCUMENTED.as_bytes()[50..])].concat()),
        ("zstd", zstd_frame(DOCUMENTED.as_bytes())),
    ];
    for (number, (coding, body)) in sent.into_iter().enumerate() {
        let id = format!("report_{number}-x");
        let json_with_charset = ("content-type", "application/json; charset=utf-8");
        let headers = [("idempotency-key", id.as_str()), ("content-encoding", coding), json_with_charset];
        let stored = running.post(&headers, body).await;
        assert_eq!((stored.status, stored.json()), (StatusCode::OK, json!({"status": "stored"})));

        let served = running.get(&format!("/api/reports/{id}")).await;
        assert_eq!((served.status, served.text()), (StatusCode::OK, DOCUMENTED), "{coding}");
        assert_eq!(served.header("content-type"), "application/json");
        assert_eq!(served.header("content-digest"), digest);
    }
    let listed = running.get("/api/reports?limit=1").await.json();
    let expected = json!({
        "id": "report_0-x", "instance": INSTANCE, "received_at": START, "bytes": DOCUMENTED.len(),
    });
    assert_eq!(listed, json!({"reports": [expected], "next": 1}));
}

#[tokio::test]
async fn a_report_id_is_counted_once() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    running.report("a", DOCUMENTED, "duplicate").await;
    assert_eq!(running.get("/api/reports/a").await.text(), DOCUMENTED);
    let fleet = running.fleet().await;
    assert_eq!((&fleet["total"], &fleet["instances"][0]["reports"]), (&json!(1), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_at_once_with_one_id_one_is_stored() {
    let running = Arc::new(RunningCollector::start().await);
    let sent: Vec<_> = (0..50)
        .map(|_| {
            let running = Arc::clone(&running);
            tokio::spawn(async move { running.post(&[("idempotency-key", "same")], DOCUMENTED).await })
        })
        .collect();
    let mut stored = 0;
    for answer in sent {
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        stored += u32::from(answer.json()["status"] == "stored");
    }
    assert_eq!(stored, 1);
    assert_eq!(running.ids("").await, ["same"]);
}

#[tokio::test]
async fn reports_without_an_id_get_one_each() {
    let running = RunningCollector::start().await;
    for _ in 0..3 {
        assert_eq!(running.post(&[], DOCUMENTED).await.json()["status"], "stored");
    }
    let ids = running.ids("").await;
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3);
    for id in ids {
        let uuid: uuid::Uuid = id.parse().unwrap();
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(uuid.get_timestamp().unwrap().to_unix().0, START);
    }
}

#[tokio::test]
async fn every_refusal_says_what_is_wrong() {
    let running = RunningCollector::start().await;
    let deep = "[".repeat(33) + &"]".repeat(33);
    let values = format!("[{}0]", "0,".repeat(100_000));
    let wide = vec![b' '; REPORT_BYTES + 1];
    let cut = gzip(DOCUMENTED.as_bytes())[..100].to_vec();
    let cases: [(StaticHeaders, Vec<u8>, u16, &str); 18] = [
        (&[("content-type", "text/plain")], DOCUMENTED.into(), 415, "content type is not JSON"),
        (&[("content-encoding", "br")], DOCUMENTED.into(), 415, "not one of gzip, zstd and identity"),
        (&[("content-encoding", "gzip, gzip")], DOCUMENTED.into(), 415, "not one of gzip, zstd and identity"),
        (&[("idempotency-key", "a b")], DOCUMENTED.into(), 400, "Idempotency-Key is not 1 to 64 letters"),
        (&[("idempotency-key", "")], DOCUMENTED.into(), 400, "Idempotency-Key is not 1 to 64 letters"),
        (&[("content-encoding", "gzip")], DOCUMENTED.into(), 400, "damaged or is not in the coding gzip"),
        (&[("content-encoding", "gzip")], cut, 400, "damaged or is not in the coding gzip"),
        (&[("content-encoding", "zstd")], b"{}".into(), 400, "damaged or is not in the coding zstd"),
        (&[], wide, 413, "the report is larger than 8388608 bytes"),
        (&[], values.into(), 413, "the report holds more than 100000 values"),
        (&[], b"".into(), 400, "the report is not JSON: EOF"),
        (&[], b"{\"instance\":".into(), 400, "the report is not JSON: EOF"),
        (&[], b"\"\xff\"".into(), 400, "the report is not UTF-8"),
        (&[], deep.into(), 400, "the report is nested deeper than 32 levels"),
        (&[], b"{\"a\":1,\"a\":2}".into(), 400, "an object names a member twice"),
        (&[], b"[]".into(), 422, "the report is not a JSON object"),
        (&[], b"{\"instance\":{\"uuid\":\"me\"}}".into(), 422, "\"uuid\" is not a UUID"),
        (&[], b"{\"instance\":{\"uuid\":\"00000000-0000-0000-0000-000000000000\"}}".into(), 422, "nil UUID"),
    ];
    for (headers, body, status, detail) in cases {
        let answer = running.post(headers, body).await;
        assert_eq!(answer.status.as_u16(), status, "{detail}");
        let said = answer.detail();
        assert!(said.contains(detail), "{said}");
        assert_eq!(answer.header("accept-encoding").is_empty(), !said.contains("coding is not"), "{said}");
    }
    assert_eq!(running.ids("").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_gibibyte_in_a_small_body_is_refused() {
    let running = RunningCollector::start().await;
    let mebibytes_16 = vec![0; 16 << 20];
    for (coding, part) in [("gzip", gzip(&mebibytes_16)), ("zstd", zstd_frame(&mebibytes_16))] {
        let bomb = part.repeat(64);
        assert!(bomb.len() < 6 << 20);
        let answer = running.post(&[("content-encoding", coding)], bomb).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{coding}");
        assert_eq!(answer.detail(), "the report is larger than 8388608 bytes");
    }
}

#[tokio::test]
async fn the_largest_report_is_taken() {
    let running = RunningCollector::start().await;
    let mut report = DOCUMENTED.trim_end().to_owned();
    report += &" ".repeat(REPORT_BYTES - report.len());
    running.report("largest", report.clone(), "stored").await;
    assert_eq!(running.get("/api/reports/largest").await.body.len(), REPORT_BYTES);
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    running.report("b", report_of(OTHER_INSTANCE), "stored").await;
    let (listed, fleet) = (running.get("/api/reports").await.json(), running.fleet().await);

    let running = running.restart().await;
    assert_eq!(running.get("/api/reports").await.json(), listed);
    assert_eq!(running.fleet().await, fleet);
    assert_eq!(running.get("/api/reports/a").await.text(), DOCUMENTED);
    running.report("a", DOCUMENTED, "duplicate").await;
    running.report("c", DOCUMENTED, "stored").await;
    assert_eq!(running.ids("?after=2").await, ["c"]);
}

#[tokio::test]
async fn a_closed_collector_asks_to_come_back() {
    let running = RunningCollector::start().await;
    running.collector.clone().close().await;
    let answer = running.post(&[], DOCUMENTED).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    answer.assert_comes_back_spread();
    assert_eq!(running.get("/api/fleet").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_used_is_refused_in_a_sentence() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let shown = |name: &str| at(name).display().to_string();

    fs::write(at("file"), "").unwrap();
    let said = refusal_to_open(&at("file")).await;
    assert_eq!(said, format!("{} is not a directory, so it cannot be the data directory", shown("file")));

    let said = refusal_to_open(&at("file/below")).await;
    assert!(
        said.starts_with(&format!("cannot write in the data directory {}", shown("file/below"))),
        "{said}"
    );

    fs::create_dir(at("garbage")).unwrap();
    fs::write(at("garbage/collector.sqlite"), "no database".repeat(1000)).unwrap();
    let said = refusal_to_open(&at("garbage")).await;
    let database = shown("garbage/collector.sqlite");
    assert_eq!(said, format!("the database {database} is damaged or is not a SQLite database"));
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let running = RunningCollector::start().await;
    for id in 0..20 {
        running.report(&id.to_string(), DOCUMENTED, "stored").await;
    }
    let RunningCollector { directory, collector, .. } = running;
    collector.close().await;
    let path = directory.path().join("collector.sqlite");
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    let said = refusal_to_open(directory.path()).await;
    assert!(said.ends_with("collector.sqlite is damaged or is not a SQLite database"), "{said}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let running = RunningCollector::start().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'later', TRUE, x'00', 0)";
    sqlx::query(newer).execute(&mut running.intruder().await).await.unwrap();
    let RunningCollector { directory, collector, .. } = running;
    collector.close().await;
    let said = refusal_to_open(directory.path()).await;
    assert!(said.ends_with("collector.sqlite was written by a newer version of this program"), "{said}");
}

#[tokio::test]
async fn a_second_collector_on_a_data_directory_is_refused() {
    let running = RunningCollector::start().await;
    let said = refusal_to_open(running.directory.path()).await;
    let directory = running.directory.path().display();
    assert_eq!(said, format!("the data directory {directory} is in use by another process"));
    running.restart().await;
}

#[tokio::test]
async fn a_bad_field_costs_nothing_but_itself() {
    let running = RunningCollector::start().await;
    let report = documented_with(&[
        ("/infra/nodes", json!("many")),
        ("/ux/users", json!([INSTANCE, "#general", OTHER_INSTANCE])),
        ("/ux/page_views", json!({"/": 3, "/p/$projectId": -1, "/welcome": 4})),
        ("/instance/version", json!(["1.2.3"])),
    ]);
    running.report("a", report.clone(), "stored").await;
    assert_eq!(running.get("/api/reports/a").await.text(), report);
    let instance = &running.fleet().await["instances"][0];
    assert_eq!((&instance["set_aside"], &instance["version"]), (&json!(4), &json!("")));
    assert_eq!((&instance["users"], &instance["page_views"]), (&json!(2), &json!(7)));
}

#[tokio::test]
async fn a_report_of_coroot_is_stored_whole() {
    let running = RunningCollector::start().await;
    let mut report: Value = serde_json::from_str(&documented_with(&[
        ("/stack/clouds", Value::Null),
        ("/performance/cpu_usage", Value::Null),
        ("/infra/kernel_versions", json!(["6.1.0"])),
        ("/ux/users_by_theme", json!({"dark": 2})),
    ]))
    .unwrap();
    let stack = report["stack"].as_object_mut().unwrap();
    let plural = stack.remove("instrumented_service").unwrap();
    stack.insert("instrumented_services".to_owned(), plural);
    let answer = running.post(&[("content-type", "application/json")], report.to_string()).await;
    assert_eq!(answer.json(), json!({"status": "stored"}));
    assert_eq!(running.fleet().await["instances"][0]["set_aside"], 0);

    let typed = running.typed_reports().await.remove(0);
    let mut decoder = TypedReportDecoder::new().unwrap();
    assert_eq!(decoder.decode(&typed).unwrap().instrumented_services, ["postgres", "redis"]);
}

#[tokio::test]
async fn the_listing_goes_from_page_to_page() {
    let running = RunningCollector::start().await;
    for id in 1..=5 {
        let instance = if id == 2 { OTHER_INSTANCE } else { INSTANCE };
        running.report(&id.to_string(), report_of(instance), "stored").await;
    }
    let pages = [
        ("?limit=2", json!(2), vec!["1", "2"]),
        ("?limit=2&after=2", json!(4), vec!["3", "4"]),
        ("?limit=2&after=4", json!(null), vec!["5"]),
        ("?after=5", json!(null), vec![]),
        ("?limit=5", json!(null), vec!["1", "2", "3", "4", "5"]),
        ("?instance=4423595B-9D97-4E01-A19F-8E3D60C83B2A&limit=2&after=1", json!(4), vec!["3", "4"]),
        ("?instance=a1fcf3e2-6c1c-4e6e-a5f1-3b1d5a7d9c10", json!(null), vec!["2"]),
        ("?instance=00000000-0000-0000-0000-000000000001", json!(null), vec![]),
    ];
    for (query, next, ids) in pages {
        let answer = running.get(&format!("/api/reports{query}")).await;
        assert_eq!((answer.status, &answer.json()["next"]), (StatusCode::OK, &next), "{query}");
        assert_eq!(running.ids(query).await, ids, "{query}");
    }
    let bad = [
        ("?limit=0", "\"limit\" is not a number from 1 to 1000"),
        ("?limit=1001", "\"limit\" is not a number from 1 to 1000"),
        ("?after=x", "\"after\" is not a number"),
        ("?after=-1", "\"after\" is not a number"),
        ("?instance=me", "\"instance\" is not a UUID"),
        ("?limit=1&limit=2", "given twice"),
    ];
    for (query, detail) in bad {
        let answer = running.get(&format!("/api/reports{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.detail().contains(detail), "{query}");
    }
    let unknown = running.get("/api/reports/none").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.detail(), "there is no report with this id");
}

#[tokio::test]
async fn raw_reports_go_first_and_counts_and_ids_later() {
    let running = RunningCollector::start().await;
    running.report("old", DOCUMENTED, "stored").await;
    running.clock.turn_to(START + 20 * DAY);
    running.report("new", report_of(OTHER_INSTANCE), "stored").await;

    let prune = async |days| running.collector.prune(Duration::from_secs(START + days * DAY)).await.unwrap();
    let pruned = prune(31).await;
    assert_eq!((pruned.raw, pruned.reports), (1, 0));
    let gone = running.get("/api/reports/old").await;
    assert_eq!(gone.status, StatusCode::GONE);
    assert!(gone.detail().starts_with("the report was dropped, to keep to --raw-retention or --max-disk;"));
    assert_eq!(running.get("/api/reports/new").await.status, StatusCode::OK);
    assert_eq!(running.ids("").await, ["old", "new"]);
    running.report("old", DOCUMENTED, "duplicate").await;

    let pruned = prune(401).await;
    assert_eq!((pruned.raw, pruned.reports), (1, 1));
    assert_eq!(running.ids("").await, ["new"]);
    let fleet = running.fleet().await;
    assert_eq!((&fleet["total"], &fleet["instances"][0]["instance"]), (&json!(1), &json!(OTHER_INSTANCE)));
    let nothing = prune(401).await;
    assert_eq!((nothing.raw, nothing.reports), (0, 0));
}

#[tokio::test]
async fn pruning_goes_on_until_nothing_is_left_to_drop() {
    let running = RunningCollector::start().await;
    let mut database = running.intruder().await;
    running.report("first", DOCUMENTED, "stored").await;
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
        INSERT INTO report (id, instance, received_at, bytes, set_aside) SELECT 'n' || i, 'x', 1, 1, 0 FROM n";
    sqlx::query(many).execute(&mut database).await.unwrap();
    // The collector prunes by itself at its start, so some of them may be gone already.
    running.collector.prune(Duration::from_secs(START)).await.unwrap();
    assert_eq!(running.ids("").await, ["first"]);
}

#[tokio::test]
async fn a_clock_that_jumps_back_leaves_the_order_alone() {
    let running = RunningCollector::start().await;
    for (id, time) in [("1", START), ("2", START - 10 * DAY), ("3", 0), ("4", START)] {
        running.clock.jump_to(time);
        running.report(id, report_of(if id == "2" { OTHER_INSTANCE } else { INSTANCE }), "stored").await;
    }
    assert_eq!(running.ids("").await, ["1", "2", "3", "4"]);
    assert_eq!(running.ids("?after=1&limit=2").await, ["2", "3"]);
    let fleet = running.fleet().await;
    assert_eq!(fleet["instances"][0]["latest"], "4");
    assert_eq!(fleet["instances"][1]["latest"], "2");
}

#[tokio::test]
async fn while_the_database_fails_nothing_is_acknowledged() {
    let running = RunningCollector::start().await;
    let mut database = running.intruder().await;
    let full = "CREATE TRIGGER full BEFORE INSERT ON raw_place BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    sqlx::query(full).execute(&mut database).await.unwrap();
    for _ in 0..2 {
        let answer = running.post(&[("idempotency-key", "a")], DOCUMENTED).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        answer.assert_comes_back_spread();
        assert_eq!(answer.detail(), "the report cannot be stored now; send it again later");
    }
    assert_eq!(running.fleet().await["total"], 0);
    assert_eq!(running.get("/health").await.status, StatusCode::OK);

    sqlx::query("DROP TRIGGER full").execute(&mut database).await.unwrap();
    running.report("a", DOCUMENTED, "stored").await;
}

#[tokio::test]
async fn while_another_program_holds_the_database_nothing_is_acknowledged() {
    let running = RunningCollector::start().await;
    let mut database = running.intruder().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut database).await.unwrap();
    let answer = running.post(&[("idempotency-key", "a")], DOCUMENTED).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(running.get("/api/fleet").await.status, StatusCode::OK);
    sqlx::query("ROLLBACK").execute(&mut database).await.unwrap();
    running.report("a", DOCUMENTED, "stored").await;
}

#[tokio::test]
async fn nothing_about_the_connection_is_kept() {
    let running = RunningCollector::start().await;
    let headers = [
        ("idempotency-key", "a"),
        ("user-agent", "agent-of-the-sender"),
        ("x-forwarded-for", "203.0.113.77"),
        ("forwarded", "for=203.0.113.77"),
        ("authorization", "Bearer secret-of-the-sender"),
        ("referer", "https://sender.example/"),
    ];
    assert_eq!(running.post(&headers, DOCUMENTED).await.status, StatusCode::OK);
    let RunningCollector { directory, collector, .. } = running;
    collector.close().await;
    let bytes = files_in(directory.path());
    for secret in ["agent-of-the-sender", "203.0.113.77", "secret-of-the-sender", "sender.example"] {
        assert!(!holds(&bytes, secret), "{secret}");
    }
}

#[tokio::test]
async fn the_page_lists_installations_under_a_strict_policy() {
    let running = RunningCollector::start().await;
    let empty = running.get("/installations").await;
    assert!(empty.text().contains("No installation has reported yet."));
    assert!(empty.text().contains("/ce/usage-statistics"));

    running.report("first", DOCUMENTED, "stored").await;
    let evil = "<img src=x onerror=alert(1)>";
    let report = documented_with(&[
        ("/instance/uuid", json!(OTHER_INSTANCE)),
        ("/instance/version", json!(evil)),
        ("/infra/nodes", json!("many")),
    ]);
    running.report("second", report, "stored").await;
    running.clock.turn_to(START + 2 * DAY);

    let page = running.get("/installations").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';"),
        "{policy}"
    );
    let text = page.text();
    for shown in
        [INSTANCE, OTHER_INSTANCE, "2 days ago", "href=\"api/reports/first\"", "1 value set aside so far"]
    {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    for never in [evil, "<script>", "style=", "onerror=alert(1)>"] {
        assert!(!text.contains(never), "{never} in {text}");
    }
    assert!(text.find(OTHER_INSTANCE) < text.find(INSTANCE), "the one heard from last is first");

    assert_eq!(running.get("/health").await.text(), "ok");
}

#[tokio::test]
async fn a_declared_length_beyond_the_limit_is_refused_without_reading() {
    let running = RunningCollector::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(axum::serve(listener, running.router.clone()).into_future());

    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    let head =
        format!("POST /ce/usage-statistics HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 9 << 20);
    tokio::io::AsyncWriteExt::write_all(&mut connection, head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut connection, &mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
    served.abort();
}

#[tokio::test]
async fn a_sender_that_hangs_up_in_the_middle_leaves_nothing() {
    let running = RunningCollector::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(axum::serve(listener, running.router.clone()).into_future());

    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = "POST /ce/usage-statistics HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{\"instance\"";
    tokio::io::AsyncWriteExt::write_all(&mut connection, head.as_bytes()).await.unwrap();
    tokio::io::AsyncWriteExt::shutdown(&mut connection).await.unwrap();
    let mut answer = Vec::new();
    drop(tokio::io::AsyncReadExt::read_to_end(&mut connection, &mut answer).await);
    assert_eq!(running.ids("").await, Vec::<String>::new());
    served.abort();
}

#[tokio::test]
async fn another_report_under_a_known_id_is_a_conflict() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    let other_bytes = documented_with(&[("/infra/nodes", json!(11))]);
    let spaced = format!("{DOCUMENTED} ");
    let answers = async |running: &RunningCollector| {
        for other in [report_of(OTHER_INSTANCE), other_bytes.clone(), spaced.clone()] {
            let answer = running.post(&[("idempotency-key", "a")], other).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
            assert!(answer.detail().contains("another report was stored under this Idempotency-Key"));
        }
        running.report("a", DOCUMENTED, "duplicate").await;
        let compressed = [("idempotency-key", "a"), ("content-encoding", "gzip")];
        let answer = running.post(&compressed, gzip(DOCUMENTED.as_bytes())).await;
        assert_eq!(answer.json(), json!({"status": "duplicate"}));
    };
    answers(&running).await;
    assert_eq!(running.get("/api/reports/a").await.text(), DOCUMENTED);
    let fleet = running.fleet().await;
    assert_eq!((&fleet["conflicts"], &fleet["total"]), (&json!(3), &json!(1)));
    assert!(
        running
            .get("/installations")
            .await
            .text()
            .contains("3 reports were refused: another report was stored")
    );

    // When the report itself is gone, its digest still identifies it.
    assert_eq!(running.prune_after(31).await, (1, 0));
    answers(&running).await;
    let running = running.restart().await;
    answers(&running).await;
    assert_eq!(running.fleet().await["conflicts"], 9);
}

/// The documented report of an installation for a time.
fn report_for(instance: &str, from: u64, to: u64) -> String {
    documented_with(&[
        ("/instance/uuid", json!(instance)),
        ("/profile/from", json!(from)),
        ("/profile/to", json!(to)),
    ])
}

#[tokio::test]
async fn reports_of_one_installation_for_the_same_time_are_shown() {
    let running = RunningCollector::start().await;
    let sent = [
        ("a", INSTANCE, 1000, 2000, 0),
        ("b", INSTANCE, 2000, 3000, 0),
        // Another installation may report for any time.
        ("c", OTHER_INSTANCE, 1500, 2500, 0),
        ("d", INSTANCE, 4000, 5000, 0),
        // One that was late.
        ("e", INSTANCE, 3000, 4000, 0),
        // A backup was restored.
        ("f", INSTANCE, 2500, 3500, 1),
        ("g", INSTANCE, 4999, 6000, 2),
        // All of them at once, none at all, and one without a profile.
        ("h", INSTANCE, 1, 9000, 3),
        ("i", INSTANCE, 9000, 9001, 3),
        ("j", INSTANCE, 0, 0, 3),
    ];
    for (id, instance, from, to, overlaps) in sent {
        running.report(id, report_for(instance, from, to), "stored").await;
        assert_eq!(running.fleet().await["overlaps"], overlaps, "{id}");
    }
    let fleet = running.fleet().await;
    let of = |instance: &str| {
        let instances = fleet["instances"].as_array().unwrap();
        instances.iter().find(|entry| entry["instance"] == instance).unwrap()["overlaps"].clone()
    };
    assert_eq!((of(INSTANCE), of(OTHER_INSTANCE)), (json!(3), json!(0)));
    let page = running.get("/installations").await;
    assert!(page.text().contains("3 reports overlapping an earlier one"), "{}", page.text());
    running.report("a", report_for(INSTANCE, 1000, 2000), "duplicate").await;
    assert_eq!(running.fleet().await["overlaps"], 3);
}

#[tokio::test]
async fn servers_of_one_installation_may_report_for_the_same_time() {
    let running = RunningCollector::start().await;
    let send = async |id: &str, replica: &str, from, to| {
        let headers = [("idempotency-key", id), ("headcount-replica", replica)];
        assert_eq!(running.post(&headers, report_for(INSTANCE, from, to)).await.status, StatusCode::OK);
        running.fleet().await["overlaps"].clone()
    };
    assert_eq!(send("a", "0", 1000, 2000).await, 0);
    assert_eq!(send("b", "1", 1000, 2000).await, 0);
    assert_eq!(send("c", "1", 1500, 2500).await, 0);
    assert_eq!(send("d", "0", 2000, 3000).await, 0);
    assert_eq!(send("e", "0", 2000, 3000).await, 1);
    let listed = running.get("/api/reports").await.json();
    let replicas: Vec<_> =
        listed["reports"].as_array().unwrap().iter().map(|one| one.get("replica")).collect();
    assert_eq!(replicas, [None, Some(&json!(true)), Some(&json!(true)), None, None]);
}

#[tokio::test]
async fn counts_have_no_browsers_and_are_bounded() {
    let running = RunningCollector::start().await;
    let pages: serde_json::Map<_, _> = (0..20_000).map(|at| (format!("/{at:0>250}"), json!(1))).collect();
    let users: Vec<_> = (0..11_000).map(|_| json!(uuid::Uuid::new_v4())).collect();
    let report = documented_with(&[
        ("/ux/page_views", Value::Object(pages)),
        ("/ux/users", users.into()),
        ("/instance/version", json!("v".repeat(1000))),
    ]);
    running.report("a", report.clone(), "stored").await;
    assert_eq!(running.get("/api/reports/a").await.text(), report);
    let instance = &running.fleet().await["instances"][0];
    assert_eq!((&instance["users"], &instance["page_views"]), (&json!(10_000), &json!(512)));
    assert_eq!((&instance["version"], &instance["set_aside"]), (&json!(""), &json!(20_000 - 512 + 1000 + 1)));
    let typed = running.typed_reports().await.remove(0);
    let mut decoder = TypedReportDecoder::new().unwrap();
    let typed = decoder.decode(&typed).unwrap();
    assert_eq!((typed.browsers, typed.page_views.len(), typed.version), (10_000, 512, ""));
}

#[tokio::test]
async fn reports_become_cells_and_late_ones_change_them() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    running.report("b", report_of(OTHER_INSTANCE), "stored").await;
    running.collector.compute_fleet().await.unwrap();
    let installations = async || {
        let cells = running.cells(CellTable::Installations).await;
        cells
            .cells
            .iter()
            .map(|(_, sums)| (sums.count, sums.value))
            .fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    };
    assert_eq!(installations().await, (2, 2));
    let clouds = running.cells(CellTable::Clouds).await;
    let clouds: Vec<_> = clouds.cells.iter().map(|(key, sums)| (clouds.label(*key), sums.count)).collect();
    assert_eq!(clouds, [("aws", 2), ("hetzner", 2), ("ovh", 2)]);

    running.clock.turn_to(START + 3 * DAY);
    let made_then = uuid::Timestamp::from_unix(uuid::NoContext, START, 0);
    let id = uuid::Uuid::new_v7(made_then).to_string();
    running.report(&id, report_of(OTHER_INSTANCE), "stored").await;
    running.report(&id, report_of(OTHER_INSTANCE), "duplicate").await;
    running.collector.compute_fleet().await.unwrap();
    assert_eq!(installations().await, (2, 3));
    assert_eq!(running.collector.compute_fleet().await.unwrap(), 0, "nothing has changed since");
}

#[tokio::test]
async fn the_numbers_of_the_fleet_are_answered_with_their_denominator() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    let other =
        documented_with(&[("/instance/uuid", json!(OTHER_INSTANCE)), ("/stack/clouds", json!(["aws"]))]);
    running.report("b", other, "stored").await;
    running.collector.compute_fleet().await.unwrap();

    let shares = running.get("/api/fleet/shares/clouds").await.json();
    assert_eq!(shares["days"][0]["installations"], 2);
    let clouds = |at: usize| (shares["labels"][at]["label"].clone(), shares["labels"][at]["share"].clone());
    assert_eq!([clouds(0), clouds(1)], [(json!("aws"), json!(1.0)), (json!("hetzner"), json!(0.5))]);
    assert_eq!((&shares["computed_at"], &shares["product"]), (&json!(START), &json!("coroot")));
    let of_other_database = running.get("/api/fleet/shares/clouds?database=postgres").await.json();
    assert_eq!(of_other_database["days"][0]["installations"], 0);

    let versions = running.get("/api/fleet/shares/versions").await.json();
    assert_eq!(versions["labels"][0]["label"], "0.20.0");
    let sizes = running.get("/api/fleet/distributions/sizes").await.json();
    let nodes =
        sizes["distributions"].as_array().unwrap().iter().find(|one| one["label"] == "nodes").unwrap();
    assert_eq!(nodes["count"], 2);
    assert!((nodes["p50"].as_f64().unwrap() / 10.0 - 1.0).abs() < 0.05);
    let activity = running.get("/api/fleet/activity").await.json();
    assert_eq!((&activity["days"][0]["new"], &activity["days"][0]["active_30d"]), (&json!(2), &json!(2)));
    let retention = running.get("/api/fleet/retention").await.json();
    assert_eq!(retention["weeks"][0]["active"], json!([2]));
    let history = running.get(&format!("/api/fleet/installations/{INSTANCE}")).await.json();
    assert_eq!(
        (&history["days"][0]["version"], &history["days"][0]["nodes"]),
        (&json!("0.20.0"), &json!(10))
    );

    let csv = running.get("/api/fleet/shares/clouds?format=csv").await;
    let (first, second) = csv.text().split_once("\r\n").unwrap();
    assert_eq!(first, "day,label,installations,of_installations,value");
    assert!(second.contains(",aws,2,2,0\r\n"), "{second}");
}

#[tokio::test]
async fn a_question_about_the_fleet_that_makes_no_sense_is_refused_in_a_sentence() {
    let running = RunningCollector::start().await;
    let cases = [
        ("activity?from=yesterday", 400, "from must be a day such as 2026-11-28, not \"yesterday\""),
        ("activity?database=sqlite", 400, "activity is known by version alone"),
        ("retention?version=1", 400, "retention is known for all installations alone"),
        ("shares/nothing", 404, "there is no table \"nothing\" of this kind"),
        ("shares/sizes", 404, "there is no table \"sizes\" of this kind"),
        ("shares/pages?size=301%2B", 400, "the numbers of pages are not known by size"),
        ("shares/pages?format=xml", 400, "format must be json or csv, not \"xml\""),
        ("distributions/queries?by=size", 400, "the numbers of queries are not known by size"),
        ("installations/me", 400, "the installation is not a UUID"),
    ];
    for (path, status, sentence) in cases {
        let answer = running.get(&format!("/api/fleet/{path}")).await;
        assert_eq!((answer.status.as_u16(), answer.detail()), (status, sentence.to_owned()), "{path}");
    }
    let nothing_yet = running.get("/api/fleet/shares/clouds").await.json();
    assert_eq!((&nothing_yet["days"], &nothing_yet["computed_at"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn browsers_are_forgotten_with_their_key_when_their_day_is_final() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    let mut database = running.intruder().await;
    let count = async |database: &mut SqliteConnection| -> (i64, i64) {
        let both = "SELECT (SELECT count(*) FROM browser_day), (SELECT count(*) FROM browser_key)";
        sqlx::query_as(both).fetch_one(database).await.unwrap()
    };
    running.prune_after(16).await;
    assert_eq!(count(&mut database).await, (1, 1));
    running.prune_after(17).await;
    assert_eq!(count(&mut database).await, (0, 0));
}

#[tokio::test]
async fn a_small_body_that_unpacks_to_a_large_one_takes_little_of_the_disk() {
    let running = RunningCollector::start().await;
    let pages: serde_json::Map<_, _> =
        (0..30_000).map(|at| (format!("/{at:0>5}{:x>240}", ""), json!(1))).collect();
    let report = gzip(documented_with(&[("/ux/page_views", Value::Object(pages))]).as_bytes());
    let version = gzip(documented_with(&[("/instance/version", json!("v".repeat(7 << 20)))]).as_bytes());
    let unknown = gzip(documented_with(&[("/unknown", json!("u".repeat(7 << 20)))]).as_bytes());
    let sent = [report, version, unknown];
    for (number, body) in sent.iter().cycle().take(9).enumerate() {
        let id = number.to_string();
        let headers = [("idempotency-key", id.as_str()), ("content-encoding", "gzip")];
        let answer = running.post(&headers, body.clone()).await;
        assert_eq!(answer.json(), json!({"status": "stored"}));
    }
    let wire: usize = 3 * sent.iter().map(Vec::len).sum::<usize>();
    let on_disk = running.files().len();
    assert!(on_disk < 2 * wire + (2 << 20), "{on_disk} bytes on the disk of {wire}");
}

/// A report with a text of its own wherever a sender can put one.
fn report_with_canary(number: usize) -> (String, String) {
    let canary = format!("canary-{number:0>5}-of-the-sender");
    let users = json!([uuid::Uuid::from_u128(number as u128 + (0xabcd << 100))]);
    let report = documented_with(&[
        ("/instance/uuid", json!(uuid::Uuid::from_u128(number as u128 + (0xef01 << 100)))),
        ("/instance/version", json!(canary)),
        ("/ux/page_views", json!({ canary.as_str(): 1 })),
        ("/ux/users", users),
        ("/infra/deployment_summaries", json!({ canary.as_str(): 1 })),
        ("/stack/services", json!([canary])),
    ]);
    (canary, report)
}

/// Ids, UUIDs of installations and of browsers, and versions of the reports of a range that are in the files.
fn readable(bytes: &[u8], numbers: std::ops::Range<usize>) -> usize {
    let texts = numbers.flat_map(|number| {
        [
            report_with_canary(number).0,
            format!("key-{number:0>5}-of-the-sender"),
            uuid::Uuid::from_u128(number as u128 + (0xabcd << 100)).to_string(),
            uuid::Uuid::from_u128(number as u128 + (0xef01 << 100)).to_string(),
        ]
    });
    let wanted: std::collections::HashSet<String> = texts.collect();
    let mut found = BTreeSet::new();
    for length in wanted.iter().map(String::len).collect::<BTreeSet<_>>() {
        for window in bytes.windows(length) {
            if let Some(text) = std::str::from_utf8(window).ok().filter(|text| wanted.contains(*text)) {
                found.insert(text.to_owned());
            }
        }
    }
    found.len()
}

#[tokio::test]
async fn what_was_dropped_is_in_no_file() {
    let running = RunningCollector::start().await;
    let store = async |numbers: std::ops::Range<usize>| {
        for number in numbers {
            let id = format!("key-{number:0>5}-of-the-sender");
            running.report(&id, report_with_canary(number).1, "stored").await;
        }
    };
    // In an order that splits pages of the indexes in the middle.
    store(200..400).await;
    store(0..200).await;
    assert_eq!(readable(&running.files(), 0..400), 3 * 400, "all but the browsers, which are compressed");
    running.clock.turn_to(START + 20 * DAY);
    store(400..450).await;

    assert_eq!(running.prune_after(401).await, (450, 400));
    assert_eq!(readable(&running.files(), 0..400), 0);
    assert_eq!(readable(&running.files(), 400..450), 3 * 50);
    assert_eq!(running.prune_after(421).await, (0, 50));
    assert_eq!(readable(&running.files(), 0..450), 0);
    assert_eq!(running.fleet().await["total"], 0);
}

#[tokio::test]
async fn no_number_of_what_was_dropped_is_in_a_file() {
    let running = RunningCollector::start().await;
    for number in 0..20 {
        running.report(&format!("old-{number}"), report_with_canary(number).1, "stored").await;
    }
    running.collector.compute_fleet().await.unwrap();
    running.clock.turn_to(START + 20 * DAY);
    running.report("new", report_with_canary(20).1, "stored").await;
    running.collector.compute_fleet().await.unwrap();
    assert_eq!(running.prune_after(401).await.1, 20);
    assert_eq!(readable(&running.files(), 0..20), 0);
    running.collector.compute_fleet().await.unwrap();
    let activity = running.get("/api/fleet/activity?from=2023-11-01").await.json();
    let days = activity["days"].as_array().unwrap_or_else(|| panic!("{activity}"));
    let new: u64 = days.iter().map(|day| day["new"].as_u64().unwrap()).sum();
    assert_eq!(new, 1, "of what is left");
}

#[tokio::test]
async fn the_files_shrink_when_reports_are_dropped() {
    let running = RunningCollector::start().await;
    let mut random = String::new();
    for number in 0..40 {
        random.clear();
        (0..4000).for_each(|_| random += &uuid::Uuid::new_v4().simple().to_string());
        let report = documented_with(&[("/profile/cpu", json!(random))]);
        running.report(&number.to_string(), report, "stored").await;
    }
    let before = running.files().len();
    assert!(before > 2 << 20, "{before}");
    assert_eq!(running.prune_after(31).await, (40, 0));
    let after = running.files().len();
    assert!(after < before / 4, "{after} of {before}");
    assert_eq!(running.ids("").await.len(), 40);
}

const YEAR: u64 = 365 * DAY;

async fn received_at(running: &RunningCollector) -> Vec<u64> {
    let listed = running.get("/api/reports").await.json();
    let reports = listed["reports"].as_array().unwrap();
    reports.iter().map(|report| report["received_at"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_start_with_a_clock_that_jumped_drops_nothing() {
    let mut running = RunningCollector::start().await;
    for id in 0..5 {
        running.report(&id.to_string(), DOCUMENTED, "stored").await;
    }
    let listed = running.get("/api/reports").await.json();
    for wall in [START + 3 * YEAR, START - 3 * YEAR, 0, START + 400 * YEAR] {
        running = running.restart_at(wall).await;
        running.collector.prune_now().await.unwrap();
        assert_eq!(running.get("/api/reports").await.json(), listed, "{wall}");
        assert_eq!(running.get("/api/reports/0").await.text(), DOCUMENTED);
        let believed_in = if wall == 0 { json!(null) } else { json!(7 * DAY) };
        let doubt = json!({"wall": wall, "believed": START, "believed_in": believed_in});
        assert_eq!(running.fleet().await["clock"], doubt);
        assert!(running.get("/installations").await.text().contains("The clock of this machine jumped."));
    }
    // A report that arrives meanwhile does not get the year of the clock.
    running.report("meanwhile", DOCUMENTED, "stored").await;
    let running = running.restart_at(START + 60).await;
    running.collector.prune_now().await.unwrap();
    assert_eq!(running.fleet().await["clock"], Value::Null);
    assert_eq!(received_at(&running).await, [START; 6]);
}

#[tokio::test]
async fn a_clock_that_jumps_while_reports_are_read_shows_each_once() {
    let running = RunningCollector::start().await;
    let mut seen = Vec::new();
    let mut after = 0;
    for (number, wall) in
        [START, START + 9 * YEAR, 0, START - YEAR, START + 1, START + 40 * YEAR].iter().enumerate()
    {
        running.clock.jump_to(*wall);
        for half in ["a", "b"] {
            running.report(&format!("{number}{half}"), DOCUMENTED, "stored").await;
        }
        let page = running.get(&format!("/api/reports?limit=1&after={after}")).await.json();
        seen.push(page["reports"][0]["id"].as_str().unwrap().to_owned());
        after = page["next"].as_u64().unwrap();
    }
    seen.extend(running.ids(&format!("?after={after}")).await);
    let sent: Vec<_> = (0..6).flat_map(|number| [format!("{number}a"), format!("{number}b")]).collect();
    assert_eq!(seen, sent);
}

#[tokio::test]
async fn the_operator_confirms_a_clock_that_is_right() {
    let running = RunningCollector::start().await;
    running.report("before", DOCUMENTED, "stored").await;
    // The collector was off for 90 days.
    let running = running.restart_at(START + 90 * DAY).await;
    running.report("meanwhile", report_of(OTHER_INSTANCE), "stored").await;
    running.collector.prune_now().await.unwrap();
    let confirmed = running.send(Request::post("/api/clock").body(Body::empty()).unwrap()).await;
    assert_eq!(confirmed.json(), json!({"now": START + 90 * DAY}));
    assert_eq!(received_at(&running).await, [START, START + 90 * DAY]);
    let fleet = running.fleet().await;
    let seen = fleet["instances"].as_array().unwrap().iter().map(|one| &one["first_seen_at"]);
    assert_eq!(seen.collect::<Vec<_>>(), [&json!(START + 90 * DAY), &json!(START)]);
    assert_eq!(fleet["clock"], Value::Null);
    running.collector.prune_now().await.unwrap();
    assert_eq!(running.get("/api/reports/before").await.status, StatusCode::GONE);
    assert_eq!(running.get("/api/reports/meanwhile").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_clock_that_was_ahead_from_the_beginning_is_set_right() {
    let running =
        RunningCollector::start_with(Arc::new(tempfile::tempdir().unwrap()), START + 3 * YEAR, None).await;
    running.report("future", DOCUMENTED, "stored").await;
    let running = running.restart_at(START).await;
    running.report("meanwhile", DOCUMENTED, "stored").await;
    assert_eq!(received_at(&running).await, [START + 3 * YEAR, START + 3 * YEAR]);
    running.collector.confirm_clock().await.unwrap();
    assert_eq!(received_at(&running).await, [START, START]);
    running.clock.turn_to(START + 31 * DAY);
    running.collector.prune_now().await.unwrap();
    for id in ["future", "meanwhile"] {
        assert_eq!(running.get(&format!("/api/reports/{id}")).await.status, StatusCode::GONE);
    }
}

#[tokio::test]
async fn an_installation_has_a_quota_and_duplicates_are_free() {
    let running = RunningCollector::start().await;
    let small = |at: u32| format!(r#"{{"instance":{{"uuid":"{INSTANCE}"}},"infra":{{"nodes":{at}}}}}"#);
    for at in 0..1000 {
        running.report(&at.to_string(), small(at), "stored").await;
    }
    for _ in 0..3 {
        let refused = running.post(&[("idempotency-key", "one-more")], small(1000)).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        refused.assert_comes_back_spread();
        assert!(refused.detail().contains("1000 reports or 64 MiB"), "{}", refused.detail());
    }
    running.report("7", small(7), "duplicate").await;
    running.report("other", report_of(OTHER_INSTANCE), "stored").await;
    assert_eq!(running.fleet().await["over_quota"], 3);
    assert!(running.get("/installations").await.text().contains("3 reports were refused for the time being"));
    running.clock.turn_to(START + 3601);
    running.report("one-more", small(1000), "stored").await;
}

#[tokio::test]
async fn new_installations_of_one_network_have_a_quota() {
    let running = RunningCollector::start().await;
    let send_through = async |peer: &str, forwarded: &str, instance: u128| {
        let peer: std::net::SocketAddr = format!("{peer}:4711").parse().unwrap();
        let body = format!(r#"{{"instance":{{"uuid":"{}"}}}}"#, uuid::Uuid::from_u128(instance));
        let request = Request::post("/ce/usage-statistics").header("x-forwarded-for", forwarded);
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(PeerAddress(peer));
        running.send(request).await
    };
    let send = async |peer: &str, instance: u128| send_through(peer, "203.0.113.9", instance).await;
    let mut instances = 1..;
    let mut stored = async |peer: &str, many: usize| {
        let mut stored = 0;
        for instance in instances.by_ref().take(many) {
            stored += usize::from(send(peer, instance).await.status == StatusCode::OK);
        }
        stored
    };
    assert_eq!(stored("192.0.2.1", 200).await, 200);
    assert_eq!(stored("192.0.2.77", 100).await, 56, "the same network");
    assert_eq!(stored("198.51.100.1", 10).await, 10);
    assert_eq!(stored("[2001:db8:1::1]", 10).await, 10);
    assert_eq!(stored("127.0.0.1", 300).await, 300, "perhaps a proxy with all senders");
    let refused = send("192.0.2.1", u128::MAX).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    refused.assert_comes_back_spread();
    assert_eq!(send("192.0.2.1", 1).await.status, StatusCode::OK, "an installation that is known");
    // Through a declared proxy, the sender that the proxy saw counts.
    let forwarded = async |sender: &str| send_through("10.1.2.3", sender, u128::MAX).await.status;
    assert_eq!(forwarded("198.51.100.200, 192.0.2.3").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(forwarded("192.0.2.3, 198.51.100.200").await, StatusCode::OK);
}

/// A report that does not compress, of about so many bytes.
fn random_report(bytes: usize) -> String {
    let random: Vec<u8> =
        std::iter::repeat_with(|| uuid::Uuid::new_v4().into_bytes()).take(bytes / 16).flatten().collect();
    documented_with(&[("/profile/cpu", json!(BASE64_STANDARD.encode(random)))])
}

#[tokio::test]
async fn raw_copies_make_room_on_the_disk() {
    let most = 8 << 20;
    let running =
        RunningCollector::start_with(Arc::new(tempfile::tempdir().unwrap()), START, Some(most)).await;
    for at in 0..200 {
        running.report(&format!("r{at}"), random_report(100_000), "stored").await;
        let on_disk = running.files().len() as u64;
        assert!(on_disk <= most, "{on_disk} bytes after {at}");
    }
    assert_eq!(running.ids("?limit=1000").await.len(), 200);
    assert_eq!(running.get("/api/reports/r0").await.status, StatusCode::GONE);
    assert_eq!(running.get("/api/reports/r199").await.status, StatusCode::OK);
    let mut kept = Vec::new();
    for at in 0..200 {
        kept.push(running.get(&format!("/api/reports/r{at}")).await.status == StatusCode::OK);
    }
    assert!(kept.is_sorted(), "the oldest went first");
    let many = kept.iter().filter(|kept| **kept).count();
    assert!((30..100).contains(&many), "{many}");
    // Of a report that would displace all others, only the counts are stored.
    running.report("large", random_report(2 << 20), "stored").await;
    assert_eq!(running.get("/api/reports/large").await.status, StatusCode::GONE);
    assert_eq!(running.get("/api/reports/r199").await.status, StatusCode::OK);
}

#[tokio::test]
async fn when_not_even_counts_fit_reports_are_refused() {
    let most = 1 << 20;
    let running =
        RunningCollector::start_with(Arc::new(tempfile::tempdir().unwrap()), START, Some(most)).await;
    let mut stored = 0;
    let refused = loop {
        let pages: serde_json::Map<_, _> =
            (0..500).map(|_| (format!("/{}", uuid::Uuid::new_v4()), json!(1))).collect();
        let report = documented_with(&[("/ux/page_views", Value::Object(pages))]);
        let answer = running.post(&[("idempotency-key", stored.to_string().as_str())], report).await;
        assert!((running.files().len() as u64) <= most);
        if answer.status != StatusCode::OK {
            break answer;
        }
        stored += 1;
        assert!(stored < 1000);
    };
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    refused.assert_comes_back_spread();
    assert_eq!(refused.detail(), "the collector has no room for more reports; send this one again later");
    assert!(stored > 20, "{stored}");
    assert_eq!(running.ids("?limit=1000").await.len(), stored);
    assert_eq!(running.get("/api/reports/0").await.status, StatusCode::GONE);

    assert_eq!(running.prune_after(401).await.1, stored as u64);
    running.report("again", DOCUMENTED, "stored").await;
}

#[tokio::test]
async fn a_smaller_limit_makes_the_file_smaller() {
    let running = RunningCollector::start().await;
    for at in 0..60 {
        running.report(&at.to_string(), random_report(100_000), "stored").await;
    }
    let directory = running.stop().await;
    let before = files_in(directory.path()).len();
    assert!(before > 5 << 20, "{before}");
    let running = RunningCollector::start_with(directory, START, Some(2 << 20)).await;
    running.report("one-more", DOCUMENTED, "stored").await;
    running.collector.prune_now().await.unwrap();
    let sizes = fs::read_dir(running.directory.path()).unwrap().map(|file| {
        let file = file.unwrap();
        (file.file_name(), file.metadata().unwrap().len())
    });
    let sizes: Vec<_> = sizes.collect();
    assert!(running.files().len() <= 2 << 20, "{sizes:?}");
    assert_eq!(running.get("/api/reports/0").await.status, StatusCode::GONE);
    assert_eq!(running.ids("").await.len(), 61);
}

const FIRST_VERSION: &str = include_str!("fixtures/collector-0.1.0.sql");
const FIRST_BROWSER: &str = "000abcd0-0000-4000-8000-000000000000";

/// A data directory of version 0.1.0. Its file still contains a report that was dropped.
async fn directory_of_first_version() -> Arc<TempDir> {
    let directory = Arc::new(tempfile::tempdir().unwrap());
    let path = directory.path().join("collector.sqlite");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut database = options.journal_mode(SqliteJournalMode::Wal).connect().await.unwrap();
    sqlx::raw_sql(FIRST_VERSION).execute(&mut database).await.unwrap();
    let dropped = "INSERT INTO report VALUES (9, 'dropped', 'x', 1, 1, 0);
        INSERT INTO counts VALUES (9, 'canary of a report that was dropped'); DELETE FROM counts WHERE seq = 9;
        DELETE FROM report WHERE seq = 9";
    sqlx::raw_sql(dropped).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let bytes = files_in(directory.path());
    assert!(holds(&bytes, "canary of a report that was dropped") && holds(&bytes, FIRST_BROWSER));
    directory
}

/// Asserts that everything from a collector of the first version is there, except content that it had
/// dropped.
async fn assert_taken_over(running: &RunningCollector) {
    let bytes = running.files();
    assert!(!holds(&bytes, "canary of a report that was dropped"));
    assert!(!holds(&bytes, FIRST_BROWSER));
    assert_eq!(running.ids("").await.len(), 4);
    let mut decoder = TypedReportDecoder::new().unwrap();
    let typed = running.typed_reports().await;
    let users: Vec<_> = typed.iter().map(|typed| decoder.decode(typed).unwrap().browsers).collect();
    assert_eq!(users, [3, 3, 3, 0]);
    let fleet = running.fleet().await;
    assert_eq!((&fleet["total"], &fleet["instances"][1]["reports"]), (&json!(2), &json!(3)));
    assert_eq!((&fleet["clock"], &fleet["overlaps"]), (&Value::Null, &json!(0)));
    let whole = &running.get("/api/fleet/trust").await.json()["since_beginning"];
    assert_eq!((&whole["received"], &whole["kept"]), (&json!(4), &json!(4)));
    let mut database = running.intruder().await;
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('old_counts', 'untyped_counts')";
    assert_eq!(sqlx::query_scalar::<_, i64>(tables).fetch_one(&mut database).await.unwrap(), 0);
    assert!(!running.directory.path().join("collector.sqlite.new").exists());
}

#[tokio::test]
async fn a_database_of_the_first_version_is_taken_over() {
    let running = RunningCollector::start_on(directory_of_first_version().await).await;
    assert_taken_over(&running).await;
    let (first, id) = ("0195c1f0-7b1a-7c3e-8f00-000000000000", "of-another-installation");
    let sent = running.get(&format!("/api/reports/{first}")).await.text().to_owned();
    let changed = sent.replace("0.1.0", "0.1.1");
    assert_ne!(sent, changed);
    running.report(first, sent.clone(), "duplicate").await;
    for other in [changed.clone(), running.get(&format!("/api/reports/{id}")).await.text().to_owned()] {
        let answer = running.post(&[("idempotency-key", first)], other).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    // Without the bytes the size is compared: a report that may be the same is not refused.
    assert_eq!(running.prune_after(31).await, (4, 0));
    running.report(first, sent, "duplicate").await;
    let answer = running.post(&[("idempotency-key", first)], changed + " ").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    running.report("new", DOCUMENTED, "stored").await;
    let running = running.restart().await;
    assert_eq!(running.ids("?after=4").await, ["new"]);
    assert_eq!(running.prune_after(401).await.1, 5);
}

#[tokio::test]
async fn taking_over_that_was_interrupted_goes_on_at_the_next_start() {
    // A copy was begun.
    let directory = directory_of_first_version().await;
    fs::write(directory.path().join("collector.sqlite.new"), "half of a copy").unwrap();
    assert_taken_over(&RunningCollector::start_on(directory).await).await;

    // The tables were changed, and some of the rows.
    let directory = directory_of_first_version().await;
    let running = RunningCollector::start_on(Arc::clone(&directory)).await;
    let half = "CREATE TABLE old_counts (seq INTEGER PRIMARY KEY, payload TEXT NOT NULL) STRICT;
        CREATE TABLE untyped_counts (seq INTEGER PRIMARY KEY, zstd BLOB NOT NULL) STRICT;
        DELETE FROM typed WHERE seq <> 2";
    sqlx::raw_sql(half).execute(&mut running.intruder().await).await.unwrap();
    let counts = |users: Value| json!({"instance": {"uuid": INSTANCE}, "ux": {"users": users}}).to_string();
    for (seq, users) in [(3, json!(vec![FIRST_BROWSER; 3])), (4, json!([]))] {
        let insert = sqlx::query("INSERT INTO old_counts VALUES (?, ?)").bind(seq).bind(counts(users));
        insert.execute(&mut running.intruder().await).await.unwrap();
    }
    // As version 0.2.0 kept them.
    let packed = zstd::encode_all(counts(json!(3)).as_bytes(), 3).unwrap();
    let insert = sqlx::query("INSERT INTO untyped_counts VALUES (1, ?)").bind(packed);
    insert.execute(&mut running.intruder().await).await.unwrap();
    let running = running.restart().await;
    assert_taken_over(&running).await;
}

/// The secret of an installation in tests, and the commitment to it.
fn secret_of(instance: &str, byte: u8) -> (String, String) {
    let secret = InstanceSecret::new([byte; 32]);
    let commitment = DeletionCommitment::new(instance.parse().unwrap(), &secret);
    (secret.expose(), commitment.to_string())
}

impl RunningCollector {
    /// Sends a report with a commitment. Returns the status of the answer.
    async fn committed(&self, id: &str, body: &str, commitment: &str) -> StatusCode {
        let headers = [("idempotency-key", id), ("deletion-commitment", commitment)];
        self.post(&headers, body.to_owned()).await.status
    }

    async fn ask_for_deletion(&self, instance: &str, secret: &str) -> ReceivedAnswer {
        let body = json!({ "instance": instance, "secret": secret }).to_string();
        self.send(Request::post("/ce/usage-statistics/deletion").body(body.into()).unwrap()).await
    }

    async fn delete_as_operator(&self, instance: &str) -> ReceivedAnswer {
        let address = format!("/api/instances/{instance}");
        self.send(Request::delete(address).body(Body::empty()).unwrap()).await
    }
}

/// Checks the signature of a receipt with a published key.
async fn assert_signed(running: &RunningCollector, receipt: &DeletionReceipt) {
    let keys = running.get("/ce/keys").await.json();
    assert_eq!(keys["current"], json!({"algorithm": "ed25519", "key": receipt.key}));
    let [key, signature] = [&receipt.key, &receipt.signature].map(|digits| hex::decode(digits).unwrap());
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, key);
    key.verify(receipt.signed_text().as_bytes(), &signature).unwrap();
    let other = DeletionReceipt { reports: receipt.reports + 1, ..receipt.clone() };
    assert!(key.verify(other.signed_text().as_bytes(), &signature).is_err());
}

#[tokio::test]
async fn an_installation_deletes_what_it_sent_with_its_secret_and_nobody_else_does() {
    let running = RunningCollector::start().await;
    let (secret, commitment) = secret_of(INSTANCE, 7);
    running.report("other", report_of(OTHER_INSTANCE), "stored").await;
    for id in ["a", "b"] {
        assert_eq!(running.committed(id, DOCUMENTED, &commitment).await, StatusCode::OK);
    }
    running.clock.turn_to(START + DAY);
    assert_eq!(running.committed("c", DOCUMENTED, &commitment).await, StatusCode::OK);

    let (wrong, _) = secret_of(INSTANCE, 8);
    let refused = running.ask_for_deletion(INSTANCE, &wrong).await;
    assert_eq!((refused.status, refused.detail().contains(&wrong)), (StatusCode::FORBIDDEN, false));
    // An installation without a commitment, and one that is not known.
    for instance in [OTHER_INSTANCE, "00000000-0000-4000-8000-000000000001"] {
        let unknown = running.ask_for_deletion(instance, &secret).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
        unknown.detail();
    }
    assert_eq!(running.ids("").await.len(), 4);

    let answer = running.ask_for_deletion(INSTANCE, &secret).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let receipt: DeletionReceipt = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(receipt.instance_sha256, instance_sha256(INSTANCE.parse().unwrap()));
    assert_eq!((receipt.reports, receipt.raw_reports, receipt.days), (3, 3, 2));
    let hour = (START + DAY) / 3600 * 3600;
    assert_eq!((receipt.hour, receipt.tombstone_until), (hour, hour + 60 * DAY));
    assert_signed(&running, &receipt).await;

    assert_eq!(running.ids("").await, ["other"]);
    assert_eq!(running.get("/api/reports/a").await.status, StatusCode::NOT_FOUND);
    assert_eq!(running.fleet().await["total"], 1);
    // A report that comes late, known or new, with the secret or without, also after a restart.
    let running = running.restart_at(START + DAY).await;
    for (id, commitment) in [("a", commitment.as_str()), ("late", &commitment), ("late", &secret)] {
        assert_eq!(running.committed(id, DOCUMENTED, commitment).await, StatusCode::GONE);
    }
    let again = running.ask_for_deletion(INSTANCE, &secret).await;
    assert_eq!((again.status, again.body), (StatusCode::OK, answer.body));
    assert_eq!(running.ask_for_deletion(INSTANCE, &wrong).await.status, StatusCode::FORBIDDEN);
    assert_eq!(running.delete_as_operator(INSTANCE).await.status, StatusCode::OK);
}

#[tokio::test]
async fn after_its_time_a_tombstone_is_dropped() {
    let running = RunningCollector::start().await;
    let (secret, commitment) = secret_of(INSTANCE, 7);
    running.committed("a", DOCUMENTED, &commitment).await;
    running.ask_for_deletion(INSTANCE, &secret).await;
    running.prune_after(59).await;
    assert_eq!(running.committed("b", DOCUMENTED, &commitment).await, StatusCode::GONE);
    running.prune_after(61).await;
    assert_eq!(running.ask_for_deletion(INSTANCE, &secret).await.status, StatusCode::NOT_FOUND);
    assert_eq!(running.committed("b", DOCUMENTED, &commitment).await, StatusCode::OK);
}

#[tokio::test]
async fn the_first_commitment_counts_and_another_one_is_counted_as_a_clone() {
    let running = RunningCollector::start().await;
    let ((secret, first), (other_secret, other)) = (secret_of(INSTANCE, 1), secret_of(INSTANCE, 2));
    running.report("before", DOCUMENTED, "stored").await;
    for (id, commitment, clones) in [("a", &first, 0), ("b", &other, 1), ("c", &first, 1), ("b", &other, 1)] {
        assert_eq!(running.committed(id, DOCUMENTED, commitment).await, StatusCode::OK);
        assert_eq!(running.fleet().await["clones"], clones, "{id}");
    }
    assert_eq!(running.ask_for_deletion(INSTANCE, &other_secret).await.status, StatusCode::FORBIDDEN);
    let receipt = running.ask_for_deletion(INSTANCE, &secret).await.json();
    assert_eq!(receipt["reports"], 4, "also what came before the commitment, and what the clone sent");
}

#[tokio::test]
async fn the_operator_deletes_by_uuid() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    assert_eq!(running.delete_as_operator("not-a-uuid").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(running.delete_as_operator(OTHER_INSTANCE).await.status, StatusCode::NOT_FOUND);
    let answer = running.delete_as_operator(INSTANCE).await;
    let receipt: DeletionReceipt = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, receipt.reports), (StatusCode::OK, 1));
    assert_signed(&running, &receipt).await;
    assert!(running.ids("").await.is_empty());
    assert_eq!(running.post(&[], DOCUMENTED).await.status, StatusCode::GONE);
    let (secret, _) = secret_of(INSTANCE, 1);
    assert_eq!(running.ask_for_deletion(INSTANCE, &secret).await.status, StatusCode::NOT_FOUND);
    assert_eq!(running.delete_as_operator(INSTANCE).await.body, answer.body);
}

#[tokio::test]
async fn a_request_for_deletion_is_small_and_has_two_members() {
    let running = RunningCollector::start().await;
    let (secret, commitment) = secret_of(INSTANCE, 7);
    running.committed("a", DOCUMENTED, &commitment).await;
    let padded = format!(r#"{{"instance":"{INSTANCE}","secret":"{secret}"{}}}"#, " ".repeat(1024));
    for (body, status) in [
        (String::new(), StatusCode::BAD_REQUEST),
        ("[]".to_owned(), StatusCode::BAD_REQUEST),
        (json!({"instance": INSTANCE}).to_string(), StatusCode::BAD_REQUEST),
        (json!({"instance": "x", "secret": secret}).to_string(), StatusCode::BAD_REQUEST),
        (json!({"instance": INSTANCE, "secret": secret.get(2..)}).to_string(), StatusCode::BAD_REQUEST),
        (json!({"instance": INSTANCE, "secret": secret, "more": 1}).to_string(), StatusCode::BAD_REQUEST),
        (padded, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let request = Request::post("/ce/usage-statistics/deletion").body(body.clone().into()).unwrap();
        let answer = running.send(request).await;
        assert_eq!(answer.status, status, "{body}");
        assert!(!answer.detail().contains(&secret), "{body}");
    }
    assert_eq!(running.ids("").await, ["a"]);
}

/// Every way in which a UUID may be in a file: as text in either case, without dashes, and as bytes.
fn forms_of(uuid: &str) -> Vec<Vec<u8>> {
    let parsed: Uuid = uuid.parse().unwrap();
    let simple = parsed.simple().to_string();
    vec![
        uuid.as_bytes().to_vec(),
        uuid.to_uppercase().into_bytes(),
        simple.clone().into_bytes(),
        simple.to_uppercase().into_bytes(),
        parsed.as_bytes().to_vec(),
        parsed.to_bytes_le().to_vec(),
    ]
}

#[tokio::test]
async fn nothing_of_a_deleted_installation_is_in_any_file() {
    let running = RunningCollector::start().await;
    let (secret, commitment) = secret_of(INSTANCE, 7);
    let browsers: Vec<String> = (0..50).map(|_| Uuid::new_v4().to_string()).collect();
    let report = documented_with(&[("/ux/users", json!(browsers))]);
    let ids: Vec<String> = (0..150).map(|number| format!("report-{number:0>3}-of-the-deleted")).collect();
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(running.committed(id, &report, &commitment).await, StatusCode::OK);
        running.report(&format!("kept-{number}"), report_of(OTHER_INSTANCE), "stored").await;
    }
    let files = running.files();
    let has = |files: &[u8], form: &[u8]| files.windows(form.len()).any(|window| window == form);
    assert!(has(&files, INSTANCE.as_bytes()) && has(&files, ids[0].as_bytes()));
    assert!(readable_reports(&files, &browsers[0]) >= 150, "the log may have copies");

    assert_eq!(running.ask_for_deletion(INSTANCE, &secret).await.status, StatusCode::OK);
    // While it runs, and after it was stopped.
    let while_it_runs = running.files();
    let directory = running.stop().await;
    for files in [while_it_runs, files_in(directory.path())] {
        for form in forms_of(INSTANCE).into_iter().chain(forms_of(&browsers[7])) {
            assert!(!has(&files, &form), "{form:?}");
        }
        for text in ["-of-the-deleted", &secret, &commitment] {
            assert!(!has(&files, text.as_bytes()), "{text}");
        }
        assert!(!has(&files, &hex::decode(&commitment).unwrap()));
        assert_eq!(readable_reports(&files, &browsers[0]), 0);
        assert!(has(&files, OTHER_INSTANCE.as_bytes()) && has(&files, b"kept-149"));
    }
}

/// The number of compressed reports in some bytes that have a text.
fn readable_reports(bytes: &[u8], text: &str) -> usize {
    const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let starts = (0..bytes.len().saturating_sub(4)).filter(|start| bytes[*start..].starts_with(&FRAME));
    let read = |start: usize| {
        let mut read = Vec::new();
        // What follows the frame is no frame, and ends the reading with an error.
        std::io::copy(&mut zstd::Decoder::new(&bytes[start..]).unwrap().single_frame(), &mut read).ok();
        read
    };
    starts.filter(|start| holds(&read(*start), text)).count()
}

#[tokio::test]
async fn a_deletion_that_was_interrupted_goes_on_at_the_next_start() {
    let running = RunningCollector::start().await;
    let (secret, commitment) = secret_of(INSTANCE, 7);
    for id in ["a", "b"] {
        running.committed(id, DOCUMENTED, &commitment).await;
    }
    let receipt = running.ask_for_deletion(INSTANCE, &secret).await.body;
    // As a crash right after the tombstone leaves it.
    let directory = running.stop().await;
    let path = directory.path().join("collector.sqlite");
    let mut intruder = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "UPDATE tombstone SET unfinished = '{INSTANCE}';
        INSERT INTO report (id, instance, received_at, bytes, set_aside) VALUES ('a', '{INSTANCE}', 1, 1, 0);
        INSERT INTO instance VALUES ('{INSTANCE}', '', '', 1, 1, 1, 1, 1, 1, 1, 'a', 0, NULL);"
    )))
    .execute(&mut intruder)
    .await
    .unwrap();
    intruder.close().await.unwrap();
    let running = RunningCollector::start_on(directory).await;
    assert_eq!(running.committed("c", DOCUMENTED, &commitment).await, StatusCode::GONE);
    let again = running.ask_for_deletion(INSTANCE, &secret).await;
    assert_eq!((again.status, again.body), (StatusCode::OK, receipt));
    assert!(running.ids("").await.is_empty());
    assert_eq!(running.fleet().await["total"], 0);
    assert!(!holds(&running.files(), INSTANCE));
}

#[tokio::test]
async fn while_another_program_reads_the_log_a_deletion_is_under_way() {
    let running = RunningCollector::start().await;
    let (secret, commitment) = secret_of(INSTANCE, 7);
    running.committed("a", DOCUMENTED, &commitment).await;
    let mut backup = running.intruder().await;
    sqlx::raw_sql("BEGIN; SELECT * FROM report;").execute(&mut backup).await.unwrap();
    let pending = running.ask_for_deletion(INSTANCE, &secret).await;
    assert_eq!((pending.status, pending.header("retry-after")), (StatusCode::ACCEPTED, "2"));
    backup.close().await.unwrap();
    let done = running.ask_for_deletion(INSTANCE, &secret).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert!(!holds(&running.files(), INSTANCE));
}

#[tokio::test]
async fn a_data_directory_is_not_used_with_other_keys_and_one_without_keys_gets_them() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    let directory = running.stop().await;
    let keys = directory.path().join("keys");
    let kept = fs::read(&keys).unwrap();
    for other in [None, Some(CollectorKeys::random())] {
        fs::remove_file(&keys).unwrap();
        if let Some(other) = other {
            other.create(&keys).unwrap();
        }
        let refused = refusal_to_open(directory.path()).await;
        assert!(refused.contains("was used with other keys"), "{refused}");
        fs::write(&keys, &kept).unwrap();
    }
    fs::write(&keys, "no keys").unwrap();
    let refused = refusal_to_open(directory.path()).await;
    assert!(refused.contains("keys cannot be used: the key file does not have the lines"), "{refused}");
    fs::remove_file(&keys).unwrap();
    // As a version without keys leaves it.
    let path = directory.path().join("collector.sqlite");
    let mut intruder = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    sqlx::raw_sql("DELETE FROM key_fingerprint").execute(&mut intruder).await.unwrap();
    intruder.close().await.unwrap();
    let running = RunningCollector::start_on(directory).await;
    assert_eq!(running.ids("").await, ["a"]);
    assert_ne!(fs::read(&keys).unwrap(), kept);
    let running = running.restart().await;
    assert_eq!(running.ids("").await, ["a"]);
}

/// The files with raw copies, the oldest first.
fn segments_in(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.join("raw")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn raw_copies_are_in_files_by_day_that_only_the_owner_reads() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    running.report("b", report_of(OTHER_INSTANCE), "stored").await;
    running.clock.turn_to(START + DAY);
    running.report("c", DOCUMENTED, "stored").await;
    let files = segments_in(running.directory.path());
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["2023-11-14-000001.segment", "2023-11-15-000002.segment"]);
    for file in &files {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The first one is dropped with the reports of its day.
    assert_eq!(running.prune_after(30).await, (0, 0));
    assert_eq!(running.prune_after(31).await, (2, 0));
    assert_eq!(segments_in(running.directory.path()), files[1..]);
    assert_eq!(running.get("/api/reports/c").await.text(), DOCUMENTED);
}

#[tokio::test]
async fn what_a_crash_left_in_the_files_is_removed_at_the_next_start() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    let directory = running.stop().await;
    let file = segments_in(directory.path()).remove(0);
    let stored = fs::read(&file).unwrap();
    // A group was written and not committed, and a file was made for the next one.
    fs::write(&file, [stored.as_slice(), b"canary of no report"].concat()).unwrap();
    let next = file.with_file_name("2023-11-14-000007.segment");
    fs::write(&next, "canary of no report").unwrap();
    let running = RunningCollector::start_on(directory).await;
    assert_eq!(fs::read(&file).unwrap(), stored);
    assert!(!holds(&running.files(), "canary of no report"));
    assert_eq!(running.get("/api/reports/a").await.text(), DOCUMENTED);
    running.report("b", DOCUMENTED, "stored").await;
    assert_eq!(segments_in(running.directory.path()).len(), 2);
    for id in ["a", "b"] {
        assert_eq!(running.get(&format!("/api/reports/{id}")).await.text(), DOCUMENTED);
    }
}

#[tokio::test]
async fn a_flipped_bit_damages_one_raw_copy_and_no_other() {
    let running = RunningCollector::start().await;
    for id in ["a", "b", "c"] {
        running.report(id, DOCUMENTED, "stored").await;
    }
    let file = segments_in(running.directory.path()).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let damaged = running.get("/api/reports/b").await;
    assert_eq!(damaged.status, StatusCode::GONE);
    assert!(damaged.detail().starts_with("the copy of the report as it was sent is damaged"));
    for id in ["a", "c"] {
        assert_eq!(running.get(&format!("/api/reports/{id}")).await.text(), DOCUMENTED);
    }
    running.report("b", DOCUMENTED, "duplicate").await;
    // A file that lost its end has lost the reports in it.
    fs::write(&file, &bytes[..middle - 1]).unwrap();
    let running = running.restart().await;
    let answers = ["a", "b", "c"].map(|id| format!("/api/reports/{id}"));
    let mut statuses = Vec::new();
    for path in answers {
        statuses.push(running.get(&path).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 410, 410]);
}

#[tokio::test]
async fn raw_copies_whose_file_is_missing_are_dropped_ones() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    running.clock.turn_to(START + DAY);
    running.report("b", DOCUMENTED, "stored").await;
    fs::remove_file(&segments_in(running.directory.path())[0]).unwrap();
    for restarted in [false, true] {
        let gone = running.get("/api/reports/a").await;
        assert_eq!(gone.status, StatusCode::GONE, "{restarted}");
        assert!(gone.detail().starts_with("the report was dropped"), "{}", gone.detail());
        assert_eq!(running.get("/api/reports/b").await.text(), DOCUMENTED);
        running.report("a", DOCUMENTED, "duplicate").await;
    }
    let running = running.restart_at(START + DAY).await;
    assert_eq!(running.get("/api/reports/a").await.status, StatusCode::GONE);
    let rows = "SELECT (SELECT count(*) FROM raw_place), (SELECT count(*) FROM raw_segment)";
    let rows: (i64, i64) = sqlx::query_as(rows).fetch_one(&mut running.intruder().await).await.unwrap();
    assert_eq!(rows, (1, 1));
}

#[tokio::test]
async fn a_group_that_was_not_committed_leaves_no_bytes_behind() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    let file = segments_in(running.directory.path()).remove(0);
    let before = fs::metadata(&file).unwrap().len();
    let fail = "CREATE TRIGGER full BEFORE INSERT ON raw_place BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    sqlx::query(fail).execute(&mut running.intruder().await).await.unwrap();
    for _ in 0..3 {
        let answer = running.post(&[("idempotency-key", "b")], random_report(100_000)).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    sqlx::query("DROP TRIGGER full").execute(&mut running.intruder().await).await.unwrap();
    running.report("b", DOCUMENTED, "stored").await;
    assert_eq!(fs::metadata(&file).unwrap().len(), 2 * before);
    assert_eq!(segments_in(running.directory.path()), [file]);
    for id in ["a", "b"] {
        assert_eq!(running.get(&format!("/api/reports/{id}")).await.text(), DOCUMENTED);
    }
}

#[tokio::test]
async fn what_is_kept_for_short_is_dropped_soon_after() {
    let directory = Arc::new(tempfile::tempdir().unwrap());
    let retention = RetentionPolicy::new(Duration::from_secs(64), Duration::from_secs(64));
    let config = CollectorConfig { retention, ..config(directory.path()) };
    let running = RunningCollector::start_by(config, directory, START).await;
    for second in 0..100 {
        running.clock.turn_to(START + second);
        running.report(&second.to_string(), report_of(INSTANCE), "stored").await;
        running.collector.prune_now().await.unwrap();
    }
    let kept = async |id: u64| running.get(&format!("/api/reports/{id}")).await.status.as_u16();
    assert_eq!((kept(34).await, kept(35).await, kept(99).await), (404, 200, 200));
    let files = segments_in(running.directory.path()).len();
    assert!((10..=20).contains(&files), "{files} files");
    // The copies of dropped reports are erased although their file is still there.
    let mut zeros = 0;
    for file in segments_in(running.directory.path()) {
        zeros += fs::read(file).unwrap().iter().filter(|byte| **byte == 0).count();
    }
    assert!(zeros > 0);
}

/// Moves raw copies back into the table of earlier versions, while no collector runs.
async fn unplace_raw(running: &RunningCollector, reports: &[(i64, &str)]) {
    let mut database = running.intruder().await;
    let table =
        "CREATE TABLE unplaced_raw (seq INTEGER PRIMARY KEY REFERENCES report (seq) ON DELETE CASCADE,
        received_at INTEGER NOT NULL, zstd BLOB NOT NULL) STRICT";
    sqlx::query(table).execute(&mut database).await.unwrap();
    for (seq, report) in reports {
        let insert = "INSERT INTO unplaced_raw SELECT seq, received_at, ? FROM report WHERE seq = ?";
        let raw = zstd::bulk::compress(report.as_bytes(), 3).unwrap();
        sqlx::query(insert).bind(raw).bind(seq).execute(&mut database).await.unwrap();
        sqlx::query("DELETE FROM raw_place WHERE seq = ?").bind(seq).execute(&mut database).await.unwrap();
    }
}

#[tokio::test]
async fn raw_copies_of_earlier_versions_are_moved_to_files_and_the_database_shrinks() {
    let most = 64 << 20;
    let running =
        RunningCollector::start_with(Arc::new(tempfile::tempdir().unwrap()), START, Some(most)).await;
    let mut reports = Vec::new();
    for number in 0..100 {
        running.clock.turn_to(START + number / 40 * DAY);
        let report = random_report(100_000);
        running.report(&number.to_string(), report.clone(), "stored").await;
        reports.push(report);
    }
    let old: Vec<_> =
        reports.iter().enumerate().map(|(at, report)| (at as i64 + 1, report.as_str())).collect();
    // The last ten were moved before an interruption.
    unplace_raw(&running, &old[..90]).await;
    let directory = running.stop().await;
    let database = directory.path().join("collector.sqlite");
    assert!(fs::metadata(&database).unwrap().len() > 6 << 20);
    let running = RunningCollector::start_with(directory, START + 3 * DAY, Some(most)).await;
    assert!(fs::metadata(&database).unwrap().len() < 2 << 20);
    for (number, report) in reports.iter().enumerate() {
        assert_eq!(running.get(&format!("/api/reports/{number}")).await.text(), report, "{number}");
    }
    let most_of_one = most / 16;
    for file in segments_in(running.directory.path()) {
        assert!(fs::metadata(&file).unwrap().len() <= most_of_one, "{}", file.display());
    }
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'unplaced_raw'";
    assert_eq!(
        sqlx::query_scalar::<_, i64>(tables).fetch_one(&mut running.intruder().await).await.unwrap(),
        0
    );
}

#[tokio::test]
async fn on_a_disk_that_is_nearly_full_only_counts_are_stored() {
    let directory = Arc::new(tempfile::tempdir().unwrap());
    let free_space = Arc::new(SetFreeSpace::default());
    let config =
        CollectorConfig { free_space: Arc::<SetFreeSpace>::clone(&free_space), ..config(directory.path()) };
    let running = RunningCollector::start_by(config, directory, START).await;
    for (id, used, status) in [
        ("half", 50, StatusCode::OK),
        ("ten-percent", 90, StatusCode::OK),
        ("less", 91, StatusCode::GONE),
        ("ten-percent-again", 90, StatusCode::GONE),
        ("more", 89, StatusCode::OK),
    ] {
        free_space.used.store(used, Ordering::Relaxed);
        running.report(id, DOCUMENTED, "stored").await;
        assert_eq!(running.get(&format!("/api/reports/{id}")).await.status, status, "{id}");
    }
    assert_eq!(running.fleet().await["instances"][0]["reports"], 5);
}

/// Copies the data directory of a collector into another directory.
async fn back_up_to(running: &RunningCollector, to: &Path, secrets: BackupSecrets) -> Result<u64, String> {
    let plan = BackupPlan { data_dir: running.directory.path().to_owned(), to: to.to_owned(), secrets };
    back_up(&plan).await.map(|copied| copied.reports).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_back_up_during_intake_has_every_report_up_to_a_moment() {
    const REPORTS: u64 = 100;
    let running = Arc::new(RunningCollector::start().await);
    let report = |number: u64| documented_with(&[("/infra/nodes", json!(number))]);
    let sent = Arc::new(AtomicU64::new(0));
    let sending = tokio::spawn({
        let (running, sent) = (Arc::clone(&running), Arc::clone(&sent));
        async move {
            for number in 0..REPORTS {
                running.report(&number.to_string(), report(number), "stored").await;
                sent.store(number + 1, Ordering::SeqCst);
            }
        }
    });
    let mut backups = Vec::new();
    while !sending.is_finished() {
        let into = tempfile::tempdir().unwrap();
        let stored_before = sent.load(Ordering::SeqCst);
        let copied = back_up_to(&running, &into.path().join("copy"), BackupSecrets::LeftOut).await.unwrap();
        assert!(copied >= stored_before, "{copied} of {stored_before}");
        assert_eq!(fs::read_dir(into.path()).unwrap().count(), 1, "nothing unfinished is left");
        backups.push((into, copied));
    }
    sending.await.unwrap();
    // Restoring every one of them would take long.
    for (into, copied) in backups.into_iter().step_by(3) {
        let copy = into.path().join("copy");
        let restored = Arc::new(tempfile::tempdir().unwrap());
        fs::remove_dir(restored.path()).unwrap();
        fs::rename(&copy, restored.path()).unwrap();
        // The keys are not in the copy.
        fs::copy(running.directory.path().join("keys"), restored.path().join("keys")).unwrap();
        let restored = RunningCollector::start_on(restored).await;
        assert_eq!(restored.ids("?limit=1000").await.len() as u64, copied);
        for number in 0..REPORTS {
            let id = number.to_string();
            let is_copied = number < copied;
            if is_copied {
                assert_eq!(restored.get(&format!("/api/reports/{id}")).await.text(), report(number));
            }
            restored.report(&id, report(number), if is_copied { "duplicate" } else { "stored" }).await;
        }
    }
}

#[tokio::test]
async fn a_back_up_has_secrets_only_when_they_are_asked_for_and_replaces_nothing() {
    let running = RunningCollector::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    let into = tempfile::tempdir().unwrap();
    let names = |directory: &str| {
        let entries = fs::read_dir(into.path().join(directory)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<BTreeSet<_>>()
    };
    fs::write(running.directory.path().join("admin-token"), "canary of a token").unwrap();
    let back_up_as = async |name: &str, secrets| back_up_to(&running, &into.path().join(name), secrets).await;
    assert_eq!(back_up_as("without", BackupSecrets::LeftOut).await, Ok(1));
    assert_eq!(names("without"), BTreeSet::from(["collector.sqlite", "raw"].map(str::to_owned)));
    // The first start on it does not rewrite it.
    let copy = into.path().join("without/collector.sqlite");
    let mut copy = SqliteConnectOptions::new().filename(copy).immutable(true).connect().await.unwrap();
    assert_ne!(sqlx::query_scalar::<_, i64>("PRAGMA auto_vacuum").fetch_one(&mut copy).await.unwrap(), 0);
    drop(copy);
    assert!(!holds(&files_in(into.path()), "canary of a token"));

    let elsewhere = into.path().join("elsewhere");
    fs::write(&elsewhere, "keys").unwrap();
    assert_eq!(back_up_as("with", BackupSecrets::Included { keys: Some(elsewhere) }).await, Ok(1));
    let all = ["admin-token", "collector.sqlite", "keys", "raw"].map(str::to_owned);
    assert_eq!(names("with"), BTreeSet::from(all));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let copy = into.path().join("with");
    for name in ["", "raw"] {
        assert_eq!(mode(&copy.join(name)), 0o700, "{name}");
    }
    for path in ["admin-token", "collector.sqlite", "keys"].map(|name| copy.join(name)) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert_eq!(mode(&segments_in(&copy)[0]), 0o600);

    let said = back_up_as("with", BackupSecrets::LeftOut).await.unwrap_err();
    assert_eq!(said, format!("{} exists; a back-up goes to a new directory", copy.display()));
    let missing = BackupSecrets::Included { keys: Some(into.path().join("missing")) };
    assert!(back_up_as("none", missing).await.is_err());
    assert_eq!(fs::read_dir(into.path()).unwrap().count(), 3, "what failed is removed");
    let nowhere =
        BackupPlan { data_dir: copy.join("raw"), to: into.path().join("x"), secrets: BackupSecrets::LeftOut };
    let said = back_up(&nowhere).await.unwrap_err().to_string();
    assert_eq!(
        said,
        format!("there is no collector in {}: it has no collector.sqlite", copy.join("raw").display())
    );
}

#[tokio::test]
async fn the_access_log_has_sign_ins_and_confirmed_clocks_and_nothing_else() {
    let running = RunningCollector::start().await;
    let token = "token-of-the-administrator";
    let access = AccessConfig {
        interface: SessionProgram::Collector,
        admin_token: Some(token.parse().unwrap()),
        metrics_token: None,
        analyst_token: None,
        viewer_token: None,
        base_path: BasePath::root(),
        public_url: None,
    };
    let access = AccessControl::new(access, Arc::new(SystemClock::new()));
    let access = access.observed_by(Arc::new(running.collector.access_log().clone()));
    let router =
        router(&access, &running.collector, std::iter::empty().collect(), false, StaticFiles::default());
    let send =
        async |request: Request<Body>| router.clone().oneshot(request).await.unwrap().status().as_u16();
    let sign_in = |token: &str| Request::post("/sign-in").body(Body::from(format!("token={token}"))).unwrap();
    let bearer =
        |request: axum::http::request::Builder| request.header("authorization", format!("Bearer {token}"));
    assert_eq!(send(sign_in("not-the-token-at-all")).await, 401);
    assert_eq!(send(bearer(Request::get("/api/fleet")).body(Body::empty()).unwrap()).await, 200);
    assert!(!running.directory.path().join("access.log").exists());
    assert_eq!(send(sign_in(token)).await, 303);
    running.clock.turn_to(START + 60);
    assert_eq!(send(bearer(Request::post("/api/clock")).body(Body::empty()).unwrap()).await, 200);
    let log = fs::read_to_string(running.directory.path().join("access.log")).unwrap();
    let expected =
        "2023-11-14T22:13:20Z signed-in administrator\n2023-11-14T22:14:20Z clock-confirmed administrator\n";
    assert_eq!(log, expected);
}
