//! The requests to destinations, and their answers.

use std::fmt;

use reqwest::{
    Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde_json::Value;

/// A request. The method is always `POST`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct NotificationRequest {
    /// The address: http or https.
    pub(super) url: Url,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body.
    pub(super) body: String,
    /// Whether invalid certificates are accepted.
    pub(super) any_certificate: bool,
}

/// Prints no member: every part of a request may be secret.
impl fmt::Debug for NotificationRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NotificationRequest").finish_non_exhaustive()
    }
}

/// The operator's configuration does not allow a request. The text states the reason without quoting values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnusableConfig(pub(super) &'static str);

/// An answer, with at least the start of its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NotificationAnswer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The header `Retry-After`.
    pub(super) retry_after: Option<String>,
    /// The part of the body that was read.
    pub(super) body: Vec<u8>,
}

impl NotificationRequest {
    /// A request with a body of JSON.
    pub(super) fn json(url: Url, body: &Value) -> Self {
        Self::text(url, body.to_string())
    }

    /// A request with a body that is JSON already, or the output of the operator's template.
    pub(super) fn text(url: Url, body: String) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { url, headers, body, any_certificate: false }
    }

    /// Adds `Authorization` with the name of a scheme and a secret.
    pub(super) fn authorized(mut self, scheme: &str, secret: &str) -> Result<Self, UnusableConfig> {
        let mut value = HeaderValue::from_str(&format!("{scheme} {}", secret.trim())).map_err(|_| {
            UnusableConfig("its token or key has characters that are not allowed in a header")
        })?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        Ok(self)
    }
}

/// Parses an address that the operator configured.
pub(super) fn http_url(text: &str) -> Result<Url, UnusableConfig> {
    let url = Url::parse(text.trim()).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or(UnusableConfig("its address is not an http or https URL"))
}
