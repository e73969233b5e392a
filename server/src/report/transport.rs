//! Sends a report to the collector.

use std::{
    fmt::Debug,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use headcount_outbound;
use headcount_shared::{api::DeletionRequest, delivery::IDEMPOTENCY_KEY};
use reqwest::{Client, Response, Url, header, redirect};
use rustls::{
    client::{Resumption, danger::ServerCertVerifier},
    crypto::ring::default_provider,
};
use thiserror::Error;
use uuid::Uuid;

use super::{
    collector_answer::{ANSWER_BYTES, CollectorAnswer, needs_body},
    spool::SpooledReport,
};

/// How long one attempt may take, from connecting to reading the answer.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no answer. Names no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DeliveryFailure {
    /// There was no connection, so no part of the report was sent.
    #[error("the collector cannot be reached: {0}")]
    Unreachable(&'static str),
    /// The connection broke after it was made; the report may have arrived.
    #[error("the collector did not answer: {0}")]
    Broken(&'static str),
    /// It took longer than a minute; the report may have arrived.
    #[error("the collector did not answer in time")]
    Timeout,
}

impl DeliveryFailure {
    /// Whether bytes of the report may have left this machine.
    #[must_use]
    pub const fn may_have_left(self) -> bool {
        !matches!(self, Self::Unreachable(_))
    }
}

/// A future with an answer.
pub type FutureAnswer<'t> =
    Pin<Box<dyn Future<Output = Result<CollectorAnswer, DeliveryFailure>> + Send + 't>>;

/// A way to send a report.
pub trait ReportTransport: Debug + Send + Sync {
    /// Sends a report once.
    fn send(&self, id: Uuid, report: SpooledReport) -> FutureAnswer<'_>;
}

/// Sends reports over HTTP: `POST` with `Idempotency-Key`, as the collector's contract requires. Every header
/// that it sends is in [`DELIVERY_HEADERS`](headcount_shared::delivery::DELIVERY_HEADERS).
#[derive(Debug)]
pub struct HttpReportTransport {
    url: Url,
    version: &'static str,
    client: OnceLock<Client>,
    /// Verifies the collector's certificate; `None` for the authorities of this machine.
    verifier: Option<Arc<dyn ServerCertVerifier>>,
}

impl HttpReportTransport {
    /// Sends to `url`; `version` goes into `User-Agent` of a report that names no other.
    #[must_use]
    pub const fn new(url: Url, version: &'static str) -> Self {
        Self { url, version, client: OnceLock::new(), verifier: None }
    }

    fn client(&self) -> Result<&Client, headcount_outbound::ConnectionFailure> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut tls = match self.verifier.clone() {
            Some(verifier) => headcount_outbound::tls_config_of(verifier, Arc::new(default_provider()))
                .map_err(|_| headcount_outbound::NO_TLS),
            None => headcount_outbound::tls_config(),
        }
        .map_err(headcount_outbound::ConnectionFailure::Unreachable)?;
        // A resumed session would show the collector, and every eavesdropper, that two reports come from one
        // installation.
        tls.resumption = Resumption::disabled();
        headcount_outbound::client_in(&self.client, |client| {
            client
                .tls_backend_preconfigured(tls)
                .user_agent(format!("headcount/{}", self.version))
                .timeout(TIMEOUT)
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(redirect::Policy::none())
                // One report an hour needs no open connection in between.
                .pool_max_idle_per_host(0)
        })
    }

    async fn post(&self, id: Uuid, report: SpooledReport) -> Result<CollectorAnswer, DeliveryFailure> {
        let client = self.client().map_err(DeliveryFailure::from)?;
        let mut request = client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(IDEMPOTENCY_KEY, id.to_string())
            .body(report.bytes);
        for (name, value) in report.headers.listed() {
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(DeliveryFailure::from)?;
        read_answer(response).await
    }
}

impl HttpReportTransport {
    /// Sends a request for deletion to `<url>/deletion`, once.
    ///
    /// # Errors
    /// Every [`DeliveryFailure`].
    pub async fn post_deletion(&self, request: &DeletionRequest) -> Result<CollectorAnswer, DeliveryFailure> {
        let client = self.client().map_err(DeliveryFailure::from)?;
        let response = client.post(deletion_url(&self.url)).json(request).send().await;
        read_answer(response.map_err(DeliveryFailure::from)?).await
    }
}

/// The address for requests for deletion at a collector.
fn deletion_url(collector: &Url) -> Url {
    let mut url = collector.clone();
    url.set_path(&format!("{}/deletion", collector.path().trim_end_matches('/')));
    url
}

impl ReportTransport for HttpReportTransport {
    fn send(&self, id: Uuid, report: SpooledReport) -> FutureAnswer<'_> {
        Box::pin(self.post(id, report))
    }
}

/// Reads the relevant parts of an answer. An incomplete answer is an error.
async fn read_answer(mut response: Response) -> Result<CollectorAnswer, DeliveryFailure> {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut answer = CollectorAnswer {
        status: response.status().as_u16(),
        retry_after: headcount_outbound::answer_head::retry_after(response.headers()),
        content_type: text(header::CONTENT_TYPE),
        ..CollectorAnswer::default()
    };
    while needs_body(answer.status) && !answer.is_longer {
        let Some(chunk) = response.chunk().await.map_err(DeliveryFailure::from)? else { break };
        let room = ANSWER_BYTES - answer.body.len();
        answer.is_longer = chunk.len() > room;
        answer.body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
    }
    Ok(answer)
}

impl From<reqwest::Error> for DeliveryFailure {
    fn from(error: reqwest::Error) -> Self {
        let is_connect = error.is_connect();
        match headcount_outbound::ConnectionFailure::from(error) {
            headcount_outbound::ConnectionFailure::Unreachable(reason) if is_connect => {
                Self::Unreachable(reason)
            }
            headcount_outbound::ConnectionFailure::Unreachable(reason) => Self::Broken(reason),
            headcount_outbound::ConnectionFailure::TimedOut => Self::Timeout,
        }
    }
}

impl From<headcount_outbound::ConnectionFailure> for DeliveryFailure {
    fn from(no_answer: headcount_outbound::ConnectionFailure) -> Self {
        match no_answer {
            headcount_outbound::ConnectionFailure::Unreachable(reason) => Self::Unreachable(reason),
            headcount_outbound::ConnectionFailure::TimedOut => Self::Timeout,
        }
    }
}

#[cfg(test)]
mod tests;
