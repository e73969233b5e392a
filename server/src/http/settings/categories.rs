//! Serves the application categories of a project: `<base>api/projects/{id}/categories`.

use axum::Json;
use headcount_shared::api::Categories;

use super::{
    configured::configured,
    refused::{BodyRefused, Refused},
    request::{At, InProject, Open, Sent},
};
use crate::{
    http::problem::Refusal,
    settings::{Error, Invalid},
};

/// The application categories of a project.
#[utoipa::path(get, path = "/api/projects/{id}/categories", tag = "categories", params(InProject), responses(
    (status = 200, description = "The categories with patterns of the operator.", body = Categories), Refused))]
pub(super) async fn categories(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
) -> Result<Json<Categories>, Refusal> {
    let categories = configured(&settings, &id).await?.application_categories;
    Ok(Json(Categories { categories }))
}

/// Sets the application categories of a project, all of them.
#[utoipa::path(put, path = "/api/projects/{id}/categories", tag = "categories", params(InProject),
    request_body = Categories,
    responses((status = 200, description = "The categories.", body = Categories), BodyRefused, Refused))]
pub(super) async fn set_categories(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
    Sent(sent): Sent<Categories>,
) -> Result<Json<Categories>, Refusal> {
    let set = settings.set_application_categories(&id, &sent.categories).await;
    set.map_err(|error| match error {
        // It is the name of a category.
        Error::Invalid(Invalid::Name) => Refusal::from(Invalid::Name).about("categories"),
        error => error.into(),
    })?;
    categories(Open(settings), At(InProject { id })).await
}
