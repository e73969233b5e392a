//! Tests that every report counts once, however many collectors it arrives at and whatever fails meanwhile.

#![expect(clippy::print_stdout, reason = "the table is what the test is run for by hand")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::StatusCode;
use headcount_clickhouse_cluster::ClickHouseCluster;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::{Value, json};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{sleep, timeout},
};
use uuid::{NoContext, Timestamp, Uuid};

use crate::tested_engine::{DAY, EngineCollector, EngineKind, START, TestedEngine, place_of, report_of};

/// How many reports there are.
const REPORTS: usize = 240;

/// How many collectors get them.
const COLLECTORS: usize = 4;

/// How many reports a sender has under way.
const AT_ONCE: usize = 24;

const PATIENCE: Duration = Duration::from_secs(150);

/// What was answered.
#[derive(Debug, Default)]
struct SentReports {
    stored: AtomicUsize,
    duplicates: AtomicUsize,
    refused: AtomicUsize,
}

/// A report with its id: of a fifth as many installations, over three days.
fn numbered(number: usize) -> (String, Value) {
    let made = START - (number % 3) as u64 * DAY;
    let id = Uuid::new_v7(Timestamp::from_unix(NoContext, made, 0));
    let mut report = report_of(Uuid::from_u128(number as u128 / 5 + 1));
    report["ux"]["page_views"] = json!({ "dashboards": number });
    (id.to_string(), report)
}

/// Sends all reports in its own order, and each until it is answered. Some answers are lost, and some reports
/// are sent again although they were answered.
async fn send_all(
    collector: Arc<EngineCollector>,
    seed: u64,
    reports: Arc<Vec<(String, Value)>>,
    sent: Arc<SentReports>,
) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut order: Vec<_> = (0..reports.len()).collect();
    order.shuffle(&mut random);
    while !order.is_empty() {
        let size = random.random_range(1..=AT_ONCE).min(order.len());
        let some = order.split_off(order.len() - size);
        let mut under_way = JoinSet::new();
        for number in some {
            let (collector, reports) = (Arc::clone(&collector), Arc::clone(&reports));
            under_way.spawn(async move {
                let (id, report) = &reports[number];
                (number, collector.post(id, report, |request| request).await)
            });
        }
        let mut failed = false;
        for (number, answer) in under_way.join_all().await {
            let is_lost = random.random_bool(0.15);
            let is_repeated = random.random_bool(0.1);
            match answer.status {
                StatusCode::OK if answer.json()["status"] == "stored" => {
                    sent.stored.fetch_add(1, Ordering::Relaxed);
                }
                StatusCode::OK => {
                    sent.duplicates.fetch_add(1, Ordering::Relaxed);
                }
                _ => {
                    sent.refused.fetch_add(1, Ordering::Relaxed);
                    failed = true;
                }
            }
            if answer.status != StatusCode::OK || is_lost || is_repeated {
                order.insert(random.random_range(0..=order.len()), number);
            }
        }
        if failed {
            sleep(Duration::from_millis(200)).await;
        }
    }
}

/// What the numbers of the fleet say: reports by installation, and page views.
async fn counted(running: &EngineCollector) -> (u64, u64, u64) {
    running.collector.compute_fleet().await.unwrap();
    let fleet = running.answer("/api/fleet").await;
    let rows = fleet["instances"].as_array().unwrap();
    let reports = rows.iter().map(|row| row["reports"].as_u64().unwrap()).sum();
    let pages = running.answer("/api/fleet/shares/pages?from=2024-01-01").await;
    let views = pages["labels"].as_array().unwrap().iter();
    let views = views
        .map(|label| label["value_by_day"].as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>());
    (rows.len() as u64, reports, views.sum())
}

