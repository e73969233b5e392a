//! Tests the tests of connections: they say what is wrong, use what is stored, store nothing and count nothing.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, net::TcpListener, sync::Notify, time::timeout};

use crate::{logged, serving::RunningServer, stored::columns};

/// How long the first round of queries may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// The credentials of the requests that a mock server got, and their bodies.
type SeenRequests = Arc<Mutex<Vec<(String, String)>>>;

/// A server on a free port that answers everything.
async fn serving(answer: fn(&str) -> Response) -> (String, SeenRequests) {
    let seen = SeenRequests::default();
    let note = move |State(seen): State<SeenRequests>, headers: HeaderMap, body: String| {
        let credential = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        seen.lock().unwrap().push((credential.unwrap_or_default(), body.clone()));
        async move { answer(&body) }
    };
    let router = Router::new().fallback(note).with_state(Arc::clone(&seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

/// A Prometheus with one series for every query that has this text in it.
fn prometheus_with(text: &str, form: &str) -> Response {
    let end = form.split('&').find_map(|member| member.strip_prefix("end=")).unwrap();
    let series = format!(r#"{{"metric":{{"machine_id":"m","system_uuid":"s"}},"values":[[{end},"3"]]}}"#);
    let series = if form.contains(text) { series } else { String::new() };
    format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}}}"#).into_response()
}

async fn tested(server: &RunningServer, path: &str, body: Value) -> Value {
    let answer = server.send_json(Method::POST, path, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_prometheus_is_tested_before_there_is_a_project() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let (full, _) = serving(|form| prometheus_with("", form)).await;
    let (without_agent, _) = serving(|form| prometheus_with("count%28up%29", form)).await;
    let (page, _) = serving(|_| Html("<html>Sign in</html>").into_response()).await;
    let (nowhere, _) = serving(|_| StatusCode::NOT_FOUND.into_response()).await;
    let (locked, _) = serving(|_| StatusCode::UNAUTHORIZED.into_response()).await;
    for (url, outcome, said) in [
        (full.as_str(), "ready", "3 nodes, 3 containers"),
        (&without_agent, "no_node_agent", "it scrapes 3 targets"),
        (&page, "web_page", "a web page"),
        (&nowhere, "not_found", "the path before /api/v1"),
        (&locked, "unauthorized", "user name"),
        ("http://127.0.0.1:9/", "connection_refused", "Check the port"),
        ("http://nobody.invalid/", "unknown_name", "its name cannot be resolved"),
    ] {
        let found = tested(&server, "api/prometheus-test", json!({ "url": url })).await;
        assert_eq!(found["outcome"], outcome, "{url}: {found}");
        assert!(found["sentence"].as_str().unwrap().contains(said), "{found}");
        assert!(!found.to_string().contains("127.0.0.1"), "an address is in {found}");
    }
    assert_eq!(server.get("api/projects").await.json()["projects"], json!([]));
    for (url, status, field) in
        [("ftp://p/", 422, "url"), ("http://me:me@p/", 422, "url"), ("http://169.254.169.254/", 400, "url")]
    {
        let answer = server.send_json(Method::POST, "api/prometheus-test", &json!({ "url": url })).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (status, &json!(field)), "{url}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_test_uses_the_stored_secrets_and_stores_and_logs_nothing() {
    logged::keep();
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let password = "tested-secret-5ab1";
    let (url, seen) = serving(|form| prometheus_with("", form)).await;
    let stored = json!({
        "url": format!("{url}other/path"), "refresh_interval_s": 3600,
        "basic_auth": {"user": "me", "password": password},
    });
    assert_eq!(server.put(&format!("{project}/prometheus"), &stored).await.status, 200);
    let before = columns(dir.path()).await;
    let sent = json!({"url": url, "basic_auth": {"user": "you"}});
    let found = tested(&server, &format!("{project}/prometheus/test"), sent).await;
    assert_eq!(found["outcome"], "ready", "{found}");
    // The text `you:tested-secret-5ab1`. The project itself is observed with another user.
    let expected = "Basic eW91OnRlc3RlZC1zZWNyZXQtNWFiMQ==";
    let tests = seen.lock().unwrap().iter().filter(|(credential, _)| credential == expected).count();
    assert_eq!(tests, 5);
    assert_eq!(columns(dir.path()).await, before);
    server.stop().await;
    let log = logged::lines();
    let port = url.rsplit(':').next().unwrap().trim_end_matches('/');
    let own = log.lines().filter(|line| line.contains(" headcount"));
    for line in own {
        assert!(!line.contains(password) && !line.contains(&format!("127.0.0.1:{port}")), "{line}");
    }
}

#[tokio::test]
async fn stored_secrets_are_sent_to_no_other_address() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let stored = json!({
        "url": "http://127.0.0.1:9/", "refresh_interval_s": 3600,
        "basic_auth": {"user": "me", "password": "hidden"},
        "custom_headers": [{"name": "X-Token", "value": "hidden"}],
    });
    assert_eq!(server.put(&format!("{project}/prometheus"), &stored).await.status, 200);
    let test = format!("{project}/prometheus/test");
    let (url, seen) = serving(|form| prometheus_with("", form)).await;
    for (secrets, field, said) in [
        (json!({"basic_auth": {"user": "me"}}), "basic_auth.password", "the password"),
        (json!({"custom_headers": [{"name": "x-token"}]}), "custom_headers", "the values of the headers"),
    ] {
        let mut sent = secrets;
        sent["url"] = json!(url);
        let answer = server.send_json(Method::POST, &test, &sent).await;
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), &problem["field"]), (400, &json!(field)), "{problem}");
        let detail = format!("give {said} again, because another server could get them");
        assert_eq!(problem["detail"], detail);
    }
    assert!(seen.lock().unwrap().is_empty(), "nothing was sent");

    let basic_auth = json!({"user": "me", "password": "new"});
    let found = tested(&server, &test, json!({"url": url, "basic_auth": basic_auth})).await;
    assert_eq!(found["outcome"], "ready", "{found}");
    // The text `me:new`.
    let requests = seen.lock().unwrap().clone();
    assert!(requests.iter().all(|(credential, _)| credential == "Basic bWU6bmV3"), "{requests:?}");
    // Without a secret there is nothing to give again.
    assert_eq!(tested(&server, &test, json!({ "url": url })).await["outcome"], "ready");
    server.stop().await;
}

