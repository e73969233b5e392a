//! Sends requests to the Prometheus of a project.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use headcount_outbound::{
    ForbiddenTarget, NO_TLS, TargetPolicy, client_builder, is_framing_header, tls_config,
};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url,
    header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, LOCATION},
};
use thiserror::Error;

use crate::prometheus_access::PrometheusAccess;

/// Requests are made in bursts: a connection serves one burst and is closed before the next.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// The maximum number of redirects.
const REDIRECTS: usize = 5;

/// Why the access to a Prometheus is invalid, in one sentence for the operator. No text contains a host or a
/// header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidAccess {
    /// The address is not an http or https URL.
    #[error("the address of Prometheus is not an http or https URL")]
    Url,
    /// The address is not allowed.
    #[error("{}", ForbiddenTarget::REASON)]
    Forbidden,
    /// The selector is invalid.
    #[error("the extra selector is not a list of label matchers such as {{cluster=\"a\"}}")]
    Selector,
    /// The name of a custom header (by its position, from 1) is invalid.
    #[error("the name of custom header {0} is not allowed in HTTP")]
    HeaderName(usize),
    /// The value of a custom header (by its position, from 1) is invalid.
    #[error("the value of custom header {0} is not allowed in HTTP")]
    HeaderValue(usize),
    /// This machine cannot make TLS connections.
    #[error("{0}")]
    Tls(&'static str),
}

/// The address of a Prometheus, with what every request needs.
pub(super) struct PrometheusEndpoint {
    client: Client,
    range_query: Url,
    basic_auth: Option<(String, String)>,
    headers: HeaderMap,
    /// Whether queries use GET, because POST was refused and GET was not.
    gets: AtomicBool,
}

impl PrometheusEndpoint {
    /// # Errors
    /// Every [`InvalidAccess`] but that of the selector.
    pub(super) fn new(
        access: &PrometheusAccess,
        targets: TargetPolicy,
        connect_timeout: Duration,
        timeout: Duration,
    ) -> Result<Self, InvalidAccess> {
        let range_query = range_query_url(&access.url)?;
        targets.check(&range_query).map_err(|ForbiddenTarget| InvalidAccess::Forbidden)?;
        let mut builder = targets
            .guard(client_builder(), 0)
            .connect_timeout(connect_timeout)
            .timeout(timeout)
            .pool_idle_timeout(IDLE_TIMEOUT);
        builder = if range_query.scheme() == "http" || access.tls_skip_verify {
            // No certificate is verified, so none are loaded, and a machine without a certificate store
            // works.
            builder.tls_certs_only([]).tls_danger_accept_invalid_certs(access.tls_skip_verify)
        } else {
            builder.tls_backend_preconfigured(tls_config().map_err(InvalidAccess::Tls)?)
        };
        Ok(Self {
            client: builder.build().map_err(|_| InvalidAccess::Tls(NO_TLS))?,
            range_query,
            basic_auth: access.basic_auth.clone(),
            headers: headers(&access.custom_headers)?,
            gets: AtomicBool::new(false),
        })
    }

    /// The response to a range query. Uses POST, whose form has no size limit; if POST is refused or
    /// redirected on the same host, GET. A redirect to another host is returned as the response.
    pub(super) async fn range_query(&self, form: &[(&str, &str)]) -> reqwest::Result<Response> {
        if self.gets.load(Ordering::Relaxed) {
            return self.get(form).await;
        }
        let refused = self.prepared(self.client.post(self.range_query.clone())).form(form).send().await?;
        let is_redirected = self.redirect_of(&self.range_query, &refused).is_some();
        if !(refuses_method(refused.status()) || is_redirected) {
            return Ok(refused);
        }
        let response = self.get(form).await?;
        if response.status() != StatusCode::OK {
            // The refusal is not about the method.
            return Ok(refused);
        }
        self.gets.store(true, Ordering::Relaxed);
        Ok(response)
    }

