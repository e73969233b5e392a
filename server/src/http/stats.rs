//! `<base>stats`: a tracker asks whether statistics are on, and a browser says that a page was opened.
//!
//! Pages of other origins ask and send, so every answer may be read by all of them, also by those that embed nothing that does
//! not agree (`Cross-Origin-Embedder-Policy`). There is nothing in it but its status.

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    routing::get,
};
use headcount_shared::{
    event::{BrowserEvent, EventError},
    limits::EVENT_BYTES,
};
use tower_http::set_header::SetResponseHeaderLayer;

use super::{
    ServerState,
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

/// The route, with the headers that every answer of it has.
pub(super) fn routes() -> Router<ServerState> {
    let set = |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    Router::new()
        .route("/stats", get(is_on).post(record))
        // As one layer: axum allocates for each.
        .layer((
            set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            set(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
            set(header::CACHE_CONTROL, "no-store"),
        ))
}

/// Says whether statistics are on: 204, or 404 while they are off. A tracker asks before anything else.
pub async fn is_on(State(statistics): State<Arc<Statistics>>) -> StatusCode {
    if statistics.is_on() { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

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
        Err(error @ (RecordError::Disk | RecordError::Busy | RecordError::Broken)) => {
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
