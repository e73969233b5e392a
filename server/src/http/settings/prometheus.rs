//! Serves the Prometheus settings of a project: `<base>api/projects/{id}/prometheus`.

use std::time::Duration;

use axum::{Json, http::StatusCode};
use headcount_prometheus::access::PrometheusAccess;
use headcount_shared::api::{Prometheus, SetPrometheus};

use super::{
    configured::configured,
    refused::{BodyProblems, SettingsProblems, not_configured},
    request::{JsonBody, OpenedSettings, ProjectPath, UrlParameters},
    secrets::{edited_auth, edited_headers, shown_auth, shown_headers},
    shown_url::{check_has_no_login, without_login},
};
use crate::http::problem::ProblemResponse;

/// The Prometheus of a project.
#[utoipa::path(get, path = "/api/projects/{id}/prometheus", tag = "prometheus", params(ProjectPath), responses(
    (status = 200, description = "The settings of the Prometheus.", body = Prometheus), SettingsProblems))]
pub(super) async fn prometheus(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<Prometheus>, ProblemResponse> {
    let access = configured(&settings, &id).await?.prometheus;
    Ok(Json(shown(&access.ok_or_else(|| not_configured("Prometheus"))?)))
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
    settings.edit_prometheus(&id, |stored| edited(sent, stored)).await?;
    prometheus(OpenedSettings(settings), UrlParameters(ProjectPath { id })).await
}

/// Removes the Prometheus of a project, and deletes what was observed.
#[utoipa::path(delete, path = "/api/projects/{id}/prometheus", tag = "prometheus", params(ProjectPath), responses(
    (status = 204, description = "The settings are removed."), SettingsProblems))]
pub(super) async fn delete_prometheus(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<StatusCode, ProblemResponse> {
    settings.set_prometheus(&id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(access: &PrometheusAccess) -> Prometheus {
    Prometheus {
        url: without_login(&access.url),
        refresh_interval_s: u32::try_from(access.refresh_interval.as_secs()).unwrap_or(u32::MAX),
        tls_skip_verify: access.tls_skip_verify,
        extra_selector: access.extra_selector.clone(),
        basic_auth: access.basic_auth.as_ref().map(shown_auth),
        custom_headers: shown_headers(&access.custom_headers),
    }
}

fn edited(sent: SetPrometheus, stored: Option<PrometheusAccess>) -> PrometheusAccess {
    let (auth, headers) = stored.map(|stored| (stored.basic_auth, stored.custom_headers)).unwrap_or_default();
    PrometheusAccess {
        url: sent.url,
        refresh_interval: Duration::from_secs(sent.refresh_interval_s.into()),
        tls_skip_verify: sent.tls_skip_verify,
        basic_auth: sent.basic_auth.map(|set| edited_auth(set, auth)),
        extra_selector: sent.extra_selector,
        custom_headers: edited_headers(sent.custom_headers, &headers),
    }
}
