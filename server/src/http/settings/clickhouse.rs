//! Serves the ClickHouse settings of a project: `<base>api/projects/{id}/clickhouse`.

use axum::{Json, http::StatusCode};
use headcount_shared::api::{Auth, Clickhouse, ClickhouseProtocol, Secret, SetClickhouse};
use headcount_web::problem::ProblemResponse;

use super::{
    extractors::{JsonBody, OpenedSettings, ProjectPath, UrlParameters},
    load_configuration::load_configuration,
    settings_errors::{BodyProblems, SettingsProblems, not_configured},
};
use crate::store::{ClickhouseAccess, ClickhouseTransport};

/// The ClickHouse of a project.
#[utoipa::path(get, path = "/api/projects/{id}/clickhouse", tag = "clickhouse", params(ProjectPath), responses(
    (status = 200, description = "The settings of the ClickHouse.", body = Clickhouse), SettingsProblems))]
pub(super) async fn clickhouse(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<Clickhouse>, ProblemResponse> {
    let clickhouse = load_configuration(&settings, &id).await?.clickhouse;
    Ok(Json(to_response(clickhouse.ok_or_else(|| not_configured("ClickHouse"))?)))
}

/// Sets the ClickHouse of a project.
#[utoipa::path(put, path = "/api/projects/{id}/clickhouse", tag = "clickhouse", params(ProjectPath),
    request_body = SetClickhouse,
    responses((status = 200, description = "The settings of the ClickHouse.", body = Clickhouse), BodyProblems, SettingsProblems))]
pub(super) async fn set_clickhouse(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
    JsonBody(sent): JsonBody<SetClickhouse>,
) -> Result<Json<Clickhouse>, ProblemResponse> {
    settings.set_clickhouse(&id, |stored| updated(sent, stored)).await?;
    clickhouse(OpenedSettings(settings), UrlParameters(ProjectPath { id })).await
}

/// Removes the ClickHouse of a project.
#[utoipa::path(delete, path = "/api/projects/{id}/clickhouse", tag = "clickhouse", params(ProjectPath), responses(
    (status = 204, description = "The settings are removed."), SettingsProblems))]
pub(super) async fn delete_clickhouse(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<StatusCode, ProblemResponse> {
    settings.remove_clickhouse(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn to_response(of: ClickhouseAccess) -> Clickhouse {
    Clickhouse {
        protocol: match of.protocol {
            ClickhouseTransport::Native => ClickhouseProtocol::Native,
            ClickhouseTransport::Http => ClickhouseProtocol::Http,
        },
        addr: of.addr,
        database: of.database,
        tls_enable: of.tls_enable,
        tls_skip_verify: of.tls_skip_verify,
        auth: Auth { user: of.user, password_set: !of.password.is_empty() },
    }
}

fn updated(sent: SetClickhouse, stored: Option<ClickhouseAccess>) -> ClickhouseAccess {
    let mut password = sent.auth.password;
    password.or_stored(&Secret::new(stored.unwrap_or_default().password));
    ClickhouseAccess {
        protocol: match sent.protocol {
            ClickhouseProtocol::Native => ClickhouseTransport::Native,
            ClickhouseProtocol::Http => ClickhouseTransport::Http,
        },
        addr: sent.addr,
        user: sent.auth.user,
        password: password.expose().to_owned(),
        database: sent.database,
        tls_enable: sent.tls_enable,
        tls_skip_verify: sent.tls_skip_verify,
    }
}
