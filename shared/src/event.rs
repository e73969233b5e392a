//! Defines the event that a browser sends: one page was opened.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::{
    breakpoint::Breakpoint,
    json::{self, JsonError, StrictJson},
    limits::{EVENT_BYTES, PAGE_KEY_BYTES},
};

/// The kind of an event. There is only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A page was opened.
    RouteOpen,
}

/// A page view, as a browser sends it to `<base>stats`.
///
/// There is no member for a URL, query, fragment, title or referrer. Members that are not listed here are
/// ignored on reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserEvent {
    /// Always `route-open`.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The browser's random UUID: one per browser profile, origin and installation. With a UUID that is not
    /// of version 4, the view counts and the browser does not.
    pub device_id: Uuid,
    /// The display size when the page was opened.
    pub device_size: Breakpoint,
    /// The page key: a route template such as `/p/$projectId`, see [`crate::routes`].
    pub path: String,
    /// Whether the browser could not store its UUID, so that it lasts for one page: the view counts, the
    /// browser does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ephemeral: bool,
}

/// Why an event is not counted. The browser gets the text as the answer.
#[derive(Debug, Error)]
pub enum EventError {
    /// More than [`EVENT_BYTES`].
    #[error("the event is larger than {EVENT_BYTES} bytes")]
    TooLarge,
    /// Not UTF-8, or nested too deeply.
    #[error("the event is {0}")]
    NotJson(JsonError),
    /// Not JSON, no object, a member with a wrong type, a duplicate member, an unknown size, or an invalid UUID.
    #[error("the event is not valid: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Longer than [`PAGE_KEY_BYTES`].
    #[error("path is longer than {PAGE_KEY_BYTES} bytes")]
    PathTooLong,
    /// A control character in the path.
    #[error("path holds a control character")]
    PathControl,
}

impl BrowserEvent {
    /// Reads an event from the body of a request with any content type.
    ///
    /// # Errors
    /// Any [`EventError`].
    pub fn parse(body: &[u8]) -> Result<Self, EventError> {
        if body.len() > EVENT_BYTES {
            return Err(EventError::TooLarge);
        }
        let text = json::check_text(body).map_err(EventError::NotJson)?;
        let StrictJson(event): StrictJson<Self> = serde_json::from_str(text)?;
        if event.path.len() > PAGE_KEY_BYTES {
            return Err(EventError::PathTooLong);
        }
        if event.path.chars().any(char::is_control) {
            return Err(EventError::PathControl);
        }
        Ok(event)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DEVICE: &str = "20174a56-4a1e-41ca-a90d-b657d1fa873e";

    fn body(members: &str) -> Vec<u8> {
        format!(r#"{{"type":"route-open","device_id":"{DEVICE}","device_size":"lg","path":"/p/$projectId"{members}}}"#)
            .into_bytes()
    }

    fn refusal(body: &[u8]) -> String {
        BrowserEvent::parse(body).expect_err("the event should be refused").to_string()
    }

    #[test]
    fn an_event_as_browsers_send_it_is_read() {
        let event = BrowserEvent::parse(&body("")).unwrap();
        assert_eq!(event.device_id.to_string(), DEVICE);
        assert_eq!((event.device_size, event.path.as_str()), (Breakpoint::Lg, "/p/$projectId"));
        assert!(!event.ephemeral);
    }

    #[test]
    fn unknown_members_are_ignored() {
        assert!(BrowserEvent::parse(&body(r#","theme":"dark","more":{"deep":[1,2]}"#)).is_ok());
    }

    #[test]
    fn every_well_formed_uuid_is_read() {
        for uuid in
            [Uuid::nil(), Uuid::max(), Uuid::from_bytes(*b"jane@acme.corp!!"), Uuid::from_u128(1 << 76)]
        {
            let event = String::from_utf8(body("")).unwrap().replace(DEVICE, &uuid.to_string());
            assert_eq!(BrowserEvent::parse(event.as_bytes()).unwrap().device_id, uuid);
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let event = BrowserEvent::parse(&body(r#","ephemeral":true"#)).unwrap();
        assert_eq!(BrowserEvent::parse(&serde_json::to_vec(&event).unwrap()).unwrap(), event);
    }

    #[test]
    fn every_bad_event_is_refused_with_its_reason() {
        let valid = String::from_utf8(body("")).unwrap();
        let cases: Vec<(Vec<u8>, &str)> = vec![
            (vec![b' '; EVENT_BYTES + 1], "larger than 4096 bytes"),
            (b"".to_vec(), "EOF"),
            (b"not json".to_vec(), "not valid"),
            (b"\xff\xfe".to_vec(), "not UTF-8"),
            (b"[]".to_vec(), "not valid"),
            (
                format!(r#"["route-open","{DEVICE}","lg","/p/$projectId"]"#).into_bytes(),
                "invalid type: sequence",
            ),
            ("[".repeat(4000).into_bytes(), "nested deeper"),
            (body(&format!(r#","x":{}{}"#, "[".repeat(100), "]".repeat(100))), "nested deeper"),
            (valid.replace("lg", "huge").into_bytes(), "unknown variant"),
            (valid.replace("\"lg\"", "3").into_bytes(), "not valid"),
            (valid.replace("route-open", "click").into_bytes(), "unknown variant"),
            (valid.replace(DEVICE, "not-a-uuid").into_bytes(), "UUID"),
            (valid.replace(DEVICE, "").into_bytes(), "UUID"),
            (valid.replace("/p/$projectId", &"/x".repeat(200)).into_bytes(), "longer than 256"),
            (valid.replace("/p/", r"/\u0000/").into_bytes(), "control character"),
            (valid.replace("/p/", r"/\u0085/").into_bytes(), "control character"),
            (body(r#","device_size":"xs""#), "duplicate field"),
            (valid.replace(r#","path":"/p/$projectId""#, "").into_bytes(), "missing field"),
        ];
        for (body, reason) in cases {
            let text = refusal(&body);
            assert!(text.contains(reason), "{text:?} should say {reason:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..5000)) {
            assert!(BrowserEvent::parse(&body).is_err());
        }
    }
}
