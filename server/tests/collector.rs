//! The collector as a sender and as an operator see it: over HTTP, on a real database.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::Path,
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
use headcount::{
    clock::Clock,
    collector::{Collector, CollectorConfig, OpenError},
    http::collector::routes,
};
use headcount_shared::limits::REPORT_BYTES;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tower::ServiceExt;

const DOCUMENTED: &str = include_str!("../../shared/tests/payload.json");
const INSTANCE: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";
const OTHER_INSTANCE: &str = "a1fcf3e2-6c1c-4e6e-a5f1-3b1d5a7d9c10";
const DAY: u64 = 24 * 60 * 60;
const START: u64 = 1_700_000_000;

/// A clock that stands still until it is turned.
#[derive(Debug)]
struct Turned(AtomicU64);

impl Turned {
    fn turn_to(&self, seconds: u64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for Turned {
    fn wall(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.wall()
    }
}

/// A collector on a data directory of its own.
struct Running {
    directory: Arc<TempDir>,
    clock: Arc<Turned>,
    collector: Collector,
    router: Router,
}

/// Headers of a request.
type Headers = &'static [(&'static str, &'static str)];

/// What came back.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    response: Response<()>,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn detail(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        problem["detail"].as_str().unwrap().to_owned()
    }
}

impl Running {
    async fn start() -> Self {
        Self::start_on(Arc::new(tempfile::tempdir().unwrap())).await
    }

    async fn start_on(directory: Arc<TempDir>) -> Self {
        let clock = Arc::new(Turned(AtomicU64::new(START)));
        let collector = open_with(directory.path(), Arc::clone(&clock)).await.unwrap();
        let routes = routes(&collector);
        Self { directory, clock, collector, router: routes.public.merge(routes.private) }
    }

