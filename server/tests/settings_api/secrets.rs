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
    let base_url = format!("https://me:{HIDDEN}@coroot.example.com/");
    let stored_settings = json!({
        "integrations": {"teams": teams, "base_url": base_url}, "custom_applications": {},
    });
    sqlx::query("UPDATE project SET prometheus = $1, settings = $2")
        .bind(json!({"url": format!("http://me:{HIDDEN}@p:9090/"), "remote_write_url": "kept"}).to_string())
        .bind(stored_settings.to_string())
        .execute(&mut database)
        .await
        .unwrap();
    let shown = server.get(&format!("{project}/prometheus")).await.json();
    assert_eq!(shown["url"], "http://p:9090/");
    assert_eq!(shown["basic_auth"], json!({"user": "me", "password_set": true}));
    let sent = |url| json!({"url": url, "refresh_interval_s": 15, "basic_auth": {"user": "me"}});
    let path = format!("{project}/prometheus");
    assert_eq!(server.put(&path, &sent("http://q:9090/")).await.json()["field"], "basic_auth.password");
    assert_eq!(server.put(&path, &sent("http://p:9090/")).await.status, 200);
    let integrations = format!("{project}/integrations");
    let shown = server.get(&integrations).await.json();
    assert_eq!(shown["base_url"], "https://coroot.example.com/");
    let kept = json!({"base_url": shown["base_url"]});
    assert_eq!(server.put(&integrations, &kept).await.json()["base_url"], shown["base_url"]);
    let answer = server.put(&format!("{project}/integrations/teams"), &json!({"incidents": false})).await;
    assert_eq!(answer.json(), json!({"webhook_url_set": true, "incidents": false}));
    let (prometheus, settings) = columns(dir.path()).await;
    assert_eq!(prometheus["remote_write_url"], "kept");
    assert_eq!(prometheus["url"], "http://p:9090/");
    assert_eq!(prometheus["basic_auth"], json!({"user": "me", "password": HIDDEN}), "the login stays");
    let teams = json!({"channels": teams["channels"], "deployments": true, "incidents": false});
    assert_eq!(settings["integrations"], json!({"teams": teams, "base_url": base_url}));
    assert_eq!(settings["custom_applications"], json!({}));
    server.stop().await;
}

