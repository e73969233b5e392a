//! Tests a start on a data directory of version 0.1.0: `fixtures/data-0.1.0`, made by that program itself.
//!
//! It ended by `SIGKILL` while it put a report on disk. It had sent one report, of the browsers 1 and 2;
//! another one, of browser 3, waits for the collector; a cut has the browsers 4 and 5; the journal has 5 and
//! 6, and an event whose UUID is of version 1.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod serving;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use headcount_shared::payload::Payload;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use uuid::Uuid;

use self::serving::RunningServer;

/// A limit on every wait.
const LIMIT: Duration = Duration::from_secs(30);

fn uuid_of(browser: u32) -> String {
    format!("{browser:08}-0000-4000-8000-{browser:012}")
}

/// The UUIDs that browsers sent to version 0.1.0.
fn sent_uuids() -> Vec<String> {
    (1..=6).map(uuid_of).chain(["2c1d43b8-e6d7-11e3-8f5b-001122334455".to_owned()]).collect()
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data-0.1.0")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, copied).unwrap();
        }
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The id of the report in the name of its file, and the file.
fn reports(dir: &Path) -> Vec<(String, PathBuf)> {
    let id = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().get(..36).unwrap().to_owned();
    let whole = files(dir).into_iter().filter(|path| path.extension().is_some_and(|end| end == "json"));
    whole.map(|path| (id(&path), path)).collect()
}

/// The reports that a collector received: ids and bytes.
type UploadedReports = Arc<Mutex<Vec<(String, Bytes)>>>;

async fn collector() -> (String, UploadedReports) {
    let arrived = UploadedReports::default();
    let take = async |State(arrived): State<UploadedReports>, headers: HeaderMap, body: Bytes| {
        let id = headers["idempotency-key"].to_str().unwrap().to_owned();
        arrived.lock().unwrap().push((id, body));
        r#"{"status":"stored"}"#
    };
    let router = Router::new().route("/", post(take)).with_state(Arc::clone(&arrived));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, arrived)
}

async fn pseudonym(server: &RunningServer, browser: u32) -> Uuid {
    let asked = json!({ "device_id": uuid_of(browser) }).to_string();
    let answer = server.send(Method::POST, "api/pseudonym", &[], asked).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.headers["content-type"], "application/json");
    answer.json()["pseudonym"].as_str().unwrap().parse().unwrap()
}

/// Whether a file has one of the UUIDs.
fn names_a_browser(path: &Path) -> bool {
    let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    sent_uuids().iter().any(|uuid| text.contains(uuid))
}

#[tokio::test]
async fn what_0_1_0_counted_is_reported_once_and_browsers_only_under_pseudonyms() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    copy(&fixture(), &data_dir);
    let queued = reports(&data_dir.join("reports/queued"));
    assert_eq!((queued.len(), reports(&data_dir.join("reports/sent")).len()), (1, 1));
    let queued_bytes = fs::read(&queued[0].1).unwrap();

    let (url, arrived) = collector().await;
    let mut previews = Vec::new();
    for _ in 0..2 {
        let server = RunningServer::start(&data_dir, &[&format!("--collector-url={url}")]).await;
        let preview = server.get("api/usage-statistics/preview").await;
        let ux = serde_json::from_slice::<Payload>(&preview.body).unwrap().ux;
        let mut expected = Vec::new();
        for browser in [4, 5, 6] {
            expected.push(pseudonym(&server, browser).await);
        }
        expected.sort_unstable();
        assert_eq!(ux.users, expected);
        assert_eq!(ux.page_views, [("/".to_owned(), 3), ("/welcome".to_owned(), 2)].into());
        assert_eq!(ux.users_by_screen_size.values().sum::<u64>(), 3);
        previews.push(ux);
        let delivered = async {
            while server.get("api/usage-statistics").await.json()["queued"] != 0 {
                // Delivery can only be asked about.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LIMIT, delivered).await.unwrap();
        server.stop().await;
    }
    assert_eq!(previews[0], previews[1]);
    let arrived = arrived.lock().unwrap().clone();
    assert_eq!(arrived, [(queued[0].0.clone(), Bytes::from(queued_bytes))], "sent once, as it was");
    assert!(!data_dir.join("browsers").exists());
    let naming: Vec<PathBuf> = files(&data_dir).into_iter().filter(|path| names_a_browser(path)).collect();
    assert!(naming.is_empty(), "{naming:?}");
}
