//! `POST <base>stats`: a browser says that a page was opened.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::State,
    http::StatusCode,
};
use headcount_shared::{
    event::{BrowserEvent, EventError},
    limits::EVENT_BYTES,
};
use http_body_util::BodyExt;

use super::problem::Refusal;
use crate::{
    app::statistics::Statistics,
    browsers::RecordError,
    metrics::{EventLabel, Metrics},
};

/// How much of a body that is too large is read and dropped before it is refused, and for how long. Who still writes
/// reads no answer: the connection would break instead.
const DROPPED_BYTES: usize = 1024 * 1024;
const DROPPING: Duration = Duration::from_secs(1);

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
    let event = receive(body)
        .await
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

/// Reads a body, whatever its content type. Of one that is too large, the rest is dropped.
async fn receive(mut body: Body) -> Result<Bytes, Refusal> {
    let mut event = Bytes::new();
    if body.size_hint().lower() > EVENT_BYTES as u64 {
        return Err(too_large(body).await);
    }
    while let Some(frame) = body.frame().await {
        let unreadable =
            |_| Refusal::new(StatusCode::BAD_REQUEST, "the body of the request could not be read");
        let Ok(data) = frame.map_err(unreadable)?.into_data() else { continue };
        if event.len() + data.len() > EVENT_BYTES {
            return Err(too_large(body).await);
        }
        // An event of a browser comes in one piece.
        event = if event.is_empty() { data } else { [event, data].concat().into() };
    }
    Ok(event)
}

async fn too_large(mut rest: Body) -> Refusal {
    let drop_rest = async {
        let mut dropped = 0;
        while dropped < DROPPED_BYTES
            && let Some(Ok(frame)) = rest.frame().await
        {
            dropped += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    // The refusal is the same, however much was dropped.
    tokio::time::timeout(DROPPING, drop_rest).await.ok();
    refusal(&EventError::TooLarge)
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