#[tokio::test]
async fn headers_of_one_name_that_are_saved_as_they_are_shown_stay_what_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let headers = json!([{"name": "X-Team", "value": "one"}, {"name": "x-team", "value": "two"}]);
    let without_values = json!([{"name": "X-Team"}, {"name": "x-team"}]);
    for path in ["prometheus", "integrations/webhook"] {
        let settings = |headers: &Value| json!({"url": "http://127.0.0.1:9/", "custom_headers": headers});
        let path = format!("{project}/{path}");
        assert_eq!(server.put(&path, &settings(&headers)).await.status, 200);
        let before = columns(dir.path()).await;
        assert_eq!(server.put(&path, &settings(&without_values)).await.status, 200);
        assert_eq!(columns(dir.path()).await, before, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn which_of_several_headers_with_one_name_was_removed_must_be_clear() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let headers = json!([{"name": "X-Team", "value": "one"}, {"name": "x-team", "value": "two"}]);
    for path in ["prometheus", "integrations/webhook"] {
        let settings = |headers: &Value| json!({"url": "http://127.0.0.1:9/", "custom_headers": headers});
        let path = format!("{project}/{path}");
        assert_eq!(server.put(&path, &settings(&headers)).await.status, 200);
        let before = columns(dir.path()).await;
        let refused = server.put(&path, &settings(&json!([{"name": "X-Team"}]))).await;
        let problem = refused.json();
        assert_eq!(
            (refused.status.as_u16(), &problem["field"]),
            (422, &json!("custom_headers")),
            "{problem}"
        );
        let detail = "one of several headers with one name was removed: give the values of the others again";
        assert_eq!(problem["detail"], detail);
        assert_eq!(columns(dir.path()).await, before, "{path}: nothing changed");
        let given = json!([{"name": "X-Team", "value": "two"}]);
        assert_eq!(server.put(&path, &settings(&given)).await.status, 200, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn stored_secrets_do_not_move_to_another_origin() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let login = |password: &Value| json!({"user": "me", "password": password});
    let headers = |value: &Value| json!([{"name": "X-Token", "value": value}]);
    let (given, kept, none) = (json!(HIDDEN), Value::Null, json!(""));
    let with = |name: &str, value: Value, mut sent: Value| {
        sent[name] = value;
        sent
    };
    let prometheus = |url: &str, password: &Value, value: &Value| json!({"url": url, "basic_auth": login(password), "custom_headers": headers(value)});
    let clickhouse = |addr: &str, tls: bool, password: &Value| json!({"addr": addr, "tls_enable": tls, "auth": login(password)});
    let (both, password, values) =
        ("the password and the values of the headers", "the password", "the values of the headers");
    let (of_login, of_headers, its_address) =
        ("basic_auth.password", "custom_headers", "the address of the webhook");
    let other_host = json!([{"name": "Host", "value": "q"}]);
    // The settings, where they are stored, what is sent, and what has to be given again.
    for (path, stored, sent, again) in [
        ("prometheus", "http://p:9090/a", prometheus("http://p:9090/b", &kept, &kept), None),
        (
            "prometheus",
            "http://p:9090/a",
            prometheus("http://q:9090/a", &kept, &kept),
            Some((both, of_login)),
        ),
        ("prometheus", "https://p/", prometheus("http://p/", &kept, &given), Some((password, of_login))),
        ("prometheus", "http://p/", prometheus("http://p:81/", &given, &kept), Some((values, of_headers))),
        ("prometheus", "http://p/", prometheus("http://q/", &given, &given), None),
        ("prometheus", "http://p/", prometheus("http://q/", &none, &none), None),
        ("prometheus", "http://p/", json!({"url": "http://q/"}), None),
        (
            "prometheus",
            "https://p/",
            with("tls_skip_verify", json!(true), prometheus("https://p/", &kept, &given)),
            Some((password, of_login)),
        ),
        (
            "prometheus",
            "https://p/",
            with(
                "custom_headers",
                json!([{"name": "host", "value": "q"}]),
                prometheus("https://p/", &kept, &given),
            ),
            Some((password, of_login)),
        ),
        (
            "integrations/webhook",
            "https://p/a",
            with(
                "custom_headers",
                other_host.clone(),
                json!({"url": "https://p/a", "basic_auth": login(&kept)}),
            ),
            Some((password, of_login)),
        ),
        (
            "integrations/webhook",
            "https://p/a",
            with("custom_headers", other_host.clone(), json!({"basic_auth": login(&given)})),
            Some((its_address, "url")),
        ),
        (
            "integrations/webhook",
            "https://p/a",
            json!({"custom_headers": other_host}),
            Some((its_address, "url")),
        ),
        ("integrations/webhook", "https://p/a", json!({"tls_skip_verify": true}), Some((its_address, "url"))),
        (
            "integrations/webhook",
            "https://p/a",
            json!({"url": "https://p/b", "tls_skip_verify": true, "custom_headers": other_host}),
            None,
        ),
        ("integrations/webhook", "https://p/a", prometheus("https://p/b", &kept, &kept), None),
        (
            "integrations/webhook",
            "https://p/a",
            prometheus("https://q/a", &kept, &kept),
            Some((both, of_login)),
        ),
        ("integrations/webhook", "https://p/", prometheus("https://q/", &given, &given), None),
        ("integrations/webhook", "https://p/", json!({"basic_auth": login(&kept)}), None),
        ("clickhouse", "c:9000", clickhouse("C:9000", true, &kept), None),
        ("clickhouse", "c:9000", clickhouse("d:9000", true, &kept), Some((password, "auth.password"))),
        ("clickhouse", "c:9000", clickhouse("c:9000", false, &kept), Some((password, "auth.password"))),
        ("clickhouse", "c:9000", clickhouse("d:9000", true, &given), None),
        ("clickhouse", "c:9000", clickhouse("d:9000", true, &none), None),
    ] {
        let address = format!("{project}/{path}");
        let before = if path == "clickhouse" {
            clickhouse(stored, true, &given)
        } else {
            prometheus(stored, &given, &given)
        };
        assert_eq!(server.delete(&address).await.status, 204);
        assert_eq!(server.put(&address, &before).await.status, 200);
        let stored = columns(dir.path()).await;
        let answer = server.put(&address, &sent).await;
        let Some((secrets, field)) = again else {
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            continue;
        };
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), &problem["field"]), (400, &json!(field)), "{path}: {problem}");
        let what = if secrets == its_address { "it" } else { "them" };
        assert_eq!(
            problem["detail"],
            format!("give {secrets} again, because another server could get {what}")
        );
        assert_eq!(columns(dir.path()).await, stored, "nothing changed");
    }
    server.stop().await;
}