    async fn get(&self, form: &[(&str, &str)]) -> reqwest::Result<Response> {
        let mut url = self.range_query.clone();
        url.query_pairs_mut().extend_pairs(form);
        for _ in 0..REDIRECTS {
            let response = self.prepared(self.client.get(url.clone())).send().await?;
            match self.redirect_of(&url, &response) {
                Some(next) => url = next,
                None => return Ok(response),
            }
        }
        self.prepared(self.client.get(url)).send().await
    }

    /// The target of a redirect in the response to `asked`, if it is on the same host.
    fn redirect_of(&self, asked: &Url, response: &Response) -> Option<Url> {
        let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection())?;
        let next = asked.join(location.to_str().ok()?).ok()?;
        (next.origin() == self.range_query.origin()).then_some(next)
    }

    /// Adds what every request needs.
    fn prepared(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.headers(self.headers.clone());
        match &self.basic_auth {
            Some((name, password)) => request.basic_auth(name, Some(password)),
            None => request,
        }
    }
}

impl fmt::Debug for PrometheusEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PrometheusEndpoint").finish_non_exhaustive()
    }
}

/// Whether a status may refuse the method alone.
const fn refuses_method(status: StatusCode) -> bool {
    matches!(status, StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED | StatusCode::FORBIDDEN)
}

fn range_query_url(url: &str) -> Result<Url, InvalidAccess> {
    let mut url = Url::parse(url.trim()).map_err(|_| InvalidAccess::Url)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(InvalidAccess::Url);
    }
    url.set_fragment(None);
    url.path_segments_mut().map_err(|()| InvalidAccess::Url)?.pop_if_empty().extend([
        "api",
        "v1",
        "query_range",
    ]);
    Ok(url)
}

fn headers(custom: &[(String, String)]) -> Result<HeaderMap, InvalidAccess> {
    let mut headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
    for (place, (name, value)) in (1..).zip(custom) {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| InvalidAccess::HeaderName(place))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| InvalidAccess::HeaderValue(place))?;
        value.set_sensitive(true);
        // The encodings must be ones that this program can decode.
        if name != ACCEPT_ENCODING && !is_framing_header(&name) {
            headers.append(name, value);
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_before_the_api_is_kept() {
        for (url, expected) in [
            ("http://p:9090", "http://p:9090/api/v1/query_range"),
            ("http://p:9090/", "http://p:9090/api/v1/query_range"),
            (" https://p/select/0/prometheus ", "https://p/select/0/prometheus/api/v1/query_range"),
            ("https://p/a/?tenant=1#here", "https://p/a/api/v1/query_range?tenant=1"),
        ] {
            assert_eq!(range_query_url(url).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn what_is_no_http_url_is_refused() {
        for url in ["", "prometheus:9090", "ftp://p", "file:///etc/passwd", "http://", "localhost"] {
            assert_eq!(range_query_url(url), Err(InvalidAccess::Url), "{url}");
        }
    }

    #[test]
    fn headers_that_http_does_not_allow_are_refused_by_their_place() {
        let pairs = |second: (&str, &str)| {
            [("a", "b"), second].map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        assert_eq!(headers(&pairs(("a b", "c"))).unwrap_err(), InvalidAccess::HeaderName(2));
        assert_eq!(headers(&pairs(("b", "c\nd: e"))).unwrap_err(), InvalidAccess::HeaderValue(2));
        assert_eq!(headers(&pairs(("Accept-Encoding", "br"))).unwrap()["accept-encoding"], "gzip");
    }

    #[test]
    fn a_custom_header_does_not_change_the_framing_of_a_request() {
        let pairs = [
            ("Content-Length", "5"),
            ("transfer-encoding", "chunked"),
            ("Connection", "upgrade"),
            ("X-Scope-OrgID", "one"),
        ];
        let headers = headers(&pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();
        let names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["accept-encoding", "x-scope-orgid"]);
    }
}
