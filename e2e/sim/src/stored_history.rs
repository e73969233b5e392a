//! Writes and removes rollouts, incidents and notifications in the settings of a server that is not running.

use std::path::Path;

use anyhow::Context;
use sqlx::{AssertSqlSafe, Connection, query, query_scalar};

use crate::{CorootRolloutRow, coroot_projects::settings};

/// The table of Coroot, for a database that no server has opened yet.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS application_deployment (
    project_id TEXT NOT NULL REFERENCES project(id),
    application_id TEXT NOT NULL,
    name TEXT NOT NULL,
    started_at INT NOT NULL,
    finished_at INT NOT NULL DEFAULT 0,
    details TEXT,
    metrics_snapshot TEXT,
    notifications TEXT,
    PRIMARY KEY (project_id, application_id, started_at)
)";

/// Writes rollouts of an existing project into the settings in a data directory.
///
/// # Errors
/// The settings cannot be written, or have one of these rollouts.
pub async fn write(data_dir: &Path, project: &str, rollouts: &[CorootRolloutRow]) -> anyhow::Result<()> {
    let mut connection = settings(data_dir).await?;
    query(TABLE).execute(&mut connection).await.context("the settings cannot be written")?;
    for rollout in rollouts {
        query("INSERT INTO application_deployment VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(project)
            .bind(&rollout.application_id)
            .bind(&rollout.name)
            .bind(rollout.started_at)
            .bind(rollout.finished_at)
            .bind(rollout.details.to_string())
            .bind(rollout.metrics_snapshot.to_string())
            .bind(rollout.notifications.to_string())
            .execute(&mut connection)
            .await
            .context("the settings cannot be written")?;
    }
    connection.close().await.context("the settings cannot be written")
}

/// The tables with the history of a project. For another fleet it would be wrong.
const REMEMBERED: [&str; 3] = ["application_deployment", "incident", "incident_notification"];

/// Removes the history of a project from the settings in a data directory.
///
/// # Errors
/// The settings cannot be written.
pub async fn forget(data_dir: &Path, project: &str) -> anyhow::Result<()> {
    let mut connection = settings(data_dir).await?;
    let tables = query_scalar::<_, String>("SELECT name FROM sqlite_master WHERE type = 'table'");
    let tables = tables.fetch_all(&mut connection).await.context("the settings cannot be read")?;
    for table in REMEMBERED.into_iter().filter(|table| tables.iter().any(|one| one == table)) {
        let statement = AssertSqlSafe(format!("DELETE FROM {table} WHERE project_id = ?"));
        let removed = query(statement).bind(project).execute(&mut connection).await;
        removed.context("the settings cannot be written")?;
    }
    connection.close().await.context("the settings cannot be written")
}
