//! Serves the thresholds of inspections, for a project and for one application:
//! `<base>api/projects/{id}/…inspections`.

pub(super) mod application_inspections;
mod override_request;
pub(super) mod project_inspections;

use axum::http::StatusCode;
use headcount_health::inspections::Inspection;
use headcount_project_views::{application_overrides, inspection_response};
use headcount_shared::api;
use headcount_topology::application_key::ApplicationKey;
use headcount_web::problem::ProblemResponse;

use super::{extractors::RawBody, load_configuration::load_configuration};
use crate::store::SettingsStore;

/// All inspections as they apply to an application, or to the project if it is the default.
async fn all(
    settings: &SettingsStore,
    project: &str,
    application: &ApplicationKey,
) -> Result<api::Inspections, ProblemResponse> {
    let overrides = load_configuration(settings, project).await?.overrides;
    let shown =
        Inspection::ALL.iter().map(|inspection| inspection_response(*inspection, &overrides, application));
    let inspections = shown.collect();
    let (applications, more_applications) =
        if application.is_project() { application_overrides(&overrides) } else { (Vec::new(), 0) };
    Ok(api::Inspections { inspections, applications, more_applications })
}

/// Sets an override, and returns the inspection as it applies then.
async fn set(
    settings: &SettingsStore,
    project: &str,
    application: &ApplicationKey,
    inspection: &str,
    sent: &RawBody,
) -> Result<api::Inspection, ProblemResponse> {
    let inspection = known(inspection)?;
    settings.set_override(project, application, &override_request::parse(inspection, sent)?).await?;
    let overrides = load_configuration(settings, project).await?.overrides;
    Ok(inspection_response(inspection, &overrides, application))
}

/// Removes an override, if there is one.
async fn remove(
    settings: &SettingsStore,
    project: &str,
    application: &ApplicationKey,
    inspection: &str,
) -> Result<StatusCode, ProblemResponse> {
    let removed = override_request::removal(known(inspection)?);
    settings.set_override(project, application, &removed).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn known(inspection: &str) -> Result<Inspection, ProblemResponse> {
    let unknown = || ProblemResponse::new(StatusCode::NOT_FOUND, "there is no such inspection");
    Inspection::of(inspection).ok_or_else(unknown)
}
