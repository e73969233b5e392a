//! What did the operator configure, and what is remembered?
//!
//! A database of SQLite or PostgreSQL. Tables, columns and JSON shapes are Coroot's, so that one of its databases can be
//! taken up, or be read and left as it is. Each table and column of JSON has a file; each file that opens a transaction
//! reads, decides and writes in it.

mod connection_string;
mod database;
mod error;
mod health;
mod schema;
mod source;
mod times;

mod bootstrap;
mod categories;
mod check_configs;
mod clickhouse;
mod configured;
mod credentials;
mod destination;
mod document;
mod edit;
mod facts;
mod integrations;
mod overview;
mod project;
mod prometheus;

mod deployments;
mod history;
mod incidents;
mod leader;
mod ledger;
mod outbox;
mod records;
mod shared_values;

use std::{path::PathBuf, sync::Arc, time::Duration};

use headcount_shared::payload::DatabaseType;

pub use self::{
    bootstrap::Bootstrap,
    check_configs::Override,
    clickhouse::{Clickhouse, Protocol},
    configured::Configured,
    connection_string::BadConnectionString,
    database::{OpenError, Place},
    error::{Cause, Error, Invalid, Member, Result},
    history::PastNotification,
    integrations::IntegrationChange,
    leader::Lead,
    ledger::{Counted, LedgerFact},
    overview::ProjectOverview,
    project::ProjectName,
    source::{ConnectionString, Source},
};
use self::{
    database::Database,
    health::{Doing, Health},
    project::StoredProject,
};
use crate::{outgoing::TargetPolicy, world::project::Project};

/// How long reading or changing may take, whatever the database does.
const LONGEST: Duration = Duration::from_secs(30);

/// The row of `settings` that remembers whether usage statistics are on.
const USAGE_STATISTICS: &str = "usage_statistics";

/// The settings database.
#[derive(Debug, Clone)]
pub struct Settings {
    database: Arc<Database>,
    /// Where it is written down what was reported: the same database, unless that is only read.
    ledger: Arc<Database>,
    health: Arc<Health>,
    /// Which addresses Prometheus servers and webhooks may have.
    targets: TargetPolicy,
}

/// The value of the row [`USAGE_STATISTICS`].
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct UsageStatistics {
    enabled: bool,
}

impl Settings {
    /// Opens a database. Unless it is only read it is created if it is a file that does not exist, and its tables are
    /// brought up to date.
    ///
    /// # Errors
    /// Every [`OpenError`].
    pub async fn open(source: &Source) -> Result<Self, OpenError> {
        let database = Arc::new(Database::open(source).await?);
        Ok(Self {
            ledger: Arc::clone(&database),
            database,
            health: Arc::default(),
            targets: TargetPolicy::default(),
        })
    }

    /// The same settings, which take addresses by that rule.
    #[must_use]
    pub fn with_targets(self, targets: TargetPolicy) -> Self {
        Self { targets, ..self }
    }

    /// The same settings, with the ledger in a file of its own, which is created if it does not exist: for settings that are
    /// only read.
    ///
    /// # Errors
    /// Every [`OpenError`].
    pub async fn with_ledger_in(self, file: PathBuf) -> std::result::Result<Self, OpenError> {
        let ledger = Database::open(&Source::Sqlite { file, read_only: false }).await?;
        Ok(Self { ledger: Arc::new(ledger), ..self })
    }

    /// Which kind of database it is.
    #[must_use]
    pub fn kind(&self) -> DatabaseType {
        self.database.kind()
    }

    /// Whether it is only read; then every change is refused with [`Error::ReadOnly`].
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.database.is_read_only()
    }

    /// Whether the operator left usage statistics on. On as long as nothing was chosen.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn statistics_enabled(&self) -> Result<bool> {
        self.attempt(Doing::Reading, async {
            if !self.database.schema().has("settings", "value") {
                return Ok(true);
            }
            let value: Option<String> = sqlx::query_scalar("SELECT value FROM settings WHERE name = $1")
                .bind(USAGE_STATISTICS)
                .fetch_optional(&mut *self.database.read().await?)
                .await?;
            let Some(value) = value else { return Ok(true) };
            // Who stored something unreadable here meant to change something: not sending is the safe reading.
            Ok(serde_json::from_str::<UsageStatistics>(&value).is_ok_and(|stored| stored.enabled))
        })
        .await
    }

    /// Remembers whether usage statistics are on.
    ///
    /// # Errors
    /// The database cannot be used, or is only read; nothing changed.
    pub async fn set_statistics_enabled(&self, enabled: bool) -> Result<()> {
        self.attempt(Doing::Writing, async {
            let mut transaction = self.database.write().await?;
            let statement = "INSERT INTO settings (name, value) VALUES ($1, $2)
                ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            sqlx::query(statement)
                .bind(USAGE_STATISTICS)
                .bind(serde_json::to_string(&UsageStatistics { enabled })?)
                .execute(&mut *transaction)
                .await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// The projects whose Prometheus is asked.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn observed_projects(&self) -> Result<Vec<Project>> {
        self.attempt(Doing::Reading, async {
            let mut connection = self.database.read().await?;
            let projects = StoredProject::all(&mut connection, self.database.schema()).await?;
            Ok(projects.iter().filter_map(StoredProject::observed).collect())
        })
        .await
    }

    /// Closes the database.
    pub async fn close(self) {
        self.database.close().await;
        self.ledger.close().await;
    }

    /// Does something with the database within [`LONGEST`], and says so in the log when that begins to fail or works again.
    async fn attempt<T>(&self, doing: Doing, work: impl Future<Output = Result<T>>) -> Result<T> {
        let begun = self.health.begin();
        let result = tokio::time::timeout(LONGEST, work).await;
        let result = result.unwrap_or(Err(Error::Unavailable(Cause::Slow)));
        self.health.note(begun, doing, &result);
        result
    }
}

#[cfg(test)]
pub(crate) mod tests;
