//! Tests that a collector which is restored from a back-up deletes again what was deleted after it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use headcount_collector::{
    Collector,
    backup::{BackupPlan, BackupSecrets, back_up},
};
use headcount_shared::deletion_commitment::{DeletionCommitment, InstanceSecret};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::loopback_collector::{
    DAY, DOCUMENTED, INSTANCE, ListeningCollector, LoopbackAnswer, LoopbackClock, OTHER_INSTANCE, START,
    config, names, report_for,
};

impl ListeningCollector {
    /// Copies the data directory while the collector runs.
    async fn back_up(&self) -> PathBuf {
        let to = self.directory.path().with_extension("back-up");
        let secrets = BackupSecrets::Included { keys: None };
        back_up(&BackupPlan { data_dir: self.directory.path().to_owned(), to: to.clone(), secrets })
            .await
            .unwrap();
        to
    }

    async fn delete_own(&self, secret: &str) -> LoopbackAnswer {
        let body = json!({ "instance": INSTANCE, "secret": secret }).to_string();
        self.request("POST", "/ce/usage-statistics/deletion", "", body.as_bytes()).await
    }

    async fn installations(&self) -> u64 {
        self.get("/api/fleet").await.json()["total"].as_u64().unwrap()
    }
}

/// A new directory with the files of a back-up, and with the file of deletions of another data directory, if
/// there is one.
fn restored(back_up: &Path, deletions_of: Option<&Path>) -> Arc<TempDir> {
    let directory = tempfile::tempdir().unwrap();
    copy_directory(back_up, directory.path());
    if let Some(from) = deletions_of {
        fs::copy(from.join("deletions"), directory.path().join("deletions")).unwrap();
    }
    Arc::new(directory)
}

fn copy_directory(from: &Path, into: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            fs::create_dir(into.join(&name)).unwrap();
            copy_directory(&path, &into.join(&name));
        } else {
            fs::copy(&path, into.join(&name)).unwrap();
        }
    }
}

