//! Serves the inspections for all applications of a project: `<base>api/projects/{id}/inspections`.

use axum::{Json, http::StatusCode};
use headcount_shared::api::{Inspection, InspectionOverride, Inspections};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{all, remove, set};
use crate::{
    http::{
        problem::Refusal,
        settings::{
            refused::{BodyRefused, Refused},
            request::{At, InProject, Open, SentBytes},
        },
    },
    world::application_key::ApplicationKey,
};

/// An address of one inspection.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfInspection {
    /// The id of the project.
    id: String,
    /// The id of the inspection, such as `CPUNode`.
    inspection: String,
}

/// All inspections, as they are for the applications of a project.
#[utoipa::path(get, path = "/api/projects/{id}/inspections", tag = "inspections", params(InProject), responses(
    (status = 200, description = "All inspections.", body = Inspections), Refused))]
pub(crate) async fn inspections(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
) -> Result<Json<Inspections>, Refusal> {
    Ok(Json(all(&settings, &id, &ApplicationKey::default()).await?))
}

/// Overrides an inspection for all applications of a project.
#[utoipa::path(put, path = "/api/projects/{id}/inspections/{inspection}", tag = "inspections", params(OfInspection),
    request_body(content = InspectionOverride, description = "A threshold: objectives are set for applications."),
    responses((status = 200, description = "The inspection.", body = Inspection), BodyRefused, Refused))]
pub(crate) async fn set_inspection(
    Open(settings): Open,
    At(OfInspection { id, inspection }): At<OfInspection>,
    sent: SentBytes,
) -> Result<Json<Inspection>, Refusal> {
    Ok(Json(set(&settings, &id, &ApplicationKey::default(), &inspection, &sent).await?))
}

/// Removes what was set for all applications of a project.
#[utoipa::path(delete, path = "/api/projects/{id}/inspections/{inspection}", tag = "inspections",
    params(OfInspection), responses((status = 204, description = "There is no override any more."), Refused))]
pub(crate) async fn delete_inspection(
    Open(settings): Open,
    At(OfInspection { id, inspection }): At<OfInspection>,
) -> Result<StatusCode, Refusal> {
    remove(&settings, &id, &ApplicationKey::default(), &inspection).await
}
