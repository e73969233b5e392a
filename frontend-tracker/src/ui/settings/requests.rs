//! Sends the requests of forms, and reads what the server says about them.

use serde_json::Value;

use crate::ui::{
    answer::{RequestFailure, refusal},
    api::ApiClient,
    texts::{forms, frame},
};

/// The answer to a request, or why there is none.
pub(in crate::ui) type RequestResult = Result<Value, RequestFailure>;

/// Sends a request with a body of JSON, or without one.
pub(in crate::ui) async fn send(
    api: ApiClient,
    method: &'static str,
    path: String,
    body: Option<Value>,
) -> RequestResult {
    let body = body.map(|body| body.to_string());
    match api.exchange(method, &path, body.as_deref()).await {
        Some((status, body)) => answer_of(status, &body),
        None => Err(told(forms::NO_ANSWER.to_owned())),
    }
}

/// What an answer means. An answer without a body is `null`.
fn answer_of(status: u16, body: &[u8]) -> RequestResult {
    if (200..300).contains(&status) {
        let unreadable = |_| told(frame::OTHER_ANSWER.to_owned());
        return if body.is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_slice(body).map_err(unreadable)
        };
    }
    if status == 401 {
        return Err(told(forms::SIGNED_OUT.to_owned()));
    }
    Err(refusal(status, body))
}

const fn told(why: String) -> RequestFailure {
    RequestFailure { why, field: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_a_value_or_a_sentence_with_its_member() {
        let failure = |why: &str, field: Option<&str>| {
            Err(RequestFailure { why: why.to_owned(), field: field.map(ToOwned::to_owned) })
        };
        let refused =
            br#"{"title":"Unprocessable Entity","status":422,"detail":"url must be a string","field":"url"}"#;
        for (status, body, expected) in [
            (200, br#"{"a":1}"#.as_slice(), Ok(json!({"a": 1}))),
            (204, b"", Ok(Value::Null)),
            (422, refused, failure("Url must be a string.", Some("url"))),
            (502, b"<html>", failure("The server refused with status 502 and gave no reason.", None)),
            (200, b"<html>", failure("The server gave an answer that this page does not read.", None)),
        ] {
            assert_eq!(answer_of(status, body), expected, "{status}");
        }
        assert!(answer_of(401, b"").unwrap_err().why.starts_with("You are signed out."));
    }
}
