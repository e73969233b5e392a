//! `POST <base>stats`: a browser says that a page was opened.

use std::sync::Arc;

use axum::{body::Body, extract::State, http::StatusCode};
use headcount_shared::{
    event::{BrowserEvent, EventError},
    limits::EVENT_BYTES,
};

use super::{
    body::{BodyError, receive},
    problem::Refusal,
};
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
    // Whatever its content type: a browser that leaves a page sends a plain text.
    let event = receive(body, EVENT_BYTES)
        .await
        .map_err(unreceived)
        .and_then(|body| read(&body))
        .inspect_err(|_| metrics.event(EventLabel::Refused))?;
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

fn unreceived(error: BodyError) -> Refusal {
    match error {
        BodyError::TooLarge(_) => refusal(&EventError::TooLarge),
        BodyError::Unreadable => Refusal::new(StatusCode::BAD_REQUEST, error.to_string()),
    }
}

fn read(body: &[u8]) -> Result<BrowserEvent, Refusal> {
    BrowserEvent::parse(body).map_err(|error| refusal(&error))
}

fn refusal(error: &EventError) -> Refusal {
    let status = match error {
        EventError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    Refusal::new(status, error.to_string())
}

fn off() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "usage statistics are off: nothing is counted")
}
