//! Tests deletions against a collector that gives one answer.

use std::sync::Mutex;

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use headcount_shared::api::ReportState;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::report::spool::DeliveryHeaders;

type SeenBodies = Arc<Mutex<Vec<Value>>>;

/// A collector that answers with these statuses in turn, and with a receipt to status 200.
async fn collector(statuses: &'static [u16]) -> (Url, SeenBodies) {
    let seen = SeenBodies::default();
    let answer = async |State(seen): State<SeenBodies>, body: Bytes| {
        let request: Value = serde_json::from_slice(&body).unwrap();
        let instance: Uuid = request["instance"].as_str().unwrap().parse().unwrap();
        let mut seen = seen.lock().unwrap();
        let status = statuses[seen.len().min(statuses.len() - 1)];
        seen.push(request);
        let receipt = json!({"instance_sha256": instance_sha256(instance), "hour": 3600, "reports": 1,
            "raw_reports": 1, "days": 1, "released": "", "tombstone_until": 7200, "key": "k", "signature": "s"});
        (StatusCode::from_u16(status).unwrap(), [("retry-after", "0")], receipt.to_string())
    };
    let router = Router::new().route("/ce/deletion", post(answer)).with_state(Arc::clone(&seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ce", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

/// An installation with a report that waits and, if `delivered`, one that was sent.
fn installation(dir: &Path, collector_url: Url, delivered: bool) -> InstallationDeletion {
    identity::load_or_create(dir).unwrap();
    instance_secret::load_or_create(dir).unwrap();
    fs::write(dir.join(browser_key::FILE), [7; 32]).unwrap();
    fs::write(dir.join("reported.jsonl"), "").unwrap();
    let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(dir));
    let spool = Spool::open(Arc::clone(&disk)).unwrap();
    for id in [1, 2].map(Uuid::from_u128) {
        spool.put(id, b"{}", &DeliveryHeaders::default()).unwrap();
    }
    if delivered {
        let _unanswered = spool.begin_attempt(Uuid::from_u128(1)).unwrap();
        spool.mark_sent(Uuid::from_u128(1)).unwrap();
    }
    let receipts = Arc::new(DeletionReceipts::open(disk).unwrap());
    InstallationDeletion { own_dir: dir.to_owned(), spool: Arc::new(spool), receipts, collector_url }
}

/// The identity, the secret and the key of an installation.
fn identities(dir: &Path) -> [Vec<u8>; 3] {
    ["instance.uuid", "instance.secret", "browser.key"]
        .map(|name| fs::read(dir.join(name)).unwrap_or_default())
}

#[tokio::test]
async fn the_secret_is_told_until_there_is_a_receipt_and_then_everything_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let (url, seen) = collector(&[202, 202, 200]).await;
    let deletion = installation(dir.path(), url, true);
    let before = identities(dir.path());
    let DeletionOutcome::Deleted(stored) = deletion.request().await.unwrap() else { panic!() };
    let [uuid, secret] = [&before[0], &before[1]].map(|text| String::from_utf8(text.clone()).unwrap());
    let expected = json!({"instance": uuid, "secret": secret});
    assert_eq!(*seen.lock().unwrap(), [expected.clone(), expected.clone(), expected]);
    assert!(stored.collector.starts_with("http://127.0.0.1:"), "{stored:?}");
    // A crash here is made up for by the next start.
    assert!(deletion.is_unfinished().unwrap());
    assert_eq!(identities(dir.path()), before);
    for _ in 0..2 {
        deletion.start_anew().unwrap();
        assert!(!deletion.is_unfinished().unwrap());
    }
    let after = identities(dir.path());
    for (before, after) in before.iter().zip(&after) {
        assert_ne!(before, after);
    }
    assert!(deletion.spool.entries().is_empty());
    assert!(!dir.path().join("reported.jsonl").exists(), "the numbers of what was sent are gone");
    for state in ["queued", "sent"] {
        assert_eq!(fs::read_dir(dir.path().join("reports").join(state)).unwrap().count(), 0);
    }
    let again = deletion.request().await.unwrap();
    assert!(matches!(again, DeletionOutcome::NeverDelivered), "the new installation has sent nothing");
    let receipts = DeletionReceipts::open(Arc::new(DiskDirectory::new(dir.path()))).unwrap();
    assert!(receipts.covers(uuid.parse().unwrap()));
}

#[tokio::test]
async fn an_installation_that_sent_nothing_asks_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (url, seen) = collector(&[200]).await;
    let deletion = installation(dir.path(), url, false);
    for _ in 0..2 {
        assert!(matches!(deletion.request().await.unwrap(), DeletionOutcome::NeverDelivered));
    }
    assert!(seen.lock().unwrap().is_empty());
    assert_eq!(deletion.spool.count(ReportState::Queued), 2);
}

#[tokio::test]
async fn an_installation_of_an_earlier_version_may_have_sent_something() {
    let dir = tempfile::tempdir().unwrap();
    let (url, seen) = collector(&[200]).await;
    fs::write(dir.path().join("instance.uuid"), "4423595b-9d97-4e01-a19f-8e3d60c83b2a").unwrap();
    let deletion = installation(dir.path(), url, false);
    assert!(matches!(deletion.request().await.unwrap(), DeletionOutcome::Deleted(_)));
    assert_eq!(seen.lock().unwrap().len(), 1);
    fs::remove_file(dir.path().join("instance.secret")).unwrap();
    assert!(matches!(deletion.request().await, Err(DeletionError::NoSecret)));
}

#[tokio::test]
async fn a_receipt_that_the_disk_refuses_is_told_and_can_be_asked_for_again() {
    let dir = tempfile::tempdir().unwrap();
    let (url, seen) = collector(&[200]).await;
    let deletion = installation(dir.path(), url, true);
    let before = identities(dir.path());
    fs::write(dir.path().join("receipts"), "no directory").unwrap();
    let refused = deletion.request().await.unwrap_err();
    assert!(matches!(refused, DeletionError::NoReceipt(_)), "{refused:?}");
    let told = refused.to_string();
    assert!(told.contains("has deleted what was sent") && told.contains("ask again"), "{told}");
    assert!(!told.contains(&*dir.path().to_string_lossy()), "{told}");
    assert!(!deletion.is_unfinished().unwrap());
    assert_eq!(identities(dir.path()), before);
    fs::remove_file(dir.path().join("receipts")).unwrap();
    assert!(matches!(deletion.request().await.unwrap(), DeletionOutcome::Deleted(_)));
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn without_a_receipt_nothing_changes() {
    for (statuses, said) in [
        (&[403_u16][..], "another secret"),
        (&[404], "does not know this installation"),
        (&[503], "cannot delete now"),
        (&[204], "not that of a collector"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (url, _) = collector(statuses.to_vec().leak()).await;
        let deletion = installation(dir.path(), url, true);
        let before = identities(dir.path());
        let error = deletion.request().await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        assert!(!error.contains(std::str::from_utf8(&before[1]).unwrap()), "{error}");
        assert_eq!(identities(dir.path()), before);
        assert_eq!(deletion.spool.entries().len(), 2);
        assert!(!deletion.is_unfinished().unwrap());
    }
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let error = installation(dir.path(), url, true).request().await.unwrap_err().to_string();
    assert!(error.contains("cannot be reached"), "{error}");
}
