//! `GET <base>metrics`: this process in the text format of Prometheus.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use headcount_shared::api::ReportState;

use super::problem::Refusal;
use crate::{app::statistics::Statistics, metrics::Metrics, process::samples};

/// Renders the counters. The cost of the process is left out when statistics are off: then nothing samples it.
///
/// # Errors
/// A [`Refusal`] when the text cannot be written.
pub async fn render(
    State(statistics): State<Arc<Statistics>>,
    State(metrics): State<Metrics>,
) -> Result<Response, Refusal> {
    let running = statistics.running();
    let queued = running.as_ref().map_or(0, |running| running.spool.count(ReportState::Queued));
    let used = running.and_then(|_| samples::used_so_far());
    let text = metrics.render(queued, used).map_err(|error| Refusal::internal(&error))?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
}
