//! Tests that a change of settings that somebody else changed meanwhile is refused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::serving::{RunningServer, ServerAnswer};

/// Sends a request with a condition for the version.
async fn send_if(
    server: &RunningServer,
    path: &str,
    (condition, version): (&str, &str),
    body: &Value,
) -> ServerAnswer {
    let headers = [("content-type", "application/json"), (condition, version)];
    server.send(Method::PUT, path, &headers, body.to_string()).await
}

fn version(answer: &ServerAnswer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn settings_are_changed_from_the_version_that_was_read() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let pattern = |pattern: &str| json!({"categories": {"mine": [pattern]}});
    for (path, first, second) in [
        ("prometheus", json!({"url": "http://p/"}), json!({"url": "http://p/", "refresh_interval_s": 77})),
        ("clickhouse", json!({"addr": "c:9000"}), json!({"addr": "c:9000", "database": "d"})),
        (
            "integrations/slack",
            json!({"token": "t", "default_channel": "a"}),
            json!({"default_channel": "b"}),
        ),
        ("integrations/webhook", json!({"url": "http://w/"}), json!({"incidents": false})),
        ("categories", pattern("a/*"), pattern("b/*")),
    ] {
        let path = format!("{project}/{path}");
        if !path.ends_with("categories") {
            let lost = send_if(&server, &path, ("if-match", "\"lost\""), &first).await;
            assert_eq!(lost.status, 412, "{path}: there are none to change");
            let made = send_if(&server, &path, ("if-none-match", "*"), &first).await;
            assert_eq!(made.status, 200, "{path}: {}", made.text());
        }
        let made = server.put(&path, &first).await;
        assert_eq!(version(&made), version(&server.get(&path).await), "{path}");
        let again = send_if(&server, &path, ("if-none-match", "*"), &second).await;
        assert_eq!(again.status, 412, "{path}: there are some");
        let changed = send_if(&server, &path, ("if-match", &version(&made)), &second).await;
        assert_eq!(changed.status, 200, "{path}: {}", changed.text());
        assert_ne!(version(&changed), version(&made), "{path}");
        let stale = send_if(&server, &path, ("if-match", &version(&made)), &first).await;
        assert_eq!(stale.status, 412, "{path}");
        assert!(
            stale.text().contains("these settings were changed since you loaded them"),
            "{}",
            stale.text()
        );
        assert_eq!(server.get(&path).await.json(), changed.json(), "{path}");
        let again = send_if(&server, &path, ("if-match", &version(&made)), &second).await;
        assert_eq!(again.status, 200, "{path}: its answer may have been lost");
        assert_eq!(again.json(), changed.json(), "{path}");
        assert_eq!(server.put(&path, &first).await.status, 200, "{path}: without a condition");
    }
    server.stop().await;
}

#[tokio::test]
async fn settings_are_removed_in_the_version_that_was_read() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    for (path, first, second) in [
        ("prometheus", json!({"url": "http://p/"}), json!({"url": "http://q/"})),
        ("clickhouse", json!({"addr": "c:9000"}), json!({"addr": "d:9000"})),
        (
            "integrations/slack",
            json!({"token": "t", "default_channel": "a"}),
            json!({"default_channel": "b"}),
        ),
    ] {
        let path = format!("{project}/{path}");
        let read = version(&server.put(&path, &first).await);
        let changed = version(&server.put(&path, &second).await);
        let remove_if = async |version: &str| {
            let headers = [("if-match", version)];
            server.send(Method::DELETE, &path, &headers, String::new()).await.status.as_u16()
        };
        assert_eq!(remove_if(&read).await, 412, "{path}: somebody has changed it");
        assert_eq!(server.get(&path).await.status, 200, "{path}");
        assert_eq!(remove_if(&changed).await, 204, "{path}");
        assert_eq!(server.get(&path).await.status, 404, "{path}");
        assert_eq!(remove_if(&changed).await, 204, "{path}: its answer may have been lost");
    }
    server.stop().await;
}

#[tokio::test]
async fn of_changes_from_one_version_one_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let path = server.new_project("shop").await + "/prometheus";
    let read = version(&server.put(&path, &json!({"url": "http://p/"})).await);
    let change = async |seconds: u32| {
        let change = json!({"url": "http://p/", "refresh_interval_s": seconds});
        send_if(&server, &path, ("if-match", &read), &change).await.status.as_u16()
    };
    let (first, second, third, fourth) = tokio::join!(change(11), change(12), change(13), change(14));
    let mut statuses = [first, second, third, fourth];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412]);
    server.stop().await;
}
