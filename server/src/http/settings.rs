//! Serves the settings, for operators to read and change: `<base>api/projects`.
//!
//! A secret can be set and is never returned. Changes apply within seconds, without a restart.

mod categories;
mod clickhouse;
mod extractors;
mod history_lists;
mod inspections;
mod integrations;
mod load_configuration;
mod parse_json;
mod projects;
mod prometheus;
mod prometheus_test;
mod settings_access;
mod settings_errors;
mod stored_logins;
mod url_login;
mod versions;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use self::{
    extractors::{AnyTypeJson, OpenedSettings, ProjectPath, UrlParameters, application_key},
    settings_errors::JsonProblems,
};
use super::ServerState;

/// The routes of the settings, with their descriptions.
pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(projects::projects, projects::create_project))
        .routes(routes!(projects::project, projects::rename_project, projects::delete_project))
        .routes(routes!(prometheus::prometheus, prometheus::set_prometheus, prometheus::delete_prometheus))
        .routes(routes!(prometheus_test::test_new_prometheus))
        .routes(routes!(prometheus_test::test_prometheus))
        .routes(routes!(settings_access::settings))
        .routes(routes!(clickhouse::clickhouse, clickhouse::set_clickhouse, clickhouse::delete_clickhouse))
        .routes(routes!(integrations::integrations, integrations::set_integrations))
        .routes(routes!(
            integrations::integration,
            integrations::set_integration,
            integrations::delete_integration
        ))
        .routes(routes!(integrations::test_integration))
        .routes(routes!(categories::categories, categories::set_categories))
        .routes(routes!(inspections::project_inspections::inspections))
        .routes(routes!(
            inspections::project_inspections::set_inspection,
            inspections::project_inspections::delete_inspection
        ))
        .routes(routes!(inspections::application_inspections::application_inspections))
        .routes(routes!(
            inspections::application_inspections::set_application_inspection,
            inspections::application_inspections::delete_application_inspection
        ))
        .routes(routes!(history_lists::deployments))
        .routes(routes!(history_lists::incidents))
        .routes(routes!(history_lists::notifications))
}
