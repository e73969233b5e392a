//! Maps errors of the settings to problem documents.

use std::{collections::BTreeMap, time::Duration};

use axum::http::StatusCode;
use utoipa::{
    IntoResponses,
    openapi::{RefOr, Response},
};

use crate::{
    http::{
        openapi::{Guarded, refusals},
        problem::Refusal,
    },
    settings::{Error, Invalid},
    world::prometheus::InvalidAccess,
};

/// When to retry while the database is unavailable.
const RETRY: Duration = Duration::from_secs(5);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            // Both are parts of the path.
            Error::Invalid(Invalid::NoSuchProject | Invalid::Application) => {
                Self::new(StatusCode::NOT_FOUND, detail)
            }
            Error::Invalid(Invalid::NameTaken) => Self::new(StatusCode::CONFLICT, detail).about("name"),
            Error::Invalid(invalid) => invalid.into(),
            Error::ReadOnly | Error::Unreadable => Self::new(StatusCode::CONFLICT, detail),
            Error::Unavailable(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(RETRY),
        }
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        let status = match invalid {
            Invalid::ForbiddenTarget(_) | Invalid::Prometheus(InvalidAccess::Forbidden) => {
                StatusCode::BAD_REQUEST
            }
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
const fn field(invalid: Invalid) -> Option<&'static str> {
    match invalid {
        Invalid::Name | Invalid::NameTaken => Some("name"),
        Invalid::Prometheus(InvalidAccess::Url | InvalidAccess::Forbidden) => Some("url"),
        Invalid::Prometheus(InvalidAccess::Selector) => Some("extra_selector"),
        Invalid::Prometheus(InvalidAccess::HeaderName(_) | InvalidAccess::HeaderValue(_))
        | Invalid::HeaderName => Some("custom_headers"),
        Invalid::RefreshInterval => Some("refresh_interval_s"),
        Invalid::Missing(member) | Invalid::Url(member) | Invalid::ForbiddenTarget(member) => {
            Some(member.name)
        }
        Invalid::ClickhouseAddress => Some("addr"),
        Invalid::Pattern => Some("categories"),
        Invalid::Threshold | Invalid::NoThreshold => Some("threshold"),
        Invalid::Prometheus(InvalidAccess::Tls(_))
        | Invalid::NoSuchProject
        | Invalid::Id
        | Invalid::Objective
        | Invalid::Queries
        | Invalid::ObjectiveOfProject
        | Invalid::Application => None,
    }
}

/// The refusal for something that a project does not have.
pub(super) fn not_configured(what: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, format!("this project has no {what}"))
}

/// Describes the refusals of every request for the settings.
pub(super) struct Refused;

/// Describes the refusals of a request with a body.
pub(super) struct BodyRefused;

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = Guarded::responses();
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

impl IntoResponses for BodyRefused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals([
            (
                "400",
                "The body is not JSON, or an address in it is link-local or of a cloud's metadata service.",
            ),
            ("413", "The body is larger than 64 KiB."),
            ("415", "The body is not sent as `application/json`."),
            ("422", "A member is missing, unknown or not valid; `field` says which one."),
        ])
    }
}
