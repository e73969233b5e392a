//! Runs real ClickHouse servers for tests: a cluster with ZooKeeper, a single server, and the current engine.
//!
//! Debian has a server of 2018, version 18.16; the cluster and the single server are that one. The current
//! engine is the library `chdb` behind a small HTTP server in Python. Each test has its own servers, at a
//! loopback address of their own, in a directory of their own. They end with the test, however it ends.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test ends where its database does not work"
)]

mod blocking_http;
mod chdb_server;
mod clickhouse_cluster;
mod clickhouse_server;
mod loopback_ports;
mod server_process;
mod zookeeper_server;

pub use self::{
    chdb_server::ChdbServer,
    clickhouse_cluster::{ClickHouseCluster, REPLICAS, SHARDS},
    clickhouse_server::{ClickHouseServer, PASSWORD, USER},
};
