//! Tests answers while the settings cannot be changed or read.

use std::{path::Path, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::{serving::RunningServer, stored::open};

#[tokio::test]
async fn without_settings_every_request_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(&dir.path().join("data"), &["--disable-usage-statistics"]).await;
    for (method, path) in [
        (Method::GET, "api/projects"),
        (Method::POST, "api/projects"),
        (Method::GET, "api/projects/a/prometheus"),
        (Method::DELETE, "api/projects/a"),
    ] {
        let answer = server.send_json(method, path, &json!({"name": "shop"})).await;
        assert_eq!(answer.status, 409, "{path}");
        assert!(answer.text().contains("switched off for this run"), "{}", answer.text());
    }
    assert_eq!(server.get("api/openapi.json").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn settings_that_are_only_read_are_shown_and_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    server.stop().await;
    let server = RunningServer::start(dir.path(), &["--read-only-settings"]).await;
    assert_eq!(server.get(&project).await.json()["name"], "shop");
    for (method, path, body) in [
        (Method::POST, "api/projects".to_owned(), json!({"name": "bank"})),
        (Method::PUT, project.clone(), json!({"name": "bank"})),
        (Method::PUT, format!("{project}/prometheus"), json!({"url": "http://p/"})),
        (Method::PUT, format!("{project}/inspections/CPUNode"), json!({"threshold": 1})),
        (Method::DELETE, project.clone(), json!({})),
    ] {
        let answer = server.send_json(method, &path, &body).await;
        assert_eq!(answer.status, 409, "{path}");
        assert!(answer.text().contains("--read-only-settings"), "{}", answer.text());
    }
    assert_eq!(server.get("api/projects").await.json()["projects"].as_array().unwrap().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_database_that_somebody_holds_is_to_be_asked_again_later() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let mut somebody = open(dir.path()).await;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut somebody).await.unwrap();
    let answer = server.get("api/projects").await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..60).contains(&wait));
    sqlx::query("ROLLBACK").execute(&mut somebody).await.unwrap();
    assert_eq!(server.get("api/projects").await.status, 200);
    server.stop().await;
}

/// Asks for the state of usage statistics until it is as expected.
async fn status_until(server: &RunningServer, is_expected: impl Fn(&Value) -> bool) -> Value {
    let asked = async {
        loop {
            let status = server.get("api/usage-statistics").await.json();
            if is_expected(&status) {
                return status;
            }
            // The state can only be asked about.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asked).await.unwrap()
}

#[tokio::test]
async fn statistics_are_off_although_that_cannot_be_stored_and_it_is_stored_later() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let mut somebody = open(dir.path()).await;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut somebody).await.unwrap();
    let off = server.put("api/usage-statistics", &json!({"enabled": false})).await;
    assert_eq!(off.status, 503, "{}", off.text());
    assert!(
        off.text().contains("usage statistics are off now, but that is not stored in the settings"),
        "{}",
        off.text()
    );
    assert!(off.headers.contains_key("retry-after"));
    let status = server.get("api/usage-statistics").await.json();
    assert_eq!(status["enabled"], false);
    assert!(status["data_directory"].as_str().unwrap().contains("are off is not stored yet"), "{status}");
    assert_eq!(server.get("stats").await.status, 404);
    sqlx::query("ROLLBACK").execute(&mut somebody).await.unwrap();
    let status = status_until(&server, |status| status["data_directory"].is_null()).await;
    assert_eq!(status["enabled"], false);
    server.stop().await;
    let server = RunningServer::start(dir.path(), &[]).await;
    assert_eq!(server.get("api/usage-statistics").await.json()["enabled"], false);
    server.stop().await;
}

