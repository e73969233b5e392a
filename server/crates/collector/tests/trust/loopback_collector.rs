//! Runs a collector that listens on loopback, sends reports to it, and checks that its ledger balances.

use std::{
    io::Write,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use headcount_collector::{
    Collector, CollectorConfig, RetentionPolicy,
    routes::{private_routes, public_routes},
};
use headcount_platform::{
    clock::Clock,
    disk::free_space::{DiskSpace, FreeSpace},
};
use headcount_shared::limits::REPORT_BYTES;
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

pub(crate) const DOCUMENTED: &str = include_str!("../../../../../shared/tests/payload.json");
pub(crate) const INSTANCE: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";
pub(crate) const OTHER_INSTANCE: &str = "a1fcf3e2-6c1c-4e6e-a5f1-3b1d5a7d9c10";
pub(crate) const DAY: u64 = 24 * 60 * 60;

/// 2023-11-14T22:13:20Z.
pub(crate) const START: u64 = 1_700_000_000;
pub(crate) const TODAY: &str = "2023-11-14";

/// A limit on every wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A clock that stands still until it is turned.
#[derive(Debug)]
pub(crate) struct LoopbackClock(pub(crate) AtomicU64);

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
pub(crate) struct EmptyDisk;

impl FreeSpace for EmptyDisk {
    fn disk_space(&self) -> std::io::Result<DiskSpace> {
        Ok(DiskSpace { free: 70 << 30, whole: 100 << 30 })
    }
}

/// A collector that listens on loopback.
pub(crate) struct ListeningCollector {
    pub(crate) directory: Arc<TempDir>,
    pub(crate) clock: Arc<LoopbackClock>,
    pub(crate) collector: Collector,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) serving: JoinHandle<()>,
    /// The reports that were sent to it.
    pub(crate) sent: AtomicU64,
}

/// Headers of a request.
pub(crate) type FixedHeaders = &'static [(&'static str, &'static str)];

/// A received answer.
pub(crate) struct LoopbackAnswer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl LoopbackAnswer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) fn config(data_dir: &Path) -> CollectorConfig {
    let retention = RetentionPolicy::new(Duration::from_secs(400 * DAY), Duration::from_secs(30 * DAY));
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
    pub(crate) async fn start() -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        Self::start_with(config(directory.path()), directory, START).await
    }

    pub(crate) async fn start_with(config: CollectorConfig, directory: Arc<TempDir>, now: u64) -> Self {
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

    pub(crate) async fn stop(self) -> Arc<TempDir> {
        self.stop.cancel();
        timeout(PATIENCE, self.serving).await.unwrap().unwrap();
        timeout(PATIENCE, self.collector.close()).await.unwrap();
        self.directory
    }

    pub(crate) async fn restart(self) -> Self {
        let now = self.clock.0.load(Ordering::Relaxed);
        let directory = self.stop().await;
        Self::start_with(config(directory.path()), directory, now).await
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> LoopbackAnswer {
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

    pub(crate) async fn get(&self, path: &str) -> LoopbackAnswer {
        self.request("GET", path, "", b"").await
    }

    /// Sends a report. Returns the status of the answer.
    pub(crate) async fn post(&self, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> u16 {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.request("POST", "/ce/usage-statistics", &headers, body.as_ref()).await.status
    }

    /// Sends a report with an id, and expects that it is taken.
    pub(crate) async fn report(&self, id: &str, body: impl AsRef<[u8]>) {
        assert_eq!(self.post(&[("idempotency-key", id)], body).await, 200, "{id}");
    }

    /// The answer about trust, after a check that it balances and has every report that was sent.
    pub(crate) async fn trust(&self) -> Value {
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
    pub(crate) async fn today(&self) -> Value {
        self.trust().await["days"].as_array().unwrap().last().unwrap().clone()
    }

    pub(crate) async fn rows(&self, query: &'static str) -> u64 {
        let count: i64 = sqlx::query_scalar(query).fetch_one(&mut self.intruder().await).await.unwrap();
        u64::try_from(count).unwrap()
    }

    /// A connection of another program to the database.
    pub(crate) async fn intruder(&self) -> SqliteConnection {
        let path = self.directory.path().join("collector.sqlite");
        SqliteConnection::connect(path.to_str().unwrap()).await.unwrap()
    }
}

/// Named counts as an object.
pub(crate) fn names(counts: &Value) -> serde_json::Map<String, Value> {
    let counts = counts.as_array().unwrap().iter();
    counts.map(|count| (count["name"].as_str().unwrap().to_owned(), count["count"].clone())).collect()
}

/// The documented report with other values at some places.
pub(crate) fn documented_with(changes: &[(&str, Value)]) -> String {
    let mut report: Value = serde_json::from_str(DOCUMENTED).unwrap();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        report.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    report.to_string()
}

/// A report of an installation for a time.
pub(crate) fn report_for(instance: &str, from: u64, to: u64) -> String {
    let (from, to) = (json!(from), json!(to));
    documented_with(&[("/instance/uuid", json!(instance)), ("/profile/from", from), ("/profile/to", to)])
}

pub(crate) fn small_report(instance: u128) -> String {
    json!({ "instance": { "uuid": Uuid::from_u128(instance).to_string() } }).to_string()
}

pub(crate) fn id_of(seconds: u64) -> String {
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, 0)).to_string()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Sends reports that are refused for every reason that their content can give. Returns the reasons.
pub(crate) async fn send_what_is_refused(running: &ListeningCollector) -> Vec<&'static str> {
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
