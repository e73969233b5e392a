//! Serves the list of projects: `<base>api/projects`.

use axum::{Json, http::StatusCode};
use headcount_shared::api::{NameProject, Project, Projects};

use super::{
    refused::{BodyRefused, Refused},
    request::{At, InProject, Open, PrometheusFailures, Sent},
};
use crate::{
    app::new_project_id,
    http::problem::Refusal,
    settings::{Invalid, ProjectOverview, Settings},
};

/// All projects, by their names.
#[utoipa::path(get, path = "/api/projects", tag = "projects", responses(
    (status = 200, description = "The projects.", body = Projects), Refused))]
pub(super) async fn projects(
    Open(settings): Open,
    failures: PrometheusFailures,
) -> Result<Json<Projects>, Refusal> {
    let projects = settings.overview().await?.into_iter().map(|of| shown(of, &failures)).collect();
    Ok(Json(Projects { projects }))
}

/// Creates an empty project.
#[utoipa::path(post, path = "/api/projects", tag = "projects", request_body = NameProject, responses(
    (status = 201, description = "The new project.", body = Project), BodyRefused, Refused))]
pub(super) async fn create_project(
    Open(settings): Open,
    failures: PrometheusFailures,
    Sent(NameProject { name }): Sent<NameProject>,
) -> Result<(StatusCode, Json<Project>), Refusal> {
    let id = new_project_id();
    settings.create_project(&id, &name).await?;
    Ok((StatusCode::CREATED, Json(known(&settings, &id, &failures).await?)))
}

/// One project.
#[utoipa::path(get, path = "/api/projects/{id}", tag = "projects", params(InProject), responses(
    (status = 200, description = "The project.", body = Project), Refused))]
pub(super) async fn project(
    Open(settings): Open,
    failures: PrometheusFailures,
    At(InProject { id }): At<InProject>,
) -> Result<Json<Project>, Refusal> {
    Ok(Json(known(&settings, &id, &failures).await?))
}

/// Renames a project. Its id and everything that belongs to it stay.
#[utoipa::path(put, path = "/api/projects/{id}", tag = "projects", params(InProject), request_body = NameProject,
    responses((status = 200, description = "The project.", body = Project), BodyRefused, Refused))]
pub(super) async fn rename_project(
    Open(settings): Open,
    failures: PrometheusFailures,
    At(InProject { id }): At<InProject>,
    Sent(NameProject { name }): Sent<NameProject>,
) -> Result<Json<Project>, Refusal> {
    settings.rename_project(&id, &name).await?;
    Ok(Json(known(&settings, &id, &failures).await?))
}

/// Deletes a project and everything that is stored about it.
#[utoipa::path(delete, path = "/api/projects/{id}", tag = "projects", params(InProject), responses(
    (status = 204, description = "The project is deleted."), Refused))]
pub(super) async fn delete_project(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
) -> Result<StatusCode, Refusal> {
    settings.delete_project(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn known(settings: &Settings, id: &str, failures: &PrometheusFailures) -> Result<Project, Refusal> {
    let found = settings.overview_of(id).await?;
    let unknown = || crate::settings::Error::from(Invalid::NoSuchProject).into();
    found.map(|of| shown(of, failures)).ok_or_else(unknown)
}

fn shown(of: ProjectOverview, PrometheusFailures(failures): &PrometheusFailures) -> Project {
    Project {
        prometheus_failure: failures.get(&of.id).cloned(),
        id: of.id,
        name: of.name,
        prometheus: of.prometheus,
        clickhouse: of.clickhouse,
        integrations: of.integrations.into_iter().collect(),
    }
}
