//! Starts collectors on an engine, and asks them over HTTP.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, StatusCode, request::Builder},
};
use headcount_clickhouse::{ClickHouseClient, ClickHouseError, VolatileStorage};
use headcount_clickhouse_cluster::{ChdbServer, ClickHouseCluster};
use headcount_collector::{
    ClickHousePlace, Collector, CollectorConfig, CollectorOpenError, RetentionPolicy,
    collector_keys::CollectorKeys,
    routes::{private_routes, public_routes},
};
use headcount_platform::{clock::Clock, disk::free_space::FileSystemOf};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

pub(crate) const DAY: u64 = 24 * 60 * 60;

/// A Monday.
pub(crate) const START: u64 = 20_000 * DAY + 4 * DAY + 1000;

const DOCUMENTED: &str = include_str!("../../../../../shared/tests/payload.json");

static CLUSTER: OnceLock<ClickHouseCluster> = OnceLock::new();
static TODAY: OnceLock<ChdbServer> = OnceLock::new();

/// The engines. Tests share the servers of one, and have a database each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineKind {
    Sqlite,
    Cluster,
    Today,
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub(crate) struct SetClock {
    wall: AtomicU64,
    monotonic: AtomicU64,
}

impl SetClock {
    /// Lets time pass until then.
    pub(crate) fn turn_to(&self, seconds: u64) {
        let before = self.wall.swap(seconds, Ordering::Relaxed);
        self.monotonic.fetch_add(seconds.saturating_sub(before), Ordering::Relaxed);
    }

    /// Lets the wall clock jump without time passing.
    pub(crate) fn jump_to(&self, seconds: u64) {
        self.wall.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn wall(&self) -> Duration {
        Duration::from_secs(self.wall.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.monotonic.load(Ordering::Relaxed))
    }
}

/// An empty store on an engine, with the keys of its collectors.
pub(crate) struct TestedEngine {
    directory: TempDir,
    place: Option<ClickHousePlace>,
    /// Where the files of the engine are.
    files: Vec<PathBuf>,
}

/// A collector on it.
pub(crate) struct EngineCollector {
    pub(crate) clock: Arc<SetClock>,
    pub(crate) collector: Collector,
    routes: Router,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct EngineAnswer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Bytes,
}

impl EngineAnswer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Where a ClickHouse is, for a test: deleted files go soon.
pub(crate) fn place_of(url: &str) -> ClickHousePlace {
    let place = ClickHousePlace::new(url.parse().unwrap(), VolatileStorage::Refused);
    ClickHousePlace { old_parts_kept: Duration::from_secs(1), ..place }
}

/// The same place with a database of its own.
fn with_new_database(url: &str, ask: impl Fn(&str) -> Result<String, String>) -> String {
    let database = format!("t{}", Uuid::new_v4().simple());
    ask(&format!("CREATE DATABASE {database}")).unwrap();
    url.replace("/default", &format!("/{database}"))
}

impl TestedEngine {
    pub(crate) fn new(kind: EngineKind) -> Self {
        match kind {
            EngineKind::Sqlite => Self::at(None, Vec::new()),
            EngineKind::Cluster => {
                let cluster = CLUSTER.get_or_init(ClickHouseCluster::start);
                let url = with_new_database(&cluster.url(), |statement| {
                    cluster.nodes().iter().map(|node| node.ask(statement)).collect()
                });
                let files = cluster.nodes().iter().map(|node| node.data_directory().to_owned());
                Self::at(Some(place_of(&url)), files.collect())
            }
            EngineKind::Today => {
                let today = TODAY.get_or_init(ChdbServer::start);
                let url = with_new_database(&today.url(), |statement| today.ask(statement));
                Self::at(Some(place_of(&url)), vec![today.data_directory().to_owned()])
            }
        }
    }

    /// The empty store of a ClickHouse.
    pub(crate) fn at(place: Option<ClickHousePlace>, files: Vec<PathBuf>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        CollectorKeys::random().create(&directory.path().join("shared-keys")).unwrap();
        Self { directory, place, files }
    }

    /// The file with the keys of its collectors.
    pub(crate) fn keys_file(&self) -> PathBuf {
        self.directory.path().join("shared-keys")
    }

    fn config(&self) -> CollectorConfig {
        // Collectors on ClickHouse have nothing in common but their keys.
        let name = if self.place.is_some() { Uuid::new_v4().to_string() } else { "data".to_owned() };
        let data_dir = self.directory.path().join(name);
        CollectorConfig {
            keys: Some(self.keys_file()),
            retention: RetentionPolicy::new(Duration::from_secs(400 * DAY), Duration::from_secs(30 * DAY)),
            max_disk: None,
            alert_webhook: None,
            free_space: Arc::new(FileSystemOf(self.directory.path().to_owned())),
            data_dir,
        }
    }

