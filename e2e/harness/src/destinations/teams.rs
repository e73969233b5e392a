//! Mocks an incoming webhook of Microsoft Teams.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::mock_server::{CheckedRequest, DestinationAnswer, MockRequest, RefusedMessage};

/// The path of the webhook, which is its secret.
pub(super) const PATH: &str = "/webhookb2/8a1bfc3e-5ab6/IncomingWebhook/c7e6c0b1d2";

const CARD: &str = "application/vnd.microsoft.card.adaptive";

pub(super) fn check(asked: &MockRequest<'_>) -> CheckedRequest {
    asked.is_post_of_json(PATH)?;
    match fault(asked) {
        None => Ok((asked.received("message", ""), DestinationAnswer(StatusCode::ACCEPTED, json!("")))),
        Some(why) => {
            let answer = json!("Bad payload received by generic incoming webhook.");
            Err(RefusedMessage {
                answer: DestinationAnswer(StatusCode::BAD_REQUEST, answer),
                why: why.to_owned(),
            })
        }
    }
}

/// Returns what is wrong with a message, which has to have one Adaptive Card.
fn fault(asked: &MockRequest<'_>) -> Option<&'static str> {
    let attachments = asked.body.get("attachments").and_then(Value::as_array);
    let body = asked.body.pointer("/attachments/0/content/body").and_then(Value::as_array);
    let is_element = |element: &Value| element.get("type").is_some_and(Value::is_string);
    match () {
        () if asked.text("/type") != "message" => Some("it is no message"),
        () if attachments.is_none_or(|attachments| attachments.len() != 1) => {
            Some("it has not one attachment")
        }
        () if asked.text("/attachments/0/contentType") != CARD => Some("the attachment is no Adaptive Card"),
        () if asked.text("/attachments/0/content/type") != "AdaptiveCard" => Some("the content is no card"),
        () if !asked.text("/attachments/0/content/version").starts_with("1.") => {
            Some("the card has no version")
        }
        () if body.is_none_or(|body| body.is_empty() || !body.iter().all(is_element)) => {
            Some("the card has no elements")
        }
        () => None,
    }
}
