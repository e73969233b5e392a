//! Serves the Prometheus settings of a project: `<base>api/projects/{id}/prometheus`.

use std::time::Duration;

use axum::{Json, http::StatusCode};
use headcount_prometheus::prometheus_access::PrometheusAccess;
use headcount_shared::api::{Auth, Header, Prometheus, SetPrometheus};
use headcount_web::problem::ProblemResponse;

use super::{
    extractors::{JsonBody, OpenedSettings, ProjectPath, UrlParameters},
    load_configuration::load_configuration,
    settings_errors::{BodyProblems, SettingsProblems, not_configured},
    stored_logins::{headers, login, updated_headers, updated_login},
    url_login::{check_has_no_login, without_login},
};

/// The Prometheus of a project.
#[utoipa::path(get, path = "/api/projects/{id}/prometheus", tag = "prometheus", params(ProjectPath), responses(
    (status = 200, description = "The settings of the Prometheus.", body = Prometheus), SettingsProblems))]
pub(super) async fn prometheus(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<Prometheus>, ProblemResponse> {
    let access = load_configuration(&settings, &id).await?.prometheus;
    Ok(Json(to_response(access.ok_or_else(|| not_configured("Prometheus"))?)))
}

/// Sets the Prometheus of a project, which is queried from then on.
#[utoipa::path(put, path = "/api/projects/{id}/prometheus", tag = "prometheus", params(ProjectPath),
    request_body = SetPrometheus,
    responses((status = 200, description = "The settings of the Prometheus.", body = Prometheus), BodyProblems, SettingsProblems))]
pub(super) async fn set_prometheus(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
    JsonBody(sent): JsonBody<SetPrometheus>,
) -> Result<Json<Prometheus>, ProblemResponse> {
    check_has_no_login(&sent.url, "url")?;
    settings.set_prometheus(&id, |stored| updated(sent, stored)).await?;
    prometheus(OpenedSettings(settings), UrlParameters(ProjectPath { id })).await
}

/// Removes the Prometheus of a project, and deletes what was observed.
#[utoipa::path(delete, path = "/api/projects/{id}/prometheus", tag = "prometheus", params(ProjectPath), responses(
    (status = 204, description = "The settings are removed."), SettingsProblems))]
pub(super) async fn delete_prometheus(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<StatusCode, ProblemResponse> {
    settings.remove_prometheus(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn to_response(access: PrometheusAccess) -> Prometheus {
    Prometheus {
        url: without_login(&access.url),
        refresh_interval_s: u32::try_from(access.refresh_interval.as_secs()).unwrap_or(u32::MAX),
        tls_skip_verify: access.tls_skip_verify,
        extra_selector: access.extra_selector,
        basic_auth: access.basic_auth.map(login).as_ref().map(Auth::from),
        custom_headers: headers(access.custom_headers).iter().map(Header::from).collect(),
    }
}

/// The access to store, or to test: secrets that were not sent are those that are stored.
pub(super) fn updated(sent: SetPrometheus, stored: Option<PrometheusAccess>) -> PrometheusAccess {
    let (auth, headers) = stored.map(|stored| (stored.basic_auth, stored.custom_headers)).unwrap_or_default();
    PrometheusAccess {
        url: sent.url,
        refresh_interval: Duration::from_secs(sent.refresh_interval_s.into()),
        tls_skip_verify: sent.tls_skip_verify,
        basic_auth: sent.basic_auth.map(|set| updated_login(set, auth)),
        extra_selector: sent.extra_selector,
        custom_headers: updated_headers(sent.custom_headers, headers),
    }
}