    pub(crate) async fn collector(&self) -> EngineCollector {
        self.collector_at(START).await
    }

    pub(crate) async fn try_collector(&self) -> Result<EngineCollector, CollectorOpenError> {
        self.try_open(self.config(), START).await
    }

    pub(crate) async fn collector_at(&self, now: u64) -> EngineCollector {
        self.try_open(self.config(), now).await.unwrap()
    }

    /// A collector with a file of keys of its own.
    pub(crate) async fn collector_with_other_keys(&self) -> Result<EngineCollector, CollectorOpenError> {
        let keys = self.directory.path().join("other-keys");
        if !keys.exists() {
            CollectorKeys::random().create(&keys).unwrap();
        }
        self.try_open(CollectorConfig { keys: Some(keys), ..self.config() }, START).await
    }

    async fn try_open(
        &self,
        config: CollectorConfig,
        now: u64,
    ) -> Result<EngineCollector, CollectorOpenError> {
        let clock = Arc::new(SetClock { wall: AtomicU64::new(now), monotonic: AtomicU64::new(0) });
        let of_collector = Arc::<SetClock>::clone(&clock);
        let collector = match &self.place {
            Some(place) => Collector::open_on_clickhouse(&config, place, of_collector).await?,
            None => Collector::open(&config, of_collector).await?,
        };
        let routes =
            public_routes(&collector, "10.1.0.0/16".parse().unwrap()).merge(private_routes(&collector));
        Ok(EngineCollector { clock, collector, routes })
    }

    /// Runs statements in the database of ClickHouse, as another program would.
    pub(crate) async fn run(&self, statements: &[&str]) {
        for statement in statements {
            self.try_run(statement).await.unwrap();
        }
    }

    /// Runs a statement that may fail.
    pub(crate) async fn try_run(&self, statement: &str) -> Result<(), ClickHouseError> {
        let place = self.place.as_ref().unwrap();
        ClickHouseClient::new(&place.address, place.limits).unwrap().execute(statement).await
    }

    /// The bytes of all files of the engine and of its collectors, but the keys.
    pub(crate) fn files(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for directory in self.files.iter().map(PathBuf::as_path).chain([self.directory.path()]) {
            read_files(directory, &mut bytes);
        }
        bytes
    }
}

fn read_files(directory: &Path, bytes: &mut Vec<u8>) {
    // A server renames and removes files meanwhile.
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_files(&path, bytes);
        } else {
            bytes.extend(fs::read(&path).unwrap_or_default());
            bytes.extend(path.to_string_lossy().bytes());
        }
    }
}

/// A documented report of an installation.
pub(crate) fn report_of(instance: Uuid) -> Value {
    let mut report: Value = serde_json::from_str(DOCUMENTED).unwrap();
    report["instance"]["uuid"] = json!(instance);
    report
}

impl EngineCollector {
    pub(crate) async fn send(&self, request: Request<Body>) -> EngineAnswer {
        let (parts, body) = self.routes.clone().oneshot(request).await.unwrap().into_parts();
        let retry_after = parts.headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        EngineAnswer { status: parts.status, retry_after, body: body.collect().await.unwrap().to_bytes() }
    }

    pub(crate) async fn get(&self, path: &str) -> EngineAnswer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// The answer to a question that has one.
    pub(crate) async fn answer(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {:?}", answer.body);
        answer.json()
    }

    /// Sends a report with an id and headers.
    pub(crate) async fn post(
        &self,
        id: &str,
        report: &Value,
        headers: impl FnOnce(Builder) -> Builder,
    ) -> EngineAnswer {
        let request = Request::post("/ce/usage-statistics").header("idempotency-key", id);
        self.send(headers(request).body(report.to_string().into()).unwrap()).await
    }

    /// Sends a report, and expects an answer.
    pub(crate) async fn report(&self, id: &str, report: &Value, status: &str) {
        let answer = self.post(id, report, |request| request).await;
        assert_eq!(answer.status, StatusCode::OK, "{id}: {:?}", answer.body);
        assert_eq!(answer.json(), json!({ "status": status }), "{id}");
    }

    /// The ids of a listing.
    pub(crate) async fn ids(&self, query: &str) -> Vec<String> {
        let listed = self.answer(&format!("/api/reports{query}")).await;
        let reports = listed["reports"].as_array().unwrap();
        reports.iter().map(|report| report["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The installations and reports of a day, as the fleet's numbers say.
    pub(crate) async fn installations(&self) -> u64 {
        self.collector.compute_fleet().await.unwrap();
        let shares = self.answer("/api/fleet/shares/versions").await;
        shares["days"].as_array().unwrap().last().map_or(0, |day| day["installations"].as_u64().unwrap())
    }
}
