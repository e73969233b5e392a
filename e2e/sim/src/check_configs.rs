//! Writes inspection overrides into the settings of a server.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;
use sqlx::{Connection, query};

use crate::coroot_projects::settings;

/// The application id of an override for the whole project.
pub const WHOLE_PROJECT: &str = "::";

/// The table of Coroot, for a database that no server has opened yet.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS check_configs (
    project_id TEXT NOT NULL REFERENCES project(id),
    application_id TEXT NOT NULL,
    configs TEXT,
    PRIMARY KEY (project_id, application_id)
)";

const WRITE: &str = "INSERT INTO check_configs (project_id, application_id, configs) VALUES (?, ?, ?)
    ON CONFLICT (project_id, application_id) DO UPDATE SET configs = excluded.configs";

/// Writes the inspection overrides of an application, by inspection id, into the settings in a data
/// directory. The application id consists of its namespace, kind and name. Replaces earlier overrides.
///
/// # Errors
/// The settings cannot be written, or have no such project.
pub async fn write(data_dir: &Path, project: &str, application: &str, configs: &Value) -> anyhow::Result<()> {
    let mut connection = settings(data_dir).await?;
    query(TABLE).execute(&mut connection).await.context("the settings cannot be written")?;
    query(WRITE)
        .bind(project)
        .bind(application)
        .bind(configs.to_string())
        .execute(&mut connection)
        .await
        .context("the settings cannot be written")?;
    connection.close().await.context("the settings cannot be written")
}
