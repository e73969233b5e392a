//! Holds what all tabs of the settings of a project share.

use leptos::prelude::*;
use serde_json::Value;

use crate::ui::api::ApiClient;

/// The settings of a project.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) struct SettingsPage {
    pub(in crate::ui) api: ApiClient,
    /// The project, as the list of projects has it.
    pub(in crate::ui) project: StoredValue<Value>,
    /// Whether the settings can only be read.
    pub(in crate::ui) is_read_only: Signal<bool>,
}

impl SettingsPage {
    /// The id of the project.
    pub(in crate::ui) fn id(self) -> String {
        self.project.with_value(|project| project["id"].as_str().unwrap_or_default().to_owned())
    }

    /// The name of the project.
    pub(in crate::ui) fn name(self) -> String {
        self.project.with_value(|project| project["name"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether the project had this when the page was opened.
    pub(in crate::ui) fn has(self, what: &str) -> bool {
        self.project.with_value(|project| project[what] == true)
    }

    /// Whether the project had this destination when the page was opened.
    pub(in crate::ui) fn has_destination(self, kind: &str) -> bool {
        self.project.with_value(|project| {
            project["integrations"].as_array().into_iter().flatten().any(|configured| *configured == kind)
        })
    }

    /// The address of what is below the project; that of the project for an empty path.
    pub(in crate::ui) fn address(self, path: &str) -> String {
        let id = js_sys::encode_uri_component(&self.id());
        let slash = if path.is_empty() { "" } else { "/" };
        format!("api/projects/{id}{slash}{path}")
    }
}
