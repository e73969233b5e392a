//! Sends the requests of the interface to its server.

use headcount_shared::api::{AskPseudonym, Pseudonym, ReportEntries, Status, Switch, WouldForget};
use js_sys::Uint8Array;
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestCache, RequestInit, Response};

use super::answer::{ApiFailure, accepted, read};

/// The header that the server requires for changes by a signed-in browser. Pages of other sites cannot set
/// it.
const HEADCOUNT_REQUEST: &str = "Headcount-Request";

/// The API of the server. The browser sends its session cookie.
#[derive(Debug, Clone, Copy)]
pub(super) struct ApiClient {
    base: StoredValue<String>,
}

/// An answer with the server's time.
#[derive(Debug)]
pub(super) struct TimedAnswer<T> {
    /// The answer.
    pub(super) value: T,
    /// The server's clock, in Unix seconds; `None` without a `Date` header.
    pub(super) server_time: Option<f64>,
}

impl ApiClient {
    /// The API of the server that serves this page under `base`.
    pub(super) fn new(base: String) -> Self {
        Self { base: StoredValue::new(base) }
    }

    /// Ends the session of this browser.
    pub(super) async fn sign_out(self) -> Result<(), ApiFailure> {
        self.request("DELETE", "api/session", None).await.map(drop)
    }

    /// The state of usage statistics.
    pub(super) async fn status(self) -> Result<TimedAnswer<Status>, ApiFailure> {
        self.get("api/usage-statistics").await
    }

    /// What switching off now would delete.
    pub(super) async fn would_forget(self) -> Result<TimedAnswer<WouldForget>, ApiFailure> {
        self.get("api/usage-statistics/forgets").await
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

    /// The bytes of a report as it would be sent now.
    pub(super) async fn preview(self) -> Result<Vec<u8>, ApiFailure> {
        Ok(self.request("GET", "api/usage-statistics/preview", None).await?.value)
    }

    /// The reports that the server lists.
    pub(super) async fn reports(self) -> Result<TimedAnswer<ReportEntries>, ApiFailure> {
        self.get("api/usage-statistics/reports").await
    }

    /// The URL of the bytes of a report.
    pub(super) fn report_url(self, id: &str) -> String {
        self.url(&format!("api/usage-statistics/reports/{id}"))
    }

    fn url(self, path: &str) -> String {
        self.base.with_value(|base| format!("{base}{path}"))
    }

    async fn get<T: DeserializeOwned>(self, path: &str) -> Result<TimedAnswer<T>, ApiFailure> {
        let answered = self.request("GET", path, None).await?;
        Ok(TimedAnswer { value: read(&answered.value)?, server_time: answered.server_time })
    }

    /// Sends a request, with `body` as JSON.
    pub(super) async fn request(
        self,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Result<TimedAnswer<Vec<u8>>, ApiFailure> {
        let (status, server_time, body) = self
            .fetch(method, path, body)
            .await
            .map_err(|_| ApiFailure::Told("The server does not answer.".to_owned()))?;
        Ok(TimedAnswer { value: accepted(status, body)?, server_time })
    }

    async fn fetch(
        self,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Result<(u16, Option<f64>, Vec<u8>), JsValue> {
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
        let bytes = JsFuture::from(response.array_buffer()?).await?;
        Ok((response.status(), server_time, Uint8Array::new(&bytes).to_vec()))
    }
}

/// Parses a `Date` header.
fn unix_seconds(date: &str) -> Option<f64> {
    let milliseconds = js_sys::Date::parse(date);
    milliseconds.is_finite().then_some(milliseconds / 1000.0)
}
