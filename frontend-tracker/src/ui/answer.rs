//! Interprets the answers of the server.

use headcount_shared::api::Problem;
use serde::de::DeserializeOwned;

use super::texts::frame;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ApiFailure {
    /// The browser is not signed in, or its session has ended.
    SignedOut,
    /// A sentence for the user.
    Told(String),
}

/// Why a request was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestFailure {
    /// A sentence for the user.
    pub(super) why: String,
    /// The wrong member of the request.
    pub(super) field: Option<String>,
}

/// The state of a value that is fetched from the server.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FetchState<T> {
    /// Requested, not answered yet.
    Waiting,
    /// The value.
    Here(T),
    /// The reason why it is missing, as a sentence.
    Failed(String),
}

impl ApiFailure {
    /// The sentence for the user.
    pub(super) fn sentence(self) -> String {
        match self {
            Self::SignedOut => format!("{}.", frame::SIGNED_OUT),
            Self::Told(sentence) => sentence,
        }
    }
}

impl<T> FetchState<T> {
    /// The value, if it has arrived.
    pub(super) const fn here(&self) -> Option<&T> {
        match self {
            Self::Here(value) => Some(value),
            Self::Waiting | Self::Failed(_) => None,
        }
    }

    /// The same state without the value.
    pub(super) fn arrival(&self) -> FetchState<()> {
        match self {
            Self::Waiting => FetchState::Waiting,
            Self::Here(_) => FetchState::Here(()),
            Self::Failed(why) => FetchState::Failed(why.clone()),
        }
    }
}

/// The body of an answer, or the failure that `status` means.
pub(super) fn accepted(status: u16, body: Vec<u8>) -> Result<Vec<u8>, ApiFailure> {
    match status {
        200..300 => Ok(body),
        401 => Err(ApiFailure::SignedOut),
        _ => Err(ApiFailure::Told(refusal(status, &body).why)),
    }
}

/// Reads an accepted body.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiFailure> {
    serde_json::from_slice(body).map_err(|error| ApiFailure::Told(frame::unread_answer(&error.to_string())))
}

/// The reason of a refusal. A proxy in between may have refused without a problem document.
pub(super) fn refusal(status: u16, body: &[u8]) -> RequestFailure {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) if !problem.detail.is_empty() => {
            RequestFailure { why: sentence(&problem.detail), field: problem.field }
        }
        _ => RequestFailure { why: frame::refused(status), field: None },
    }
}

/// `text` with a capital at its beginning and a full stop at its end.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return String::new() };
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    first.to_uppercase().chain(characters.as_str().chars()).chain(end.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> ApiFailure {
        ApiFailure::Told(text.to_owned())
    }

    #[test]
    fn an_answer_is_taken_by_its_status() {
        let problem = br#"{"title":"Conflict","status":409,"detail":"a flag says off"}"#;
        let cases = [
            (200, b"{}".as_slice(), Ok(b"{}".to_vec())),
            (204, b"", Ok(vec![])),
            (401, b"", Err(ApiFailure::SignedOut)),
            (409, problem, Err(told("A flag says off."))),
            (502, b"<html>", Err(told("The server refused with status 502 and gave no reason."))),
            (404, b"{}", Err(told("The server refused with status 404 and gave no reason."))),
        ];
        for (status, body, answer) in cases {
            assert_eq!(accepted(status, body.to_vec()), answer, "{status}");
        }
    }

    #[test]
    fn a_body_that_is_something_else_is_told() {
        let Err(ApiFailure::Told(text)) = read::<Problem>(b"[]") else {
            panic!("the body should not be read")
        };
        assert!(text.starts_with("The server gave an answer that this page does not read"), "{text}");
    }

    #[test]
    fn a_detail_becomes_a_sentence() {
        let cases = [("", ""), ("no report", "No report."), ("Gone!", "Gone!"), (" élan ", "Élan.")];
        for (detail, text) in cases {
            assert_eq!(sentence(detail), text);
        }
    }
}
