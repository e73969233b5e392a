//! `GET <base>api/settings`: whether the settings can be changed.

use serde::{Deserialize, Serialize};

/// Whether the settings can be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SettingsAccess {
    /// Why they can only be read; `null` if they can be changed.
    pub read_only: Option<String>,
}
