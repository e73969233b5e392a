//! Serves the Prometheus settings of a project: `<base>api/projects/{id}/prometheus`.

use std::time::Duration;

use axum::{Json, http::StatusCode};
use headcount_shared::api::{Prometheus, SetPrometheus};

use super::{
    configured::configured,
    refused::{BodyRefused, Refused, not_configured},
    request::{At, InProject, Open, Sent},
    secrets::{edited_auth, edited_headers, shown_auth, shown_headers},
    shown_url::{check_has_no_login, without_login},
};
use crate::{http::problem::Refusal, world::project::PrometheusAccess};

/// The Prometheus of a project.
#[utoipa::path(get, path = "/api/projects/{id}/prometheus", tag = "prometheus", params(InProject), responses(
    (status = 200, description = "The settings of the Prometheus.", body = Prometheus), Refused))]
pub(super) async fn prometheus(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
) -> Result<Json<Prometheus>, Refusal> {
    let access = configured(&settings, &id).await?.prometheus;
    Ok(Json(shown(&access.ok_or_else(|| not_configured("Prometheus"))?)))
}

/// Sets the Prometheus of a project, which is queried from then on.
#[utoipa::path(put, path = "/api/projects/{id}/prometheus", tag = "prometheus", params(InProject),
    request_body = SetPrometheus,
    responses((status = 200, description = "The settings of the Prometheus.", body = Prometheus), BodyRefused, Refused))]
pub(super) async fn set_prometheus(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
    Sent(sent): Sent<SetPrometheus>,
) -> Result<Json<Prometheus>, Refusal> {
    check_has_no_login(&sent.url, "url")?;
    settings.edit_prometheus(&id, |stored| edited(sent, stored)).await?;
    prometheus(Open(settings), At(InProject { id })).await
}

/// Removes the Prometheus of a project, and deletes what was observed.
#[utoipa::path(delete, path = "/api/projects/{id}/prometheus", tag = "prometheus", params(InProject), responses(
    (status = 204, description = "The settings are removed."), Refused))]
pub(super) async fn delete_prometheus(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
) -> Result<StatusCode, Refusal> {
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
