//! Maps errors of the settings to problem documents.

use std::{collections::BTreeMap, time::Duration};

use axum::http::StatusCode;
use headcount_prometheus::client::InvalidAccess;
use headcount_web::{
    described_refusals::{GuardedResponses, refusals},
    problem::ProblemResponse,
};
use utoipa::{
    IntoResponses,
    openapi::{RefOr, Response},
};

use crate::{
    notifications::InvalidDestination,
    store::{InvalidChange, SettingsError},
};

/// When to retry while the database is unavailable.
const RETRY: Duration = Duration::from_secs(5);

impl From<SettingsError> for ProblemResponse {
    fn from(error: SettingsError) -> Self {
        let detail = error.to_string();
        match error {
            // Both are parts of the path.
            SettingsError::Invalid(InvalidChange::NoSuchProject | InvalidChange::Application) => {
                Self::new(StatusCode::NOT_FOUND, detail)
            }
            SettingsError::Invalid(InvalidChange::NameTaken) => {
                Self::new(StatusCode::CONFLICT, detail).about("name")
            }
            SettingsError::Invalid(invalid) => invalid.into(),
            SettingsError::ReadOnly | SettingsError::Unreadable => Self::new(StatusCode::CONFLICT, detail),
            SettingsError::Unavailable(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(RETRY)
            }
        }
    }
}

impl From<InvalidChange> for ProblemResponse {
    fn from(invalid: InvalidChange) -> Self {
        let status = match invalid {
            InvalidChange::Destination(
                InvalidDestination::ForbiddenTarget(_)
                | InvalidDestination::OtherOrigin(_)
                | InvalidDestination::OtherServer(_),
            )
            | InvalidChange::Prometheus(InvalidAccess::Forbidden)
            | InvalidChange::OtherOrigin(_) => StatusCode::BAD_REQUEST,
            InvalidChange::Stale => StatusCode::PRECONDITION_FAILED,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let refusal = Self::new(status, invalid.to_string());
        match field(invalid) {
            Some(field) => refusal.about(field),
            None => refusal,
        }
    }
}

/// The invalid member of the body; `None` if it is not a single one.
fn field(invalid: InvalidChange) -> Option<&'static str> {
    match invalid {
        InvalidChange::Name | InvalidChange::NameTaken => Some("name"),
        InvalidChange::Prometheus(InvalidAccess::Url | InvalidAccess::Forbidden) => Some("url"),
        InvalidChange::Prometheus(InvalidAccess::Selector) => Some("extra_selector"),
        InvalidChange::Prometheus(InvalidAccess::HeaderName(_) | InvalidAccess::HeaderValue(_))
        | InvalidChange::UnclearHeaders(_)
        | InvalidChange::Destination(
            InvalidDestination::HeaderName | InvalidDestination::UnclearHeaders(_),
        ) => Some("custom_headers"),
        InvalidChange::RefreshInterval => Some("refresh_interval_s"),
        InvalidChange::Destination(
            InvalidDestination::Missing(member)
            | InvalidDestination::Url(member)
            | InvalidDestination::ForbiddenTarget(member)
            | InvalidDestination::OtherServer(member)
            | InvalidDestination::Template(member, _)
            | InvalidDestination::Characters(member),
        ) => Some(member.name),
        InvalidChange::OtherOrigin(kept)
        | InvalidChange::Destination(InvalidDestination::OtherOrigin(kept)) => Some(kept.field()),
        InvalidChange::ClickhouseAddress => Some("addr"),
        InvalidChange::Pattern => Some("categories"),
        InvalidChange::Threshold | InvalidChange::NoThreshold => Some("threshold"),
        InvalidChange::Prometheus(InvalidAccess::Tls(_))
        | InvalidChange::NoSuchProject
        | InvalidChange::Stale
        | InvalidChange::Id
        | InvalidChange::Objective
        | InvalidChange::Queries
        | InvalidChange::QueriesOfProject
        | InvalidChange::Application => None,
    }
}

/// The refusal for something that a project does not have.
pub(super) fn not_configured(what: &str) -> ProblemResponse {
    ProblemResponse::new(StatusCode::NOT_FOUND, format!("this project has no {what}"))
}

/// Describes the refusals of every request for the settings.
pub(super) struct SettingsProblems;

/// Describes the refusals of a request with a body.
pub(super) struct BodyProblems;

/// Describes the refusal of a change that is made of another version of the settings.
pub(super) struct StaleChangeProblem;

/// Describes the refusals of a request with a body whose content type does not matter.
pub(in crate::http) struct JsonProblems;

impl IntoResponses for SettingsProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = GuardedResponses::responses();
        responses.extend(refusals([
            ("404", "The project, or the requested part of it, does not exist."),
            (
                "409",
                "The settings are read-only, not open or not readable, or another project has that name.",
            ),
            ("503", "The settings database cannot be used now; `Retry-After` has the time to wait."),
        ]));
        responses
    }
}

impl IntoResponses for StaleChangeProblem {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals([("412", "The settings have another version than `If-Match` or `If-None-Match` say.")])
    }
}

impl IntoResponses for JsonProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals([
            (
                "400",
                "The body is not JSON, or a member is missing, unknown or not valid; `field` says which one.",
            ),
            ("413", "The body is larger than it may be."),
        ])
    }
}

impl IntoResponses for BodyProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals([
            (
                "400",
                "The body is not JSON, an address in it is link-local or of a cloud's metadata service, or a stored \
                 secret is needed for another address.",
            ),
            ("413", "The body is larger than 64 KiB."),
            ("415", "The body is not sent as `application/json`."),
            ("422", "A member is missing, unknown or not valid; `field` says which one."),
        ])
    }
}
