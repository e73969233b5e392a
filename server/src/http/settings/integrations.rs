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
    refused::{BodyRefused, Refused, not_configured},
    request::{At, InProject, Open, Sent, SentBytes},
    shown_url::check_has_no_login,
};
use crate::{http::problem::Refusal, settings::IntegrationChange};

/// An address of one integration.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfKind {
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
#[utoipa::path(get, path = "/api/projects/{id}/integrations", tag = "integrations", params(InProject), responses(
    (status = 200, description = "The configuration.", body = Integrations), Refused))]
pub(super) async fn integrations(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
) -> Result<Json<Integrations>, Refusal> {
    Ok(Json(shown::all(&configured(&settings, &id).await?.integrations)))
}

/// Sets what all integrations of a project share.
#[utoipa::path(put, path = "/api/projects/{id}/integrations", tag = "integrations", params(InProject),
    request_body = SetIntegrations,
    responses((status = 200, description = "The configuration.", body = Integrations), BodyRefused, Refused))]
pub(super) async fn set_integrations(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
    Sent(SetIntegrations { base_url }): Sent<SetIntegrations>,
) -> Result<Json<Integrations>, Refusal> {
    check_has_no_login(&base_url, "base_url")?;
    settings.set_base_url(&id, &base_url).await?;
    integrations(Open(settings), At(InProject { id })).await
}

/// One alerting integration of a project.
#[utoipa::path(get, path = "/api/projects/{id}/integrations/{kind}", tag = "integrations", params(OfKind), responses(
    (status = 200, description = "The configuration; its schema depends on the kind.", body = Integration),
    Refused))]
pub(super) async fn integration(
    Open(settings): Open,
    At(OfKind { id, kind }): At<OfKind>,
) -> Result<Json<Integration>, Refusal> {
    let integrations = configured(&settings, &id).await?.integrations;
    let shown = shown::one(&integrations, kind);
    Ok(Json(shown.ok_or_else(|| not_configured("integration of this kind"))?))
}

/// Sets an alerting integration of a project.
#[utoipa::path(put, path = "/api/projects/{id}/integrations/{kind}", tag = "integrations", params(OfKind),
    request_body(content = SetIntegration, description = "The schema depends on the kind."),
    responses((status = 200, description = "The configuration.", body = Integration), BodyRefused, Refused))]
pub(super) async fn set_integration(
    Open(settings): Open,
    At(OfKind { id, kind }): At<OfKind>,
    sent: SentBytes,
) -> Result<Json<Integration>, Refusal> {
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
    integration(Open(settings), At(OfKind { id, kind })).await
}

/// Removes an alerting integration of a project.
#[utoipa::path(delete, path = "/api/projects/{id}/integrations/{kind}", tag = "integrations", params(OfKind), responses(
    (status = 204, description = "The integration is removed."), Refused))]
pub(super) async fn delete_integration(
    Open(settings): Open,
    At(OfKind { id, kind }): At<OfKind>,
) -> Result<StatusCode, Refusal> {
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
