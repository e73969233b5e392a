//! Tests that rows which are inserted again and again count once, also while a replica is killed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use headcount_clickhouse::{ClickHouseClient, ClickHouseError, RequestLimits, RowBatch, VolatileStorage};
use headcount_clickhouse_cluster::ClickHouseCluster;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{sleep, timeout},
};

use super::planned_client;

/// The number of rows, and of those that insert all of them.
const ROWS: u64 = 500;
const COLLECTORS: u64 = 4;

/// The longest time for what is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// What has happened to the batches of all collectors.
#[derive(Default)]
struct BatchOutcomes {
    stored: AtomicUsize,
    failed: AtomicUsize,
}

/// Waits until `counter` is more than `count`.
async fn wait_beyond(counter: &AtomicUsize, count: usize) {
    let beyond = async {
        while counter.load(Ordering::Relaxed) <= count {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, beyond).await.unwrap();
}

/// A row: the day of its id, its id, its value.
fn report(number: u64) -> (u16, u64, u64) {
    (20_000 + u16::try_from(number % 2).unwrap(), number, number * number % 97)
}

fn batch_of(numbers: &[u64]) -> RowBatch {
    let mut batch = RowBatch::default();
    numbers.iter().for_each(|&number| batch.push(&report(number)));
    batch
}

async fn insert_batch(client: &ClickHouseClient, numbers: &[u64]) -> Result<(), ClickHouseError> {
    client.insert("report", &["day", "id", "value"], batch_of(numbers)).await
}

/// Inserts all rows, in an order and in batches of its own, each batch until it is stored. Some answers are not
/// waited for, and some batches are sent once more.
async fn collect(client: ClickHouseClient, seed: u64, outcomes: Arc<BatchOutcomes>) {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut order = (0..ROWS).collect::<Vec<_>>();
    order.shuffle(&mut chance);
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(chance.random_range(5..=120).min(rest.len()));
        if chance.random_bool(0.15) {
            let lost = Duration::from_millis(chance.random_range(0..40));
            timeout(lost, insert_batch(&client, batch)).await.ok();
        }
        while let Err(error) = insert_batch(&client, batch).await {
            assert!(error.is_temporary(), "{error:?}");
            outcomes.failed.fetch_add(1, Ordering::Relaxed);
            // A sender that was told to come back does not come at once.
            sleep(Duration::from_millis(chance.random_range(50..200))).await;
        }
        outcomes.stored.fetch_add(1, Ordering::Relaxed);
        if chance.random_bool(0.9) {
            rest = after;
        }
    }
}

async fn create_tables(client: &ClickHouseClient) {
    let columns = "(day Date, id UInt64, value UInt64)";
    let engine = "ReplicatedReplacingMergeTree('/clickhouse/{shard}/report', '{replica}') \
                  PARTITION BY day ORDER BY (day, id)";
    client.execute(&format!("CREATE TABLE part ON CLUSTER fleet {columns} ENGINE = {engine}")).await.unwrap();
    let engine = "Distributed(fleet, default, part, id)";
    client
        .execute(&format!("CREATE TABLE report ON CLUSTER fleet {columns} ENGINE = {engine}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn rows_that_four_collectors_insert_while_a_replica_is_killed_count_once() {
    let cluster = Arc::new(ClickHouseCluster::start());
    let limits = RequestLimits { insert: Duration::from_secs(5), ..RequestLimits::default() };
    let (client, _) = planned_client(&cluster.url(), limits, VolatileStorage::Refused).await;
    create_tables(&client).await;
    let (outcomes, mut collectors) = (Arc::<BatchOutcomes>::default(), JoinSet::new());
    for seed in 0..COLLECTORS {
        let (client, _) = planned_client(&cluster.url(), limits, VolatileStorage::Refused).await;
        collectors.spawn(collect(client, seed, Arc::clone(&outcomes)));
    }
    wait_beyond(&outcomes.stored, 5).await;
    let failed_before = outcomes.failed.load(Ordering::Relaxed);
    cluster.replica(1, 1).kill();
    // Nothing is durable in this shard now, so inserts fail.
    wait_beyond(&outcomes.failed, failed_before).await;
    let restarted = Arc::clone(&cluster);
    spawn_blocking(move || restarted.replica(1, 1).start_again()).await.unwrap();
    timeout(PATIENCE, collectors.join_all()).await.unwrap();

    let truth = (ROWS, (0..ROWS).map(|number| report(number).2).sum::<u64>());
    for node in client.clients_of_nodes() {
        node.execute("SYSTEM SYNC REPLICA part").await.unwrap();
    }
    for node in client.clients_of_nodes() {
        let sums = node.query::<(u64, u64)>("SELECT count(), sum(value) FROM report FINAL").await.unwrap();
        assert_eq!(sums, [truth]);
    }
    // Each of both replicas of both shards has what it should have.
    let mut parts = Vec::new();
    for node in client.clients_of_nodes() {
        parts.extend(node.query::<(u64, u64)>("SELECT count(), sum(value) FROM part FINAL").await.unwrap());
    }
    let [first, second, third, fourth] = parts.try_into().unwrap();
    assert_eq!((first, third), (second, fourth));
    assert_eq!((first.0 + third.0, first.1 + third.1), truth);
    // Each collector stored several batches, so that batches overlapped.
    let stored = outcomes.stored.load(Ordering::Relaxed);
    assert!(stored > usize::try_from(COLLECTORS).unwrap() * 4, "{stored} batches");
}
