//! Answers with metrics in the text format of Prometheus.

use axum::{
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

/// The answer with a text of `OpenMetrics` for a request with these headers.
pub fn metrics_response(headers: &HeaderMap, text: String) -> Response {
    ([(header::CONTENT_TYPE, content_type(headers))], text).into_response()
}

/// The text is valid in both formats; Prometheus requests the newer one, other readers know the older one.
fn content_type(headers: &HeaderMap) -> &'static str {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepted.contains("application/openmetrics-text") {
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    } else {
        "text/plain; version=0.0.4; charset=utf-8"
    }
}
