//! `instance`: which installation reports, and what it runs.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
pub struct InstanceSection {
    /// A random UUID, made at the first start and kept in `instance.uuid` in the data directory, or in
    /// `headcount/` of it with `--read-only-settings`. It is derived from nothing; deleting the file makes a
    /// new one.
    pub uuid: Uuid,
    /// The version of the program, or of the product that `--product-version` names.
    #[serde(default)]
    pub version: String,
    /// The kind of database that holds the settings: `sqlite` or `postgres`.
    #[serde(default)]
    pub database_type: DatabaseType,
}

/// The kind of the settings database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseType {
    /// A SQLite file in the data directory.
    #[default]
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}
