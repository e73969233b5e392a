//! Whole servers with settings in other places than usual.

use headcount_shared::payload::Payload;

use super::*;
use crate::settings::tests::postgres::Postgres;

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

async fn preview(server: &Server) -> Payload {
    let running = server.statistics.running().unwrap();
    serde_json::from_slice(&running.reporter.preview().await.unwrap()).unwrap()
}

#[tokio::test]
async fn settings_in_postgres_are_used_reported_and_not_looked_for_in_a_file() {
    let (postgres, dir) = (Postgres::shared(), tempfile::tempdir().unwrap());
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
