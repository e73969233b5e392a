//! Sends the requests of the interface to its server.

use headcount_shared::api::{AskPseudonym, Pseudonym, Switch};
use js_sys::Uint8Array;
use leptos::prelude::*;
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestCache, RequestInit, Response};

use super::{
    answer::{ApiFailure, accepted, read},
    browser,
    texts::frame::NO_ANSWER,
};

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
    /// How far the server's clock is ahead of the browser's, in seconds, as of the last answer.
    ahead: StoredValue<f64>,
    /// The path and the version of settings that were loaded or changed here, in a line each, the last ones last. A
    /// change is made of its version, or refused.
    versions: StoredValue<String>,
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct ApiAnswer {
    /// Its bytes.
    pub(super) value: Vec<u8>,
    /// The SHA-256 of its bytes, in hexadecimal digits; empty where the server does not say it.
    pub(super) sha256: String,
}

impl ApiClient {
    /// The API of the server that serves this page under `base`.
    pub(super) fn new(base: String) -> Self {
        Self {
            base: StoredValue::new(base),
            is_signed_out: RwSignal::new(false),
            ahead: StoredValue::new(0.0),
            versions: StoredValue::new(String::new()),
        }
    }

    /// Whether the last request was refused because there is no session.
    pub(super) const fn is_signed_out(self) -> RwSignal<bool> {
        self.is_signed_out
    }

    /// The server's time, in Unix seconds.
    pub(super) fn server_time(self) -> u64 {
        browser::whole_seconds(browser::now() + self.ahead.get_value())
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
    ) -> Result<ApiAnswer, ApiFailure> {
        let (status, answer) =
            self.fetch(method, path, body).await.map_err(|_| ApiFailure::Told(NO_ANSWER.to_owned()))?;
        let ApiAnswer { value, sha256 } = answer;
        Ok(ApiAnswer { value: accepted(status, value)?, sha256 })
    }

    async fn fetch(self, method: &str, path: &str, body: Option<&str>) -> Result<(u16, ApiAnswer), JsValue> {
        let init = self.request_of(method, path, body)?;
        let answer = JsFuture::from(window().fetch_with_str_and_init(&self.url(path), &init)).await?;
        let response: Response = answer.dyn_into()?;
        self.note(path, &response);
        let sha256 = header(&response, "X-Content-SHA256");
        let bytes = JsFuture::from(response.array_buffer()?).await?;
        if response.status() == NO_SESSION {
            self.is_signed_out.set(true);
        }
        let value = Uint8Array::new(&bytes).to_vec();
        Ok((response.status(), ApiAnswer { value, sha256 }))
    }

    fn request_of(self, method: &str, path: &str, body: Option<&str>) -> Result<RequestInit, JsValue> {
        let headers = Headers::new()?;
        headers.set(HEADCOUNT_REQUEST, "1")?;
        let init = RequestInit::new();
        init.set_method(method);
        init.set_cache(RequestCache::NoStore);
        if let Some(body) = body {
            headers.set("Content-Type", "application/json")?;
            init.set_body(&body.into());
        }
        let version = self.version(path);
        if let Some((condition, version)) = condition_of(method, &version) {
            headers.set(condition, version)?;
        }
        init.set_headers_headers(&headers);
        Ok(init)
    }

    /// Notes what the headers of an answer say of the server's clock and of the version of settings.
    fn note(self, path: &str, response: &Response) {
        if let Some(time) = unix_seconds(&header(response, "Date")) {
            self.ahead.set_value(time - browser::now());
        }
        if (200..300).contains(&response.status()) {
            self.note_version(path, &header(response, "ETag"));
        }
    }

    /// The version of the settings at a path; empty if there are none, or they have none.
    fn version(self, path: &str) -> String {
        let of_path = |line: &str| line.strip_prefix(path)?.strip_prefix(' ').map(str::to_owned);
        self.versions.with_value(|all| all.rsplit('\n').find_map(of_path)).unwrap_or_default()
    }

    /// Notes the version of the settings at a path; an empty one for settings that there are not.
    pub(super) fn note_version(self, path: &str, version: &str) {
        self.versions
            .update_value(|all| [path, " ", version, "\n"].iter().for_each(|part| all.push_str(part)));
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

/// The header under which a change of settings is made: that they still have the version that is known here, or
/// that there are still none. Settings whose version is not known are removed whatever they are.
fn condition_of<'v>(method: &str, version: &'v str) -> Option<(&'static str, &'v str)> {
    match method {
        "PUT" if version.is_empty() => Some(("If-None-Match", "*")),
        "PUT" | "DELETE" if !version.is_empty() => Some(("If-Match", version)),
        _ => None,
    }
}

/// A header of an answer; empty if it has none.
fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).ok().flatten().unwrap_or_default()
}

/// Parses a `Date` header.
fn unix_seconds(date: &str) -> Option<f64> {
    let milliseconds = js_sys::Date::parse(date);
    milliseconds.is_finite().then_some(milliseconds / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_changed_and_removed_in_the_version_that_is_known() {
        for (method, version, condition) in [
            ("PUT", "\"a\"", Some(("If-Match", "\"a\""))),
            ("PUT", "", Some(("If-None-Match", "*"))),
            ("DELETE", "\"a\"", Some(("If-Match", "\"a\""))),
            ("DELETE", "", None),
            ("GET", "\"a\"", None),
            ("POST", "", None),
        ] {
            assert_eq!(condition_of(method, version), condition, "{method} {version}");
        }
    }

    #[test]
    fn the_last_version_of_a_path_counts_and_settings_that_are_removed_have_none() {
        let owner = Owner::new();
        owner.set();
        let api = ApiClient::new("/".to_owned());
        api.note_version("api/a", "\"1\"");
        api.note_version("api/a/b", "\"2\"");
        assert_eq!((api.version("api/a").as_str(), api.version("api/b").as_str()), ("\"1\"", ""));
        // The answer to a removal has no `ETag`.
        api.note_version("api/a", "");
        assert_eq!((api.version("api/a").as_str(), api.version("api/a/b").as_str()), ("", "\"2\""));
    }
}
