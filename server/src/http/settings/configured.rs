//! What is configured in the project of a request?

use crate::{
    http::problem::Refusal,
    settings::{Configured, Error, Invalid, Settings},
};

/// All of it, for what is shown to be taken from.
pub(super) async fn configured(settings: &Settings, project: &str) -> Result<Configured, Refusal> {
    let unknown = || Error::from(Invalid::NoSuchProject).into();
    settings.configured(project).await?.ok_or_else(unknown)
}
