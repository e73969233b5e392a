//! Serves the metrics of this process: `GET <base>metrics`.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use headcount_profiler::process_samples;
use headcount_shared::api::ReportState;
use headcount_web::problem::ProblemResponse;

use crate::{app::statistics_service::StatisticsService, metrics::ProcessMetrics};

/// Renders the counters. While statistics are off, nothing samples the process, and its cost is omitted.
///
/// # Errors
/// A [`ProblemResponse`] when the text cannot be written.
pub async fn render(
    State(statistics): State<Arc<StatisticsService>>,
    State(metrics): State<ProcessMetrics>,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    let running = statistics.running();
    let queued = running.as_ref().map_or(0, |running| running.spool.count(ReportState::Queued));
    let dropped_browsers = running.as_ref().map_or(0, |running| running.browsers.peek_dropped_browsers());
    let used = running.and_then(|_| process_samples::used_so_far());
    let text =
        metrics.render(queued, dropped_browsers, used).map_err(|error| ProblemResponse::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, content_type(&headers))], text).into_response())
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
