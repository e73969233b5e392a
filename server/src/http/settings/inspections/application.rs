//! Serves the inspections of one application:
//! `<base>api/projects/{id}/applications/{application}/inspections`.

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
            request::{At, Open, SentBytes},
        },
    },
    settings::{Error, Invalid},
    world::application_key::ApplicationKey,
};

/// An address in an application.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct InApplication {
    /// The id of the project.
    id: String,
    /// The application as `namespace:kind:name`, percent-encoded.
    application: String,
}

/// An address of one inspection of an application.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfApplicationInspection {
    /// The id of the project.
    id: String,
    /// The application as `namespace:kind:name`, percent-encoded.
    application: String,
    /// The id of the inspection, such as `CPUContainer`.
    inspection: String,
}

/// All inspections, as they are for an application. It need not run now.
#[utoipa::path(get, path = "/api/projects/{id}/applications/{application}/inspections", tag = "inspections",
    params(InApplication), responses(
        (status = 200, description = "All inspections.", body = Inspections), Refused))]
pub(crate) async fn application_inspections(
    Open(settings): Open,
    At(InApplication { id, application }): At<InApplication>,
) -> Result<Json<Inspections>, Refusal> {
    Ok(Json(all(&settings, &id, &key(&application)?).await?))
}

/// Overrides an inspection for an application.
#[utoipa::path(put, path = "/api/projects/{id}/applications/{application}/inspections/{inspection}",
    tag = "inspections", params(OfApplicationInspection),
    request_body(content = InspectionOverride, description = "The schema depends on the inspection."),
    responses((status = 200, description = "The inspection.", body = Inspection), BodyRefused, Refused))]
pub(crate) async fn set_application_inspection(
    Open(settings): Open,
    At(OfApplicationInspection { id, application, inspection }): At<OfApplicationInspection>,
    sent: SentBytes,
) -> Result<Json<Inspection>, Refusal> {
    Ok(Json(set(&settings, &id, &key(&application)?, &inspection, &sent).await?))
}

/// Removes what was set for an application.
#[utoipa::path(delete, path = "/api/projects/{id}/applications/{application}/inspections/{inspection}",
    tag = "inspections", params(OfApplicationInspection),
    responses((status = 204, description = "There is no override any more."), Refused))]
pub(crate) async fn delete_application_inspection(
    Open(settings): Open,
    At(OfApplicationInspection { id, application, inspection }): At<OfApplicationInspection>,
) -> Result<StatusCode, Refusal> {
    remove(&settings, &id, &key(&application)?, &inspection).await
}

fn key(application: &str) -> Result<ApplicationKey, Error> {
    let key = ApplicationKey::parse(application).filter(|key| !key.is_project());
    key.ok_or_else(|| Invalid::Application.into())
}
