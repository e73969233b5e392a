//! Tests whole servers with settings in unusual places.

use headcount_shared::{api::ReportState, payload::Payload};

use super::*;
use crate::{
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
