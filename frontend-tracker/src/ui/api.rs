//! Sends the requests of the interface to its server.

use headcount_shared::api::{AskPseudonym, Pseudonym, Switch};
use js_sys::Uint8Array;
use leptos::prelude::*;
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestCache, RequestInit, Response};

use super::answer::{ApiFailure, accepted, read};

/// The header that the server requires for changes by a signed-in browser. Pages of other sites cannot set
/// it.
const HEADCOUNT_REQUEST: &str = "Headcount-Request";

/// The status of a request that needs a session and has none.
const NO_SESSION: u16 = 401;

/// The API of the server. The browser sends its session cookie.
#[derive(Debug, Clone, Copy)]
pub(super) struct ApiClient {
    base: StoredValue<String>,
    is_signed_out: RwSignal<bool>,
}

/// An answer with the server's time.
#[derive(Debug)]
pub(super) struct TimedAnswer<T> {
    /// The answer.
    pub(super) value: T,
    /// The server's clock, in Unix seconds; `None` without a `Date` header.
    pub(super) server_time: Option<f64>,
    /// The SHA-256 of its bytes, in hexadecimal digits; empty where the server does not say it.
    pub(super) sha256: String,
}

impl ApiClient {
    /// The API of the server that serves this page under `base`.
    pub(super) fn new(base: String) -> Self {
        Self { base: StoredValue::new(base), is_signed_out: RwSignal::new(false) }
    }

    /// Whether the last request was refused because there is no session.
    pub(super) const fn is_signed_out(self) -> RwSignal<bool> {
        self.is_signed_out
    }

    /// Ends the session of this browser.
    pub(super) async fn sign_out(self) -> Result<(), ApiFailure> {
        self.request("DELETE", "api/session", None).await.map(drop)
    }

    /// Switches usage statistics on or off.
    pub(super) async fn switch(self, enabled: bool) -> Result<(), ApiFailure> {
        let body = serde_json::to_string(&Switch { enabled })
            .map_err(|error| ApiFailure::Told(error.to_string()))?;
        self.request("PUT", "api/usage-statistics", Some(&body)).await.map(drop)
    }

    /// The pseudonym under which a browser is counted. The request counts nothing.
    pub(super) async fn pseudonym(self, device_id: Uuid) -> Result<Pseudonym, ApiFailure> {
        let body = serde_json::to_string(&AskPseudonym { device_id })
            .map_err(|error| ApiFailure::Told(error.to_string()))?;
        read(&self.request("POST", "api/pseudonym", Some(&body)).await?.value)
    }

    /// The path that the interface is served under, with a slash at its end.
    pub(super) fn base(self) -> String {
        self.base.get_value()
    }

    /// The URL of a path of the API.
    pub(super) fn url(self, path: &str) -> String {
        self.base.with_value(|base| format!("{base}{path}"))
    }

    /// Sends a request, with `body` as JSON.
    pub(super) async fn request(
        self,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Result<TimedAnswer<Vec<u8>>, ApiFailure> {
        let (status, answer) = self
            .fetch(method, path, body)
            .await
            .map_err(|_| ApiFailure::Told("The server does not answer.".to_owned()))?;
        let TimedAnswer { value, server_time, sha256 } = answer;
        Ok(TimedAnswer { value: accepted(status, value)?, server_time, sha256 })
    }

    async fn fetch(
        self,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Result<(u16, TimedAnswer<Vec<u8>>), JsValue> {
        let headers = Headers::new()?;
        headers.set(HEADCOUNT_REQUEST, "1")?;
        let init = RequestInit::new();
        init.set_method(method);
        init.set_cache(RequestCache::NoStore);
        if let Some(body) = body {
            headers.set("Content-Type", "application/json")?;
            init.set_body(&body.into());
        }
        init.set_headers_headers(&headers);

        let answer = JsFuture::from(window().fetch_with_str_and_init(&self.url(path), &init)).await?;
        let response: Response = answer.dyn_into()?;
        let server_time = response.headers().get("Date")?.and_then(|date| unix_seconds(&date));
        let sha256 = response.headers().get("X-Content-SHA256")?.unwrap_or_default();
        let bytes = JsFuture::from(response.array_buffer()?).await?;
        if response.status() == NO_SESSION {
            self.is_signed_out.set(true);
        }
        let value = Uint8Array::new(&bytes).to_vec();
        Ok((response.status(), TimedAnswer { value, server_time, sha256 }))
    }

    /// Sends a request of a form. Returns the status and the body of the answer; `None` if there is no answer.
    pub(super) async fn exchange(
        self,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Option<(u16, Vec<u8>)> {
        let (status, answer) = self.fetch(method, path, body).await.ok()?;
        Some((status, answer.value))
    }
}

/// Parses a `Date` header.
fn unix_seconds(date: &str) -> Option<f64> {
    let milliseconds = js_sys::Date::parse(date);
    milliseconds.is_finite().then_some(milliseconds / 1000.0)
}
