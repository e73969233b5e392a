//! How a report gets to the collector.

use std::{fmt::Debug, pin::Pin, sync::OnceLock, time::Duration};

use reqwest::{Client, ClientBuilder, Url, header, redirect};
use thiserror::Error;
use uuid::Uuid;

/// How long one attempt may take, connecting included.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What the collector answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
}

/// Why there is no answer. Names no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoAnswer {
    /// Nobody answers there, or it is not who it should be.
    #[error("no connection to the collector: {0}")]
    Unreachable(String),
    /// It took longer than a minute.
    #[error("the collector did not answer in time")]
    Timeout,
    /// The connection broke, or this machine cannot make one: no certificates, for example.
    #[error("the request to the collector failed: {0}")]
    Failed(String),
}

/// A way to send a report.
pub trait Transport: Debug + Send + Sync {
    /// Sends a report once.
    fn send(
        &self,
        id: Uuid,
        report: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, NoAnswer>> + Send + '_>>;
}

/// The real one: `POST` with `Idempotency-Key`, as the collector's contract says.
#[derive(Debug)]
pub struct HttpTransport {
    url: Url,
    version: &'static str,
    /// Made for the first report: a server that never reports opens no certificate store.
    client: OnceLock<Client>,
}

impl HttpTransport {
    /// Sends to `url`; `version` goes into `User-Agent`.
    #[must_use]
    pub const fn new(url: Url, version: &'static str) -> Self {
        Self { url, version, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&Client, NoAnswer> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = client_builder()
            .user_agent(format!("headcount/{}", self.version))
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            // One report an hour needs no open connection in between.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| NoAnswer::Failed(cause(&error)))?;
        Ok(self.client.get_or_init(|| client))
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        id: Uuid,
        report: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, NoAnswer>> + Send + '_>> {
        Box::pin(async move {
            let request = self
                .client()?
                .post(self.url.clone())
                .header(header::CONTENT_TYPE, "application/json")
                .header("idempotency-key", id.to_string())
                .body(report);
            let response = request.send().await.map_err(|error| no_answer(&error))?;
            let retry_after = response.headers().get(header::RETRY_AFTER);
            Ok(Answer {
                status: response.status().as_u16(),
                retry_after: retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned),
            })
        })
    }
}

/// The start of every HTTP client of this program.
pub fn client_builder() -> ClientBuilder {
    // Another one may have been installed by the product that we are a part of; that is fine.
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder()
}

fn no_answer(error: &reqwest::Error) -> NoAnswer {
    if error.is_timeout() {
        NoAnswer::Timeout
    } else if error.is_connect() {
        NoAnswer::Unreachable(cause(error))
    } else {
        NoAnswer::Failed(cause(error))
    }
}

/// The innermost error: the outer ones repeat the address.
fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
