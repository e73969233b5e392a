//! Serves the settings, for operators to read and change: `<base>api/projects`.
//!
//! A secret can be set and is never returned. Changes apply within seconds, without a restart.

mod categories;
mod clickhouse;
mod configured;
mod inspections;
mod integrations;
mod projects;
mod prometheus;
mod reading;
mod records;
mod refused;
mod request;
mod secrets;
mod shown_url;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::ServerState;

/// The routes of the settings, with their descriptions.
pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(projects::projects, projects::create_project))
        .routes(routes!(projects::project, projects::rename_project, projects::delete_project))
        .routes(routes!(prometheus::prometheus, prometheus::set_prometheus, prometheus::delete_prometheus))
        .routes(routes!(clickhouse::clickhouse, clickhouse::set_clickhouse, clickhouse::delete_clickhouse))
        .routes(routes!(integrations::integrations, integrations::set_integrations))
        .routes(routes!(
            integrations::integration,
            integrations::set_integration,
            integrations::delete_integration
        ))
        .routes(routes!(categories::categories, categories::set_categories))
        .routes(routes!(inspections::project::inspections))
        .routes(routes!(inspections::project::set_inspection, inspections::project::delete_inspection))
        .routes(routes!(inspections::application::application_inspections))
        .routes(routes!(
            inspections::application::set_application_inspection,
            inspections::application::delete_application_inspection
        ))
        .routes(routes!(records::deployments))
        .routes(routes!(records::incidents))
        .routes(routes!(records::notifications))
}
