//! Serves the alerting integrations of a project: `<base>api/projects/{id}/integrations`.

mod edited;
mod shown;

use axum::{Json, http::StatusCode};
use headcount_shared::{
    api::{
        Integration, Integrations, SetIntegrations, SetOpsgenie, SetPagerduty, SetSlack, SetTeams, SetWebhook,
    },
    payload::AlertingIntegration,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    configured::configured,
    refused::{BodyProblems, SettingsProblems, not_configured},
    request::{JsonBody, OpenedSettings, ProjectPath, RawBody, UrlParameters},
    shown_url::check_has_no_login,
};
use crate::{http::problem::ProblemResponse, store::IntegrationChange};

/// An address of one integration.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct IntegrationPath {
    /// The id of the project.
    id: String,
    /// The kind of the integration.
    #[param(inline)]
    kind: AlertingIntegration,
}

/// The settings of an integration in a request, by kind.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what is read by the kind in the address")]
pub(super) enum SetIntegration {
    /// For the kind `slack`.
    Slack(SetSlack),
    /// For the kind `teams`.
    Teams(SetTeams),
    /// For the kind `pagerduty`.
    Pagerduty(SetPagerduty),
    /// For the kind `opsgenie`.
    Opsgenie(SetOpsgenie),
    /// For the kind `webhook`.
    Webhook(SetWebhook),
}

/// The alerting integrations of a project.
#[utoipa::path(get, path = "/api/projects/{id}/integrations", tag = "integrations", params(ProjectPath), responses(
    (status = 200, description = "The configuration.", body = Integrations), SettingsProblems))]
pub(super) async fn integrations(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<Integrations>, ProblemResponse> {
    Ok(Json(shown::all(&configured(&settings, &id).await?.integrations)))
}

/// Sets what all integrations of a project share.
#[utoipa::path(put, path = "/api/projects/{id}/integrations", tag = "integrations", params(ProjectPath),
    request_body = SetIntegrations,
    responses((status = 200, description = "The configuration.", body = Integrations), BodyProblems, SettingsProblems))]
pub(super) async fn set_integrations(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
    JsonBody(SetIntegrations { base_url }): JsonBody<SetIntegrations>,
) -> Result<Json<Integrations>, ProblemResponse> {
    check_has_no_login(&base_url, "base_url")?;
    settings.set_base_url(&id, &base_url).await?;
    integrations(OpenedSettings(settings), UrlParameters(ProjectPath { id })).await
}

/// One alerting integration of a project.
#[utoipa::path(get, path = "/api/projects/{id}/integrations/{kind}", tag = "integrations", params(IntegrationPath), responses(
    (status = 200, description = "The configuration; its schema depends on the kind.", body = Integration),
    SettingsProblems))]
pub(super) async fn integration(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(IntegrationPath { id, kind }): UrlParameters<IntegrationPath>,
) -> Result<Json<Integration>, ProblemResponse> {
    let integrations = configured(&settings, &id).await?.integrations;
    let shown = shown::one(&integrations, kind);
    Ok(Json(shown.ok_or_else(|| not_configured("integration of this kind"))?))
}

/// Sets an alerting integration of a project.
#[utoipa::path(put, path = "/api/projects/{id}/integrations/{kind}", tag = "integrations", params(IntegrationPath),
    request_body(content = SetIntegration, description = "The schema depends on the kind."),
    responses((status = 200, description = "The configuration.", body = Integration), BodyProblems, SettingsProblems))]
pub(super) async fn set_integration(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(IntegrationPath { id, kind }): UrlParameters<IntegrationPath>,
    sent: RawBody,
) -> Result<Json<Integration>, ProblemResponse> {
    match kind {
        AlertingIntegration::Slack => {
            let sent = sent.read()?;
            settings.edit_integration(&id, |stored, _| edited::slack(sent, stored.slack)).await?;
        }
        AlertingIntegration::Teams => {
            let sent = sent.read()?;
            settings.edit_integration(&id, |stored, _| edited::teams(sent, stored.teams)).await?;
        }
        AlertingIntegration::Pagerduty => {
            let sent = sent.read()?;
            settings.edit_integration(&id, |stored, _| edited::pagerduty(sent, stored.pagerduty)).await?;
        }
        AlertingIntegration::Opsgenie => {
            let sent = sent.read()?;
            settings.edit_integration(&id, |stored, _| edited::opsgenie(sent, stored.opsgenie)).await?;
        }
        AlertingIntegration::Webhook => {
            let sent = sent.read()?;
            settings.edit_integration(&id, |stored, _| edited::webhook(sent, stored.webhook)).await?;
        }
    }
    integration(OpenedSettings(settings), UrlParameters(IntegrationPath { id, kind })).await
}

/// Removes an alerting integration of a project.
#[utoipa::path(delete, path = "/api/projects/{id}/integrations/{kind}", tag = "integrations", params(IntegrationPath), responses(
    (status = 204, description = "The integration is removed."), SettingsProblems))]
pub(super) async fn delete_integration(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(IntegrationPath { id, kind }): UrlParameters<IntegrationPath>,
) -> Result<StatusCode, ProblemResponse> {
    let removed = match kind {
        AlertingIntegration::Slack => IntegrationChange::Slack(None),
        AlertingIntegration::Teams => IntegrationChange::Teams(None),
        AlertingIntegration::Pagerduty => IntegrationChange::Pagerduty(None),
        AlertingIntegration::Opsgenie => IntegrationChange::Opsgenie(None),
        AlertingIntegration::Webhook => IntegrationChange::Webhook(None),
    };
    settings.set_integration(&id, &removed).await?;
    Ok(StatusCode::NO_CONTENT)
}
