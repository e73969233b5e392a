//! Handles requests to a mock destination: behaves as set, records messages, and answers.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    DestinationBehaviour, DestinationKind, ReceivedMessage, opsgenie, pagerduty, slack, teams, webhook,
};
use crate::wait::{SOON, within};

/// How often a mock that holds its answers checks its behaviour.
const LOOK: Duration = Duration::from_millis(20);

/// The longest body that is read, in bytes.
const BODY: usize = 1 << 20;

/// The behaviour of a mock, and what it received.
#[derive(Debug)]
pub(super) struct MockState {
    pub(super) behaviour: DestinationBehaviour,
    pub(super) asked: u64,
    pub(super) received: Vec<ReceivedMessage>,
    pub(super) refused: Vec<String>,
}

/// A request, and the messages before it.
pub(super) struct MockRequest<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: Value,
    pub(super) before: &'a [ReceivedMessage],
}

/// A status and a body.
pub(super) struct DestinationAnswer(pub(super) StatusCode, pub(super) Value);

/// The refusal of a request that the real service refuses too.
pub(super) struct RefusedMessage {
    pub(super) answer: DestinationAnswer,
    pub(super) why: String,
}

pub(super) type CheckedRequest = Result<(ReceivedMessage, DestinationAnswer), RefusedMessage>;

/// Locks the state of a mock, also after a panic in another holder.
pub(super) fn lock(memory: &Mutex<MockState>) -> MutexGuard<'_, MockState> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers any request.
pub(super) async fn answer(
    State((service, memory)): State<(DestinationKind, Arc<Mutex<MockState>>)>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let text = String::from_utf8_lossy(&body);
    let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.into_owned()));
    let (behaviour, answer) = {
        let mut memory = lock(&memory);
        memory.asked += 1;
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        let before = &memory.received.clone();
        let asked = MockRequest { method: &head.method, path, query, headers: &head.headers, body, before };
        (memory.behaviour, memory.process(service, &asked))
    };
    match behaviour {
        DestinationBehaviour::Slow(delay) => tokio::time::sleep(delay).await,
        DestinationBehaviour::Holding => until_behaviour_changes(&memory).await,
        DestinationBehaviour::Working
        | DestinationBehaviour::RateLimited(_)
        | DestinationBehaviour::Failing => {}
    }
    answer
}

/// Waits while the mock holds its answers, but not for ever. Ends with the request if the client disconnects.
async fn until_behaviour_changes(memory: &Mutex<MockState>) {
    let waiting = async {
        while lock(memory).behaviour == DestinationBehaviour::Holding {
            tokio::time::sleep(LOOK).await;
        }
    };
    // A test that forgets to change it gets an answer in the end, and fails by what it expects.
    within("the mock behaves otherwise", SOON, waiting).await.ok();
}

impl MockState {
    fn process(&mut self, service: DestinationKind, asked: &MockRequest<'_>) -> Response {
        match self.behaviour {
            DestinationBehaviour::RateLimited(seconds) => {
                let answer = DestinationAnswer(StatusCode::TOO_MANY_REQUESTS, service.too_many_requests());
                return ([(header::RETRY_AFTER, seconds.to_string())], answer).into_response();
            }
            DestinationBehaviour::Failing => {
                return (StatusCode::INTERNAL_SERVER_ERROR, "something went wrong").into_response();
            }
            DestinationBehaviour::Working | DestinationBehaviour::Slow(_) | DestinationBehaviour::Holding => {
            }
        }
        match service.check(asked) {
            Ok((received, answer)) => {
                self.received.push(received);
                answer.into_response()
            }
            Err(RefusedMessage { answer, why }) => {
                self.refused.push(why);
                answer.into_response()
            }
        }
    }
}

impl DestinationKind {
    fn check(self, asked: &MockRequest<'_>) -> CheckedRequest {
        match self {
            Self::Slack => slack::check(asked),
            Self::Teams => teams::check(asked),
            Self::Pagerduty => pagerduty::check(asked),
            Self::Opsgenie => opsgenie::check(asked),
            Self::Webhook => webhook::check(asked),
        }
    }

    /// The body of its answer 429.
    fn too_many_requests(self) -> Value {
        match self {
            Self::Slack => json!({ "ok": false, "error": "ratelimited" }),
            Self::Pagerduty => json!({ "status": "throttle exceeded", "message": "Please retry later." }),
            Self::Opsgenie => json!({ "message": "You are making too many requests!", "took": 0.0 }),
            Self::Teams | Self::Webhook => json!("Too many requests"),
        }
    }
}

impl IntoResponse for DestinationAnswer {
    fn into_response(self) -> Response {
        let Self(status, body) = self;
        match body {
            Value::String(text) => (status, text).into_response(),
            body => (status, axum::Json(body)).into_response(),
        }
    }
}

impl MockRequest<'_> {
    /// Refuses everything that is not a `POST` of JSON to a path.
    pub(super) fn is_post_of_json(&self, path: &str) -> Result<(), RefusedMessage> {
        let refused =
            |status, why: String| Err(RefusedMessage { answer: DestinationAnswer(status, Value::Null), why });
        if self.path != path {
            return refused(StatusCode::NOT_FOUND, format!("there is no {}", self.path));
        }
        if self.method != Method::POST {
            return refused(StatusCode::METHOD_NOT_ALLOWED, format!("{} instead of POST", self.method));
        }
        let kind = self.header(header::CONTENT_TYPE.as_str()).split(';').next().unwrap_or_default().trim();
        match kind == "application/json" && self.body.is_object() {
            true => Ok(()),
            false => refused(StatusCode::BAD_REQUEST, format!("{kind:?} is no JSON object")),
        }
    }

    /// The value of a header; empty if it is missing.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The string in the body at a JSON pointer; empty if there is none.
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn received(&self, action: &'static str, conversation: impl Into<String>) -> ReceivedMessage {
        ReceivedMessage { action, conversation: conversation.into(), body: self.body.clone() }
    }
}
