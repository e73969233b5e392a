//! Serves whether the settings can be changed: `<base>api/settings`.

use axum::Json;
use headcount_shared::api::SettingsAccess;

use super::{extractors::OpenedSettings, settings_errors::SettingsProblems};
use crate::store::SettingsError;

/// Whether the settings can be changed.
#[utoipa::path(get, path = "/api/settings", tag = "projects", responses(
    (status = 200, description = "Whether the settings can be changed.", body = SettingsAccess), SettingsProblems))]
pub(super) async fn settings(OpenedSettings(settings): OpenedSettings) -> Json<SettingsAccess> {
    let read_only = settings.is_read_only().then(|| SettingsError::ReadOnly.to_string());
    Json(SettingsAccess { read_only })
}
