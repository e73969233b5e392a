//! `<base>api/projects/{id}/integrations`: the destinations of notifications about incidents.
//!
//! The settings of each kind are types of the server: no other program of this repository needs them.

use serde::{Deserialize, Serialize};

use crate::payload::AlertingIntegration;

/// `GET <base>api/projects/{id}/integrations`: the alerting integrations of a project.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Integrations {
    /// The address of the product's web interface, for links in messages; empty if it is not set.
    pub base_url: String,
    /// The configured integrations.
    pub integrations: Vec<ConfiguredIntegration>,
}

/// A configured alerting integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfiguredIntegration {
    /// Its kind.
    pub kind: AlertingIntegration,
    /// Whether it is notified about incidents.
    pub incidents: bool,
}

/// `PUT <base>api/projects/{id}/integrations`: the settings that all integrations share.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetIntegrations {
    /// The address of the product's web interface: an http or https URL, or empty for none.
    pub base_url: String,
}

unprinted!(Integrations, SetIntegrations);
