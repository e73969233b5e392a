//! Sends requests over HTTP.

use std::{fmt::Debug, pin::Pin, sync::OnceLock, time::Duration};

use headcount_outbound::{self, ConnectionFailure, TargetPolicy, answer_head::retry_after};
use reqwest::{Client, Response};

use super::notification_request::{NotificationAnswer, NotificationRequest};

/// How much of the body of an answer is read, in bytes.
const BODY: usize = 64 * 1024;

/// The future of an answer.
pub(super) type DestinationFuture<'t> =
    Pin<Box<dyn Future<Output = Result<NotificationAnswer, ConnectionFailure>> + Send + 't>>;

/// A way to send a request.
pub(super) trait NotificationTransport: Debug + Send + Sync {
    /// Sends a request once.
    fn send(&self, request: NotificationRequest) -> DestinationFuture<'_>;
}

/// Sends with `POST` over HTTP. Does not follow redirects.
#[derive(Debug)]
pub(super) struct HttpNotificationTransport {
    timeout: Duration,
    targets: TargetPolicy,
    /// Verifies certificates.
    strict: OnceLock<Client>,
    /// For http addresses, and where invalid certificates are accepted.
    lax: OnceLock<Client>,
}

impl HttpNotificationTransport {
    /// A request may take `timeout`, including the connection.
    pub(super) const fn new(timeout: Duration, targets: TargetPolicy) -> Self {
        Self { timeout, targets, strict: OnceLock::new(), lax: OnceLock::new() }
    }

    fn client_for(&self, request: &NotificationRequest) -> Result<&Client, ConnectionFailure> {
        self.targets.check(&request.url)?;
        let configured = |client: reqwest::ClientBuilder| {
            self.targets
                .guard(client, 0)
                .user_agent(concat!("headcount/", env!("CARGO_PKG_VERSION")))
                .timeout(self.timeout)
                // Incidents are rare, so connections are not kept.
                .pool_max_idle_per_host(0)
        };
        if request.any_certificate || request.url.scheme() == "http" {
            // Works on machines without a certificate store.
            let lax = |client| configured(client).tls_certs_only([]).tls_danger_accept_invalid_certs(true);
            return headcount_outbound::client_in(&self.lax, lax);
        }
        headcount_outbound::verifying_client_in(&self.strict, configured)
    }
}

impl NotificationTransport for HttpNotificationTransport {
    fn send(&self, request: NotificationRequest) -> DestinationFuture<'_> {
        Box::pin(async move {
            let client = self.client_for(&request)?;
            let response =
                client.post(request.url).headers(request.headers).body(request.body).send().await?;
            Ok(NotificationAnswer {
                status: response.status().as_u16(),
                retry_after: retry_after(response.headers()),
                body: beginning_of(response).await,
            })
        })
    }
}

/// The first bytes of a body. An incomplete body changes nothing: the status alone states whether the request
/// succeeded.
async fn beginning_of(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend(chunk.iter().take(BODY - body.len()));
        if body.len() == BODY {
            break;
        }
    }
    body
}
