//! What is asked of a destination, and what does it answer?

use std::fmt;

use reqwest::{
    Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde_json::Value;

/// One request; all of them are a `POST`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// Where it goes: an http or https address.
    pub(super) url: Url,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body.
    pub(super) body: String,
    /// Whether any certificate will do.
    pub(super) any_certificate: bool,
}

/// Prints nothing: every part of a request may be secret.
impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Request").finish_non_exhaustive()
    }
}

/// No request can be made of what the operator set. The text says what is wrong, without quoting it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unusable(pub(super) &'static str);

/// The start of an answer, or all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The header `Retry-After`.
    pub(super) retry_after: Option<String>,
    /// What was read of the body.
    pub(super) body: Vec<u8>,
}

impl Request {
    /// A request with a body of JSON.
    pub(super) fn json(url: Url, body: &Value) -> Self {
        Self::text(url, body.to_string())
    }

    /// A request with a body that is JSON already, or what the operator wants in its place.
    pub(super) fn text(url: Url, body: String) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { url, headers, body, any_certificate: false }
    }

    /// The same with a secret in `Authorization`, after the name of its scheme.
    pub(super) fn authorized(mut self, scheme: &str, secret: &str) -> Result<Self, Unusable> {
        let mut value = HeaderValue::from_str(&format!("{scheme} {}", secret.trim()))
            .map_err(|_| Unusable("its token or key has characters that no header can have"))?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        Ok(self)
    }
}

/// An address that the operator set.
pub(super) fn http_url(text: &str) -> Result<Url, Unusable> {
    let url = Url::parse(text.trim()).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or(Unusable("its address is not an http or https URL"))
}
