//! Serves the inspections of one application:
//! `<base>api/projects/{id}/applications/{application}/inspections`.

use axum::{Json, http::StatusCode};
use headcount_shared::api::{Inspection, InspectionOverride, Inspections};
use headcount_web::problem::ProblemResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{all, remove, set};
use crate::http::settings::{
    extractors::{OpenedSettings, RawBody, UrlParameters, application_key},
    settings_errors::{BodyProblems, SettingsProblems},
};

/// An address in an application.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ApplicationPath {
    /// The id of the project.
    id: String,
    /// The application as `namespace:kind:name`, percent-encoded.
    application: String,
}

/// An address of one inspection of an application.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ApplicationInspectionPath {
    /// The id of the project.
    id: String,
    /// The application as `namespace:kind:name`, percent-encoded.
    application: String,
    /// The id of the inspection, such as `CPUContainer`.
    inspection: String,
}

/// All inspections, as they are for an application. It need not run now.
#[utoipa::path(get, path = "/api/projects/{id}/applications/{application}/inspections", tag = "inspections",
    params(ApplicationPath), responses(
        (status = 200, description = "All inspections.", body = Inspections), SettingsProblems))]
pub(crate) async fn application_inspections(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ApplicationPath { id, application }): UrlParameters<ApplicationPath>,
) -> Result<Json<Inspections>, ProblemResponse> {
    Ok(Json(all(&settings, &id, &application_key(&application)?).await?))
}

/// Overrides an inspection for an application.
#[utoipa::path(put, path = "/api/projects/{id}/applications/{application}/inspections/{inspection}",
    tag = "inspections", params(ApplicationInspectionPath),
    request_body(content = InspectionOverride, description = "The schema depends on the inspection."),
    responses((status = 200, description = "The inspection.", body = Inspection), BodyProblems, SettingsProblems))]
pub(crate) async fn set_application_inspection(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ApplicationInspectionPath { id, application, inspection }): UrlParameters<
        ApplicationInspectionPath,
    >,
    sent: RawBody,
) -> Result<Json<Inspection>, ProblemResponse> {
    Ok(Json(set(&settings, &id, &application_key(&application)?, &inspection, &sent).await?))
}

/// Removes what was set for an application.
#[utoipa::path(delete, path = "/api/projects/{id}/applications/{application}/inspections/{inspection}",
    tag = "inspections", params(ApplicationInspectionPath),
    responses((status = 204, description = "There is no override any more."), SettingsProblems))]
pub(crate) async fn delete_application_inspection(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ApplicationInspectionPath { id, application, inspection }): UrlParameters<
        ApplicationInspectionPath,
    >,
) -> Result<StatusCode, ProblemResponse> {
    remove(&settings, &id, &application_key(&application)?, &inspection).await
}
