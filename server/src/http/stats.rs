//! `POST <base>stats`: a browser says that a page was opened.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use headcount_shared::{
    event::{BrowserEvent, EventError},
    limits::EVENT_BYTES,
};

use super::{
    access::Peer,
    body::{BodyError, receive},
    forwarded::EventSenders,
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
    State(senders): State<Arc<EventSenders>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let Some(running) = statistics.running() else { return Err(off()) };
    // Whatever its content type: a browser that leaves a page sends a plain text.
    let event = receive(body, EVENT_BYTES)
        .await
        .map_err(unreceived)
        .and_then(|body| read(&body))
        .inspect_err(|_| metrics.event(EventLabel::Refused))?;
    let sender = senders.sender(peer.map(|Extension(peer)| peer), &headers);
    match running.browsers.record(&event, sender).await {
        Ok(()) => {
            metrics.event(EventLabel::Counted);
            Ok(StatusCode::NO_CONTENT)
        }
        Err(RecordError::Closed) => Err(off()),
        Err(error @ (RecordError::Disk | RecordError::Busy)) => {
            metrics.event(EventLabel::Failed);
            Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, format!("{error}; it is not counted")))
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
