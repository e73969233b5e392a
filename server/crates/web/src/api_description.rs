//! Generates the description of an interface for `GET <base>api/openapi.json`.
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
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, Info, OpenApi, OpenApiVersion, Paths, Server,
        extensions::ExtensionsBuilder,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{AccessControl, AccessRole, MountedAt},
    base_path::BasePath,
    described_refusals::GuardedResponses,
};

/// The name of the admin token in the description.
const ADMIN_TOKEN: &str = "admin_token";

/// The member of an operation with the smallest role that may use it.
const ROLE: &str = "x-role";

/// The name of the session cookie in the description.
const SESSION: &str = "session";

/// The description in the form in which it is sent.
#[derive(Debug, Clone)]
pub struct ApiDescription {
    json: Bytes,
    /// The member of `json` with the base path.
    server: Arc<str>,
}

impl ApiDescription {
    /// The description of routes at their configured base path.
    #[must_use]
    pub fn new(described: &OpenApi, base_path: &BasePath) -> Self {
        Self { json: serialized_description(described), server: server_member(base_path).into() }
    }

    /// The description with the base path at which another program has mounted the routes.
    fn mounted_at(&self, base_path: &BasePath) -> Bytes {
        let json = String::from_utf8_lossy(&self.json);
        json.replacen(&*self.server, &server_member(base_path), 1).into()
    }
}

/// A description as JSON.
#[must_use]
pub fn serialized_description(described: &OpenApi) -> Bytes {
    // This cannot fail: names of members are strings, and numbers are finite.
    serde_json::to_vec(described).unwrap_or_default().into()
}

/// Notes in each operation of a description that this role may use it, and those above it.
pub fn describe_role(described: &mut OpenApi, role: AccessRole) {
    for path in described.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch];
        for operation in operations.into_iter().flatten() {
            let mut extensions = ExtensionsBuilder::new().add(ROLE, role.name()).build();
            extensions.merge(operation.extensions.take().unwrap_or_default());
            operation.extensions = Some(extensions);
        }
    }
}

/// A description of routes that need no credential, without routes yet.
#[must_use]
pub fn public_description(title: &str, summary: &str) -> OpenApi {
    let mut described = described_title(title, summary);
    let mut components = Components::new();
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    described.components = Some(components);
    described
}

fn described_title(title: &str, summary: &str) -> OpenApi {
    let mut info = Info::new(title, env!("CARGO_PKG_VERSION"));
    info.description = Some(summary.to_owned());
    let mut described = OpenApi::new(info, Paths::new());
    described.openapi = OpenApiVersion::Version31;
    described
}

/// The member `servers` of a description.
fn server_member(base_path: &BasePath) -> String {
    format!("\"servers\":{}", serde_json::json!([server(base_path)]))
}

fn server(base_path: &BasePath) -> Server {
    Server::new(base_path.as_str().trim_end_matches('/'))
}

/// A description of an interface with this title and summary, without routes yet.
#[must_use]
pub fn empty_description(
    title: &str,
    summary: &str,
    base_path: &BasePath,
    access: &AccessControl,
) -> OpenApi {
    let mut described = described_title(title, summary);
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

/// The route `<base>api/openapi.json`. It needs the extension [`ApiDescription`].
pub fn description_routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
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