#[tokio::test]
async fn a_test_notification_arrives_and_is_in_no_list_and_in_no_count() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let test = format!("{project}/integrations/webhook/test");
    assert_eq!(server.send(Method::POST, &test, &[], "").await.status, 404);
    let (url, seen) = serving(|_| StatusCode::OK.into_response()).await;
    let webhook = json!({"url": url, "custom_headers": [{"name": "Authorization", "value": "the-token"}]});
    assert_eq!(server.put(&format!("{project}/integrations/webhook"), &webhook).await.status, 200);
    let before = server.get("api/usage-statistics/preview").await.json();

    let answer = server.send(Method::POST, &test, &[], "").await;
    assert_eq!(answer.json(), json!({"accepted": true, "sentence": "The webhook: it accepted the test."}));
    let (credential, body) = seen.lock().unwrap().first().cloned().unwrap();
    assert_eq!(credential, "the-token");
    assert!(body.contains("notifications-test"), "{body}");

    assert_eq!(server.get(&format!("{project}/notifications")).await.json()["notifications"], json!([]));
    assert_eq!(server.get(&format!("{project}/incidents")).await.json()["incidents"], json!([]));
    let after = server.get("api/usage-statistics/preview").await.json();
    assert_eq!((&after["ux"], &after["integration"]), (&before["ux"], &before["integration"]));
    let metrics = server.get("metrics").await.text();
    assert!(!metrics.contains("destination=\"webhook\""), "{metrics}");
    server.stop().await;
}