    async fn restart(self) -> Self {
        let Self { directory, collector, .. } = self;
        collector.close().await;
        Self::start_on(directory).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, response: Response::from_parts(parts, ()), body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
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

async fn open_with(data_dir: &Path, clock: Arc<Turned>) -> Result<Collector, OpenError> {
    let config = CollectorConfig { data_dir: data_dir.to_owned(), retention: Duration::from_secs(400 * DAY) };
    Collector::open(&config, clock).await
}

async fn refusal_to_open(data_dir: &Path) -> String {
    open_with(data_dir, Arc::new(Turned(AtomicU64::new(START)))).await.unwrap_err().to_string()
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
    let running = Running::start().await;
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
    let running = Running::start().await;
    running.report("a", DOCUMENTED, "stored").await;
    running.report("a", DOCUMENTED, "duplicate").await;
    // The id decides, not the content: a sender that repeats an id means the report that it sent first.
    running.report("a", report_of(OTHER_INSTANCE), "duplicate").await;
    assert_eq!(running.get("/api/reports/a").await.text(), DOCUMENTED);
    let fleet = running.fleet().await;
    assert_eq!((&fleet["total"], &fleet["instances"][0]["reports"]), (&json!(1), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_at_once_with_one_id_one_is_stored() {
    let running = Arc::new(Running::start().await);
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
    let running = Running::start().await;
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
    let running = Running::start().await;
    let deep = "[".repeat(33) + &"]".repeat(33);
    let values = format!("[{}0]", "0,".repeat(100_000));
    let wide = vec![b' '; REPORT_BYTES + 1];
    let cut = gzip(DOCUMENTED.as_bytes())[..100].to_vec();
    let cases: [(Headers, Vec<u8>, u16, &str); 18] = [
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
        (&[], b"[]".into(), 422, "a report is a JSON object"),
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
    let running = Running::start().await;
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
    let running = Running::start().await;
    let mut report = DOCUMENTED.trim_end().to_owned();
    report += &" ".repeat(REPORT_BYTES - report.len());
    running.report("largest", report.clone(), "stored").await;
    assert_eq!(running.get("/api/reports/largest").await.body.len(), REPORT_BYTES);
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let running = Running::start().await;
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
    let running = Running::start().await;
    running.collector.clone().close().await;
    let answer = running.post(&[], DOCUMENTED).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "60");
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
    let running = Running::start().await;
    for id in 0..20 {
        running.report(&id.to_string(), DOCUMENTED, "stored").await;
    }
    let Running { directory, collector, .. } = running;
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
    let running = Running::start().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'later', TRUE, x'00', 0)";
    sqlx::query(newer).execute(&mut running.intruder().await).await.unwrap();
    let Running { directory, collector, .. } = running;
    collector.close().await;
    let said = refusal_to_open(directory.path()).await;
    assert!(said.ends_with("collector.sqlite was written by a newer version of this program"), "{said}");
}

#[tokio::test]
async fn a_second_collector_on_a_data_directory_is_refused() {
    let running = Running::start().await;
    let said = refusal_to_open(running.directory.path()).await;
    let directory = running.directory.path().display();
    assert_eq!(said, format!("the data directory {directory} is in use by another process"));
    running.restart().await;
}

#[tokio::test]
async fn a_bad_field_costs_nothing_but_itself() {
    let running = Running::start().await;
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
    let running = Running::start().await;
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

    let mut database = running.intruder().await;
    let counts: String =
        sqlx::query_scalar("SELECT payload FROM counts").fetch_one(&mut database).await.unwrap();
    let counts: Value = serde_json::from_str(&counts).unwrap();
    assert_eq!(counts["stack"]["instrumented_service"], json!(["postgres", "redis"]));
    assert_eq!(counts.get("profile"), None);
}

#[tokio::test]
async fn the_listing_goes_from_page_to_page() {
    let running = Running::start().await;
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
    let running = Running::start().await;
    running.report("old", DOCUMENTED, "stored").await;
    running.clock.turn_to(START + 20 * DAY);
    running.report("new", report_of(OTHER_INSTANCE), "stored").await;

    let prune = async |days| running.collector.prune(Duration::from_secs(START + days * DAY)).await.unwrap();
    let pruned = prune(31).await;
    assert_eq!((pruned.raw, pruned.reports), (1, 0));
    let gone = running.get("/api/reports/old").await;
    assert_eq!(gone.status, StatusCode::GONE);
    assert_eq!(gone.detail(), "the report was dropped after its time; its counts are still stored");
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
    let running = Running::start().await;
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
    let running = Running::start().await;
    for (id, time) in [("1", START), ("2", START - 10 * DAY), ("3", 0), ("4", START)] {
        running.clock.turn_to(time);
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
    let running = Running::start().await;
    let mut database = running.intruder().await;
    let full = "CREATE TRIGGER full BEFORE INSERT ON raw BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    sqlx::query(full).execute(&mut database).await.unwrap();
    for _ in 0..2 {
        let answer = running.post(&[("idempotency-key", "a")], DOCUMENTED).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("retry-after"), "60");
        assert_eq!(answer.detail(), "the report cannot be stored now; send it again later");
    }
    assert_eq!(running.fleet().await["total"], 0);
    assert_eq!(running.get("/health").await.status, StatusCode::OK);

    sqlx::query("DROP TRIGGER full").execute(&mut database).await.unwrap();
    running.report("a", DOCUMENTED, "stored").await;
}

#[tokio::test]
async fn while_another_program_holds_the_database_nothing_is_acknowledged() {
    let running = Running::start().await;
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
    let running = Running::start().await;
    let headers = [
        ("idempotency-key", "a"),
        ("user-agent", "agent-of-the-sender"),
        ("x-forwarded-for", "203.0.113.77"),
        ("forwarded", "for=203.0.113.77"),
        ("authorization", "Bearer secret-of-the-sender"),
        ("referer", "https://sender.example/"),
    ];
    assert_eq!(running.post(&headers, DOCUMENTED).await.status, StatusCode::OK);
    let Running { directory, collector, .. } = running;
    collector.close().await;
    for file in fs::read_dir(directory.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        for secret in ["agent-of-the-sender", "203.0.113.77", "secret-of-the-sender", "sender.example"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }
}

#[tokio::test]
async fn the_page_lists_installations_under_a_strict_policy() {
    let running = Running::start().await;
    let empty = running.get("/").await;
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

    let page = running.get("/").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    let text = page.text();
    for shown in
        [INSTANCE, OTHER_INSTANCE, "2 days ago", "href=\"api/reports/first\"", "1 value set aside so far"]
    {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    for never in [evil, "<script", "style=", "onerror=alert(1)>"] {
        assert!(!text.contains(never), "{never} in {text}");
    }
    assert!(text.find(OTHER_INSTANCE) < text.find(INSTANCE), "the one heard from last is first");

    let style = running.get("/style.css").await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.text().contains("prefers-color-scheme: dark"));
    assert_eq!(running.get("/health").await.text(), "ok");
}

#[tokio::test]
async fn a_declared_length_beyond_the_limit_is_refused_without_reading() {
    let running = Running::start().await;
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
    let running = Running::start().await;
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
