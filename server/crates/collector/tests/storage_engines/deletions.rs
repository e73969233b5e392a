//! Tests that an installation is deleted from every node and file, and stays deleted.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use headcount_shared::{
    api::DeletionReceipt,
    deletion_commitment::{DeletionCommitment, InstanceSecret},
};
use serde_json::json;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::{
    on_every_engine,
    tested_engine::{DAY, EngineAnswer, EngineCollector, EngineKind, START, TestedEngine, report_of},
};

on_every_engine!(
    an_installation_deletes_what_it_sent_and_nothing_is_in_any_file,
    the_first_commitment_counts_and_another_one_is_a_clone,
);

/// How long a deletion may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The secret of an installation in tests, and the commitment to it.
fn secret_of(instance: Uuid, byte: u8) -> (String, String) {
    let secret = InstanceSecret::new([byte; 32]);
    (secret.expose(), DeletionCommitment::new(instance, &secret).to_string())
}

async fn ask_for_deletion(running: &EngineCollector, instance: Uuid, secret: &str) -> EngineAnswer {
    let body = json!({ "instance": instance, "secret": secret }).to_string();
    running.send(Request::post("/ce/usage-statistics/deletion").body(body.into()).unwrap()).await
}

/// Asks until the deletion is done. The receipt.
async fn deleted(running: &EngineCollector, instance: Uuid, secret: &str) -> DeletionReceipt {
    let answer = timeout(PATIENCE, async {
        loop {
            let answer = ask_for_deletion(running, instance, secret).await;
            if answer.status != StatusCode::ACCEPTED {
                return answer;
            }
            sleep(Duration::from_millis(200)).await;
        }
    });
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    serde_json::from_slice(&answer.body).unwrap()
}

async fn an_installation_deletes_what_it_sent_and_nothing_is_in_any_file(kind: EngineKind) {
    let engine = Arc::new(TestedEngine::new(kind));
    let running = engine.collector().await;
    let (instance, other) = (Uuid::new_v4(), Uuid::new_v4());
    let (secret, commitment) = secret_of(instance, 7);
    let post = async |id: &str| {
        running
            .post(id, &report_of(instance), |request| request.header("deletion-commitment", &commitment))
            .await
    };
    let [mark, kept] = [(); 2].map(|()| Uuid::new_v4().simple().to_string());
    for number in 0..4_u64 {
        running.clock.turn_to(START + number * DAY);
        assert_eq!(post(&format!("{mark}-{number}")).await.status, StatusCode::OK);
        running.report(&format!("{kept}-{number}"), &report_of(other), "stored").await;
    }
    assert_eq!(running.installations().await, 2);
    let has = |files: &[u8], form: &[u8]| files.windows(form.len()).any(|window| window == form);
    let forms = |uuid: Uuid| {
        let text = uuid.to_string();
        vec![
            text.clone().into_bytes(),
            text.to_uppercase().into_bytes(),
            uuid.simple().to_string().into_bytes(),
            uuid.as_bytes().to_vec(),
        ]
    };

    let (wrong, _) = secret_of(instance, 8);
    assert_eq!(ask_for_deletion(&running, instance, &wrong).await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask_for_deletion(&running, other, &wrong).await.status, StatusCode::NOT_FOUND);
    let receipt = deleted(&running, instance, &secret).await;
    assert_eq!((receipt.reports, receipt.raw_reports, receipt.days), (4, 4, 4));
    assert_eq!(deleted(&running, instance, &secret).await, receipt, "a repeated request has the same answer");

    assert_eq!(running.ids("").await.len(), 4);
    assert_eq!(running.ids(&format!("?instance={instance}")).await, Vec::<String>::new());
    assert_eq!(post("late").await.status, StatusCode::GONE);
    assert_eq!(running.installations().await, 1);
    assert_eq!(running.answer("/api/fleet").await["total"], 1);
    let day = headcount_fleet::calendar_day::CalendarDay::from_unix_seconds(START);
    let history = running.answer(&format!("/api/fleet/installations/{instance}?from={day}")).await;
    assert_eq!(history["days"], json!([]));

    let files = engine.files();
    for form in forms(instance) {
        assert!(!has(&files, &form), "{form:?}");
    }
    assert!(!has(&files, secret.as_bytes()) && !has(&files, commitment.as_bytes()));
    assert!(!has(&files, mark.as_bytes()), "the ids of its reports");
    // It does not find what is there by chance: the other one is.
    assert!(forms(other).iter().any(|form| has(&files, form)), "the files of the engine were read");
    running.collector.close().await;
}

