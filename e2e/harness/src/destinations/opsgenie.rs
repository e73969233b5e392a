//! Mocks Opsgenie's Alert API.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::mock_server::{CheckedRequest, DestinationAnswer, MockRequest, RefusedMessage};

const KEY: &str = "genie-only-in-tests";

/// The path that creates alerts. Actions on an alert have paths below it.
const ALERTS: &str = "/v2/alerts";

/// The most characters of a message.
const MESSAGE: usize = 130;

/// The most characters of an alias.
const ALIAS: usize = 512;

const PRIORITIES: [&str; 5] = ["P1", "P2", "P3", "P4", "P5"];

pub(super) fn integration() -> Value {
    json!({ "api_key": KEY, "eu_instance": false, "incidents": true })
}

pub(super) fn check(asked: &MockRequest<'_>) -> CheckedRequest {
    asked.is_post_of_json(asked.path)?;
    if asked.header("authorization") != format!("GenieKey {KEY}") {
        return Err(refused(StatusCode::UNAUTHORIZED, "Could not authenticate"));
    }
    let alias = |rest: &'_ str| rest.strip_prefix('/')?.strip_suffix("/close").map(str::to_owned);
    match asked.path.strip_prefix(ALERTS).map(|rest| (rest, alias(rest))) {
        Some(("", _)) => created(asked),
        Some((_, Some(alias))) => closed(asked, &alias),
        _ => Err(refused(StatusCode::NOT_FOUND, "there is no such resource")),
    }
}

fn created(asked: &MockRequest<'_>) -> CheckedRequest {
    let (message, alias) = (asked.text("/message"), asked.text("/alias"));
    let priority = asked.body.get("priority");
    let why = match () {
        () if message.is_empty() => "Message can not be empty",
        () if message.chars().count() > MESSAGE => "Message can not be longer than 130 characters",
        () if alias.chars().count() > ALIAS => "Alias can not be longer than 512 characters",
        () if priority.is_some_and(|it| !it.as_str().is_some_and(|it| PRIORITIES.contains(&it))) => {
            "Priority should be one of P1, P2, P3, P4, P5"
        }
        () => return Ok((asked.received("create", alias), processed())),
    };
    Err(refused(StatusCode::UNPROCESSABLE_ENTITY, why))
}

fn closed(asked: &MockRequest<'_>, alias: &str) -> CheckedRequest {
    match unescaped(alias) {
        _ if asked.query != "identifierType=alias" => {
            Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "the identifier is no alias"))
        }
        Some(alias) if !alias.is_empty() => Ok((asked.received("close", alias), processed())),
        _ => Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "Identifier can not be empty")),
    }
}

/// Decodes the percent signs of a path segment; `None` if they are invalid or it is more than one segment.
fn unescaped(segment: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = segment;
    while let Some((before, escaped)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        bytes.push(u8::from_str_radix(escaped.get(..2)?, 16).ok()?);
        rest = escaped.get(2..)?;
    }
    bytes.extend(rest.bytes());
    String::from_utf8(bytes).ok().filter(|_| !segment.contains('/'))
}

fn processed() -> DestinationAnswer {
    let id = "43a29c5c-3dbf-4fa4-9c26-f4f71023e120";
    DestinationAnswer(
        StatusCode::ACCEPTED,
        json!({ "result": "Request will be processed", "took": 0.302, "requestId": id }),
    )
}

fn refused(status: StatusCode, why: &str) -> RefusedMessage {
    let answer = json!({ "message": why, "took": 0.001, "requestId": "rid" });
    RefusedMessage { answer: DestinationAnswer(status, answer), why: why.to_owned() }
}
