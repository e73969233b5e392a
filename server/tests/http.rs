//! Tests the HTTP interface of the server: the real router on loopback, with a real data directory.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod serving;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::Request, routing::post};
use headcount::{app::Server, config::Serve};
use headcount_platform::clock::SystemClock;
use headcount_shared::payload::Payload;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::serving::{ADMIN_TOKEN, RunningServer, ServerAnswer};

/// A limit on every wait.
const LIMIT: Duration = Duration::from_secs(30);

const DEVICE: &str = "20174a56-4a1e-41ca-a90d-b657d1fa873e";

impl RunningServer {
    async fn event(&self, event: &Value) -> ServerAnswer {
        self.send(Method::POST, "stats", &[("content-type", "text/plain")], event.to_string()).await
    }

    async fn switch(&self, enabled: bool) -> ServerAnswer {
        let body = json!({ "enabled": enabled }).to_string();
        self.send(Method::PUT, "api/usage-statistics", &[], body).await
    }

    async fn preview(&self) -> Payload {
        serde_json::from_slice(&self.get("api/usage-statistics/preview").await.body).unwrap()
    }
}

fn event(path: &str) -> Value {
    json!({"type": "route-open", "device_id": DEVICE, "device_size": "lg", "path": path})
}

#[tokio::test]
async fn events_are_counted_and_a_preview_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    for path in ["/", "/p/$projectId", "/p/$projectId"] {
        let answer = server.event(&event(path)).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    }
    let first = server.get("api/usage-statistics/preview").await;
    let second = server.get("api/usage-statistics/preview").await;
    assert_eq!(first.text(), second.text());
    assert!(first.headers["content-digest"].to_str().unwrap().starts_with("sha-256=:"));
    let payload = server.preview().await;
    assert_eq!(payload.ux.page_views, [("/".to_owned(), 1), ("/p/$projectId".to_owned(), 2)].into());
    assert_eq!((payload.ux.users.len(), payload.ux.users[0].get_version_num()), (1, 8));
    server.stop().await;
}

#[tokio::test]
async fn a_refused_event_is_explained_and_changes_no_count() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let with = |name: &str, value: Value| {
        let mut event = event("/");
        event[name] = value;
        event.to_string().into_bytes()
    };
    let valid = event("/").to_string();
    let cases: Vec<(Vec<u8>, u16, &str)> = vec![
        (Vec::new(), 400, "not valid"),
        (b"not json".to_vec(), 400, "not valid"),
        (b"[]".to_vec(), 400, "not valid"),
        (
            json!(["route-open", "20174a56-4a1e-41ca-a90d-b657d1fa873e", "lg", "/p/$projectId"])
                .to_string()
                .into_bytes(),
            400,
            "not valid",
        ),
        (b"\xff\xfe{}".to_vec(), 400, "not UTF-8"),
        ("[".repeat(4000).into_bytes(), 400, "nested deeper"),
        (valid.replace('}', r#","path":"/"}"#).into_bytes(), 400, "duplicate"),
        (with("device_size", json!("huge")), 400, "unknown variant"),
        (with("device_size", json!(3)), 400, "not valid"),
        (with("device_id", json!("someone@example.com")), 400, "UUID"),
        (with("type", json!("click")), 400, "unknown variant"),
        (with("path", json!("/a\nb")), 400, "control character"),
        (with("path", json!("/x".repeat(1000))), 400, "longer than 256"),
        (with("path", json!("/x".repeat(5000))), 413, "larger than 4096"),
    ];
    for (body, status, reason) in cases {
        let answer = server.send(Method::POST, "stats", &[], body).await;
        let problem = answer.json();
        assert_eq!(answer.status, status, "{problem}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert!(problem["detail"].as_str().unwrap().contains(reason), "{problem} should say {reason}");
    }
    assert_eq!(server.preview().await.ux, headcount_shared::payload::UxSection::default());
    server.stop().await;
}

#[tokio::test]
async fn what_was_counted_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    server.event(&event("/welcome")).await;
    let instance = server.preview().await.instance;
    server.stop().await;
    let server = RunningServer::start(dir.path(), &[]).await;
    let payload = server.preview().await;
    assert_eq!(payload.ux.page_views["/welcome"], 1);
    assert_eq!(payload.instance, instance);
    server.stop().await;
}

#[tokio::test]
async fn switched_off_nothing_is_counted_shown_or_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    server.event(&event("/")).await;
    let status = server.switch(false).await.json();
    assert_eq!((&status["enabled"], &status["next_report_at"]), (&json!(false), &Value::Null));
    assert_eq!(server.event(&event("/")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.get("api/usage-statistics/preview").await.status, StatusCode::CONFLICT);
    assert!(!server.get("").await.text().contains("tracker"));
    assert!(!dir.path().join("page-views").exists());
    server.stop().await;

    let server = RunningServer::start(dir.path(), &[]).await;
    assert_eq!(server.get("api/usage-statistics").await.json()["enabled"], false);
    assert_eq!(server.switch(true).await.json()["enabled"], true);
    assert!(server.preview().await.ux.page_views.is_empty(), "what was counted before is forgotten");
    assert_eq!(server.event(&event("/")).await.status, StatusCode::NO_CONTENT);
    assert!(server.get("").await.text().contains("data-headcount"));
    server.stop().await;
}

#[tokio::test]
async fn a_flag_that_says_off_wins_and_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    let server = RunningServer::start(&data_dir, &["--disable-usage-statistics"]).await;
    let answer = server.switch(true).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text().contains("--disable-usage-statistics"));
    assert_eq!(server.switch(false).await.status, StatusCode::OK);
    assert_eq!(server.event(&event("/")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.get("api/usage-statistics/reports").await.json(), json!({"reports": []}));
    assert_eq!(server.get("health").await.status, StatusCode::OK);
    server.stop().await;
    assert!(!data_dir.exists());
}

