//! Tests that secrets can be set and are never returned.

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    description::{ServedDescription, filled_in},
    logged,
    serving::RunningServer,
    stored::columns,
};

/// A part of every secret here.
const HIDDEN: &str = "hidden-b7f2e1";

/// An operation, the kind and the inspection in its address, and a body that sets all there is.
type SecretCase = (&'static str, &'static str, &'static str, Value);

/// Everything that can be set, every secret included.
pub(crate) static ALL_SETTINGS: LazyLock<Vec<SecretCase>> = LazyLock::new(|| {
    let auth = json!({"user": "me", "password": HIDDEN});
    let headers = json!([{"name": "X-Token", "value": HIDDEN}]);
    let url = format!("https://{HIDDEN}.example.com/{HIDDEN}");
    let prometheus = json!({
        "url": "http://127.0.0.1:9/", "refresh_interval_s": 1, "tls_skip_verify": true,
        "extra_selector": "{cluster=\"a\"}", "basic_auth": auth, "custom_headers": headers,
    });
    let clickhouse = json!({
        "protocol": "http", "addr": "clickhouse:8123", "database": "d", "tls_enable": true,
        "tls_skip_verify": true, "auth": auth,
    });
    let webhook = json!({
        "url": url, "tls_skip_verify": true, "basic_auth": auth, "custom_headers": headers, "incidents": false,
        "incident_template": "{{.Status}}",
    });
    let availability = json!({
        "objective_percent": 99.5,
        "custom": {"total_requests_query": "all", "failed_requests_query": "failed"},
    });
    let latency = json!({"objective_percent": 95.0, "objective_bucket_s": 0.25, "histogram_query": "h"});
    vec![
        ("test_prometheus", "", "", prometheus.clone()),
        ("set_prometheus", "", "", prometheus),
        ("set_clickhouse", "", "", clickhouse),
        ("set_integrations", "", "", json!({"base_url": "https://headcount.example.com/"})),
        ("set_integration", "slack", "", json!({"token": HIDDEN, "default_channel": "on-call"})),
        ("set_integration", "teams", "", json!({"webhook_url": url, "incidents": false})),
        ("set_integration", "pagerduty", "", json!({"integration_key": HIDDEN})),
        ("set_integration", "opsgenie", "", json!({"api_key": HIDDEN, "eu_instance": true})),
        ("set_integration", "webhook", "", webhook),
        ("set_categories", "", "", json!({"categories": {"mine": ["shop/*", "[a-z]*/x"]}})),
        ("set_inspection", "", "CPUNode", json!({"threshold": 70.5})),
        ("set_application_inspection", "", "CPUContainer", json!({"threshold": 60})),
        ("set_application_inspection", "", "SLOAvailability", availability),
        ("set_application_inspection", "", "SLOLatency", latency),
    ]
});

/// Sets everything in a project.
async fn set_all(server: &RunningServer, description: &ServedDescription, project: &str) {
    let operations = description.operations();
    for (id, kind, inspection, body) in ALL_SETTINGS.iter() {
        let (method, path) = &operations[*id];
        let path = filled_in(path, project, "", kind, inspection);
        let answer = server.send_json(method.clone(), &path, body).await;
        assert_eq!(answer.status, 200, "{id} {kind}: {}", answer.text());
        assert!(!answer.text().contains(HIDDEN), "{id} {kind}: {}", answer.text());
    }
}

#[tokio::test]
async fn no_secret_is_in_an_answer_or_in_the_log() {
    logged::keep();
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let description = ServedDescription::of(&server).await;
    let project = server.new_project("shop").await;
    set_all(&server, &description, &project).await;
    let (prometheus, settings) = columns(dir.path()).await;
    assert_eq!(prometheus.to_string().matches(HIDDEN).count(), 2, "they are stored");
    assert_eq!(settings.to_string().matches(HIDDEN).count(), 10, "they are stored");

    for (id, (method, path)) in description.operations() {
        if method != Method::GET {
            continue;
        }
        for kind in ["slack", "teams", "pagerduty", "opsgenie", "webhook"] {
            let answer = server.get(&filled_in(&path, &project, "", kind, "")).await;
            assert!(!answer.text().contains(HIDDEN), "{id}: {}", answer.text());
        }
    }
    // A misplaced secret, or one in an incomplete body.
    let misplaced = json!({"url": "http://p/", "refresh_interval_s": HIDDEN, "tls_skip_verify": HIDDEN});
    let broken = format!("{{\"url\": \"{HIDDEN}\", ");
    let json_type = [("content-type", "application/json")];
    let path = format!("{project}/prometheus");
    for (body, status) in [(misplaced.to_string(), 422), (broken, 400), (format!("\"{HIDDEN}\""), 422)] {
        let answer = server.send(Method::PUT, &path, &json_type, body).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(!answer.text().contains(HIDDEN), "{}", answer.text());
    }
    server.stop().await;
    tracing::info!("the end of a test");
    let log = logged::lines();
    assert!(log.contains("the end of a test"));
    assert!(!log.contains(HIDDEN), "a secret was logged");
}

#[tokio::test]
async fn a_secret_that_is_not_given_stays_and_an_empty_one_goes() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let description = ServedDescription::of(&server).await;
    let project = server.new_project("shop").await;
    set_all(&server, &description, &project).await;
    let (prometheus, settings) = columns(dir.path()).await;

    let auths = |password: &Value| {
        let auth = json!({"user": "me", "password": password});
        let headers = json!([{"name": "X-Token", "value": password}]);
        [
            (
                "prometheus",
                json!({
                    "url": "http://127.0.0.1:9/", "refresh_interval_s": 1, "tls_skip_verify": true,
                    "extra_selector": "{cluster=\"a\"}", "basic_auth": auth, "custom_headers": headers,
                }),
            ),
            (
                "clickhouse",
                json!({
                    "protocol": "http", "addr": "clickhouse:8123", "database": "d", "tls_enable": true,
                    "tls_skip_verify": true, "auth": auth,
                }),
            ),
            (
                "integrations/webhook",
                json!({
                    "tls_skip_verify": true, "basic_auth": auth, "custom_headers": headers, "incidents": false,
                    "incident_template": "{{.Status}}",
                }),
            ),
        ]
    };
    let needed = |given: &Value| {
        [
            ("slack", "token", json!({"token": given, "default_channel": "on-call"})),
            ("teams", "webhook_url", json!({"webhook_url": given, "incidents": false})),
            ("pagerduty", "integration_key", json!({"integration_key": given})),
            ("opsgenie", "api_key", json!({"api_key": given, "eu_instance": true})),
        ]
    };
    for (path, body) in auths(&Value::Null) {
        assert_eq!(server.put(&format!("{project}/{path}"), &body).await.status, 200, "{path}");
    }
    for (kind, _, body) in needed(&Value::Null) {
        let answer = server.put(&format!("{project}/integrations/{kind}"), &body).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
    }
    assert_eq!(columns(dir.path()).await, (prometheus, settings), "nothing that was not given changed");

    for (path, body) in auths(&json!("")) {
        let answer = server.put(&format!("{project}/{path}"), &body).await;
        assert_eq!(answer.status, 200, "{path}");
        let shown = answer.json();
        let auth = if path == "clickhouse" { &shown["auth"] } else { &shown["basic_auth"] };
        assert_eq!(auth, &json!({"user": "me", "password_set": false}), "{path}");
        assert_ne!(shown["custom_headers"][0]["value_set"], true, "{path}");
    }
    for (kind, field, body) in needed(&json!("")) {
        let answer = server.put(&format!("{project}/integrations/{kind}"), &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (422, &json!(field)), "{kind}");
    }
    let (prometheus, settings) = columns(dir.path()).await;
    assert!(!prometheus.to_string().contains(HIDDEN), "{prometheus}");
    let settings = settings.to_string();
    assert_eq!(settings.matches(HIDDEN).count(), 7, "those that are needed, and the address of the webhook");
    server.stop().await;
}

