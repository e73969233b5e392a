//! Serves the metrics of fleets over HTTP.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use axum::{Router, extract::State, routing::get};
use tokio::{net::TcpListener, task::JoinHandle};

use super::SimulatedInfrastructure;
use headcount_harness::clock::now;

/// An HTTP server with the metrics of fleets at `/metrics`. It ends when this is dropped.
#[derive(Debug)]
pub struct MetricsEndpoint {
    address: SocketAddr,
    task: JoinHandle<std::io::Result<()>>,
}

impl MetricsEndpoint {
    /// Serves the metrics of all these fleets at the time of each scrape.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start(
        listen: SocketAddr,
        fleets: impl Into<Arc<[SimulatedInfrastructure]>>,
    ) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr().context("the endpoint has no address")?;
        let router = Router::new().route("/metrics", get(metrics)).with_state(fleets.into());
        let task = tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, task })
    }

    /// Its listening address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MetricsEndpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn metrics(State(fleets): State<Arc<[SimulatedInfrastructure]>>) -> String {
    let now = now();
    fleets.iter().map(|fleet| fleet.exposition(now)).collect()
}
