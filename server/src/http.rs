//! Builds the routes of the server.

pub mod assets;
pub mod metrics;
mod mount;
pub mod pages;
mod project_views;
mod settings;
pub mod stats;
pub mod usage_statistics;

use std::sync::Arc;

use axum::{Extension, Router, extract::FromRef, middleware, routing::get};
use headcount_shared::routes::ROUTES;
use headcount_web::{
    access::{self, AccessControl},
    api_description::{ApiDescription, description_routes, empty_description},
    forwarded::EventSenders,
    page_files::PAGE_FILES,
    sign_in, with_headers, with_one_host,
};
use utoipa_axum::router::OpenApiRouter;

pub use self::{
    assets::StaticAssets,
    mount::{ListenerRoutes, ServerRoutes},
};
use crate::{
    app::statistics_service::StatisticsService, config::BasePath, metrics::ProcessMetrics,
    store::SettingsStore,
};

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

const API_TITLE: &str = "Headcount";

const API_SUMMARY: &str = "The settings of an installation, and what it counts and sends. All times are Unix seconds. A secret \
    is never in an answer: an answer says whether one is stored. In a change, a secret that is absent or null stays \
    what it was, and an empty one is removed.";

/// The routes of a server. Those of the settings refuse requests if there are no settings.
pub fn server_routes(base_path: &BasePath, state: ServerState) -> ServerRoutes {
    let access = &state.0.access;
    let (api, mut description) =
        OpenApiRouter::with_openapi(empty_description(API_TITLE, API_SUMMARY, base_path, access))
            .merge(sign_in::code_routes())
            .merge(usage_statistics::routes())
            .merge(settings::routes())
            .merge(project_views::routes())
            .merge(description_routes())
            .split_for_parts();
    let (session, described) = sign_in::session_routes::<ServerState>().split_for_parts();
    description.merge(described);
    let addresses = own_addresses(&state.0.assets, description.paths.paths.keys());
    let for_data = middleware::from_fn_with_state(access.clone(), access::for_data);
    let api =
        api.layer(Extension(ApiDescription::new(&description, base_path))).route_layer(for_data.clone());
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
    let files = assets.names().chain(PAGE_FILES).map(|name| format!("/static/{name}"));
    public
        .into_iter()
        .chain(pages.map(|&page| page.to_owned()))
        .chain(files)
        .chain(described.cloned())
        .collect()
}

async fn health() -> &'static str {
    "ok\n"
}
