//! Tests the client against real servers: a cluster and a single server of 2018, and the engine of today.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod exactly_once;

use std::time::Duration;

use bytes::Bytes;
use headcount_clickhouse::{
    ClickHouseAddress, ClickHouseClient, ClickHouseError, DurabilityMismatch, DurabilityPlan,
    DurabilityRefusal, RequestLimits, RowBatch, ServerFacts, VolatileStorage, check_settings, check_table,
    decide_durability, sql_literal,
};
use headcount_clickhouse_cluster::{ChdbServer, ClickHouseCluster, ClickHouseServer, SHARDS};

/// A client without a plan.
fn client_of(url: &str) -> ClickHouseClient {
    ClickHouseClient::new(&url.parse().unwrap(), RequestLimits::default()).unwrap()
}

/// A client with the plan that is decided for a server, and the plan.
async fn planned_client(
    url: &str,
    limits: RequestLimits,
    volatile: VolatileStorage,
) -> (ClickHouseClient, DurabilityPlan) {
    let client = ClickHouseClient::new(&url.parse().unwrap(), limits).unwrap();
    let plan = decide_durability(&ServerFacts::ask(&client).await.unwrap(), None, volatile).unwrap();
    (client.with_plan(&plan), plan)
}

type RoundTripRow =
    (u8, u16, u32, u64, i64, f64, String, Bytes, [u8; 3], Vec<u64>, Vec<String>, Vec<Vec<u8>>);

const COLUMNS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

/// The definition of a table with every type, without its engine.
const EVERY_TYPE: &str = "(a UInt8, b Date, c UInt32, d UInt64, e Int64, f Float64, g String, h String, \
     i FixedString(3), j Array(UInt64), k Array(String), l Array(Array(UInt8)))";

fn rows_of_every_type() -> Vec<RoundTripRow> {
    let bytes = (0..=255).collect::<Vec<u8>>();
    let lowest = (0, 0, 0, 0, i64::MIN, -0.5, String::new(), Bytes::new(), [0; 3], vec![], vec![], vec![]);
    let highest = (
        u8::MAX,
        49_710,
        u32::MAX,
        u64::MAX,
        i64::MAX,
        f64::MAX,
        "it's ü\t\\N\n\0 'FORMAT".to_owned(),
        Bytes::from(bytes.repeat(600)),
        [255, 0, 39],
        (0..1000).chain([u64::MAX]).collect(),
        vec![String::new(), "\\'".to_owned()],
        vec![vec![], vec![1, 2]],
    );
    vec![lowest, highest]
}

async fn round_trip(client: &ClickHouseClient, table: &'static str) {
    let (rows, mut batch) = (rows_of_every_type(), RowBatch::default());
    rows.iter().for_each(|row| batch.push(row));
    client.insert(table, &COLUMNS, batch).await.unwrap();
    let select = format!("SELECT {} FROM {table} ORDER BY a", COLUMNS.join(", "));
    assert_eq!(client.query::<RoundTripRow>(&select).await.unwrap(), rows);
    let mut stream = client.query_stream::<RoundTripRow>(&select).await.unwrap();
    for row in rows {
        assert_eq!(stream.next_row().await.unwrap(), Some(row));
    }
    assert_eq!(stream.next_row().await.unwrap(), None);
    // What the server took the bytes for, in its own words.
    let shown = "toString(b), toString(f), length(h), hex(i), arraySum(j), k[2]";
    let select = format!("SELECT {shown} FROM {table} WHERE a = 255");
    let shown = client.query::<(String, String, u64, String, u64, String)>(&select).await.unwrap();
    let sum = (0..1000).sum::<u64>().wrapping_add(u64::MAX);
    let expected = ("2106-02-07", "1.7976931348623157e308", 153_600, "FF0027", sum, "\\'");
    let [(date, float, length, fixed, array, text)] = shown.try_into().unwrap();
    assert_eq!((date.as_str(), float.as_str(), length, fixed.as_str(), array, text.as_str()), expected);
}

/// Texts that a literal has to keep as they are.
async fn literals_are_kept(client: &ClickHouseClient) {
    for text in ["", "it's", r"\", r"\'; DROP TABLE x --", "a\0b\n\t\r", "ü😀", "{a:String}", "?"] {
        let select = format!("SELECT {}", sql_literal(text));
        assert_eq!(client.query::<(String,)>(&select).await.unwrap(), [(text.to_owned(),)]);
    }
}

