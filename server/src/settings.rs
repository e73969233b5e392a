//! What did the operator configure, and what is remembered?
//!
//! A database of SQLite or PostgreSQL. Tables, columns and JSON shapes are Coroot's, so that one of its databases can be
//! taken up, or be read and left as it is. Each table and column of JSON has a file; each file that opens a transaction
//! reads, decides and writes in it.

mod connection_string;
mod database;
mod error;
mod health;
mod migrations;
mod schema;
mod source;
mod statement;
mod times;

mod bootstrap;
mod categories;
mod check_configs;
mod choice;
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
mod forgetting;
mod history;
mod incidents;
mod leader;
mod lease;
mod ledger;
mod outbox;
mod records;
mod shared_values;
mod written;

use std::{path::PathBuf, sync::Arc, time::Duration};

use headcount_shared::payload::DatabaseType;

pub use self::{
    bootstrap::Bootstrap,
    check_configs::Override,
    choice::StoredChoice,
    clickhouse::{Clickhouse, Protocol},
    configured::Configured,
    connection_string::BadConnectionString,
    database::{OpenError, Place},
    error::{Cause, Error, Invalid, Member, Result},
    forgetting::RememberedRows,
    history::PastNotification,
    integrations::IntegrationChange,
    leader::Lead,
    ledger::{Counted, LedgerFact},
    overview::ProjectOverview,
    project::ProjectName,
    source::{ConnectionString, Source},
    written::WrittenRows,
};
use self::{
    database::Database,
    health::{Doing, Health},
    project::StoredProject,
};
use crate::{outgoing::TargetPolicy, world::project::Project};

/// How long reading or changing may take, whatever the database does.
const LONGEST: Duration = Duration::from_secs(30);

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
