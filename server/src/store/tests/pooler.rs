//! Tests of a pooler in transaction mode, and of what must not be used with it.

use sqlx::Executor;
use tokio::task::JoinSet;

use super::{leader::LeaderCandidate, pgbouncer::TestPgBouncer, postgres::TestPostgres, *};

fn through(pooler: &TestPgBouncer, database: &str) -> DatabaseSource {
    DatabaseSource::Postgres { address: pooler.address(database).parse().unwrap(), read_only: false }
}

#[tokio::test]
async fn two_servers_can_start_at_once_in_an_empty_database() {
    let place = TestDatabase::pooled();
    let (one, other) = tokio::join!(place.open(), place.open());
    one.create_project("aaaaaaaa", "one").await.unwrap();
    assert_eq!(other.overview().await.unwrap().len(), 1);
    let applied = place.number("SELECT COUNT(*) FROM _sqlx_migrations").await;
    assert_eq!(place.number("SELECT COUNT(DISTINCT version) FROM _sqlx_migrations").await, applied);
}

#[tokio::test]
async fn nothing_is_left_in_a_session() {
    let place = TestDatabase::pooled();
    let contender = LeaderCandidate::of(&place).await;
    contender.settings.create_project("aaaaaaaa", "one").await.unwrap();
    assert!(contender.lead.is_ours().await && contender.settings.overview().await.is_ok());
    let (mut one, mut other) = (place.connect_as_settings_do().await, place.connect_as_settings_do().await);
    // Two concurrent transactions occupy both sessions of the pooler.
    for session in [&mut one, &mut other] {
        session.execute("BEGIN").await.unwrap();
        for left in [
            "SELECT COUNT(*) FROM pg_prepared_statements WHERE name <> ''",
            "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
            "SELECT COUNT(*) FROM pg_settings WHERE source = 'session' AND name IN
                ('lock_timeout', 'statement_timeout', 'default_transaction_read_only', 'client_min_messages')",
        ] {
            let count: i64 = unnamed_statement::query_scalar(left).fetch_one(&mut *session).await.unwrap();
            assert_eq!(count, 0, "{left}");
        }
    }
}

#[tokio::test]
async fn two_sessions_are_enough_for_two_servers_that_do_everything_at_once() {
    let place = TestDatabase::pooled();
    let servers = [Arc::new(LeaderCandidate::of(&place).await), Arc::new(LeaderCandidate::of(&place).await)];
    servers[0].settings.create_project("aaaaaaaa", "one").await.unwrap();
    let mut work = JoinSet::new();
    for number in 0..20 {
        let server = Arc::clone(&servers[number % 2]);
        work.spawn(async move {
            let address = format!("https://{number}.example.com/");
            server.settings.overview().await.unwrap();
            server.settings.set_base_url("aaaaaaaa", |_| address).await.unwrap();
            (number % 2, server.lead.is_ours().await)
        });
    }
    let answers = work.join_all().await;
    let leads = |server| {
        let of_it: Vec<bool> =
            answers.iter().filter(|(of, _)| *of == server).map(|(_, leads)| *leads).collect();
        assert!(of_it.iter().all(|leads| *leads == of_it[0]), "{answers:?}");
        of_it[0]
    };
    assert_ne!(leads(0), leads(1));
}

#[tokio::test]
async fn a_pooler_that_refuses_what_the_driver_says_is_refused_with_the_setting_that_allows_it() {
    let pooler = TestPgBouncer::start(TestPostgres::shared(), "");
    let database = TestPostgres::shared().create_database();
    let error = SettingsStore::open(&through(&pooler, &database)).await.unwrap_err().to_string();
    assert!(error.contains("ignore_startup_parameters = extra_float_digits"), "{error}");
}

#[tokio::test]
async fn what_an_earlier_version_migrated_is_taken_up_and_can_be_told_from_what_it_did_not() {
    for place in [TestDatabase::pooled(), TestDatabase::sqlite()] {
        place.open().await.close().await;
        // The state before leases existed.
        place.execute("DROP TABLE headcount_leader; DELETE FROM _sqlx_migrations WHERE version = 5").await;
        place.open().await.close().await;
        assert_eq!(place.number("SELECT COUNT(*) FROM headcount_leader").await, 0);
        assert_eq!(place.number("SELECT COUNT(*) FROM _sqlx_migrations WHERE version = 5").await, 1);
        place.execute("UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations WHERE version = 1)
            WHERE version = 2").await;
        assert!(matches!(
            SettingsStore::open(&place.source(false)).await,
            Err(DatabaseOpenError::Migration(..))
        ));
    }
}
