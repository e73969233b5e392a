//! Tests answers while the settings cannot be changed or read.

use reqwest::Method;
use serde_json::json;

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
    // A choice that cannot be stored is not made.
    let off = server.put("api/usage-statistics", &json!({"enabled": false})).await;
    assert_eq!(off.status, 503, "{}", off.text());
    assert_eq!(server.get("api/usage-statistics").await.json()["enabled"], true);
    sqlx::query("ROLLBACK").execute(&mut somebody).await.unwrap();
    assert_eq!(server.get("api/projects").await.status, 200);
    server.stop().await;
}