/// The bytes of all files in a directory and below.
fn bytes_in(directory: &Path) -> Vec<u8> {
    let bytes = |path: &Path| if path.is_dir() { bytes_in(path) } else { fs::read(path).unwrap() };
    fs::read_dir(directory).unwrap().flat_map(|entry| bytes(&entry.unwrap().path())).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A deletion secret of [`INSTANCE`] with its commitment.
fn secret_and_commitment() -> (String, String) {
    let secret: InstanceSecret = "5e".repeat(32).parse().unwrap();
    ("5e".repeat(32), DeletionCommitment::new(INSTANCE.parse().unwrap(), &secret).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_back_up_applies_deletions_that_are_newer_than_it() {
    let running = ListeningCollector::start().await;
    let (secret, commitment) = secret_and_commitment();
    for id in ["a1", "a2"] {
        let headers = [("idempotency-key", id), ("deletion-commitment", commitment.as_str())];
        assert_eq!(running.post(&headers, DOCUMENTED).await, 200);
    }
    running.report("b1", report_for(OTHER_INSTANCE, 1, 2)).await;
    running.collector.compute_fleet().await.unwrap();
    let back_up = running.back_up().await;
    // Later than the back-up: a report, and the deletion.
    running.report("b2", report_for(OTHER_INSTANCE, 2, 3)).await;
    let receipt = running.delete_own(&secret).await;
    assert_eq!(receipt.status, 200);
    let old = running.stop().await;
    assert!(!holds(&fs::read(old.path().join("deletions")).unwrap(), INSTANCE));

    let without = restored(&back_up, None);
    let running = ListeningCollector::start_with(config(without.path()), without, START).await;
    assert_eq!(running.installations().await, 2, "nothing tells of the deletion");
    running.stop().await;

    let directory = restored(&back_up, Some(old.path()));
    let mut running = ListeningCollector::start_with(config(directory.path()), directory, START).await;
    for _ in 0..2 {
        assert_eq!(running.installations().await, 1);
        assert!(!holds(&bytes_in(running.directory.path()), INSTANCE), "nothing of it is in any file");
        assert_eq!(running.get("/api/reports/a1").await.status, 404);
        assert_eq!(running.post(&[("idempotency-key", "a3")], DOCUMENTED).await, 410);
        assert_eq!(running.delete_own(&secret).await.body, receipt.body, "the same receipt");
        running = running.restart().await;
    }
    for (id, from, status) in [("b1", 1, "duplicate"), ("b2", 2, "stored"), ("b2", 2, "duplicate")] {
        let report = report_for(OTHER_INSTANCE, from, from + 1);
        let headers = format!("idempotency-key: {id}\r\n");
        let answer = running.request("POST", "/ce/usage-statistics", &headers, report.as_bytes()).await;
        assert_eq!(answer.json(), json!({ "status": status }), "{id}");
    }
    let today = running.today().await;
    assert_eq!(Value::Object(names(&today["dropped"])), json!({"report_deletion": 2, "raw_deletion": 2}));
    running.collector.compute_fleet().await.unwrap();
    let activity = running.get("/api/fleet/activity?from=2023-11-14").await.json();
    assert_eq!(activity["days"][0]["active_1d"], 1, "the numbers are those without it");
    running.stop().await;
    fs::remove_dir_all(back_up).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_the_file_of_deletions_may_be_there_twice() {
    let running = ListeningCollector::start().await;
    running.report("a1", DOCUMENTED).await;
    let back_up = running.back_up().await;
    assert_eq!(running.request("DELETE", &format!("/api/instances/{INSTANCE}"), "", b"").await.status, 200);
    let old = running.stop().await;
    let file = old.path().join("deletions");
    let twice = fs::read_to_string(&file).unwrap().repeat(2);
    fs::write(&file, twice).unwrap();
    let directory = restored(&back_up, Some(old.path()));
    let running = ListeningCollector::start_with(config(directory.path()), directory, START).await;
    assert_eq!(running.installations().await, 0);
    assert_eq!(running.rows("SELECT count(*) FROM applied_deletion").await, 1);
    running.restart().await.stop().await;
    fs::remove_dir_all(back_up).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_cannot_be_committed_is_not_in_the_file() {
    let running = ListeningCollector::start().await;
    running.report("a1", DOCUMENTED).await;
    let mut database = running.intruder().await;
    for statement in [
        "CREATE TABLE missing (id INTEGER PRIMARY KEY)",
        "CREATE TABLE refused (id INTEGER REFERENCES missing (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER refuse AFTER INSERT ON tombstone BEGIN INSERT INTO refused VALUES (1); END",
    ] {
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
    let delete = format!("/api/instances/{INSTANCE}");
    assert_eq!(running.request("DELETE", &delete, "", b"").await.status, 503);
    assert_eq!(fs::read_to_string(running.directory.path().join("deletions")).unwrap(), "");
    let running = running.restart().await;
    assert_eq!(running.installations().await, 1);
    sqlx::query("DROP TRIGGER refuse").execute(&mut running.intruder().await).await.unwrap();
    assert_eq!(running.request("DELETE", &delete, "", b"").await.status, 200);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_deletions_of_other_keys_stops_the_start() {
    let running = ListeningCollector::start().await;
    running.report("a1", DOCUMENTED).await;
    assert_eq!(running.request("DELETE", &format!("/api/instances/{INSTANCE}"), "", b"").await.status, 200);
    let old = running.stop().await;
    let other = tempfile::tempdir().unwrap();
    fs::copy(old.path().join("deletions"), other.path().join("deletions")).unwrap();
    let clock = Arc::new(LoopbackClock(START.into()));
    let refused = Collector::open(&config(other.path()), clock).await.unwrap_err().to_string();
    assert!(refused.contains("its file of deletions was used with other keys"), "{refused}");
    let running = ListeningCollector::start_with(config(old.path()), old, START).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_applied_once_and_an_installation_that_reports_again_later_stays() {
    let running = ListeningCollector::start().await;
    running.report("a1", DOCUMENTED).await;
    let back_up = running.back_up().await;
    assert_eq!(running.request("DELETE", &format!("/api/instances/{INSTANCE}"), "", b"").await.status, 200);
    // After 60 days, its reports are taken again.
    running.clock.0.fetch_add(61 * DAY, Ordering::Relaxed);
    running.collector.prune_now().await.unwrap();
    running.report("a2", DOCUMENTED).await;
    let running = running.restart().await;
    assert_eq!(running.installations().await, 1, "it was deleted before it reported again");
    let now = running.clock.0.load(Ordering::Relaxed);
    let old = running.stop().await;

    // The deletion still matters to the back-up, although its tombstone is gone.
    let directory = restored(&back_up, Some(old.path()));
    let running = ListeningCollector::start_with(config(directory.path()), directory, now).await;
    assert_eq!(running.installations().await, 0);
    // The deletion has no receipt any more.
    let again = running.request("DELETE", &format!("/api/instances/{INSTANCE}"), "", b"").await;
    assert_eq!(again.status, 404, "{}", again.body);
    // By the stored reports it is still the day of the back-up.
    assert_eq!(running.request("POST", "/api/clock", "", b"").await.status, 200);
    running.collector.prune_now().await.unwrap();
    running.report("a2", DOCUMENTED).await;
    assert_eq!(running.restart().await.installations().await, 1);
    fs::remove_dir_all(back_up).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_deletions_is_made_again_from_tombstones_and_old_lines_leave_it() {
    let running = ListeningCollector::start().await;
    running.report("a1", DOCUMENTED).await;
    let back_up = running.back_up().await;
    assert_eq!(running.request("DELETE", &format!("/api/instances/{INSTANCE}"), "", b"").await.status, 200);
    let old = running.stop().await;
    fs::remove_file(old.path().join("deletions")).unwrap();
    let running = ListeningCollector::start_with(config(old.path()), Arc::clone(&old), START).await;
    running.stop().await;
    let directory = restored(&back_up, Some(old.path()));
    let running = ListeningCollector::start_with(config(directory.path()), directory, START).await;
    assert_eq!(running.installations().await, 0);
    running.collector.prune(Duration::from_secs(START + 399 * DAY)).await.unwrap();
    let file = running.directory.path().join("deletions");
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 1);
    running.collector.prune(Duration::from_secs(START + 402 * DAY)).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
    assert_eq!(running.rows("SELECT count(*) FROM applied_deletion").await, 0);
    running.stop().await;
    fs::remove_dir_all(back_up).unwrap();
}