#[tokio::test]
async fn statistics_that_were_switched_off_in_vain_stay_off_after_a_restart_and_can_be_switched_on() {
    let dir = tempfile::tempdir().unwrap();
    let switch = |enabled: bool| json!({"enabled": enabled});
    let server = RunningServer::start(dir.path(), &[]).await;
    let mut somebody = open(dir.path()).await;
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut somebody).await.unwrap();
    assert_eq!(server.put("api/usage-statistics", &switch(false)).await.status, 503);
    server.stop().await;
    sqlx::query("ROLLBACK").execute(&mut somebody).await.unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    assert_eq!(server.get("api/usage-statistics").await.json()["enabled"], false);
    assert_eq!(server.put("api/usage-statistics", &switch(true)).await.status, 200);
    server.stop().await;
    let server = RunningServer::start(dir.path(), &[]).await;
    assert_eq!(server.get("api/usage-statistics").await.json()["enabled"], true);
    server.stop().await;
}

#[tokio::test]
async fn after_a_restart_it_is_stored_that_statistics_are_off_and_their_rows_are_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let mut somebody = open(dir.path()).await;
    let written = "INSERT INTO headcount_written (kind, project_id, record, record_at) VALUES ('incident', 'p', 'k', 1)";
    sqlx::query(written).execute(&mut somebody).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut somebody).await.unwrap();
    assert_eq!(server.put("api/usage-statistics", &json!({"enabled": false})).await.status, 503);
    server.stop().await;
    sqlx::query("ROLLBACK").execute(&mut somebody).await.unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    status_until(&server, |status| status["data_directory"].is_null()).await;
    let rows: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM headcount_written").fetch_one(&mut somebody).await.unwrap();
    let choice = "SELECT value FROM settings WHERE name = 'usage_statistics'";
    let choice: String = sqlx::query_scalar(choice).fetch_one(&mut somebody).await.unwrap();
    assert_eq!((rows, choice.as_str()), (0, r#"{"enabled":false,"times_off":1}"#));
    server.stop().await;
}

/// Makes every attempt to rewrite the database fail, and lets everything else work; or undoes that.
async fn spoil(dir: &Path, is_spoilt: bool) {
    let collation = if is_spoilt { "unknown" } else { "nocase" };
    let spoil = format!(
        "CREATE TABLE IF NOT EXISTS spoilt (a TEXT); CREATE INDEX IF NOT EXISTS spoilt_a ON spoilt (a);
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = 'CREATE INDEX spoilt_a ON spoilt (a COLLATE {collation})'
        WHERE name = 'spoilt_a'"
    );
    let mut database = open(dir).await;
    database.execute(AssertSqlSafe(spoil)).await.unwrap();
    database.close().await.unwrap();
}

/// What the status says of the data directory, once it says something.
async fn trouble(server: &RunningServer) -> String {
    let status = status_until(server, |status| status["data_directory"].is_string()).await;
    assert_eq!(status["enabled"], false);
    status["data_directory"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_database_that_cannot_be_rewritten_prevents_neither_switching_off_nor_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let off = json!({"enabled": false});
    let erased = dir.path().join("nothing-to-erase");
    let server = RunningServer::start(dir.path(), &[]).await;
    spoil(dir.path(), true).await;
    let answer = server.put("api/usage-statistics", &off).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let said = answer.json()["data_directory"].as_str().map(str::to_owned).unwrap_or_default();
    assert!(said.contains("may still be in the settings database"), "{}", answer.text());
    server.stop().await;

    let server = RunningServer::start(dir.path(), &[]).await;
    assert_eq!(trouble(&server).await, said);
    assert!(!erased.exists());
    spoil(dir.path(), false).await;
    let answer = server.put("api/usage-statistics", &off).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["data_directory"]), (200, &json!(null)));
    assert!(erased.exists());
    server.stop().await;

    // What is erased is not erased again, until there may be something to erase.
    let server = RunningServer::start(dir.path(), &[]).await;
    assert!(erased.exists());
    assert_eq!(server.put("api/usage-statistics", &json!({"enabled": true})).await.status, 200);
    assert!(!erased.exists());
    server.stop().await;
}
