//! Serves the alerting integrations of a project: `<base>api/projects/{id}/integrations`.

use axum::{Json, http::StatusCode};
use headcount_shared::{
    api::{ConfiguredIntegration, Integrations, NotificationTest, SetIntegrations},
    payload::AlertingIntegration,
};
use headcount_web::problem::ProblemResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    extractors::{
        JsonBody, OpenedSettings, OutgoingTests, ProjectPath, RawBody, UrlParameters, nothing_is_tested,
    },
    load_configuration::load_configuration,
    settings_errors::{BodyProblems, SettingsProblems, StaleChangeProblem, not_configured},
    url_login::{check_has_no_login, without_login},
    versions::{ChangeCondition, ConditionHeaders, Versioned},
};
use crate::notifications::{DestinationConfig, ProjectIntegrations, SettingsOfKind, ShownDestination};

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

/// The alerting integrations of a project.
#[utoipa::path(get, path = "/api/projects/{id}/integrations", tag = "integrations", params(ProjectPath), responses(
    (status = 200, description = "The configuration.", body = Integrations), SettingsProblems))]
pub(super) async fn integrations(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<Integrations>, ProblemResponse> {
    Ok(Json(all_shown(&load_configuration(&settings, &id).await?.integrations)))
}

fn all_shown(stored: &ProjectIntegrations) -> Integrations {
    let configured = |destination: &DestinationConfig| ConfiguredIntegration {
        kind: destination.kind(),
        incidents: destination.incidents(),
    };
    Integrations {
        base_url: without_login(&stored.base_url),
        integrations: stored.iter().map(configured).collect(),
    }
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
    // An address that is sent as it is shown stays, with the login that is not shown.
    let update = |stored: String| if without_login(&stored) == base_url { stored } else { base_url };
    Ok(Json(all_shown(&settings.set_base_url(&id, update).await?)))
}

/// One alerting integration of a project.
#[utoipa::path(get, path = "/api/projects/{id}/integrations/{kind}", tag = "integrations", params(IntegrationPath), responses(
    (status = 200, description = "The configuration; its schema depends on the kind.", body = ShownDestination),
    SettingsProblems))]
pub(super) async fn integration(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(IntegrationPath { id, kind }): UrlParameters<IntegrationPath>,
) -> Result<Versioned<ShownDestination>, ProblemResponse> {
    let integrations = load_configuration(&settings, &id).await?.integrations;
    let destination = integrations.get(kind).ok_or_else(|| not_configured("integration of this kind"))?;
    Ok(Versioned(destination.shown()))
}

/// Sets an alerting integration of a project.
#[utoipa::path(put, path = "/api/projects/{id}/integrations/{kind}", tag = "integrations", params(IntegrationPath, ConditionHeaders),
    request_body(content = SettingsOfKind, description = "The schema depends on the kind."),
    responses((status = 200, description = "The configuration.", body = ShownDestination), BodyProblems, StaleChangeProblem, SettingsProblems))]
pub(super) async fn set_integration(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(IntegrationPath { id, kind }): UrlParameters<IntegrationPath>,
    condition: ChangeCondition,
    sent: RawBody,
) -> Result<Versioned<ShownDestination>, ProblemResponse> {
    let check = |stored: Option<&DestinationConfig>, changed: &DestinationConfig| {
        condition.check(stored, Some(changed), DestinationConfig::shown)
    };
    let stored = settings.set_integration(&id, sent.parse_as(SettingsOfKind(kind))?, check).await?;
    Ok(Versioned(stored.shown()))
}

/// Sends one test notification to an alerting integration of a project, with its stored settings. Where that opens
/// an alert, the alert is closed again. A test is in no list and in no count.
#[utoipa::path(post, path = "/api/projects/{id}/integrations/{kind}/test", tag = "integrations", params(IntegrationPath), responses(
    (status = 200, description = "What the integration answered.", body = NotificationTest), SettingsProblems))]
pub(super) async fn test_integration(
    OutgoingTests { installation, settings }: OutgoingTests,
    UrlParameters(IntegrationPath { id, kind }): UrlParameters<IntegrationPath>,
) -> Result<Json<NotificationTest>, ProblemResponse> {
    let integrations = load_configuration(&settings, &id).await?.integrations;
    let destination =
        integrations.get(kind).ok_or_else(|| not_configured("integration of this kind"))?.clone();
    let test = installation
        .test_destination(id, integrations.base_url, destination)
        .ok_or_else(nothing_is_tested)?;
    let tested =
        test.await.map_err(|_| ProblemResponse::internal(&"the test of an integration ended early"))?;
    let sentence = format!("{}: {}.", title(kind), tested.why);
    Ok(Json(NotificationTest { accepted: tested.accepted, sentence }))
}

const fn title(kind: AlertingIntegration) -> &'static str {
    match kind {
        AlertingIntegration::Opsgenie => "Opsgenie",
        AlertingIntegration::Pagerduty => "PagerDuty",
        AlertingIntegration::Slack => "Slack",
        AlertingIntegration::Teams => "Microsoft Teams",
        AlertingIntegration::Webhook => "The webhook",
    }
}

/// Removes an alerting integration of a project.
#[utoipa::path(delete, path = "/api/projects/{id}/integrations/{kind}", tag = "integrations", params(IntegrationPath, ConditionHeaders), responses(
    (status = 204, description = "The integration is removed."), StaleChangeProblem, SettingsProblems))]
pub(super) async fn delete_integration(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(IntegrationPath { id, kind }): UrlParameters<IntegrationPath>,
    condition: ChangeCondition,
) -> Result<StatusCode, ProblemResponse> {
    let check = |stored: Option<&DestinationConfig>| condition.check(stored, None, DestinationConfig::shown);
    settings.remove_integration(&id, kind, check).await?;
    Ok(StatusCode::NO_CONTENT)
}
