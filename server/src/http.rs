//! Which request reaches which room? One list of routes for the server, one for the collector.

pub mod access;
pub mod assets;
mod body;
pub mod collector;
mod document;
pub mod forwarded;
mod host_header;
pub mod listen;
pub mod metrics;
mod openapi;
pub mod pages;
pub mod problem;
mod settings;
mod sign_in;
pub mod stats;
pub mod usage_statistics;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{FromRef, Request},
    http::{HeaderValue, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Redirect},
    routing::get,
};
use tower::{ServiceExt, service_fn};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::router::OpenApiRouter;

pub use self::{
    access::{Access, AccessConfig, Interface},
    assets::Assets,
};
use self::{
    forwarded::{EventSenders, TrustedProxies},
    openapi::Description,
};
use crate::{
    app::statistics::Statistics, collector::Collector, config::BasePath, metrics::Metrics, settings::Settings,
};

/// Scripts and styles of our own only; `wasm-unsafe-eval` lets WebAssembly be compiled, and nothing else be evaluated.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the handlers of the server work with. Every request clones it.
#[derive(Debug, Clone)]
pub struct ServerState {
    base_path: Arc<BasePath>,
    statistics: Arc<Statistics>,
    assets: Arc<Assets>,
    /// `None` while statistics are off for the whole run.
    settings: Option<Settings>,
    metrics: Metrics,
    senders: Arc<EventSenders>,
    access: Access,
}

impl FromRef<ServerState> for Access {
    fn from_ref(state: &ServerState) -> Self {
        state.access.clone()
    }
}

impl FromRef<ServerState> for Arc<EventSenders> {
    fn from_ref(state: &ServerState) -> Self {
        Arc::clone(&state.senders)
    }
}

impl FromRef<ServerState> for Arc<Statistics> {
    fn from_ref(state: &ServerState) -> Self {
        Arc::clone(&state.statistics)
    }
}

impl FromRef<ServerState> for Arc<Assets> {
    fn from_ref(state: &ServerState) -> Self {
        Arc::clone(&state.assets)
    }
}

impl FromRef<ServerState> for Metrics {
    fn from_ref(state: &ServerState) -> Self {
        state.metrics.clone()
    }
}

impl FromRef<ServerState> for Arc<BasePath> {
    fn from_ref(state: &ServerState) -> Self {
        Arc::clone(&state.base_path)
    }
}

/// The routes of `headcount serve`. Those of the settings refuse while there are none.
pub fn server_routes(
    base_path: &BasePath,
    access: Access,
    statistics: Arc<Statistics>,
    settings: Option<Settings>,
    metrics: Metrics,
    assets: Arc<Assets>,
    senders: EventSenders,
) -> Router {
    let (api, mut description) = OpenApiRouter::with_openapi(openapi::begin(base_path, &access))
        .merge(sign_in::code_routes())
        .merge(usage_statistics::routes())
        .merge(settings::routes())
        .merge(openapi::routes())
        .split_for_parts();
    let (session, described) = sign_in::session_routes::<ServerState>().split_for_parts();
    description.merge(described);
    let for_data = middleware::from_fn_with_state(access.clone(), access::for_data);
    let api = api.layer(Extension(Description::of(&description))).route_layer(for_data.clone());
    let metrics_page = Router::new()
        .route("/metrics", get(metrics::render))
        .route_layer(middleware::from_fn_with_state(access.clone(), access::for_metrics));
    let pages = Router::new().fallback(get(pages::page));
    // What is off for the whole run has nothing to hide: its pages say so, and why.
    let pages = if settings.is_none() { pages } else { pages.layer(for_data) };
    let open = Router::new()
        .merge(stats::routes())
        .route("/health", get(health))
        .route("/static/{file}", get(assets::file))
        .merge(sign_in::page_routes());
    let state = ServerState {
        base_path: Arc::new(base_path.clone()),
        statistics,
        assets,
        settings,
        metrics,
        senders: Arc::new(senders),
        access,
    };
    let private = with_headers(api.merge(session).merge(metrics_page).merge(pages));
    with_one_host(under(base_path, private.merge(open).with_state(state)))
}

/// The routes of `headcount collect`.
pub fn collector_routes(access: Access, collector: &Collector, proxies: TrustedProxies) -> Router {
    let collector::CollectorRoutes { public, private } = collector::routes(collector, proxies);
    let (session, _) = sign_in::session_routes::<Access>().split_for_parts();
    let (code, _) = sign_in::code_routes::<Access>().split_for_parts();
    let code: Router = code.with_state(access.clone());
    let open: Router = with_headers(session).merge(sign_in::page_routes()).with_state(access.clone());
    let private = private
        .merge(code)
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(middleware::from_fn_with_state(access, access::for_data));
    with_one_host(with_headers(private).merge(public).merge(open))
}

/// The outermost layer: nothing of a request that names no host or several is looked at.
fn with_one_host(routes: Router) -> Router {
    routes.layer(middleware::from_fn(host_header::check))
}

async fn health() -> &'static str {
    "ok\n"
}

/// Headers that keep browsers from doing more with an answer than showing it.
fn with_headers<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    let set = |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    routes
        .layer(set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::REFERRER_POLICY, "no-referrer"))
        .layer(set(header::CACHE_CONTROL, "no-store"))
}

/// The routes under a base path. Not nested: that would tell `/coroot` and `/coroot/` apart.
fn under(base_path: &BasePath, routes: Router) -> Router {
    let prefix = base_path.as_str().trim_end_matches('/').to_owned();
    if prefix.is_empty() {
        return routes;
    }
    Router::new().fallback_service(service_fn(move |mut request: Request| {
        let with_slash = (request.uri().path() == prefix).then(|| with_slash(request.uri()));
        let inner = without_prefix(request.uri(), &prefix);
        let routes = routes.clone();
        async move {
            // The session's cookie is for addresses below the base path.
            if let Some(with_slash) = with_slash {
                return Ok(Redirect::permanent(&with_slash).into_response());
            }
            let Some(inner) = inner else { return Ok(StatusCode::NOT_FOUND.into_response()) };
            *request.uri_mut() = inner;
            routes.oneshot(request).await
        }
    }))
}

/// The base path itself, with its slash.
fn with_slash(uri: &Uri) -> String {
    uri.query().map_or_else(|| format!("{}/", uri.path()), |query| format!("{}/?{query}", uri.path()))
}

/// The address as it is without the base path; `None` when it is not under that.
fn without_prefix(uri: &Uri, prefix: &str) -> Option<Uri> {
    let path = uri.path().strip_prefix(prefix)?;
    let path = if path.is_empty() { "/" } else { path };
    if !path.starts_with('/') {
        return None;
    }
    uri.query().map_or_else(|| path.parse(), |query| format!("{path}?{query}").parse()).ok()
}
