//! `POST <base>stats`: a browser says that a page was opened.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::State,
    http::StatusCode,
};
use headcount_shared::{
    event::{BrowserEvent, EventError},
    limits::EVENT_BYTES,
};
use http_body_util::LengthLimitError;

use super::problem::Refusal;
use crate::{
    app::statistics::Statistics,
    browsers::RecordError,
    metrics::{EventLabel, Metrics},
};

/// Counts an event. 204 means that it survives the end of this process.
///
/// # Errors
/// A [`Refusal`] that says why it is not counted.
pub async fn record(
    State(statistics): State<Arc<Statistics>>,
    State(metrics): State<Metrics>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let Some(running) = statistics.running() else { return Err(off()) };
    let event = read(body).await.inspect_err(|_| metrics.event(EventLabel::Refused))?;
    match running.browsers.record(&event) {
        Ok(()) => {
            metrics.event(EventLabel::Counted);
            Ok(StatusCode::NO_CONTENT)
        }
        Err(RecordError::Closed) => Err(off()),
        Err(RecordError::Disk(_)) => {
            metrics.event(EventLabel::Failed);
            Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the event could not be stored"))
        }
    }
}

async fn read(body: Body) -> Result<BrowserEvent, Refusal> {
    let body = to_bytes(body, EVENT_BYTES).await.map_err(|error| {
        if std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<LengthLimitError>) {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, EventError::TooLarge.to_string())
        } else {
            Refusal::new(StatusCode::BAD_REQUEST, "the body of the request could not be read")
        }
    })?;
    BrowserEvent::parse(&body).map_err(|error| {
        let status = match error {
            EventError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Refusal::new(status, error.to_string())
    })
}

fn off() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "usage statistics are off: nothing is counted")
}