/// What a client promises of every server.
async fn check_answers(client: &ClickHouseClient) {
    literals_are_kept(client).await;
    let refused = client.query::<(u8,)>("SELECT secret_column").await.unwrap_err();
    assert!(matches!(refused, ClickHouseError::Refused { code: 47, .. }), "{refused:?}");
    assert!(!refused.to_string().contains("secret"), "{refused}");
    let late = "SELECT number + throwIf(number = 2000000) FROM system.numbers LIMIT 3000000";
    let refused = client.query_stream::<(u64,)>(late).await.map(drop).unwrap_err();
    assert!(matches!(refused, ClickHouseError::Refused { code: 395, .. }), "{refused:?}");
    let other_type = client.query::<(u16,)>("SELECT toUInt8(1)").await.unwrap_err();
    assert!(matches!(other_type, ClickHouseError::Malformed(_)), "{other_type:?}");
    let mut stream = client.query_stream::<(u64,)>("SELECT number FROM numbers(1000000)").await.unwrap();
    let (mut rows, mut sum) = (0, 0);
    while let Some((number,)) = stream.next_row().await.unwrap() {
        (rows, sum) = (rows + 1, sum + number);
    }
    assert_eq!((rows, sum), (1_000_000, 499_999_500_000));
}

#[tokio::test]
async fn every_type_comes_back_as_it_was_inserted_from_a_single_server_of_2018() {
    let server = ClickHouseServer::start();
    let (client, plan) =
        planned_client(&server.url(), RequestLimits::default(), VolatileStorage::Accepted).await;
    let create = format!("CREATE TABLE every_type {EVERY_TYPE} ENGINE = MergeTree ORDER BY a");
    client.execute(&create).await.unwrap();
    round_trip(&client, "every_type").await;
    check_answers(&client).await;
    assert!(plan.is_volatile);
    assert_eq!(check_settings(&client, &plan).await, Ok(()));
    assert_eq!(check_table(&client, &plan, "every_type").await, Ok(()));
}

#[tokio::test]
async fn every_type_comes_back_as_it_was_inserted_from_the_engine_of_today() {
    let server = ChdbServer::start();
    let (client, plan) =
        planned_client(&server.url(), RequestLimits::default(), VolatileStorage::Refused).await;
    let create = format!("CREATE TABLE every_type {EVERY_TYPE} ENGINE = MergeTree ORDER BY a");
    client
        .execute(&format!("{create} SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"))
        .await
        .unwrap();
    round_trip(&client, "every_type").await;
    check_answers(&client).await;
    assert_eq!(check_settings(&client, &plan).await, Ok(()));
    assert_eq!(check_table(&client, &plan, "every_type").await, Ok(()));
    client.execute(&create.replace("every_type", "unsynced")).await.unwrap();
    let (table, name, value) = ("unsynced", "fsync_after_insert", "1");
    let mismatch = DurabilityMismatch::TableSetting { table, name, value };
    assert_eq!(check_table(&client, &plan, table).await, Err(mismatch));
    let missing = DurabilityMismatch::NoTable { table: "missing" };
    assert_eq!(check_table(&client, &plan, "missing").await, Err(missing));
}

#[tokio::test]
async fn every_type_comes_back_as_it_was_inserted_through_every_node_of_a_cluster() {
    let cluster = ClickHouseCluster::start();
    let (client, plan) =
        planned_client(&cluster.url(), RequestLimits::default(), VolatileStorage::Refused).await;
    let shape = plan.cluster.clone().unwrap();
    assert_eq!((shape.name.as_str(), shape.shards, shape.is_replicated), ("fleet", SHARDS, true));
    let engine = "ReplicatedMergeTree('/clickhouse/{shard}/every_type', '{replica}') ORDER BY a";
    client
        .execute(&format!("CREATE TABLE part ON CLUSTER fleet {EVERY_TYPE} ENGINE = {engine}"))
        .await
        .unwrap();
    let engine = "Distributed(fleet, default, part, d)";
    for node in client.clients_of_nodes() {
        node.execute(&format!("CREATE TABLE every_type {EVERY_TYPE} ENGINE = {engine}")).await.unwrap();
    }
    round_trip(&client, "every_type").await;
    assert_eq!(check_settings(&client, &plan).await, Ok(()));
    assert_eq!(check_table(&client, &plan, "part").await, Ok(()));
    let not_replicated = DurabilityMismatch::NotReplicated { table: "every_type" };
    assert_eq!(check_table(&client, &plan, "every_type").await, Err(not_replicated));
    // The rows are in both shards, on both replicas, at once.
    for node in client.clients_of_nodes() {
        assert_eq!(node.query::<(u64,)>("SELECT count() FROM part").await.unwrap(), [(1,)]);
    }
}

