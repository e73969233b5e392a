//! Receives page views from browsers, and tells trackers whether statistics are on: `<base>stats`.
//!
//! Pages of other origins use this route, so all of them may read every answer, including those with a
//! `Cross-Origin-Embedder-Policy`. An answer contains only its status.

use std::sync::{Arc, LazyLock};

use axum::{
    Extension, Router,
    body::{Body, Bytes, HttpBody},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use headcount_shared::{
    event::{BrowserEvent, EventError},
    limits::EVENT_BYTES,
};
use headcount_web::{
    access::PeerAddress,
    body::{BodyError, receive},
    problem::ProblemResponse,
};

use super::{ServerParts, ServerState};
use crate::{app::statistics_service::StatisticsService, browsers::RecordError, metrics::EventLabel};

/// The headers of every answer of this route. Parsed once.
static READABLE_BY_ALL: LazyLock<HeaderMap> = LazyLock::new(|| {
    HeaderMap::from_iter([
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ])
});

/// The route `<base>stats`.
pub(super) fn routes() -> Router<ServerState> {
    let methods = get(is_on).post(record).fallback(async || readable_by_all(StatusCode::METHOD_NOT_ALLOWED));
    Router::new().route("/stats", methods)
}

/// An answer with the headers of this route. A layer of axum would allocate for each.
fn readable_by_all(answer: impl IntoResponse) -> Response {
    let mut answer = answer.into_response();
    answer.headers_mut().extend(READABLE_BY_ALL.clone());
    answer
}

/// Answers 204 while statistics are on, and 404 while they are off. A tracker asks this first.
async fn is_on(State(statistics): State<Arc<StatisticsService>>) -> Response {
    readable_by_all(if statistics.is_on() { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND })
}

async fn record(
    State(state): State<ServerState>,
    peer: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let peer = peer.map(|Extension(peer)| peer);
    answer(&state, peer, &headers, body).await
}

/// Counts an event. 204 means that it survives the end of this process; a [`ProblemResponse`] states why it
/// is not counted.
pub(super) async fn answer(
    state: &ServerState,
    peer: Option<PeerAddress>,
    headers: &HeaderMap,
    body: impl HttpBody<Data = Bytes> + Unpin,
) -> Response {
    readable_by_all(count(&state.0, peer, headers, body).await)
}

async fn count(
    parts: &ServerParts,
    peer: Option<PeerAddress>,
    headers: &HeaderMap,
    body: impl HttpBody<Data = Bytes> + Unpin,
) -> Result<StatusCode, ProblemResponse> {
    let ServerParts { statistics, metrics, senders, .. } = parts;
    let Some(running) = statistics.running() else { return Err(off()) };
    // The content type is ignored: a browser that leaves a page sends plain text.
    let event = receive(body, EVENT_BYTES)
        .await
        .map_err(unreceived)
        .and_then(|body| read(&body))
        .inspect_err(|_| metrics.event(EventLabel::Refused))?;
    let sender = senders.sender(peer, headers);
    match running.browsers.record(&event, sender).await {
        Ok(()) => {
            metrics.event(EventLabel::Counted);
            Ok(StatusCode::NO_CONTENT)
        }
        Err(RecordError::Closed) => Err(off()),
        Err(error @ (RecordError::Disk | RecordError::Busy | RecordError::Broken)) => {
            metrics.event(EventLabel::Failed);
            Err(ProblemResponse::new(StatusCode::SERVICE_UNAVAILABLE, format!("{error}; it is not counted")))
        }
    }
}

fn unreceived(error: BodyError) -> ProblemResponse {
    match error {
        BodyError::TooLarge(_) => refusal(&EventError::TooLarge),
        BodyError::Unreadable => ProblemResponse::new(StatusCode::BAD_REQUEST, error.to_string()),
    }
}

fn read(body: &[u8]) -> Result<BrowserEvent, ProblemResponse> {
    BrowserEvent::parse(body).map_err(|error| refusal(&error))
}

fn refusal(error: &EventError) -> ProblemResponse {
    let status = match error {
        EventError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    ProblemResponse::new(status, error.to_string())
}

fn off() -> ProblemResponse {
    ProblemResponse::new(StatusCode::NOT_FOUND, "usage statistics are off: nothing is counted")
}
