//! Loads the configuration of the project in a request.

use crate::{
    http::problem::Refusal,
    settings::{Configured, Error, Invalid, Settings},
};

/// The whole configuration, from which responses are made.
pub(super) async fn configured(settings: &Settings, project: &str) -> Result<Configured, Refusal> {
    let unknown = || Error::from(Invalid::NoSuchProject).into();
    settings.configured(project).await?.ok_or_else(unknown)
}
