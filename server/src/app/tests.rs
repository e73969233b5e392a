//! Tests whole servers with settings in unusual places.

use axum::{
    body::{Body, Bytes},
    http::Request,
};
use headcount_shared::{
    api::{DeletionRequest, ReportState, Secret},
    deletion_commitment::instance_sha256,
    payload::Payload,
};
use serde_json::{Value, json};
use tokio::{sync::Notify, time::timeout};
use tower::ServiceExt;

use super::{
    statistics_service::{SentDeletionError, SwitchError},
    *,
};
use crate::{
    notifications::PagerdutyConfig,
    report::assemble::{Facts, FutureFacts},
    store::tests::postgres::TestPostgres,
};

/// A product that embeds the library.
#[derive(Debug)]
struct ShopInstallation;

impl Installation for ShopInstallation {
    fn facts(&self) -> FutureFacts<'_> {
        Box::pin(async { Facts::default() })
    }
}

async fn open(data_dir: &Path, flags: &[&str]) -> Server {
    let data_dir = format!("--data-dir={}", data_dir.display());
    let usual = [
        data_dir.as_str(),
        "--collector-url=http://127.0.0.1:9/",
        "--first-report-after=1h",
        "--disable-profiling",
    ];
    let config = Serve::from_flags(&[&usual, flags].concat()).unwrap();
    Server::open(&config, Arc::new(SystemClock::new()), None).await.unwrap()
}

/// Like `open`, for a product that embeds the library, with only these flags.
async fn open_in_a_product(data_dir: &Path, flags: &[&str]) -> anyhow::Result<Server> {
    let data_dir = format!("--data-dir={}", data_dir.display());
    let config = Serve::from_flags(&[&[data_dir.as_str(), "--disable-profiling"], flags].concat())?;
    Server::open(&config, Arc::new(SystemClock::new()), Some(Arc::new(ShopInstallation))).await
}

async fn preview(server: &Server) -> Payload {
    let running = server.statistics.running().unwrap();
    serde_json::from_slice(&running.reporter.preview().await.unwrap().bytes).unwrap()
}

#[tokio::test]
async fn settings_in_postgres_are_used_reported_and_not_looked_for_in_a_file() {
    let (postgres, dir) = (TestPostgres::shared(), tempfile::tempdir().unwrap());
    let address = format!("--pg-connection-string={}", postgres.address(&postgres.create_database()));
    let bootstrap = "--bootstrap-prometheus-url=http://127.0.0.1:9/";
    for flags in [&[address.as_str(), bootstrap][..], &[&address]] {
        let server = open(dir.path(), flags).await;
        let report = preview(&server).await;
        assert_eq!(report.instance.database_type, DatabaseType::Postgres);
        assert!(report.integration.prometheus);
        server.close().await;
    }
    assert!(!dir.path().join("db.sqlite").exists());
}

#[tokio::test]
async fn a_product_that_names_no_collector_is_refused_before_anything_is_made_unless_statistics_are_off() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    let refusal = open_in_a_product(&kept, &[]).await.unwrap_err().to_string();
    assert!(refusal.contains("--collector-url"), "{refusal}");
    assert!(!kept.exists());
    open_in_a_product(&kept, &["--disable-usage-statistics"]).await.unwrap().close().await;
    assert!(!kept.exists());
    let named = ["--collector-url=http://127.0.0.1:9/", "--first-report-after=1h"];
    open_in_a_product(&kept, &named).await.unwrap().close().await;
}

#[tokio::test]
async fn an_empty_connection_string_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let server = open(dir.path(), &["--pg-connection-string="]).await;
    assert_eq!(preview(&server).await.instance.database_type, DatabaseType::Sqlite);
    server.close().await;
}

#[tokio::test]
async fn settings_that_are_only_read_stay_as_they_are_while_the_choice_of_the_operator_is_remembered() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), &[]).await.close().await;
    let database = || std::fs::read(dir.path().join("db.sqlite")).unwrap();
    let before = database();
    let flags = ["--read-only-settings", "--bootstrap-prometheus-url=http://127.0.0.1:9/"];
    let server = open(dir.path(), &flags).await;
    assert_eq!(preview(&server).await.infra.projects, 0);
    server.statistics.switch(false).await.unwrap();
    server.close().await;
    let server = open(dir.path(), &flags).await;
    assert!(!server.statistics.status().enabled);
    server.close().await;
    assert!(database() == before);
}