#[tokio::test]
async fn a_test_closes_its_alert_before_statistics_are_off() {
    let dir = tempfile::tempdir().unwrap();
    // Nothing is answered before statistics are switched off.
    let (seen, switching) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let actions: Arc<Mutex<Vec<Value>>> = Arc::default();
    let note = {
        let (seen, switching, actions) = (Arc::clone(&seen), Arc::clone(&switching), Arc::clone(&actions));
        move |body: String| {
            let (seen, switching, actions) =
                (Arc::clone(&seen), Arc::clone(&switching), Arc::clone(&actions));
            async move {
                let event: Value = serde_json::from_str(&body).unwrap();
                let is_first = event["event_action"] == "trigger";
                actions.lock().unwrap().push(event["event_action"].clone());
                if is_first {
                    seen.notify_one();
                    switching.notified().await;
                }
                StatusCode::ACCEPTED
            }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("--pagerduty-url=http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(note)).await });

    let server = RunningServer::start(dir.path(), &[&url]).await;
    let project = server.new_project("shop").await;
    let integration = format!("{project}/integrations/pagerduty");
    assert_eq!(server.put(&integration, &json!({"integration_key": "k"})).await.status, 200);
    let test = format!("{integration}/test");
    let switch_off = async {
        seen.notified().await;
        let body = json!({"enabled": false});
        let mut off = pin!(server.put("api/usage-statistics", &body));
        // The parts are gone, and there is time for an answer to the switch that waits for nothing.
        let gone = async {
            let mut answers_while_off = 0;
            while answers_while_off < 10 {
                let is_on = server.get("api/usage-statistics").await.json()["enabled"] == true;
                answers_while_off += usize::from(!is_on);
            }
        };
        tokio::select! {
            biased;
            answer = &mut off => panic!("{} before the test has ended", answer.status),
            gone = timeout(SOON, gone) => gone.unwrap(),
        }
        assert_eq!(*actions.lock().unwrap(), [json!("trigger")]);
        switching.notify_one();
        assert_eq!(off.await.status, 200);
        assert_eq!(*actions.lock().unwrap(), [json!("trigger"), json!("resolve")]);
    };
    let (answer, ()) = tokio::join!(server.send(Method::POST, &test, &[], ""), switch_off);
    assert_eq!(answer.json()["accepted"], true);
    server.stop().await;
}

#[tokio::test]
async fn switching_off_ends_the_question_to_a_prometheus_that_does_not_answer() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let prometheus = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", prometheus.local_addr().unwrap());
    let body = json!({ "url": url });
    let switch_off = async {
        let (mut connection, _) = timeout(SOON, prometheus.accept()).await.unwrap().unwrap();
        assert_eq!(server.put("api/usage-statistics", &json!({"enabled": false})).await.status, 200);
        let mut sent = Vec::new();
        // It has nothing but the first question, and its end.
        timeout(SOON, connection.read_to_end(&mut sent)).await.unwrap().ok();
        let text = String::from_utf8(sent).unwrap();
        assert_eq!(text.matches("POST ").count(), 1, "{text}");
    };
    let (answer, ()) = tokio::join!(server.send_json(Method::POST, "api/prometheus-test", &body), switch_off);
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.text().contains("statistics are off"), "{}", answer.text());
    server.stop().await;
}

#[tokio::test]
async fn what_a_destination_refuses_is_said_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let (refusing, _) = serving(|_| r#"{"ok":false,"error":"not_in_channel"}"#.into_response()).await;
    let (slack, pagerduty) = (format!("--slack-url={refusing}"), "--pagerduty-url=http://127.0.0.1:9/");
    let server = RunningServer::start(dir.path(), &[&slack, pagerduty]).await;
    let project = server.new_project("shop").await;
    for (kind, settings, sentence) in [
        (
            "slack",
            json!({"token": "t", "default_channel": "on-call"}),
            "Slack: the bot is not in the channel.",
        ),
        (
            "pagerduty",
            json!({"integration_key": "k"}),
            "PagerDuty: it cannot be reached: connection refused.",
        ),
    ] {
        let integration = format!("{project}/integrations/{kind}");
        assert_eq!(server.put(&integration, &settings).await.status, 200);
        let answer = server.send(Method::POST, &format!("{integration}/test"), &[], "").await;
        assert_eq!(answer.json(), json!({"accepted": false, "sentence": sentence}));
    }
    server.stop().await;
}

#[tokio::test]
async fn nothing_is_sent_while_statistics_are_off_or_settings_are_only_read() {
    let dir = tempfile::tempdir().unwrap();
    let (url, seen) = serving(|_| StatusCode::OK.into_response()).await;
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    server.put(&format!("{project}/integrations/webhook"), &json!({ "url": url })).await;
    let tests = |project: &str| {
        [
            "api/prometheus-test".to_owned(),
            format!("{project}/prometheus/test"),
            format!("{project}/integrations/webhook/test"),
        ]
    };
    assert_eq!(server.get("api/settings").await.json(), json!({"read_only": null}));
    assert_eq!(server.put("api/usage-statistics", &json!({"enabled": false})).await.status, 200);
    for path in tests(&project) {
        let answer = server.send_json(Method::POST, &path, &json!({ "url": url })).await;
        assert_eq!(answer.status, 409, "{path}");
        assert!(answer.text().contains("statistics are off"), "{}", answer.text());
    }
    let progress = server.get(&format!("{project}/observation")).await.json();
    assert_eq!(progress["state"], "no_prometheus");
    server.put(&format!("{project}/prometheus"), &json!({ "url": url })).await;
    let progress = server.get(&format!("{project}/observation")).await.json();
    assert_eq!(progress["state"], "off");
    assert_eq!(server.delete(&format!("{project}/prometheus")).await.status, 204);
    assert_eq!(server.put("api/usage-statistics", &json!({"enabled": true})).await.status, 200);
    server.stop().await;

    let server = RunningServer::start(dir.path(), &["--read-only-settings"]).await;
    for path in tests(&project) {
        let answer = server.send_json(Method::POST, &path, &json!({ "url": url })).await;
        assert_eq!(answer.status, 409, "{path}");
        assert!(answer.text().contains("--read-only-settings"), "{}", answer.text());
    }
    let access = server.get("api/settings").await.json();
    assert!(access["read_only"].as_str().unwrap().contains("--read-only-settings"), "{access}");
    server.stop().await;
    assert!(seen.lock().unwrap().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn the_first_numbers_of_a_project_arrive_with_their_progress() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let observation = format!("{project}/observation");
    let before = server.get(&observation).await.json();
    assert_eq!(before["state"], "no_prometheus");
    assert_eq!(before["found"], Value::Null);
    let (url, _) = serving(|form| prometheus_with("query=node_info&", form)).await;
    server.put(&format!("{project}/prometheus"), &json!({"url": url, "refresh_interval_s": 3600})).await;
    let progress = async {
        loop {
            let progress = server.get(&observation).await.json();
            let number = |name: &str| progress[name].as_u64().unwrap();
            assert!(number("filled_spans") <= number("missing_spans"), "{progress}");
            let known = number("answered_queries") + number("failed_query_count");
            assert!(known <= number("queries"), "{progress}");
            // The list of projects has the same.
            let overview = server.get("api/overview").await.json()["projects"][0]["observation"].clone();
            let members = |status: &Value| status.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(members(&overview), members(&progress));
            if progress["state"] == "observed" {
                return progress;
            }
            // The state can only be asked about.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let progress = timeout(SOON, progress).await.unwrap();
    assert_eq!((&progress["found"]["nodes"], &progress["rounds"]), (&json!(1), &json!(1)));
    let counts = (&progress["answered_queries"], &progress["failed_query_count"]);
    assert_eq!(counts, (&progress["queries"], &json!(0)));
    assert_eq!(progress["filled_spans"], progress["missing_spans"]);
    assert!(progress["missing_spans"].as_u64() > progress["queries"].as_u64(), "the past, hour by hour");
    server.stop().await;
}
