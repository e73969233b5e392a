//! Serves the inspections for all applications of a project: `<base>api/projects/{id}/inspections`.

use axum::{Json, http::StatusCode};
use headcount_shared::api::{Inspection, InspectionOverride, Inspections};
use headcount_topology::application_key::ApplicationKey;
use headcount_web::problem::ProblemResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{all, remove, set};
use crate::http::settings::{
    extractors::{OpenedSettings, ProjectPath, RawBody, UrlParameters},
    settings_errors::{BodyProblems, SettingsProblems},
};

/// An address of one inspection.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct InspectionPath {
    /// The id of the project.
    id: String,
    /// The id of the inspection, such as `CPUNode`.
    inspection: String,
}

/// All inspections, as they are for the applications of a project.
#[utoipa::path(get, path = "/api/projects/{id}/inspections", tag = "inspections", params(ProjectPath), responses(
    (status = 200, description = "All inspections.", body = Inspections), SettingsProblems))]
pub(crate) async fn inspections(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<Inspections>, ProblemResponse> {
    Ok(Json(all(&settings, &id, &ApplicationKey::default()).await?))
}

/// Overrides an inspection for all applications of a project.
#[utoipa::path(put, path = "/api/projects/{id}/inspections/{inspection}", tag = "inspections", params(InspectionPath),
    request_body(content = InspectionOverride,
        description = "The schema depends on the inspection. Custom queries are set for applications."),
    responses((status = 200, description = "The inspection.", body = Inspection), BodyProblems, SettingsProblems))]
pub(crate) async fn set_inspection(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(InspectionPath { id, inspection }): UrlParameters<InspectionPath>,
    sent: RawBody,
) -> Result<Json<Inspection>, ProblemResponse> {
    Ok(Json(set(&settings, &id, &ApplicationKey::default(), &inspection, &sent).await?))
}

/// Removes what was set for all applications of a project.
#[utoipa::path(delete, path = "/api/projects/{id}/inspections/{inspection}", tag = "inspections",
    params(InspectionPath), responses((status = 204, description = "There is no override any more."), SettingsProblems))]
pub(crate) async fn delete_inspection(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(InspectionPath { id, inspection }): UrlParameters<InspectionPath>,
) -> Result<StatusCode, ProblemResponse> {
    remove(&settings, &id, &ApplicationKey::default(), &inspection).await
}