#[tokio::test]
async fn beside_a_coroot_that_runs_the_server_has_an_identity_of_its_own_and_keeps_it() {
    const COROOTS: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("instance.uuid"), COROOTS).unwrap();
    let taken_up = open(dir.path(), &[]).await;
    assert_eq!(preview(&taken_up).await.instance.uuid.to_string(), COROOTS, "Coroot is gone");
    taken_up.close().await;
    let mut identities = Vec::new();
    for _ in 0..2 {
        let beside = open(dir.path(), &["--read-only-settings"]).await;
        identities.push(preview(&beside).await.instance.uuid.to_string());
        beside.close().await;
    }
    assert_ne!(identities[0], COROOTS);
    assert_eq!(identities[0], identities[1]);
    let kept = std::fs::read_to_string(dir.path().join("headcount/instance.uuid")).unwrap();
    assert_eq!(kept, identities[0]);
    assert_eq!(std::fs::read_to_string(dir.path().join("instance.uuid")).unwrap(), COROOTS);
}

#[tokio::test]
async fn the_cache_of_a_coroot_that_is_gone_is_told_of_and_stays_while_statistics_are_switched() {
    let dir = tempfile::tempdir().unwrap();
    let files =
        ["cache/db.sqlite", "cache/a1b2c3d4/a1b2c3d4-0cc175b9c0f1b6a831c399e269772661-1700000000-240-15.db"]
            .map(|file| dir.path().join(file));
    for file in &files {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "Coroot's").unwrap();
    }
    let own = dir.path().join("cache/a1b2c3d4-0123abcd");
    std::fs::create_dir_all(&own).unwrap();
    let server = open(dir.path(), &[]).await;
    for enabled in [false, true, false] {
        server.statistics.switch(enabled).await.unwrap();
        let said = server.statistics.status().left_by_coroot.unwrap();
        assert!(said.contains("2 files") && said.contains("neither used nor removed"), "{said}");
    }
    server.close().await;
    assert!(!own.exists());
    for file in &files {
        assert_eq!(std::fs::read(file).unwrap(), b"Coroot's");
    }
    let beside = open(dir.path(), &["--read-only-settings"]).await;
    assert_eq!(beside.statistics.status().left_by_coroot, None, "a Coroot that runs needs its cache");
    beside.close().await;
    let flags = ["--collector-url=http://127.0.0.1:9/", "--first-report-after=1h"];
    let product = open_in_a_product(dir.path(), &flags).await.unwrap();
    assert_eq!(product.statistics.status().left_by_coroot, None, "files of a product are its own");
    product.close().await;
}

