//! Deletes the recorded data in the databases when usage statistics are switched off.

use super::{
    ledger,
    written_rows::{self, WrittenRows},
};
use crate::store::{
    LONGEST_REWRITE, SettingsStore, database_health::DatabaseOperation, store_error::SettingsResult,
};

/// The amount of recorded data about projects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RememberedRows {
    /// Rows in tables of Coroot.
    pub written: WrittenRows,
    /// Counted events that are in no report yet.
    pub facts: u64,
}

impl SettingsStore {
    /// The amount that would be deleted. Changes nothing.
    ///
    /// # Errors
    /// A database failed.
    pub async fn remembered(&self) -> SettingsResult<RememberedRows> {
        self.attempt(DatabaseOperation::Reading, async {
            // A read-only database belongs to another program.
            let written = if self.is_read_only() {
                WrittenRows::default()
            } else {
                written_rows::count(&mut *self.database.read().await?).await?
            };
            Ok(RememberedRows { written, facts: self.waiting_facts().await? })
        })
        .await
    }

    /// Deletes the rows of the separate ledger that read-only settings have, while nothing writes them. Those of other
    /// settings are deleted together with the choice ([`Self::choose_statistics`]).
    ///
    /// # Errors
    /// The database failed. Nothing is deleted.
    pub async fn delete_own_ledger(&self) -> SettingsResult<()> {
        if !self.has_own_ledger() {
            return Ok(());
        }
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.ledger.write().await?;
            ledger::delete_all(&mut transaction).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// Erases the bytes of deleted rows from SQLite files.
    ///
    /// # Errors
    /// A database failed; some data may be left.
    pub async fn erase(&self) -> SettingsResult<()> {
        self.attempt_within(LONGEST_REWRITE, DatabaseOperation::Writing, async {
            let written = if self.has_own_ledger() { &self.ledger } else { &self.database };
            written.erase_deleted().await
        })
        .await
    }

    fn has_own_ledger(&self) -> bool {
        self.is_read_only() && !self.ledger.is_read_only()
    }
}
