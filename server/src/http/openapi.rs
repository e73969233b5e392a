//! Generates the description of the interface for `GET <base>api/openapi.json`.
//!
//! It is generated from the routes themselves: `utoipa` describes the types of `shared` behind the feature
//! `openapi`, `utoipa-axum` makes the routes, and a route without a description does not exist. Browser
//! programs are built without that feature.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    http::header,
    response::{IntoResponse, Response},
};
use headcount_shared::api::Problem;
use headcount_web::access::MountedAt;
pub(super) use headcount_web::described_refusals::{GuardedResponses, refusals};
use utoipa::{
    OpenApi, PartialSchema, ToSchema,
    openapi::{
        Components, OpenApiVersion, Server,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{AccessControl, ServerState};
use crate::config::BasePath;

/// The name of the admin token in the description.
const ADMIN_TOKEN: &str = "admin_token";

/// The name of the session cookie in the description.
const SESSION: &str = "session";

/// The metadata of the description.
#[derive(OpenApi)]
#[openapi(info(
    title = "Headcount",
    description = "The settings of an installation, and what it counts and sends. All times are Unix seconds. A secret \
        is never in an answer: an answer says whether one is stored. In a change, a secret that is absent or null stays \
        what it was, and an empty one is removed."
))]
struct ApiInfo;

/// The description in the form in which it is sent.
#[derive(Debug, Clone)]
pub(super) struct ApiDescription {
    json: Bytes,
    /// The member of `json` with the base path.
    server: Arc<str>,
}

impl ApiDescription {
    /// The description of routes at their configured base path.
    pub(super) fn of(described: &utoipa::openapi::OpenApi, base_path: &BasePath) -> Self {
        // This cannot fail: names of members are strings, and numbers are finite.
        let json = serde_json::to_vec(described).unwrap_or_default().into();
        Self { json, server: server_member(base_path).into() }
    }

    /// The description with the base path at which another program has mounted the routes.
    fn mounted_at(&self, base_path: &BasePath) -> Bytes {
        let json = String::from_utf8_lossy(&self.json);
        json.replacen(&*self.server, &server_member(base_path), 1).into()
    }
}

/// The member `servers` of a description.
fn server_member(base_path: &BasePath) -> String {
    format!("\"servers\":{}", serde_json::json!([server(base_path)]))
}

fn server(base_path: &BasePath) -> Server {
    Server::new(base_path.as_str().trim_end_matches('/'))
}

/// A description without routes yet.
pub(super) fn begin(base_path: &BasePath, access: &AccessControl) -> utoipa::openapi::OpenApi {
    let mut described = ApiInfo::openapi();
    described.openapi = OpenApiVersion::Version31;
    described.servers = Some(vec![server(base_path)]);
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let mut components = Components::new();
    components.add_security_scheme(ADMIN_TOKEN, token);
    let mut security = vec![SecurityRequirement::new::<_, [&str; 0], &str>(ADMIN_TOKEN, [])];
    if let Some(name) = access.cookie_name() {
        components.add_security_scheme(SESSION, session_cookie(name));
        security.push(SecurityRequirement::new::<_, [&str; 0], &str>(SESSION, []));
    }
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    described.components = Some(components);
    described.security = Some(security);
    described
}

/// The cookie that `POST <base>api/session` sets.
fn session_cookie(name: &str) -> SecurityScheme {
    let cookie =
        "The cookie of a browser that signed in. A change also needs the header Headcount-Request: 1.";
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, cookie)))
}

/// The route `<base>api/openapi.json`.
pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(openapi))
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "openapi", responses(
    (status = 200, description = "An OpenAPI document of version 3.1.", body = Object), GuardedResponses))]
async fn openapi(
    Extension(description): Extension<ApiDescription>,
    mounted: Option<Extension<MountedAt>>,
) -> Response {
    let json = match mounted {
        Some(Extension(MountedAt(base_path))) => description.mounted_at(&base_path),
        None => description.json,
    };
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}
