//! Asks the Prometheus server of a project, and keeps its answers on disk.
//!
//! [`refresh`] sends queries ([`query`]) with a [`client`] and stores their answers in a [`cache`]. From
//! there they are read as tables ([`results`]).

pub mod cache;
pub mod client;
#[cfg(any(test, feature = "test-support"))]
pub mod mock_prometheus;
pub mod prometheus_access;
pub mod query;
pub mod query_costs;
pub mod refresh;
pub mod results;
pub mod server_clock;
#[cfg(test)]
mod test_queries;
