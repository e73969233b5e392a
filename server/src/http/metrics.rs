//! Serves the metrics of this process: `GET <base>metrics`.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use headcount_profiler::process_samples;
use headcount_shared::api::ReportState;
use headcount_web::{metrics_text::metrics_response, problem::ProblemResponse};

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
    Ok(metrics_response(&headers, text))
}
