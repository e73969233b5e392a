//! Builds the routes of the server and of the collector, with the headers and checks that they share.

pub mod access;
pub mod assets;
mod body;
pub mod collector;
mod document;
pub mod forwarded;
mod host_header;
pub mod listen;
pub mod metrics;
mod mount;
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
    extract::FromRef,
    http::{HeaderValue, StatusCode, header},
    middleware,
    routing::get,
};
use headcount_shared::routes::ROUTES;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::router::OpenApiRouter;

pub use self::{
    access::{AccessConfig, AccessControl, SessionProgram},
    assets::StaticAssets,
    mount::{ListenerRoutes, ServerRoutes},
};
use self::{
    forwarded::{EventSenders, TrustedProxies},
    openapi::ApiDescription,
};
use crate::{
    app::statistics::StatisticsService, collector::Collector, config::BasePath, metrics::ProcessMetrics,
    store::SettingsStore,
};

/// Only scripts and styles of this program; `wasm-unsafe-eval` permits compiling WebAssembly and no other
/// evaluation.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The state of the server's handlers. Every request clones it several times, so it is one pointer.
#[derive(Debug, Clone)]
pub struct ServerState(Arc<ServerParts>);

impl ServerState {
    /// The state of handlers with these parts.
    pub fn new(
        access: AccessControl,
        statistics: Arc<StatisticsService>,
        settings: Option<SettingsStore>,
        metrics: ProcessMetrics,
        assets: Arc<StaticAssets>,
        senders: EventSenders,
    ) -> Self {
        Self(Arc::new(ServerParts { statistics, assets, settings, metrics, senders, access }))
    }
}

#[derive(Debug)]
struct ServerParts {
    statistics: Arc<StatisticsService>,
    assets: Arc<StaticAssets>,
    /// `None` while statistics are off for the whole run.
    settings: Option<SettingsStore>,
    metrics: ProcessMetrics,
    senders: EventSenders,
    access: AccessControl,
}

impl FromRef<ServerState> for AccessControl {
    fn from_ref(state: &ServerState) -> Self {
        state.0.access.clone()
    }
}

impl FromRef<ServerState> for Arc<StatisticsService> {
    fn from_ref(state: &ServerState) -> Self {
        Arc::clone(&state.0.statistics)
    }
}

impl FromRef<ServerState> for Arc<StaticAssets> {
    fn from_ref(state: &ServerState) -> Self {
        Arc::clone(&state.0.assets)
    }
}

impl FromRef<ServerState> for ProcessMetrics {
    fn from_ref(state: &ServerState) -> Self {
        state.0.metrics.clone()
    }
}

/// The routes of a server. Those of the settings refuse requests if there are no settings.
pub fn server_routes(base_path: &BasePath, state: ServerState) -> ServerRoutes {
    let access = &state.0.access;
    let (api, mut description) = OpenApiRouter::with_openapi(openapi::begin(base_path, access))
        .merge(sign_in::code_routes())
        .merge(usage_statistics::routes())
        .merge(settings::routes())
        .merge(openapi::routes())
        .split_for_parts();
    let (session, described) = sign_in::session_routes::<ServerState>().split_for_parts();
    description.merge(described);
    let addresses = own_addresses(&state.0.assets, description.paths.paths.keys());
    let for_data = middleware::from_fn_with_state(access.clone(), access::for_data);
    let api = api.layer(Extension(ApiDescription::of(&description, base_path))).route_layer(for_data.clone());
    let metrics_page = Router::new()
        .route("/metrics", get(metrics::render))
        .route_layer(middleware::from_fn_with_state(access.clone(), access::for_metrics));
    let pages = Router::new().fallback(get(pages::page));
    // If statistics are off for the whole run, there is nothing to protect: the pages only show that and why.
    let pages = if state.0.settings.is_none() { pages } else { pages.layer(for_data) };
    let open = Router::new()
        .merge(stats::routes())
        .route("/health", get(health))
        .route("/static/{file}", get(assets::file))
        .merge(sign_in::page_routes());
    let private = with_headers(api.merge(session).merge(metrics_page).merge(pages));
    ServerRoutes::new(base_path, private.merge(open).with_state(state), addresses)
}

/// The addresses that the routes of a server answer below their base path, as axum writes them: all but the
/// first page and pages of projects. With separate addresses, the surrounding program loses no other address.
fn own_addresses<'d>(assets: &StaticAssets, described: impl Iterator<Item = &'d String>) -> Vec<String> {
    let public = ["/stats", "/health", "/metrics", "/sign-in", "/sign-out"].map(str::to_owned);
    let pages = ROUTES.iter().filter(|route| **route != "/" && !route.contains(':'));
    let files = assets.names().chain(["sign-in.js", "sign-in.css"]).map(|name| format!("/static/{name}"));
    public
        .into_iter()
        .chain(pages.map(|&page| page.to_owned()))
        .chain(files)
        .chain(described.cloned())
        .collect()
}

/// The routes of `headcount collect`, for [`listen::serve`].
pub fn collector_routes(access: AccessControl, collector: &Collector, proxies: TrustedProxies) -> Router {
    let collector::CollectorRoutes { public, private } = collector::routes(collector, proxies);
    let (session, _) = sign_in::session_routes::<AccessControl>().split_for_parts();
    let (code, _) = sign_in::code_routes::<AccessControl>().split_for_parts();
    let code: Router = code.with_state(access.clone());
    let open: Router = with_headers(session).merge(sign_in::page_routes()).with_state(access.clone());
    let private = private
        .merge(code)
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(middleware::from_fn_with_state(access, access::for_data));
    with_headers(private).merge(public).merge(open)
}

/// The outermost layer: a request with no host or several is refused before anything else.
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
