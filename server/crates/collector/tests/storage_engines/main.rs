//! Tests a collector on every engine: SQLite, a cluster of ClickHouse of 2018, and the ClickHouse of today.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod answers;
mod deletions;
mod exactly_once;
mod outages;
mod reports;
mod tested_engine;

/// Runs tests on every engine.
macro_rules! on_every_engine {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $test() { super::$test(crate::tested_engine::EngineKind::Sqlite).await })+
        }
        mod cluster_of_2018 {
            $(#[tokio::test] async fn $test() { super::$test(crate::tested_engine::EngineKind::Cluster).await })+
        }
        mod clickhouse_of_today {
            $(#[tokio::test] async fn $test() { super::$test(crate::tested_engine::EngineKind::Today).await })+
        }
    };
}
pub(crate) use on_every_engine;