#[tokio::test]
async fn reports_to_four_collectors_count_once_while_a_replica_is_killed() {
    let cluster = Arc::new(ClickHouseCluster::start());
    let engine = TestedEngine::at(Some(place_of(&cluster.url())), Vec::new());
    let reports: Arc<Vec<_>> = Arc::new((0..REPORTS).map(numbered).collect());
    let (sent, mut senders) = (Arc::<SentReports>::default(), JoinSet::new());
    let mut collectors = Vec::new();
    for seed in 0..COLLECTORS {
        let collector = Arc::new(engine.collector().await);
        collectors.push(Arc::clone(&collector));
        senders.spawn(send_all(collector, seed as u64, Arc::clone(&reports), Arc::clone(&sent)));
    }
    let beyond = async |counter: &AtomicUsize, more: usize| {
        let before = counter.load(Ordering::Relaxed);
        while counter.load(Ordering::Relaxed) < before + more {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, beyond(&sent.stored, REPORTS / 4)).await.unwrap();
    cluster.replica(1, 1).kill();
    // Nothing is durable in this shard now.
    timeout(PATIENCE, beyond(&sent.refused, 1)).await.unwrap();
    let again = Arc::clone(&cluster);
    spawn_blocking(move || again.replica(1, 1).start_again()).await.unwrap();
    timeout(PATIENCE, senders.join_all()).await.unwrap();

    let views = (0..REPORTS as u64).sum::<u64>();
    let truth = ((REPORTS / 5) as u64, REPORTS as u64, views);
    let SentReports { stored, duplicates, refused } = sent.as_ref();
    let [stored, duplicates, refused] =
        [stored, duplicates, refused].map(|count| count.load(Ordering::Relaxed));
    println!("| what | number |\n|---|---|\n| reports | {REPORTS} |\n| collectors | {COLLECTORS} |");
    println!(
        "| answered stored | {stored} |\n| answered duplicate | {duplicates} |\n| refused with 503 | {refused} |"
    );
    for collector in &collectors {
        let counted = counted(collector).await;
        println!("| counted: installations, reports, views | {counted:?} |\n| truth | {truth:?} |");
        assert_eq!(counted, truth);
    }
    assert!(duplicates > 0 && refused > 0, "{duplicates} {refused}");
}

/// Sends other reports under the same ids to two collectors at once.
async fn one_of_two_counts(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let collectors = [engine.collector().await, engine.collector().await];
    let rounds = 12_u128;
    let mut answered = 0;
    for round in 0..rounds {
        let id = format!("contested-{round}");
        let reports = [2 * round + 1, 2 * round + 2].map(|number| report_of(Uuid::from_u128(number)));
        let (one, two) = tokio::join!(
            collectors[0].post(&id, &reports[0], |request| request),
            collectors[1].post(&id, &reports[1], |request| request),
        );
        for answer in [one, two] {
            assert!(matches!(answer.status, StatusCode::OK | StatusCode::UNPROCESSABLE_ENTITY), "{answer:?}");
            answered += usize::from(answer.status == StatusCode::OK);
        }
    }
    println!("{answered} of {} reports under {rounds} ids were answered as stored", 2 * rounds);
    for running in &collectors {
        assert_eq!(u128::from(running.installations().await), rounds);
        let fleet = running.answer("/api/fleet").await;
        assert_eq!((&fleet["conflicts"], fleet["instances"].as_array().unwrap().len()), (&json!(12), 12));
        assert_eq!(running.ids("").await.len(), 12);
    }
}

#[tokio::test]
async fn of_two_reports_under_one_id_at_two_collectors_of_a_cluster_one_counts() {
    one_of_two_counts(EngineKind::Cluster).await;
}

#[tokio::test]
async fn of_two_reports_under_one_id_at_two_collectors_of_today_one_counts() {
    one_of_two_counts(EngineKind::Today).await;
}

/// Starts two collectors at once on an empty store, with different keys.
async fn one_of_two_keys_is_used(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let both = tokio::join!(engine.try_collector(), engine.collector_with_other_keys());
    let goes_on = [both.0.is_ok(), both.1.is_ok()];
    assert!(goes_on[0] != goes_on[1], "one of them goes on: {goes_on:?}");
    let again = [engine.try_collector().await.is_ok(), engine.collector_with_other_keys().await.is_ok()];
    assert_eq!(again, goes_on);
}

#[tokio::test]
async fn of_two_first_starts_with_different_keys_on_a_cluster_one_goes_on() {
    one_of_two_keys_is_used(EngineKind::Cluster).await;
}

#[tokio::test]
async fn of_two_first_starts_with_different_keys_on_today_one_goes_on() {
    one_of_two_keys_is_used(EngineKind::Today).await;
}
