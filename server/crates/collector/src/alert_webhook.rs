//! Tells the maker's webhook when an alert begins and ends.
//!
//! A message has the name of the alert, since when, and a sentence of this program: no installation, no
//! product and no address of the collector.

use std::{fmt, sync::OnceLock, time::Duration};

use headcount_outbound::{
    ConnectionFailure, TargetPolicy,
    answer_head::{asked_wait, is_success, retry_after},
    backoff::pause_after,
    client_in, verifying_client_in,
};
use reqwest::{Client, ClientBuilder, Url, header};
use serde::Serialize;
use thiserror::Error;

use super::report_store::AlertState;

/// How long a request may take, with its connection.
const TIME_TO_ANSWER: Duration = Duration::from_secs(10);

/// The pause after the first failure; it doubles with each one.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// The longest pause, also if the webhook asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// A message.
#[derive(Debug, Serialize)]
struct AlertMessage {
    alert: &'static str,
    /// `began` or `ended`.
    state: &'static str,
    /// In Unix seconds.
    since: u64,
    text: &'static str,
}

/// Why the webhook was not told. The texts name no host.
#[derive(Debug, Error)]
pub(super) enum WebhookFailure {
    /// It gave no answer.
    #[error("{0}")]
    NoAnswer(&'static str),
    /// It did not accept the message.
    #[error("it answered with status {status}")]
    Refused {
        /// The status.
        status: u16,
        /// How long it asks to wait.
        wait: Option<Duration>,
    },
}

impl From<ConnectionFailure> for WebhookFailure {
    fn from(failure: ConnectionFailure) -> Self {
        match failure {
            ConnectionFailure::Unreachable(why) => Self::NoAnswer(why),
            ConnectionFailure::TimedOut => Self::NoAnswer("no answer in time"),
        }
    }
}

impl From<reqwest::Error> for WebhookFailure {
    fn from(error: reqwest::Error) -> Self {
        ConnectionFailure::from(error).into()
    }
}

/// The webhook of a maker.
pub(super) struct AlertWebhook {
    url: Url,
    client: OnceLock<Client>,
}

impl fmt::Debug for AlertWebhook {
    /// Without its address, which may have a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertWebhook").finish_non_exhaustive()
    }
}

impl AlertWebhook {
    /// A webhook at an https address, or at one of this machine.
    pub(super) const fn new(url: Url) -> Self {
        Self { url, client: OnceLock::new() }
    }

    /// Sends that an alert began or ended. `now` is the time since the Unix epoch.
    ///
    /// # Errors
    /// Every [`WebhookFailure`].
    pub(super) async fn tell(&self, state: &AlertState, now: Duration) -> Result<(), WebhookFailure> {
        let AlertState { alert, since, is_active, .. } = *state;
        let name = if is_active { "began" } else { "ended" };
        let message = AlertMessage { alert: alert.name(), state: name, since, text: alert.text(is_active) };
        let body = serde_json::to_vec(&message).map_err(|_| WebhookFailure::NoAnswer("no message"))?;
        let request = self.client()?.post(self.url.clone()).header(header::CONTENT_TYPE, "application/json");
        let answer = request.body(body).send().await?;
        let status = answer.status().as_u16();
        if is_success(status) {
            return Ok(());
        }
        let wait = asked_wait(retry_after(answer.headers()).as_deref(), now, LONGEST_PAUSE);
        Err(WebhookFailure::Refused { status, wait })
    }

    fn client(&self) -> Result<&Client, ConnectionFailure> {
        // The operator chose the address. A redirect may lead to another host.
        let configured = |client: ClientBuilder| {
            TargetPolicy::Open
                .guard(client, 0)
                .user_agent(concat!("headcount/", env!("CARGO_PKG_VERSION")))
                .timeout(TIME_TO_ANSWER)
                // Alerts are rare, so connections are not kept.
                .pool_max_idle_per_host(0)
        };
        if self.url.scheme() == "http" {
            // Works on machines without a certificate store.
            return client_in(&self.client, |client| configured(client).tls_certs_only([]));
        }
        verifying_client_in(&self.client, configured)
    }
}

/// When to try again.
#[derive(Debug, Default)]
pub(super) struct WebhookPause {
    failures: u32,
    /// A monotonic time.
    until: Duration,
}

impl WebhookPause {
    /// Whether an attempt is due at `now`, a monotonic time.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        now >= self.until
    }

    /// Notes how an attempt at `now` went.
    pub(super) fn note(&mut self, attempt: &Result<(), WebhookFailure>, now: Duration) {
        let Err(failure) = attempt else {
            *self = Self::default();
            return;
        };
        self.failures = self.failures.saturating_add(1);
        let own = pause_after(self.failures, FIRST_PAUSE, LONGEST_PAUSE);
        let asked = match failure {
            WebhookFailure::Refused { wait, .. } => wait.unwrap_or_default(),
            WebhookFailure::NoAnswer(_) => Duration::ZERO,
        };
        self.until = now + own.max(asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_webhook_is_not_shown() {
        let webhook = AlertWebhook::new("https://chat.example/hooks/secret".parse().unwrap());
        assert_eq!(format!("{webhook:?}"), "AlertWebhook { .. }");
    }

    #[test]
    fn pauses_grow_and_are_at_least_what_the_webhook_asks_for() {
        let seconds = Duration::from_secs;
        let asked = |wait: u64| Err(WebhookFailure::Refused { status: 503, wait: Some(seconds(wait)) });
        let mut pause = WebhookPause::default();
        assert!(pause.is_over(seconds(0)));
        for (attempt, until) in [
            (Err(WebhookFailure::NoAnswer("no answer in time")), 60),
            (asked(5), 120),
            (asked(1000), 1000),
            (Ok(()), 0),
            (asked(100), 100),
        ] {
            pause.note(&attempt, seconds(0));
            assert_eq!(pause.until, seconds(until), "{attempt:?}");
        }
        assert!(!pause.is_over(seconds(99)) && pause.is_over(seconds(100)));
    }
}
