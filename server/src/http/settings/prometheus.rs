//! Serves the Prometheus settings of a project: `<base>api/projects/{id}/prometheus`.

use std::time::Duration;

use axum::http::StatusCode;
use headcount_outbound::is_same_origin;
use headcount_prometheus::prometheus_access::PrometheusAccess;
use headcount_shared::api::{Auth, Header, KeptSecrets, Prometheus, SetHeader, SetPrometheus};
use headcount_web::problem::ProblemResponse;

use super::{
    extractors::{JsonBody, OpenedSettings, ProjectPath, UrlParameters},
    load_configuration::load_configuration,
    settings_errors::{BodyProblems, SettingsProblems, StaleChangeProblem, not_configured},
    stored_logins::{headers, login, updated_headers, updated_login},
    url_login::{check_has_no_login, without_login},
    versions::{ChangeCondition, ConditionHeaders, Versioned},
};
use crate::store::InvalidChange;

/// The Prometheus of a project.
#[utoipa::path(get, path = "/api/projects/{id}/prometheus", tag = "prometheus", params(ProjectPath), responses(
    (status = 200, description = "The settings of the Prometheus.", body = Prometheus), SettingsProblems))]
pub(super) async fn prometheus(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Versioned<Prometheus>, ProblemResponse> {
    shown(load_configuration(&settings, &id).await?.prometheus)
}

/// Sets the Prometheus of a project, which is queried from then on.
#[utoipa::path(put, path = "/api/projects/{id}/prometheus", tag = "prometheus", params(ProjectPath, ConditionHeaders),
    request_body = SetPrometheus,
    responses((status = 200, description = "The settings of the Prometheus.", body = Prometheus), BodyProblems, StaleChangeProblem, SettingsProblems))]
pub(super) async fn set_prometheus(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
    condition: ChangeCondition,
    JsonBody(sent): JsonBody<SetPrometheus>,
) -> Result<Versioned<Prometheus>, ProblemResponse> {
    check_has_no_login(&sent.url, "url")?;
    let update = |stored: Option<PrometheusAccess>| {
        let changed = updated(sent, stored.clone());
        condition.check(stored.as_ref(), changed.as_ref().ok(), to_response)?;
        changed
    };
    shown(settings.set_prometheus(&id, update).await?)
}

/// Removes the Prometheus of a project, and deletes what was observed.
#[utoipa::path(delete, path = "/api/projects/{id}/prometheus", tag = "prometheus", params(ProjectPath, ConditionHeaders), responses(
    (status = 204, description = "The settings are removed."), StaleChangeProblem, SettingsProblems))]
pub(super) async fn delete_prometheus(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
    condition: ChangeCondition,
) -> Result<StatusCode, ProblemResponse> {
    let check = |stored: Option<&PrometheusAccess>| condition.check(stored, None, to_response);
    settings.remove_prometheus(&id, check).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(access: Option<PrometheusAccess>) -> Result<Versioned<Prometheus>, ProblemResponse> {
    let access = access.ok_or_else(|| not_configured("Prometheus"))?;
    Ok(Versioned(to_response(&access)))
}

fn to_response(access: &PrometheusAccess) -> Prometheus {
    let access = access.clone();
    Prometheus {
        url: without_login(&access.url),
        refresh_interval_s: u32::try_from(access.refresh_interval.as_secs()).unwrap_or(u32::MAX),
        tls_skip_verify: access.tls_skip_verify,
        extra_selector: access.extra_selector,
        basic_auth: access.basic_auth.map(login).as_ref().map(Auth::from),
        custom_headers: headers(access.custom_headers).iter().map(Header::from).collect(),
    }
}

/// The access to store, or to test: secrets that were not sent are those that are stored, if the address has
/// the origin that they are stored with, it is as sure as then who answers there, and it is clear which they are.
pub(super) fn updated(
    sent: SetPrometheus,
    stored: Option<PrometheusAccess>,
) -> Result<PrometheusAccess, InvalidChange> {
    let address = stored.as_ref().map(|stored| stored.url.clone()).unwrap_or_default();
    let skipped_verify = stored.as_ref().is_some_and(|stored| stored.tls_skip_verify);
    let (auth, headers) = stored.map(|stored| (stored.basic_auth, stored.custom_headers)).unwrap_or_default();
    let (auth, headers) = (auth.map(login), self::headers(headers));
    SetHeader::check_kept_values(&sent.custom_headers, &headers)?;
    let logins = (sent.basic_auth.as_ref(), auth.as_ref());
    let kept = KeptSecrets::of("basic_auth.password", logins, (&sent.custom_headers, &headers));
    let is_moved = !is_same_origin(&sent.url, &address)
        || SetHeader::name_other_host(&sent.custom_headers, &headers)
        || (sent.tls_skip_verify && !skipped_verify);
    if let Some(kept) = kept.filter(|_| is_moved) {
        return Err(InvalidChange::OtherOrigin(kept));
    }
    Ok(PrometheusAccess {
        url: sent.url,
        refresh_interval: Duration::from_secs(sent.refresh_interval_s.into()),
        tls_skip_verify: sent.tls_skip_verify,
        // An empty login is none.
        basic_auth: sent
            .basic_auth
            .map(|set| updated_login(set, auth.as_ref()))
            .filter(|(user, password)| !(user.is_empty() && password.is_empty())),
        extra_selector: sent.extra_selector,
        custom_headers: updated_headers(sent.custom_headers, &headers),
    })
}
