//! Stores what operators configure and what this program remembers in a database.
//!
//! The database is SQLite or PostgreSQL. Tables, columns and JSON follow Coroot, so that this program can
//! take over a database of Coroot, or read it without changing it. `config` has the tables and columns that
//! the operator sets, `history` those that this program fills, a file each. Functions that change something
//! read, decide and write in one transaction.

// The database itself.
mod connection_string;
mod database_health;
mod database_pool;
mod database_schema;
mod database_source;
mod migrations;
mod store_error;

// How columns and rows are read and written.
mod json_column;
mod stored_time;
mod unnamed_statement;

mod config;
mod history;
mod shared_values;

use std::{path::PathBuf, sync::Arc, time::Duration};

use headcount_outbound::TargetPolicy;
use headcount_shared::payload::DatabaseType;

pub use self::{
    config::{
        BootstrapPrometheus, ClickhouseAccess, ClickhouseTransport, InspectionChange, ProjectConfiguration,
        ProjectOverview, StoredChoice,
    },
    connection_string::BadConnectionString,
    database_pool::{DatabaseLocation, DatabaseOpenError},
    database_source::{ConnectionString, DatabaseSource},
    history::{
        DatedHistory, LeaderLock, LedgerCounts, LedgerFact, PastNotification, RememberedRows, WrittenRows,
    },
    store_error::{InvalidChange, SettingsError, SettingsResult, UnavailableCause},
};
use self::{
    database_health::{DatabaseHealth, DatabaseOperation},
    database_pool::DatabasePool,
    unnamed_statement::query,
};

/// How long an operation may take, whatever the database does.
const LONGEST: Duration = Duration::from_secs(30);

/// The same for an operation that rewrites a whole file.
const LONGEST_REWRITE: Duration = Duration::from_secs(600);

/// The name of the setting that is written to find out whether anything can be written.
const TRIED: &str = "headcount_write_test";

/// The settings database.
#[derive(Debug, Clone)]
pub struct SettingsStore {
    database: Arc<DatabasePool>,
    /// The database of the ledger: the same one, unless the settings are read-only.
    ledger: Arc<DatabasePool>,
    health: Arc<DatabaseHealth>,
    /// Which addresses Prometheus servers and webhooks may have.
    targets: TargetPolicy,
}

impl SettingsStore {
    /// Opens a database. Unless it is read-only, a missing SQLite file is created, and the tables are
    /// migrated.
    ///
    /// # Errors
    /// Every [`DatabaseOpenError`].
    pub async fn open(source: &DatabaseSource) -> SettingsResult<Self, DatabaseOpenError> {
        let database = Arc::new(DatabasePool::open(source).await?);
        Ok(Self {
            ledger: Arc::clone(&database),
            database,
            health: Arc::default(),
            targets: TargetPolicy::default(),
        })
    }

    /// The same settings with a rule for the addresses they accept.
    #[must_use]
    pub fn with_targets(self, targets: TargetPolicy) -> Self {
        Self { targets, ..self }
    }

    /// The same settings with the ledger in a separate file, which is created if it does not exist: for
    /// settings that are read-only.
    ///
    /// # Errors
    /// Every [`DatabaseOpenError`].
    pub async fn with_ledger_in(self, file: PathBuf) -> std::result::Result<Self, DatabaseOpenError> {
        let ledger = DatabasePool::open(&DatabaseSource::Sqlite { file, read_only: false }).await?;
        Ok(Self { ledger: Arc::new(ledger), ..self })
    }

    /// The kind of the database.
    #[must_use]
    pub fn kind(&self) -> DatabaseType {
        self.database.kind()
    }

    /// Whether the database is read-only. Then every change fails with [`SettingsError::ReadOnly`].
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.database.is_read_only()
    }

    /// Closes the database.
    pub async fn close(self) {
        self.database.close().await;
        self.ledger.close().await;
    }

    /// Runs an operation within [`LONGEST`], and logs when such operations begin to fail and when they work
    /// again.
    async fn attempt<T>(
        &self,
        doing: DatabaseOperation,
        work: impl Future<Output = SettingsResult<T>>,
    ) -> SettingsResult<T> {
        self.attempt_within(LONGEST, doing, work).await
    }

    async fn attempt_within<T>(
        &self,
        longest: Duration,
        doing: DatabaseOperation,
        work: impl Future<Output = SettingsResult<T>>,
    ) -> SettingsResult<T> {
        let begun = self.health.begin();
        let result = tokio::time::timeout(longest, work).await;
        let result = result.unwrap_or(Err(SettingsError::Unavailable(UnavailableCause::Slow)));
        if result.is_ok() && doing == DatabaseOperation::Writing && self.health.cannot_write() {
            // It may have changed no row, and then says nothing about writing.
            self.health.note(begun, doing, &self.try_to_write().await);
        } else {
            self.health.note(begun, doing, &result);
        }
        result
    }

    /// Writes a row, and removes it again.
    async fn try_to_write(&self) -> SettingsResult<()> {
        let written = tokio::time::timeout(LONGEST, async {
            let database = if self.is_read_only() { &self.ledger } else { &self.database };
            let mut transaction = database.write().await?;
            let insert =
                query("INSERT INTO settings (name, value) VALUES ($1, '') ON CONFLICT (name) DO NOTHING");
            insert.bind(TRIED).execute(&mut *transaction).await?;
            let delete = query("DELETE FROM settings WHERE name = $1");
            delete.bind(TRIED).execute(&mut *transaction).await?;
            Ok(transaction.commit().await?)
        });
        written.await.unwrap_or(Err(SettingsError::Unavailable(UnavailableCause::Slow)))
    }
}

#[cfg(test)]
pub(crate) mod tests;
