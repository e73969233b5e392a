//! Loads the configuration of the project in a request.

use headcount_web::problem::ProblemResponse;

use crate::store::{InvalidChange, ProjectConfiguration, SettingsError, SettingsStore};

/// The whole configuration, from which responses are made.
pub(super) async fn load_configuration(
    settings: &SettingsStore,
    project: &str,
) -> Result<ProjectConfiguration, ProblemResponse> {
    let unknown = || SettingsError::from(InvalidChange::NoSuchProject).into();
    settings.configuration(project).await?.ok_or_else(unknown)
}
