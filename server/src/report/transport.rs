//! How a report gets to the collector.

use std::{fmt::Debug, pin::Pin, sync::OnceLock, time::Duration};

use reqwest::{Client, Url, header, redirect};
use thiserror::Error;
use uuid::Uuid;

use crate::outgoing;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoAnswer {
    /// Nobody answers there, it is not who it should be, or the connection broke.
    #[error("the collector cannot be reached: {0}")]
    Unreachable(&'static str),
    /// It took longer than a minute.
    #[error("the collector did not answer in time")]
    Timeout,
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
    client: OnceLock<Client>,
}

impl HttpTransport {
    /// Sends to `url`; `version` goes into `User-Agent`.
    #[must_use]
    pub const fn new(url: Url, version: &'static str) -> Self {
        Self { url, version, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&Client, outgoing::NoAnswer> {
        outgoing::client_in(&self.client, |client| {
            client
                .user_agent(format!("headcount/{}", self.version))
                .timeout(TIMEOUT)
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(redirect::Policy::none())
                // One report an hour needs no open connection in between.
                .pool_max_idle_per_host(0)
        })
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
            let response = request.send().await.map_err(outgoing::NoAnswer::from)?;
            let retry_after = response.headers().get(header::RETRY_AFTER);
            Ok(Answer {
                status: response.status().as_u16(),
                retry_after: retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned),
            })
        })
    }
}

impl From<outgoing::NoAnswer> for NoAnswer {
    fn from(no_answer: outgoing::NoAnswer) -> Self {
        match no_answer {
            outgoing::NoAnswer::Unreachable(reason) => Self::Unreachable(reason),
            outgoing::NoAnswer::TimedOut => Self::Timeout,
        }
    }
}
