//! Extracts the path parameters and the body of requests to the settings.

use std::{collections::BTreeMap, marker::PhantomData, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, RawPathParams, Request},
    http::{StatusCode, request::Parts},
};
use headcount_shared::limits::SETTINGS_BYTES;
use headcount_topology::application_key::ApplicationKey;
use headcount_web::{
    body::{BodyError, receive},
    media_type::BodyMediaType,
    problem::ProblemResponse,
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, DeserializeSeed},
};
use utoipa::IntoParams;

use super::parse_json::parse_json;
use crate::{
    app::observed_installation::ObservedInstallation,
    http::ServerState,
    store::{InvalidChange, SettingsError, SettingsStore},
};

/// The settings. Refuses requests if statistics are off for the whole run, because then they are not open.
pub(in crate::http) struct OpenedSettings(pub(in crate::http) SettingsStore);

/// The observed installation, for a request that sends something to other servers, and the settings. Refuses
/// while nothing is observed, and if the settings are read-only: a Coroot beside this server sends then.
pub(super) struct OutgoingTests {
    pub(super) installation: Arc<ObservedInstallation>,
    pub(super) settings: SettingsStore,
}

/// The failures of Prometheus, by project id.
pub(super) struct PrometheusFailures(pub(super) BTreeMap<String, String>);

/// The parameters in the path. Nothing that has a name in a path has a control character in it, and PostgreSQL can
/// store no U+0000, so there is nothing at such an address.
pub(in crate::http) struct UrlParameters<T>(pub(in crate::http) T);

/// The body, which is JSON.
pub(super) struct JsonBody<T>(pub(super) T);

/// A body of JSON of at most `MOST` bytes, whatever its content type. Invalid members are answered with 400 as well.
pub(in crate::http) struct AnyTypeJson<T, const MOST: usize = SETTINGS_BYTES>(pub(in crate::http) T);

/// The body, whose format depends on the path.
pub(super) struct RawBody(Bytes);

/// An address in a project.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::http) struct ProjectPath {
    /// The id of the project.
    pub(in crate::http) id: String,
}

impl FromRequestParts<ServerState> for OpenedSettings {
    type Rejection = ProblemResponse;

    async fn from_request_parts(_: &mut Parts, state: &ServerState) -> Result<Self, ProblemResponse> {
        let closed = || {
            let why = "usage statistics are switched off for this run, so no settings are open";
            ProblemResponse::new(StatusCode::CONFLICT, why)
        };
        state.0.settings.clone().map(Self).ok_or_else(closed)
    }
}

impl FromRequestParts<ServerState> for OutgoingTests {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ProblemResponse> {
        let OpenedSettings(settings) = OpenedSettings::from_request_parts(parts, state).await?;
        if settings.is_read_only() {
            return Err(SettingsError::ReadOnly.into());
        }
        let statistics = &state.0.statistics;
        let installation = statistics.observed().ok_or_else(|| match statistics.running() {
            Some(_) => {
                let why = "the product reports what it observes itself, so nothing is tested from here";
                ProblemResponse::new(StatusCode::CONFLICT, why)
            }
            None => nothing_is_tested(),
        })?;
        Ok(Self { installation, settings })
    }
}

/// The refusal of a request that would send something to other servers while nothing is observed.
pub(super) fn nothing_is_tested() -> ProblemResponse {
    let why = "nothing is observed while usage statistics are off, so nothing is tested";
    ProblemResponse::new(StatusCode::CONFLICT, why)
}

impl FromRequestParts<ServerState> for PrometheusFailures {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, state: &ServerState) -> Result<Self, Self::Rejection> {
        Ok(Self(state.0.statistics.prometheus_failures()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for UrlParameters<T> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        let written = RawPathParams::from_request_parts(parts, state).await.map_err(|_| nothing_there())?;
        if written.iter().any(|(_, value)| value.contains(char::is_control)) {
            return Err(nothing_there());
        }
        Path::from_request_parts(parts, state).await.map(|Path(at)| Self(at)).map_err(|_| nothing_there())
    }
}

fn nothing_there() -> ProblemResponse {
    ProblemResponse::new(StatusCode::NOT_FOUND, "there is nothing at this address")
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ProblemResponse> {
        RawBody::from_request(request, state).await?.parse().map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, _: &S) -> Result<Self, ProblemResponse> {
        // A page of another site can send a form at once, but JSON only after a preflight request of the
        // browser.
        if BodyMediaType::of(request.headers()) != BodyMediaType::Json {
            let why = "send the body as Content-Type: application/json";
            return Err(ProblemResponse::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        received(request, SETTINGS_BYTES).await.map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned, const MOST: usize> FromRequest<S> for AnyTypeJson<T, MOST> {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, _: &S) -> Result<Self, ProblemResponse> {
        let parsed = parse_json(&received(request, MOST).await?, PhantomData);
        parsed.map(Self).map_err(|refusal| refusal.with_status(StatusCode::BAD_REQUEST))
    }
}

async fn received(request: Request, most: usize) -> Result<Bytes, ProblemResponse> {
    receive(request.into_body(), most).await.map_err(|error| {
        let status = match error {
            BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::Unreadable => StatusCode::BAD_REQUEST,
        };
        ProblemResponse::new(status, error.to_string())
    })
}

/// The application that is named in a path, as `namespace:kind:name`.
pub(in crate::http) fn application_key(application: &str) -> Result<ApplicationKey, SettingsError> {
    let key = ApplicationKey::parse(application).filter(|key| !key.is_project());
    key.ok_or_else(|| InvalidChange::Application.into())
}

impl RawBody {
    /// Parses the body.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, ProblemResponse> {
        self.parse_as(PhantomData)
    }

    /// Parses the body as the seed describes.
    pub(super) fn parse_as<T>(
        &self,
        seed: impl for<'b> DeserializeSeed<'b, Value = T>,
    ) -> Result<T, ProblemResponse> {
        parse_json(&self.0, seed)
    }
}
