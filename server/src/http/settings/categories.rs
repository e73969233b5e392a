//! Serves the application categories of a project: `<base>api/projects/{id}/categories`.

use std::collections::BTreeMap;

use headcount_shared::api::Categories;
use headcount_web::problem::ProblemResponse;

use super::{
    extractors::{JsonBody, OpenedSettings, ProjectPath, UrlParameters},
    load_configuration::load_configuration,
    settings_errors::{BodyProblems, SettingsProblems, StaleChangeProblem},
    versions::{ChangeCondition, ConditionHeaders, Versioned},
};
use crate::store::{InvalidChange, SettingsError};

/// The application categories of a project.
#[utoipa::path(get, path = "/api/projects/{id}/categories", tag = "categories", params(ProjectPath), responses(
    (status = 200, description = "The categories with patterns of the operator.", body = Categories), SettingsProblems))]
pub(super) async fn categories(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Versioned<Categories>, ProblemResponse> {
    let categories = load_configuration(&settings, &id).await?.application_categories;
    Ok(Versioned(Categories { categories }))
}

/// Sets the application categories of a project, all of them.
#[utoipa::path(put, path = "/api/projects/{id}/categories", tag = "categories", params(ProjectPath, ConditionHeaders),
    request_body = Categories,
    responses((status = 200, description = "The categories.", body = Categories), BodyProblems, StaleChangeProblem, SettingsProblems))]
pub(super) async fn set_categories(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
    condition: ChangeCondition,
    JsonBody(sent): JsonBody<Categories>,
) -> Result<Versioned<Categories>, ProblemResponse> {
    let shown = |categories: &BTreeMap<String, Vec<String>>| Categories { categories: categories.clone() };
    let check =
        |stored: &BTreeMap<String, Vec<String>>| condition.check(Some(stored), Some(&sent.categories), shown);
    let set = settings.set_application_categories(&id, &sent.categories, check).await;
    let categories = set.map_err(|error| match error {
        // It is the name of a category.
        SettingsError::Invalid(InvalidChange::Name) => {
            ProblemResponse::from(InvalidChange::Name).about("categories")
        }
        error => error.into(),
    })?;
    Ok(Versioned(Categories { categories }))
}
