//! What does a request say: where, and what?

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use headcount_shared::limits::SETTINGS_BYTES;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::error::Category;
use utoipa::IntoParams;

use crate::{
    http::{
        ServerState,
        body::{BodyError, receive},
        problem::Refusal,
    },
    settings::Settings,
};

/// The settings; a request is refused while statistics are off for the whole run, because then none are open.
pub(super) struct Open(pub(super) Settings);

/// The parts of the address.
pub(super) struct At<T>(pub(super) T);

/// The body, which is JSON.
pub(super) struct Sent<T>(pub(super) T);

/// The body, to be read by what the address says.
pub(super) struct SentBytes(Bytes);

/// An address in a project.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct InProject {
    /// The id of the project.
    pub(super) id: String,
}

impl FromRequestParts<ServerState> for Open {
    type Rejection = Refusal;

    async fn from_request_parts(_: &mut Parts, state: &ServerState) -> Result<Self, Refusal> {
        let closed = || {
            let why = "usage statistics are switched off for this run, so no settings are open";
            Refusal::new(StatusCode::CONFLICT, why)
        };
        state.settings.clone().map(Self).ok_or_else(closed)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for At<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let nothing = |_| Refusal::new(StatusCode::NOT_FOUND, "there is nothing at this address");
        Path::from_request_parts(parts, state).await.map(|Path(at)| Self(at)).map_err(nothing)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        SentBytes::from_request(request, state).await?.read().map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for SentBytes {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        // A page of another site can send a form without asking, and JSON only after the browser has asked.
        if !is_json(request.headers()) {
            let why = "send the body as Content-Type: application/json";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        let received = receive(request.into_body(), SETTINGS_BYTES).await;
        received.map(Self).map_err(|error| {
            let status = match error {
                BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
                BodyError::Unreadable => StatusCode::BAD_REQUEST,
            };
            Refusal::new(status, error.to_string())
        })
    }
}

impl SentBytes {
    /// What the body says.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let mut json = serde_json::Deserializer::from_slice(&self.0);
        let value = serde_path_to_error::deserialize(&mut json);
        let value = value.map_err(|error| unread(&error.path().to_string(), error.inner()))?;
        json.end().map_err(|error| unread(".", &error))?;
        Ok(value)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Why a body cannot be read. It may hold a secret at the wrong place, so no value is repeated.
fn unread(path: &str, error: &serde_json::Error) -> Refusal {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    if error.classify() != Category::Data {
        let (line, column) = (error.line(), error.column());
        let why = format!("the body is not JSON: line {line}, column {column}");
        return Refusal::new(StatusCode::BAD_REQUEST, why);
    }
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
    match (member_named_in(message), expected) {
        (Some(member), _) => {
            Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message).about(joined(path, member))
        }
        (None, Some(expected)) => {
            Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{path} is to be {expected}")).about(path)
        }
        (None, None) => {
            let why = format!("{path} is not what it should be");
            Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why).about(path)
        }
    }
}

/// The member that is missing, unknown or there twice.
fn member_named_in(message: &str) -> Option<&str> {
    let kinds = ["missing field `", "unknown field `", "duplicate field `"];
    let rest = kinds.iter().find_map(|kind| message.strip_prefix(kind))?;
    rest.split('`').next()
}

/// The path of a member; some kinds of errors are found at the member, others at what holds it.
fn joined(path: &str, member: &str) -> String {
    match path {
        "." => member.to_owned(),
        path if path == member || path.ends_with(&format!(".{member}")) => path.to_owned(),
        path => format!("{path}.{member}"),
    }
}