#[tokio::test]
async fn a_server_of_2018_alone_is_refused_unless_the_operator_accepts_it() {
    let server = ClickHouseServer::start();
    let facts = ServerFacts::ask(&client_of(&server.url())).await.unwrap();
    assert!(facts.version.starts_with("18.16"), "{}", facts.version);
    let refused = decide_durability(&facts, None, VolatileStorage::Refused);
    assert_eq!(refused, Err(DurabilityRefusal::Volatile));
}

#[tokio::test]
async fn a_password_is_wanted_and_told_over_http_and_tls_and_never_shown() {
    let server = ClickHouseServer::start_with_password();
    for url in [server.url(), server.https_url()] {
        assert_eq!(client_of(&url).query("SELECT 1").await, Ok(vec![(1_u8,)]));
        let wrong = client_of(&url.replace("only", "Only"));
        let refused = wrong.query::<(u8,)>("SELECT 1").await.unwrap_err();
        assert!(matches!(refused, ClickHouseError::Refused { code: 193, .. }), "{refused:?}");
        assert_eq!(
            refused.to_string(),
            "ClickHouse refused a statement with code 193: the user or the password is wrong"
        );
        for shown in [format!("{wrong:?}"), format!("{:?}", url.parse::<ClickHouseAddress>())] {
            assert!(!shown.contains("t@sts") && !shown.contains("t%40sts"), "{shown}");
        }
    }
    let stranger = server.https_url().split('?').next().unwrap().to_owned();
    let refused = client_of(&stranger).query::<(u8,)>("SELECT 1").await.unwrap_err();
    assert!(
        matches!(refused, ClickHouseError::Unreachable(why) if why.contains("certificate")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_node_that_is_away_is_passed_over_and_all_of_them_are_an_error_that_is_temporary() {
    let [one, two] = [ClickHouseServer::start(), ClickHouseServer::start()];
    let client = client_of(&format!("http://{},{}", one.address(), two.address()));
    for (gone, back) in [(&one, &two), (&two, &one)] {
        gone.kill();
        assert_eq!(client.query("SELECT 1").await, Ok(vec![(1_u8,)]));
        back.kill();
        let away = client.query::<(u8,)>("SELECT 1").await.unwrap_err();
        assert!(matches!(away, ClickHouseError::Unreachable(_)) && away.is_temporary(), "{away:?}");
        gone.start_again();
        back.start_again();
    }
}

#[tokio::test]
async fn what_is_larger_or_slower_than_its_bounds_is_an_error() {
    let server = ClickHouseServer::start();
    let limits = RequestLimits {
        answer: Duration::from_secs(1),
        answer_bytes: 800,
        row_bytes: 8,
        ..RequestLimits::default()
    };
    let client = ClickHouseClient::new(&server.url().parse().unwrap(), limits).unwrap();
    assert_eq!(client.query::<(u64,)>("SELECT number FROM numbers(100)").await.unwrap().len(), 100);
    let large = client.query::<(u64,)>("SELECT number FROM numbers(101)").await;
    assert_eq!(large, Err(ClickHouseError::TooLarge { limit: 800 }));
    let mut stream = client.query_stream::<(String,)>("SELECT 'nine bytes'").await.unwrap();
    assert_eq!(stream.next_row().await, Err(ClickHouseError::TooLarge { limit: 8 }));
    let slow = client.query::<(u8,)>("SELECT sleep(3)").await.unwrap_err();
    assert_eq!(slow, ClickHouseError::TimedOut);
}

#[tokio::test]
async fn what_is_not_clickhouse_is_named_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let other = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        std::io::Read::read(&mut connection, &mut [0; 4096]).unwrap();
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\nsecret";
        std::io::Write::write_all(&mut connection, answer).unwrap();
    });
    let refused = client_of(&format!("http://{address}")).query::<(u8,)>("SELECT 1").await.unwrap_err();
    assert_eq!(refused, ClickHouseError::Malformed("is this ClickHouse?"));
    other.join().unwrap();
}