#[tokio::test]
async fn a_restored_back_up_has_deletions_applied_that_are_newer() {
    let engine = TestedEngine::new(EngineKind::Today);
    let running = engine.collector().await;
    let (instance, other) = (Uuid::new_v4(), Uuid::new_v4());
    let (secret, commitment) = secret_of(instance, 7);
    let report = report_of(instance);
    let sent = running.post("a", &report, |request| request.header("deletion-commitment", &commitment));
    assert_eq!(sent.await.status, StatusCode::OK);
    running.report("b", &report_of(other), "stored").await;
    let tables = ["report", "id", "raw", "installation"];
    for table in tables {
        let copy = format!("CREATE TABLE copy_{table} AS headcount_{table}");
        let fill = format!("INSERT INTO copy_{table} SELECT * FROM headcount_{table}");
        engine.run(&[&copy, &fill]).await;
    }
    deleted(&running, instance, &secret).await;
    assert_eq!(running.ids("").await, ["b"]);
    running.collector.close().await;
    for table in tables {
        engine.run(&[&format!("INSERT INTO headcount_{table} SELECT * FROM copy_{table}")]).await;
    }
    let again = engine.collector().await;
    let gone = timeout(PATIENCE, async {
        while again.ids("").await != ["b"] {
            again.collector.prune(Duration::from_secs(START)).await.unwrap();
        }
    });
    gone.await.unwrap();
    assert_eq!(again.installations().await, 1);
    assert_eq!(again.get("/api/reports/a").await.status, StatusCode::NOT_FOUND);
}

async fn the_first_commitment_counts_and_another_one_is_a_clone(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let running = engine.collector().await;
    let instance = Uuid::new_v4();
    let (first, second) = (secret_of(instance, 1), secret_of(instance, 2));
    for (id, (_, commitment)) in [("a", &first), ("b", &second), ("c", &first)] {
        let report = report_of(instance);
        let sent = running.post(id, &report, |request| request.header("deletion-commitment", commitment));
        assert_eq!(sent.await.status, StatusCode::OK);
    }
    assert_eq!(running.answer("/api/fleet").await["clones"], 1);
    assert_eq!(ask_for_deletion(&running, instance, &second.0).await.status, StatusCode::FORBIDDEN);
    let deleted_by_operator = timeout(PATIENCE, async {
        loop {
            let request = Request::delete(format!("/api/instances/{instance}")).body(Body::empty()).unwrap();
            let answer = running.send(request).await;
            if answer.status != StatusCode::ACCEPTED {
                return answer;
            }
            sleep(Duration::from_millis(200)).await;
        }
    });
    assert_eq!(deleted_by_operator.await.unwrap().status, StatusCode::OK);
    assert_eq!(running.answer("/api/fleet").await["total"], 0);
}

#[tokio::test]
async fn blocks_that_came_back_after_a_deletion_are_deleted() {
    let engine = TestedEngine::new(EngineKind::Today);
    let running = engine.collector().await;
    let (instance, other) = (Uuid::new_v4(), Uuid::new_v4());
    let (secret, commitment) = secret_of(instance, 7);
    let report = report_of(instance);
    let sent = running.post("a", &report, |request| request.header("deletion-commitment", &commitment));
    assert_eq!(sent.await.status, StatusCode::OK);
    running.report("b", &report_of(other), "stored").await;
    assert_eq!(running.installations().await, 2);
    engine
        .run(&[
            "CREATE TABLE copy_block AS headcount_block",
            "INSERT INTO copy_block SELECT * FROM headcount_block WHERE layer LIKE 'installation%'",
        ])
        .await;
    deleted(&running, instance, &secret).await;
    running.collector.close().await;
    engine
        .run(&["SYSTEM STOP MERGES headcount_block", "INSERT INTO headcount_block SELECT * FROM copy_block"])
        .await;
    let returned = "SELECT throwIf(count() > 0) FROM headcount_block \
                    WHERE (layer, product, day, version) IN (SELECT layer, product, day, version FROM copy_block)";
    assert!(engine.try_run(returned).await.is_err(), "they are back");
    engine.run(&["SYSTEM START MERGES headcount_block"]).await;
    let again = engine.collector().await;
    let gone = timeout(PATIENCE, async {
        while engine.try_run(returned).await.is_err() {
            again.collector.prune(Duration::from_secs(START)).await.unwrap();
        }
    });
    gone.await.unwrap();
    assert_eq!(again.installations().await, 1);
}
