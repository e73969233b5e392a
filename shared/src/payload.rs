//! Defines the report of one installation: exactly the fields of `docs/payload.md`, one file per section.
//!
//! Reading is tolerant, so that reports of older, newer and foreign senders are understood: a missing field
//! or a `null` reads as its default, and unknown fields are ignored. Writing is exact: every field, and no
//! other.

mod fields;
mod infra;
mod instance;
mod integration;
mod meaning;
mod performance;
mod profile;
mod stack;
mod ux;

use documented::DocumentedFields;
use serde::{Deserialize, Deserializer, Serialize};

pub use self::{
    fields::{PayloadField, fields, markdown_table, sections},
    infra::InfraSection,
    instance::{DatabaseType, InstanceSection},
    integration::{AlertingIntegration, InspectionOverrides, IntegrationSection},
    meaning::FieldMeaning,
    performance::{ConstructorPerformance, PerformanceSection, QueryPerformance},
    profile::ProfileSection,
    stack::StackSection,
    ux::UxSection,
};

/// One report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
pub struct Payload {
    /// Which installation reports, and what it runs.
    pub instance: InstanceSection,
    /// What the operator connected and configured.
    #[serde(default, deserialize_with = "or_default")]
    pub integration: IntegrationSection,
    /// What runs in the observed infrastructure, by kind.
    #[serde(default, deserialize_with = "or_default")]
    pub stack: StackSection,
    /// How large the observed infrastructure is.
    #[serde(default, deserialize_with = "or_default")]
    pub infra: InfraSection,
    /// How the web interface is used.
    #[serde(default, deserialize_with = "or_default")]
    pub ux: UxSection,
    /// What the program costs.
    #[serde(default, deserialize_with = "or_default")]
    pub performance: PerformanceSection,
    /// Where the program spends its time and memory.
    #[serde(default, deserialize_with = "or_default")]
    pub profile: ProfileSection,
}

/// Reads `null` as the default: Coroot writes `null` for empty lists and maps.
fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
