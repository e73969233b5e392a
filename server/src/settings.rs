//! What did the operator configure?
//!
//! A SQLite database, `db.sqlite` in the data directory. Tables, columns and JSON shapes are Coroot's.

mod project;

use std::{collections::BTreeSet, path::Path, time::Duration};

use headcount_shared::payload::{Infra, Integration};
use sqlx::{
    SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use thiserror::Error;

pub use self::project::Bootstrap;
use self::project::StoredProject;
use crate::world::project::Project;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/settings");

/// How long a statement waits for another process to let go of the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The row of `settings` that remembers whether usage statistics are on.
const USAGE_STATISTICS: &str = "usage_statistics";

/// The settings database.
#[derive(Debug, Clone)]
pub struct Settings {
    pool: SqlitePool,
}

/// Why the settings database cannot be used. The text is for the operator.
#[derive(Debug, Error)]
pub enum OpenError {
    /// It cannot be opened, or it is not a database.
    #[error("the settings database db.sqlite in the data directory cannot be used: {0}")]
    Unusable(#[source] sqlx::Error),
    /// A newer program wrote it.
    #[error(
        "the settings database db.sqlite in the data directory was written by a newer version of this program"
    )]
    Newer,
    /// Its tables cannot be brought up to date.
    #[error("the settings database db.sqlite in the data directory cannot be brought up to date: {0}")]
    Migration(#[source] MigrateError),
}

/// The value of the row [`USAGE_STATISTICS`].
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct UsageStatistics {
    enabled: bool,
}

impl Settings {
    /// Opens the database in `data_dir`, creates it if it does not exist, and brings its tables up to date.
    ///
    /// # Errors
    /// Every [`OpenError`].
    pub async fn open(data_dir: &Path) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(data_dir.join("db.sqlite"))
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .map_err(OpenError::Unusable)?;
        MIGRATIONS.run(&pool).await.map_err(|error| match error {
            MigrateError::VersionMissing(_) => OpenError::Newer,
            MigrateError::Execute(error) => OpenError::Unusable(error),
            other => OpenError::Migration(other),
        })?;
        Ok(Self { pool })
    }

    /// Whether the operator left usage statistics on. On as long as nothing was chosen.
    ///
    /// # Errors
    /// The database refused.
    pub async fn statistics_enabled(&self) -> sqlx::Result<bool> {
        let value: Option<String> = sqlx::query_scalar("SELECT value FROM settings WHERE name = ?")
            .bind(USAGE_STATISTICS)
            .fetch_optional(&self.pool)
            .await?;
        let Some(value) = value else { return Ok(true) };
        // Who stored something unreadable here meant to change something: not sending is the safe reading.
        Ok(serde_json::from_str::<UsageStatistics>(&value).is_ok_and(|stored| stored.enabled))
    }

    /// Remembers whether usage statistics are on.
    ///
    /// # Errors
    /// The database refused; nothing changed.
    pub async fn set_statistics_enabled(&self, enabled: bool) -> anyhow::Result<()> {
        sqlx::query("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
            .bind(USAGE_STATISTICS)
            .bind(serde_json::to_string(&UsageStatistics { enabled })?)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Gives the project `default` the Prometheus of `bootstrap` if it has none, and creates it if it does not exist.
    ///
    /// # Errors
    /// The database refused; nothing changed.
    pub async fn bootstrap(&self, bootstrap: &Bootstrap, new_project_id: &str) -> anyhow::Result<()> {
        project::bootstrap(&self.pool, bootstrap, new_project_id).await
    }

    /// Closes the database.
    pub async fn close(self) {
        self.pool.close().await;
    }

    /// What a report says of the settings: `integration`, and the number of projects.
    ///
    /// # Errors
    /// The database refused.
    pub async fn facts(&self) -> sqlx::Result<(Integration, Infra)> {
        let projects = StoredProject::all(&self.pool).await?;
        let categories: BTreeSet<String> =
            projects.iter().flat_map(|project| project.categories().into_keys()).collect();
        let integration = Integration {
            prometheus: projects.iter().any(StoredProject::has_prometheus),
            application_categories: categories.len() as u64,
            ..Integration::default()
        };
        Ok((integration, Infra { projects: projects.len() as u64, ..Infra::default() }))
    }

    /// The projects whose Prometheus is asked.
    ///
    /// # Errors
    /// The database refused.
    pub async fn observed_projects(&self) -> sqlx::Result<Vec<Project>> {
        let projects = StoredProject::all(&self.pool).await?;
        Ok(projects.iter().filter_map(StoredProject::observed).collect())
    }
}

#[cfg(test)]
mod tests;