#[tokio::test]
async fn what_other_programs_stored_stays_and_their_secrets_are_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let mut database = crate::stored::open(dir.path()).await;
    let teams = json!({
        "channels": [{"name": "ops", "webhook_url": format!("https://{HIDDEN}/")}], "deployments": true, "incidents": true,
    });
    sqlx::query("UPDATE project SET prometheus = $1, settings = $2")
        .bind(json!({"url": format!("http://me:{HIDDEN}@p:9090/"), "remote_write_url": "kept"}).to_string())
        .bind(json!({"integrations": {"teams": teams}, "custom_applications": {}}).to_string())
        .execute(&mut database)
        .await
        .unwrap();
    let prometheus = server.get(&format!("{project}/prometheus")).await.json();
    assert_eq!(prometheus["url"], "http://p:9090/");
    let sent = json!({"url": "http://p:9090/"});
    assert_eq!(server.put(&format!("{project}/prometheus"), &sent).await.status, 200);
    let answer = server.put(&format!("{project}/integrations/teams"), &json!({"incidents": false})).await;
    assert_eq!(answer.json(), json!({"webhook_url_set": true, "incidents": false}));
    let (prometheus, settings) = columns(dir.path()).await;
    assert_eq!(prometheus["remote_write_url"], "kept");
    let teams = json!({"channels": teams["channels"], "deployments": true, "incidents": false});
    assert_eq!(settings, json!({"integrations": {"teams": teams}, "custom_applications": {}}));
    server.stop().await;
}
