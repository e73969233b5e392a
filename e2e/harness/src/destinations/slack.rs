//! Mocks Slack's `chat.postMessage`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::mock_server::{CheckedRequest, DestinationAnswer, MockRequest, RefusedMessage};

/// Where the Web API begins.
pub(super) const BASE: &str = "/api/";

const TOKEN: &str = "xoxb-only-in-tests";

const CHANNEL: &str = "on-call";

/// The id of that channel, which is accepted too.
const CHANNEL_ID: &str = "C024BE91L";

/// The most characters of a text.
const TEXT: usize = 40_000;

pub(super) fn integration() -> Value {
    json!({ "token": TOKEN, "default_channel": CHANNEL, "enabled": true, "incidents": true, "deployments": false })
}

pub(super) fn check(asked: &MockRequest<'_>) -> CheckedRequest {
    asked.is_post_of_json("/api/chat.postMessage")?;
    let thread = asked.text("/thread_ts");
    let begun = |ts: &str| {
        asked.before.iter().any(|received| received.action == "message" && received.conversation == ts)
    };
    let blocks = asked.body.get("blocks").and_then(Value::as_array).is_some_and(|blocks| !blocks.is_empty());
    let said = asked.text("/text");
    let error = match asked.header("authorization").strip_prefix("Bearer ") {
        None => "not_authed",
        Some(token) if token != TOKEN => "invalid_auth",
        _ if ![CHANNEL, CHANNEL_ID].contains(&asked.text("/channel").trim_start_matches('#')) => {
            "channel_not_found"
        }
        _ if said.is_empty() && !blocks => "no_text",
        _ if said.chars().count() > TEXT => "msg_too_long",
        _ if asked.body.get("thread_ts").is_some_and(|ts| ts.as_str().is_none_or(|ts| !begun(ts))) => {
            "invalid_thread_ts"
        }
        _ if asked.body.get("reply_broadcast").is_some_and(|it| !it.is_boolean()) => "invalid_arguments",
        _ => "",
    };
    if !error.is_empty() {
        // Slack reports errors with status 200.
        let answer = DestinationAnswer(StatusCode::OK, json!({ "ok": false, "error": error }));
        return Err(RefusedMessage { answer, why: error.to_owned() });
    }
    let ts = format!("1700000000.{:06}", asked.before.len() + 1);
    let (action, conversation) = if thread.is_empty() { ("message", ts.as_str()) } else { ("reply", thread) };
    let message = json!({ "type": "message", "text": said, "ts": ts });
    let answer = json!({ "ok": true, "channel": CHANNEL_ID, "ts": ts, "message": message });
    Ok((asked.received(action, conversation), DestinationAnswer(StatusCode::OK, answer)))
}
