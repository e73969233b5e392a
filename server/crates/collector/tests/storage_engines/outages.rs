//! Tests what a collector does when ClickHouse is away, or is not as it should be.

use axum::http::StatusCode;
use headcount_clickhouse::VolatileStorage;
use headcount_clickhouse_cluster::{ChdbServer, ClickHouseCluster, ClickHouseServer};
use headcount_collector::ClickHousePlace;
use uuid::Uuid;

use crate::tested_engine::{DAY, EngineKind, START, TestedEngine, place_of, report_of};

#[tokio::test]
async fn while_clickhouse_is_away_nothing_is_acknowledged_and_senders_come_back() {
    let server = ChdbServer::start();
    let engine = TestedEngine::at(Some(place_of(&server.url())), Vec::new());
    let running = engine.collector().await;
    running.report("before", &report_of(Uuid::from_u128(1)), "stored").await;
    server.kill();
    let refused = running.post("meanwhile", &report_of(Uuid::from_u128(2)), |request| request).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    let seconds: u64 = refused.retry_after.unwrap().parse().unwrap();
    assert!((60..=1800).contains(&seconds), "{seconds}");
    let unread = running.get("/api/reports").await;
    assert_eq!((unread.status, unread.retry_after.is_some()), (StatusCode::SERVICE_UNAVAILABLE, true));
    server.start_again();
    running.report("meanwhile", &report_of(Uuid::from_u128(2)), "stored").await;
    running.report("before", &report_of(Uuid::from_u128(1)), "duplicate").await;
    assert_eq!(running.ids("").await.len(), 2);
    assert_eq!(running.installations().await, 2);
}

#[tokio::test]
async fn what_a_collector_left_that_died_while_it_stored_a_report_does_not_count() {
    let engine = TestedEngine::new(EngineKind::Today);
    let running = engine.collector().await;
    running.report("a", &report_of(Uuid::from_u128(1)), "stored").await;
    assert_eq!(running.installations().await, 1);
    let columns = "day, product, version, made_at, replica, period_from, period_to, typed, content";
    let copy = format!(
        "INSERT INTO headcount_report ({columns}, instance, number) \
         SELECT {columns}, instance + 1, number + 1 FROM headcount_report"
    );
    let change = "INSERT INTO headcount_change (day, product, token) SELECT day, product, token + 1 FROM headcount_change";
    engine.run(&[&copy, change]).await;
    assert_eq!(running.collector.compute_fleet().await.unwrap(), 1, "the day has changed");
    assert_eq!(running.installations().await, 1);
}

#[tokio::test]
async fn a_server_that_cannot_sync_is_used_only_if_the_operator_accepts_it() {
    let server = ClickHouseServer::start();
    let engine = TestedEngine::at(Some(place_of(&server.url())), Vec::new());
    let refused = engine.try_collector().await.map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("--accept-volatile"), "{refused}");
    let place = ClickHousePlace { volatile: VolatileStorage::Accepted, ..place_of(&server.url()) };
    let engine = TestedEngine::at(Some(place), Vec::new());
    let running = engine.collector().await;
    running.report("a", &report_of(Uuid::from_u128(1)), "stored").await;
    assert_eq!(running.installations().await, 1);
}

#[tokio::test]
async fn an_address_without_every_node_of_the_cluster_is_refused_in_a_sentence() {
    let cluster = ClickHouseCluster::start();
    let url = format!("http://{}/default", cluster.replica(0, 0).address());
    let engine = TestedEngine::at(Some(place_of(&url)), Vec::new());
    let refused = engine.try_collector().await.map(|_| ()).unwrap_err().to_string();
    assert_eq!(
        refused,
        "ClickHouse cannot be used: the cluster of ClickHouse has 4 nodes and its address names 1: it must name each \
         of them"
    );
}

#[tokio::test]
async fn while_the_clock_of_a_collector_is_doubted_another_one_takes_reports() {
    let engine = TestedEngine::new(EngineKind::Today);
    let (doubted, other) = (engine.collector().await, engine.collector().await);
    other.report("a", &report_of(Uuid::from_u128(1)), "stored").await;
    doubted.clock.jump_to(START + 400 * DAY);
    let refused = doubted.post("b", &report_of(Uuid::from_u128(1)), |request| request).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    other.report("b", &report_of(Uuid::from_u128(1)), "stored").await;
}