#[tokio::test]
async fn a_switch_that_is_not_understood_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    for body in [r#"{"enabled":"no"}"#, r#"{"enabled":false,"also":1}"#, "{", "", "false", "[true]"] {
        let answer = server.send(Method::PUT, "api/usage-statistics", &[], body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    let answer = server.send(Method::PUT, "api/usage-statistics", &[], r#"{"enabled":"no"}"#).await.json();
    assert_eq!(
        (&answer["field"], &answer["detail"]),
        (&json!("enabled"), &json!("enabled must be a boolean"))
    );
    assert_eq!(server.get("api/usage-statistics").await.json()["enabled"], true);
    server.stop().await;
}

#[tokio::test]
async fn the_interface_answers_the_token() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    for (shown, status) in
        [(Some(ADMIN_TOKEN), 200), (Some("another-token-of-this-length"), 401), (None, 401)]
    {
        let bearer = shown.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        for path in ["api/usage-statistics", "api/usage-statistics/preview", "metrics"] {
            let answer = server.send_as_stranger(Method::GET, path, &headers, "").await;
            assert_eq!(answer.status, status, "{path} {shown:?}");
        }
    }
    let answer = server.send_as_stranger(Method::POST, "stats", &[], event("/").to_string()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "browsers of others may be counted");
    server.stop().await;
}

#[tokio::test]
async fn everything_is_under_the_base_path() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &["--url-base-path=/coroot"]).await;
    assert!(server.url.ends_with("/coroot/"));
    assert_eq!(server.event(&event("/")).await.status, StatusCode::NO_CONTENT);
    for (path, status) in [
        ("", 200),
        ("p/abc/app/x/SLO", 200),
        ("usage-statistics", 200),
        ("health", 200),
        ("p/a/b/c/d/e", 404),
    ] {
        assert_eq!(server.get(path).await.status, status, "{path}");
    }
    let root = RunningServer { url: server.url.trim_end_matches("coroot/").to_owned(), ..server };
    assert_eq!(root.get("health").await.status, StatusCode::NOT_FOUND);
    assert_eq!(root.get("coroot").await.status, StatusCode::PERMANENT_REDIRECT);
    root.stop().await;
}