#[tokio::test]
async fn a_new_installation_knows_after_a_restart_that_it_has_sent_something() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = format!("--collector-url=http://{}/", listener.local_addr().unwrap());
    let take = axum::routing::post(async || r#"{"status":"stored"}"#);
    let taking = tokio::spawn(async { axum::serve(listener, Router::new().route("/", take)).await });
    let flags = ["--disable-profiling", "--first-report-after=0s", collector.as_str()];
    let config =
        Serve::from_flags(&[&[&*format!("--data-dir={}", dir.path().display())], &flags[..]].concat())
            .unwrap();
    let server = Server::open(&config, Arc::new(SystemClock::new()), None).await.unwrap();
    let spool = server.statistics.spool().unwrap();
    assert!(dir.path().join("never-delivered").exists());
    let sent = async {
        while spool.count(ReportState::Sent) == 0 {
            // Delivery can only be asked about.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), sent).await.unwrap();
    server.close().await;
    taking.abort();
    assert!(!dir.path().join("never-delivered").exists());
    let refused = forget(&config).await.unwrap_err().to_string();
    assert!(refused.contains("cannot be reached") || refused.contains("did not answer"), "{refused}");
}

/// A collector that is asked to delete. It answers with a receipt as often as it is told to.
struct DeletingCollector {
    flag: String,
    asked: Arc<Notify>,
    may_answer: Arc<Notify>,
}

impl DeletingCollector {
    async fn start() -> Self {
        let (asked, may_answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (telling, waiting) = (Arc::clone(&asked), Arc::clone(&may_answer));
        let delete = async move |body: Bytes| {
            let DeletionRequest { instance, .. } = serde_json::from_slice(&body).unwrap();
            telling.notify_one();
            waiting.notified().await;
            json!({"instance_sha256": instance_sha256(instance), "hour": 3600, "reports": 1, "raw_reports": 1,
                "days": 1, "released": "", "tombstone_until": 7200, "key": "k", "signature": "s"})
            .to_string()
        };
        let router = Router::new().route("/deletion", axum::routing::post(delete));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let flag = format!("--collector-url=http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { flag, asked, may_answer }
    }

    /// A server whose reports may have been sent to this collector.
    async fn server(&self, dir: &Path) -> Server {
        std::fs::write(dir.join("instance.uuid"), SENDER).unwrap();
        let dir = format!("--data-dir={}", dir.display());
        let flags = [&dir, &self.flag, "--first-report-after=1h", "--disable-profiling"];
        let config = Serve::from_flags(&flags).unwrap();
        Server::open(&config, Arc::new(SystemClock::new()), None).await.unwrap()
    }
}

/// The UUID of an installation that has sent reports.
const SENDER: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";

/// How long anything may take on a busy machine that waits for no other program.
const SOON: Duration = Duration::from_secs(30);

fn uuid(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("instance.uuid")).unwrap()
}

#[tokio::test]
async fn a_switch_does_not_wait_for_a_collector_that_is_asked_to_delete() {
    let dir = tempfile::tempdir().unwrap();
    let collector = DeletingCollector::start().await;
    let server = collector.server(dir.path()).await;
    let statistics = Arc::clone(&server.statistics);
    let deleting = tokio::spawn(async move { statistics.delete_sent().await });
    timeout(SOON, collector.asked.notified()).await.unwrap();
    timeout(SOON, server.statistics.would_forget()).await.unwrap().unwrap();
    timeout(SOON, server.statistics.switch(false)).await.unwrap().unwrap();
    let again = timeout(SOON, server.statistics.delete_sent()).await.unwrap();
    assert!(matches!(again, Err(SentDeletionError::UnderWay)), "{again:?}");
    assert!(!deleting.is_finished());
    collector.may_answer.notify_one();
    let deleted = timeout(SOON, deleting).await.unwrap().unwrap();
    assert!(matches!(deleted, Ok(DeletionOutcome::Deleted(_))), "{deleted:?}");
    assert_ne!(uuid(dir.path()), SENDER);
    assert!(!server.statistics.is_on(), "it goes on as it was switched meanwhile");
    server.close().await;
}

#[tokio::test]
async fn a_deletion_that_the_disk_has_stopped_is_finished_before_statistics_are_on_again() {
    let dir = tempfile::tempdir().unwrap();
    let collector = DeletingCollector::start().await;
    let server = collector.server(dir.path()).await;
    let key = dir.path().join("browser.key");
    std::fs::remove_file(&key).unwrap();
    std::fs::create_dir(&key).unwrap();
    collector.may_answer.notify_one();
    let stopped = server.statistics.delete_sent().await;
    assert!(
        matches!(stopped, Err(SentDeletionError::Deletion(DeletionError::NotForgotten(_)))),
        "a directory is no key: {stopped:?}"
    );
    assert!(server.statistics.switch(true).await.is_err());
    assert!(!server.statistics.is_on(), "every report would be refused");
    assert_eq!(uuid(dir.path()), SENDER);
    std::fs::remove_dir(&key).unwrap();
    server.statistics.switch(true).await.unwrap();
    assert_ne!(uuid(dir.path()), SENDER);
    assert_eq!(preview(&server).await.instance.uuid.to_string(), uuid(dir.path()));
    server.close().await;
}

#[tokio::test]
async fn a_receipt_is_kept_before_the_deletion_has_its_turn() {
    let dir = tempfile::tempdir().unwrap();
    let collector = DeletingCollector::start().await;
    let server = collector.server(dir.path()).await;
    let turn = server.statistics.hold().await;
    let statistics = Arc::clone(&server.statistics);
    collector.may_answer.notify_one();
    let deleting = tokio::spawn(async move { statistics.delete_sent().await });
    let stored = async {
        while server.statistics.receipts().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, stored).await.unwrap();
    assert!(!deleting.is_finished());
    assert_eq!(uuid(dir.path()), SENDER);
    drop(turn);
    server.close().await;
    let deleted = timeout(SOON, deleting).await.unwrap().unwrap();
    assert!(matches!(deleted, Ok(_) | Err(SentDeletionError::Stopping(_))), "{deleted:?}");
    open(dir.path(), &[]).await.close().await;
    assert_ne!(uuid(dir.path()), SENDER, "the collector has deleted what it sent");
}

#[tokio::test]
async fn a_server_that_has_closed_is_neither_switched_nor_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let collector = DeletingCollector::start().await;
    let server = collector.server(dir.path()).await;
    let statistics = Arc::clone(&server.statistics);
    let asking = Arc::clone(&statistics);
    let deleting = tokio::spawn(async move { asking.delete_sent().await });
    timeout(SOON, collector.asked.notified()).await.unwrap();
    server.close().await;
    collector.may_answer.notify_one();
    let deleted = timeout(SOON, deleting).await.unwrap().unwrap();
    assert!(matches!(deleted, Err(SentDeletionError::Stopping(_))), "{deleted:?}");
    for enabled in [true, false] {
        let switched = timeout(SOON, statistics.switch(enabled)).await.unwrap();
        assert!(matches!(switched, Err(SwitchError::Stopping(_))), "{switched:?}");
    }
    assert!(!statistics.is_on());
    assert_eq!(uuid(dir.path()), SENDER);
    open(dir.path(), &[]).await.close().await;
}

#[tokio::test]
async fn the_test_of_a_destination_that_does_not_answer_ends_with_the_server() {
    let (dir, listener) = (tempfile::tempdir().unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let pagerduty = format!("--pagerduty-url=http://{}/", listener.local_addr().unwrap());
    let server = open(dir.path(), &[&pagerduty]).await;
    let installation = server.statistics.observed().unwrap();
    let destination =
        || PagerdutyConfig { integration_key: Secret::new("k".to_owned()), ..Default::default() }.into();
    let again = Arc::clone(&installation);
    let test = installation.test_destination("abc12345".to_owned(), String::new(), destination()).unwrap();
    let _connection = timeout(SOON, listener.accept()).await.unwrap().unwrap();
    server.close().await;
    assert!(test.is_finished());
    assert_eq!(test.await.unwrap().why, "this server stopped before the test ended");
    assert!(again.test_destination("abc12345".to_owned(), String::new(), destination()).is_none());
}

#[tokio::test]
async fn a_product_that_observes_itself_is_not_said_to_have_statistics_off() {
    let dir = tempfile::tempdir().unwrap();
    let token = "a-token-for-tests-4fd1c6a09b";
    let flags = ["--collector-url=http://127.0.0.1:9/", "--first-report-after=1h", "--product=shop"];
    let token_flag = format!("--admin-token={token}");
    let server = open_in_a_product(dir.path(), &[&flags[..], &[&token_flag]].concat()).await.unwrap();
    let ask = async |method: &str, path: &str, body: Value| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "shop.example")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        let answer = server.standalone_router().oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        serde_json::from_slice::<Value>(&body).unwrap()
    };
    let prometheus = json!({"url": "http://127.0.0.1:9/"});
    let project = ask("POST", "/api/projects", json!({"name": "shop"})).await;
    let project = format!("/api/projects/{}", project["id"].as_str().unwrap());
    ask("PUT", &format!("{project}/prometheus"), prometheus.clone()).await;
    let observation = ask("GET", &format!("{project}/observation"), Value::Null).await;
    assert_eq!(observation["state"], "observed_by_product");
    let untested = ask("POST", "/api/prometheus-test", prometheus.clone()).await;
    assert_eq!(
        (&untested["status"], untested["detail"].as_str().unwrap().contains("itself")),
        (&json!(409), true)
    );

    ask("PUT", "/api/usage-statistics", json!({"enabled": false})).await;
    let observation = ask("GET", &format!("{project}/observation"), Value::Null).await;
    assert_eq!(observation["state"], "off");
    let untested = ask("POST", "/api/prometheus-test", prometheus).await;
    assert!(untested["detail"].as_str().unwrap().contains("usage statistics are off"), "{untested}");
    server.close().await;
}
