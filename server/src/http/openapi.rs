//! `GET <base>api/openapi.json`: which requests does the interface answer, and how?
//!
//! The description is made of the routes themselves.

use axum::{
    Extension,
    body::Bytes,
    http::header,
    response::{IntoResponse, Response},
};
use headcount_shared::api::Problem;
use utoipa::{
    OpenApi, PartialSchema, ToSchema,
    openapi::{
        Components, OpenApiVersion, Server,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::ServerState;
use crate::config::BasePath;

/// The name of the admin token in the description.
const ADMIN_TOKEN: &str = "admin_token";

/// What is said of all routes together.
#[derive(OpenApi)]
#[openapi(info(
    title = "Headcount",
    description = "The settings of an installation, and what it counts and sends. All times are Unix seconds. A secret \
        is never in an answer: an answer says whether one is stored. In a change, a secret that is absent or null stays \
        what it was, and an empty one is removed."
))]
struct About;

/// The description, as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Description(Bytes);

impl Description {
    /// The bytes of a description.
    pub(super) fn of(described: &utoipa::openapi::OpenApi) -> Self {
        // Names of members are texts and numbers are finite, so it can be written.
        Self(serde_json::to_vec(described).unwrap_or_default().into())
    }
}

/// A description without routes yet.
pub(super) fn begin(base_path: &BasePath) -> utoipa::openapi::OpenApi {
    let mut described = About::openapi();
    described.openapi = OpenApiVersion::Version31;
    described.servers = Some(vec![Server::new(base_path.as_str().trim_end_matches('/'))]);
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let mut components = Components::new();
    components.add_security_scheme(ADMIN_TOKEN, token);
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    described.components = Some(components);
    // Without an admin token the interface answers this machine.
    let none = SecurityRequirement::default();
    described.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(ADMIN_TOKEN, []), none]);
    described
}

/// The route.
pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(openapi))
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "openapi", responses(
    (status = 200, description = "An OpenAPI document of version 3.1.", body = Object)))]
async fn openapi(Extension(Description(bytes)): Extension<Description>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}
