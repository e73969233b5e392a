//! Serves the list of projects: `<base>api/projects`.

use axum::{Json, http::StatusCode};
use headcount_platform::random_id;
use headcount_shared::api::{NameProject, Project, Projects};
use headcount_web::problem::ProblemResponse;

use super::{
    extractors::{JsonBody, OpenedSettings, ProjectPath, PrometheusFailures, UrlParameters},
    settings_errors::{BodyProblems, SettingsProblems},
};
use crate::store::{InvalidChange, ProjectOverview, SettingsStore};

/// All projects, by their names.
#[utoipa::path(get, path = "/api/projects", tag = "projects", responses(
    (status = 200, description = "The projects.", body = Projects), SettingsProblems))]
pub(super) async fn projects(
    OpenedSettings(settings): OpenedSettings,
    failures: PrometheusFailures,
) -> Result<Json<Projects>, ProblemResponse> {
    let projects = settings.overview().await?.into_iter().map(|of| shown(of, &failures)).collect();
    Ok(Json(Projects { projects }))
}

/// Creates an empty project.
#[utoipa::path(post, path = "/api/projects", tag = "projects", request_body = NameProject, responses(
    (status = 201, description = "The new project.", body = Project), BodyProblems, SettingsProblems))]
pub(super) async fn create_project(
    OpenedSettings(settings): OpenedSettings,
    failures: PrometheusFailures,
    JsonBody(NameProject { name }): JsonBody<NameProject>,
) -> Result<(StatusCode, Json<Project>), ProblemResponse> {
    let id = random_id::new_id();
    settings.create_project(&id, &name).await?;
    Ok((StatusCode::CREATED, Json(known(&settings, &id, &failures).await?)))
}

/// One project.
#[utoipa::path(get, path = "/api/projects/{id}", tag = "projects", params(ProjectPath), responses(
    (status = 200, description = "The project.", body = Project), SettingsProblems))]
pub(super) async fn project(
    OpenedSettings(settings): OpenedSettings,
    failures: PrometheusFailures,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<Project>, ProblemResponse> {
    Ok(Json(known(&settings, &id, &failures).await?))
}

/// Renames a project. Its id and everything that belongs to it stay.
#[utoipa::path(put, path = "/api/projects/{id}", tag = "projects", params(ProjectPath), request_body = NameProject,
    responses((status = 200, description = "The project.", body = Project), BodyProblems, SettingsProblems))]
pub(super) async fn rename_project(
    OpenedSettings(settings): OpenedSettings,
    failures: PrometheusFailures,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
    JsonBody(NameProject { name }): JsonBody<NameProject>,
) -> Result<Json<Project>, ProblemResponse> {
    settings.rename_project(&id, &name).await?;
    Ok(Json(known(&settings, &id, &failures).await?))
}

/// Deletes a project and everything that is stored about it.
#[utoipa::path(delete, path = "/api/projects/{id}", tag = "projects", params(ProjectPath), responses(
    (status = 204, description = "The project is deleted."), SettingsProblems))]
pub(super) async fn delete_project(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<StatusCode, ProblemResponse> {
    settings.delete_project(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn known(
    settings: &SettingsStore,
    id: &str,
    failures: &PrometheusFailures,
) -> Result<Project, ProblemResponse> {
    let found = settings.overview_of(id).await?;
    let unknown = || crate::store::SettingsError::from(InvalidChange::NoSuchProject).into();
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