#[tokio::test]
async fn pages_allow_scripts_and_styles_of_their_own_only() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let answer = server.get("").await;
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
    let html = answer.text();
    assert!(!html.contains("<style") && !html.contains(" style=") && !html.contains("onload"), "{html}");
    for script in html.split("<script").skip(1) {
        assert!(script.starts_with(r#" type="module" src="/static/"#), "{script}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_preview_and_stored_reports_show_the_headers_that_they_are_sent_with() {
    let dir = tempfile::tempdir().unwrap();
    let flags = ["--product=a-shop", "--product-version=7.1", "--first-report-after=0s"];
    let server = RunningServer::start(dir.path(), &flags).await;
    let made = async {
        loop {
            let listed = server.get("api/usage-statistics/reports").await.json();
            if let Some(id) = listed["reports"][0]["id"].as_str() {
                return id.to_owned();
            }
            // The report is made in the background, and can only be asked about.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let id = tokio::time::timeout(LIMIT, made).await.unwrap();
    server.stop().await;
    // The report keeps the headers that it was made with.
    let server = RunningServer::start(dir.path(), &["--product=b-shop"]).await;
    let version = env!("CARGO_PKG_VERSION");
    let report = format!("api/usage-statistics/reports/{id}");
    for (path, product, reported) in
        [(report.as_str(), "a-shop", "7.1"), ("api/usage-statistics/preview", "b-shop", version)]
    {
        let answer = server.get(path).await;
        assert_eq!(answer.headers["headcount-product"], product, "{path}");
        assert_eq!(answer.headers["user-agent"], format!("headcount/{version}"), "{path}");
        assert!(!answer.headers.contains_key("headcount-replica"), "{path}");
        assert_eq!(answer.json()["instance"]["version"], reported, "{path}");
        assert!(!answer.text().contains("-shop"), "{path}");
    }
    server.stop().await;
}

/// A collector that stores every report and publishes nothing. Its address, and the requests for anything else.
async fn collector() -> (String, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&asked);
    let other = async move |request: Request| {
        let headers = request.headers().iter().map(|(name, value)| format!("{name}: {value:?}"));
        let headers: Vec<String> = headers.collect();
        seen.lock().unwrap().push(format!("{} {} {headers:?}", request.method(), request.uri()));
        StatusCode::NOT_FOUND
    };
    let router = Router::new().route("/ce/usage-statistics", post(async || "{}")).fallback(other);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("--collector-url=http://{}/ce/usage-statistics", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

#[tokio::test]
async fn what_was_sent_is_shown_by_day_until_statistics_are_switched_off() {
    let dir = tempfile::tempdir().unwrap();
    let (collector, _) = collector().await;
    let server = RunningServer::start(dir.path(), &[collector.as_str(), "--first-report-after=0s"]).await;
    let delivered = async {
        while server.get("api/usage-statistics").await.json()["last_delivered_at"].is_null() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, delivered).await.unwrap();
    let history = server.get("api/usage-statistics/history").await.json();
    assert_eq!(history["days"].as_array().map(Vec::len), Some(1), "{history}");
    assert_eq!(history["days"][0]["reports"], 1);
    assert!(history["charts"].as_str().unwrap().contains("id=\"reported-sizes-chart\""), "{history}");
    server.stop().await;

    let server = RunningServer::start(dir.path(), &[collector.as_str()]).await;
    assert_eq!(server.get("api/usage-statistics/history").await.json(), history);
    server.preview().await;
    assert_eq!(server.get("api/usage-statistics/history").await.json(), history, "a preview adds nothing");
    assert_eq!(server.switch(false).await.status, StatusCode::OK);
    assert_eq!(server.get("api/usage-statistics/history").await.json(), json!({"days": [], "charts": ""}));
    assert!(!dir.path().join("reported.jsonl").exists());
    server.stop().await;
}

#[tokio::test]
async fn every_installation_asks_the_same_of_the_collector_when_it_compares_itself() {
    let (collector, asked) = collector().await;
    let mut requests = Vec::new();
    for flags in
        [&["--product-version=7.1"][..], &["--url-base-path=/mine", "--public-url=https://mine.example"]]
    {
        let dir = tempfile::tempdir().unwrap();
        let server = RunningServer::start(dir.path(), &[&[collector.as_str()], flags].concat()).await;
        server.event(&event("/")).await;
        let before = server.get("api/usage-statistics/fleet").await.json();
        assert_eq!((&before["downloaded_at"], asked.lock().unwrap().len()), (&Value::Null, 0));
        for _ in 0..2 {
            let compared = server.send(Method::POST, "api/usage-statistics/fleet", &[], "").await.json();
            assert!(compared["downloaded_at"].is_u64() && compared["position"].is_null(), "{compared}");
            assert!(compared["sentences"][0].as_str().unwrap().contains("publishes nothing"), "{compared}");
        }
        assert_eq!(server.switch(false).await.status, StatusCode::OK);
        let off = server.send(Method::POST, "api/usage-statistics/fleet", &[], "").await;
        assert_eq!(off.status, StatusCode::CONFLICT);
        server.stop().await;
        requests.push(std::mem::take(&mut *asked.lock().unwrap()));
    }
    assert_eq!(requests[0].len(), 1, "{requests:?}");
    assert_eq!(requests[0], requests[1]);
    assert!(!requests[0][0].contains(env!("CARGO_PKG_VERSION")), "{requests:?}");
}

#[tokio::test]
async fn bodies_about_usage_statistics_are_refused_as_problems_that_repeat_no_value() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    for (method, path, body, status) in [
        (Method::PUT, "api/usage-statistics", json!({"enabled": "hidden"}), 400),
        (Method::POST, "api/pseudonym", json!({"device_id": "hidden"}), 400),
        (Method::POST, "api/usage-statistics/profile-graph", json!({"kind": "hidden"}), 400),
        (Method::PUT, "api/usage-statistics", json!("hidden".repeat(20_000)), 413),
        (Method::POST, "api/pseudonym", json!("hidden".repeat(20_000)), 413),
    ] {
        let answer = server.send(method, path, &[], body.to_string()).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
        assert!(!answer.text().contains("hidden"), "{path}: {}", answer.text());
    }
    server.stop().await;
}

#[tokio::test]
async fn a_profile_is_drawn_however_large_and_nothing_else_is() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let large = json!({"kind": "cpu", "profile": "x".repeat(3 << 20), "id": "a"}).to_string();
    for (body, status, said) in [
        (json!({"kind": "cpu", "profile": "", "id": "a"}).to_string(), StatusCode::OK, "(all)"),
        (
            json!({"kind": "disk", "profile": "", "id": "a"}).to_string(),
            StatusCode::BAD_REQUEST,
            "kind must be",
        ),
        ("{}".to_owned(), StatusCode::BAD_REQUEST, "kind"),
        (
            json!({"kind": "heap", "profile": "…", "id": "a"}).to_string(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "not base64",
        ),
        (large, StatusCode::UNPROCESSABLE_ENTITY, "not gzip"),
    ] {
        let answer = server.send(Method::POST, "api/usage-statistics/profile-graph", &[], body).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(said), "{said}: {}", answer.text());
    }
    server.stop().await;
}

#[tokio::test]
async fn the_status_names_the_privacy_text_of_who_receives_the_reports() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &["--privacy-url=https://shop.example/privacy"]).await;
    assert_eq!(
        server.get("api/usage-statistics").await.json()["privacy_url"],
        "https://shop.example/privacy"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let flag = format!("--data-dir={}", dir.path().display());
    let config = Serve::from_flags(&[&flag, "--collector-url=http://127.0.0.1:9/"]).unwrap();
    let refusal = Server::open(&config, Arc::new(SystemClock::new()), None).await.unwrap_err();
    assert!(refusal.to_string().contains("in use by another process"), "{refusal}");
    server.stop().await;
}

/// Writes a route table of Coroot, and returns the flag for it.
fn routes_of_coroot(dir: &Path) -> String {
    let file = dir.join("routes");
    fs::write(&file, "# Coroot\n/p/:projectId/applications/:id/:report(SLO|CPU)?\n").unwrap();
    format!("--routes={}", file.display())
}

#[tokio::test]
async fn pages_of_the_product_are_counted_as_they_come_beside_those_of_the_interface() {
    let dir = tempfile::tempdir().unwrap();
    let flag = routes_of_coroot(dir.path());
    let cases = [
        ("/p/:projectId/applications/:id/SLO", "/p/:projectId/applications/:id/SLO"),
        ("/p/$projectId/applications/$id/CPU", "/p/$projectId/applications/$id/CPU"),
        ("/p/$projectId/applications/$id", "/p/$projectId/applications/$id"),
        ("/p/:projectId/applications/:id/secret", "(unmatched)"),
        ("/p/acme/applications/shop/SLO", "(unmatched)"),
        ("/p/$projectId/app/$id/SLO", "/p/$projectId/app/$id/SLO"),
        ("/p/:projectId", "(unmatched)"),
    ];
    let server = RunningServer::start(&dir.path().join("data"), &[&flag]).await;
    let mut expected = BTreeMap::<String, u64>::new();
    for (path, key) in cases {
        assert_eq!(server.event(&event(path)).await.status, StatusCode::NO_CONTENT, "{path}");
        *expected.entry(key.to_owned()).or_default() += 1;
    }
    assert_eq!(server.preview().await.ux.page_views, expected);
    server.stop().await;
}

#[tokio::test]
async fn what_was_counted_stays_counted_under_another_table() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    let page = "/p/:projectId/applications/:id";
    let server = RunningServer::start(&data_dir, &[&routes_of_coroot(dir.path())]).await;
    server.event(&event(page)).await;
    server.stop().await;
    let server = RunningServer::start(&data_dir, &[]).await;
    server.event(&event(page)).await;
    let expected = [(page.to_owned(), 1), ("(unmatched)".to_owned(), 1)];
    assert_eq!(server.preview().await.ux.page_views, expected.into());
    server.stop().await;
}

#[tokio::test]
async fn only_random_uuids_are_browsers_and_every_other_uuid_is_a_view() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let shapes = [
        ("00000000-0000-0000-0000-000000000000", 0),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", 0),
        ("6a616e65-4061-636d-652e-636f72702121", 0),
        ("2c1d43b8-e6d7-11e3-8f5b-001122334455", 0),
        ("90123e1c-7512-523e-bb28-76fab9f2f73d", 0),
        ("0cf25490-3a82-8d0d-9eb9-ac15fa040ed2", 0),
        (DEVICE, 1),
    ];
    for (views, (uuid, users)) in (1..).zip(shapes) {
        let mut event = event("/");
        event["device_id"] = json!(uuid);
        assert_eq!(server.event(&event).await.status, StatusCode::NO_CONTENT, "{uuid}");
        let ux = server.preview().await.ux;
        assert_eq!((ux.page_views["/"], ux.users.len()), (views, users), "{uuid}");
        assert_eq!(ux.users_by_screen_size.values().sum::<u64>(), users as u64, "{uuid}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_pseudonym_is_told_without_counting_and_is_another_with_another_key() {
    let (dir, asked) = (tempfile::tempdir().unwrap(), json!({ "device_id": DEVICE }).to_string());
    let mut pseudonyms = Vec::new();
    for _ in 0..2 {
        let server = RunningServer::start(dir.path(), &[]).await;
        let answer = server.send(Method::POST, "api/pseudonym", &[], asked.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(server.preview().await.ux, headcount_shared::payload::UxSection::default());
        server.event(&event("/")).await;
        let users = server.preview().await.ux.users;
        assert_eq!(answer.json()["pseudonym"], json!(users[0]));
        pseudonyms.push(users[0]);
        assert_eq!(server.switch(false).await.status, StatusCode::OK);
        let off = server.send(Method::POST, "api/pseudonym", &[], asked.clone()).await;
        assert_eq!(off.status, StatusCode::CONFLICT);
        assert_eq!(server.switch(true).await.status, StatusCode::OK);
        server.stop().await;
        fs::remove_file(dir.path().join("browser.key")).unwrap();
    }
    assert_ne!(pseudonyms[0], pseudonyms[1]);

    let server = RunningServer::start(dir.path(), &[]).await;
    let other = json!({ "device_id": "2c1d43b8-e6d7-11e3-8f5b-001122334455" }).to_string();
    let answer = server.send(Method::POST, "api/pseudonym", &[], other).await;
    assert_eq!((answer.status, &answer.json()["pseudonym"]), (StatusCode::OK, &Value::Null));
    for bad in ["", "{}", r#"{"device_id":"jane"}"#, r#"{"device_id":1}"#] {
        let answer = server.send(Method::POST, "api/pseudonym", &[], bad).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    server.stop().await;
}

#[tokio::test]
async fn no_uuid_of_a_browser_is_in_the_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &["--first-report-after=0s"]).await;
    server.event(&event("/")).await;
    server.stop().await;
    let mut files = 0;
    let mut directories = vec![dir.path().to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                files += 1;
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                assert!(!text.contains(DEVICE), "{}", path.display());
            }
        }
    }
    assert!(files > 3, "{files}");
}
