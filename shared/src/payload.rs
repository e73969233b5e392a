//! Defines the report of one installation: exactly the fields of `usage-statistics.md`, one file per section.
//!
//! Reading is tolerant, so that reports of older, newer and foreign senders are understood: a missing field
//! or a `null` reads as its default, and unknown fields are ignored. Writing is exact: every field, and no
//! other.

mod fields;
mod infra;
mod instance;
mod integration;
mod performance;
mod profile;
mod stack;
mod ux;

use documented::DocumentedFields;
use serde::{Deserialize, Deserializer, Serialize};

pub use self::{
    fields::{Field, fields, markdown_table, sections},
    infra::Infra,
    instance::{DatabaseType, Instance},
    integration::{AlertingIntegration, InspectionOverrides, Integration},
    performance::{Constructor, Performance, Query},
    profile::Profile,
    stack::Stack,
    ux::Ux,
};

/// One report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
pub struct Payload {
    /// Which installation reports, and what it runs.
    pub instance: Instance,
    /// What the operator connected and configured.
    #[serde(default, deserialize_with = "or_default")]
    pub integration: Integration,
    /// What runs in the observed infrastructure, by kind.
    #[serde(default, deserialize_with = "or_default")]
    pub stack: Stack,
    /// How large the observed infrastructure is.
    #[serde(default, deserialize_with = "or_default")]
    pub infra: Infra,
    /// How the web interface is used.
    #[serde(default, deserialize_with = "or_default")]
    pub ux: Ux,
    /// What the program costs.
    #[serde(default, deserialize_with = "or_default")]
    pub performance: Performance,
    /// Where the program spends its time and memory.
    #[serde(default, deserialize_with = "or_default")]
    pub profile: Profile,
}

/// Reads `null` as the default: Coroot writes `null` for empty lists and maps.
fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
