//! What does a server find in its settings of what the operator says of inspections?

use std::path::Path;

use anyhow::Context;
use serde_json::Value;
use sqlx::{Connection, query};

use crate::projects::settings;

/// What stands for all applications of a project.
pub const WHOLE_PROJECT: &str = "::";

/// The table of Coroot, in case that no server has been there.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS check_configs (
    project_id TEXT NOT NULL REFERENCES project(id),
    application_id TEXT NOT NULL,
    configs TEXT,
    PRIMARY KEY (project_id, application_id)
)";

const WRITE: &str = "INSERT INTO check_configs (project_id, application_id, configs) VALUES (?, ?, ?)
    ON CONFLICT (project_id, application_id) DO UPDATE SET configs = excluded.configs";

/// Writes into the settings in a data directory what is said of the inspections of an application, by their ids. It is
/// named by its namespace, its kind and its name. What was said of it before is gone.
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
