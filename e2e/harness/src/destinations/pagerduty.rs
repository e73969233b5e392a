//! Mocks PagerDuty's Events API v2.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::mock_server::{CheckedRequest, DestinationAnswer, MockRequest, RefusedMessage};

const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";

/// The most characters of a key.
const KEY: usize = 255;

/// The most characters of a summary.
const SUMMARY: usize = 1024;

const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

pub(super) fn integration() -> Value {
    json!({ "integration_key": ROUTING_KEY, "incidents": true })
}

pub(super) fn check(asked: &MockRequest<'_>) -> CheckedRequest {
    asked.is_post_of_json("/v2/enqueue")?;
    let key = asked.text("/dedup_key");
    let action = match asked.text("/event_action") {
        "trigger" => "trigger",
        "acknowledge" => "acknowledge",
        "resolve" => "resolve",
        _ => return Err(refused("'event_action' is invalid")),
    };
    if let Some(why) = fault(asked, action, key) {
        return Err(refused(why));
    }
    let given = asked.before.len() + 1;
    let key = if key.is_empty() { format!("given-{given}") } else { key.to_owned() };
    let answer = json!({ "status": "success", "message": "Event processed", "dedup_key": key });
    Ok((asked.received(action, key), DestinationAnswer(StatusCode::ACCEPTED, answer)))
}

fn fault(asked: &MockRequest<'_>, action: &str, key: &str) -> Option<&'static str> {
    let summary = asked.text("/payload/summary");
    match action {
        _ if asked.text("/routing_key") != ROUTING_KEY => Some("'routing_key' is invalid"),
        _ if key.chars().count() > KEY => Some("'dedup_key' is too long"),
        "trigger" if summary.is_empty() => Some("'payload.summary' is missing or blank"),
        "trigger" if summary.chars().count() > SUMMARY => Some("'payload.summary' is too long"),
        "trigger" if asked.text("/payload/source").is_empty() => Some("'payload.source' is missing or blank"),
        "trigger" if !SEVERITIES.contains(&asked.text("/payload/severity")) => {
            Some("'payload.severity' is invalid")
        }
        "acknowledge" | "resolve" if key.is_empty() => Some("'dedup_key' is missing or blank"),
        _ => None,
    }
}

fn refused(why: &str) -> RefusedMessage {
    let answer = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": [why] });
    RefusedMessage { answer: DestinationAnswer(StatusCode::BAD_REQUEST, answer), why: why.to_owned() }
}
