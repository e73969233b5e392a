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

    /// Deletes what is left once nothing writes any more: the separate ledger of read-only settings, and the
    /// bytes of deleted rows in SQLite files. The rows themselves are deleted together with the choice
    /// ([`Self::choose_statistics`]).
    ///
    /// # Errors
    /// A database failed; some data may be left.
    pub async fn erase(&self) -> SettingsResult<()> {
        self.attempt_within(LONGEST_REWRITE, DatabaseOperation::Writing, async {
            if self.is_read_only() && !self.ledger.is_read_only() {
                let mut transaction = self.ledger.write().await?;
                ledger::delete_all(&mut transaction).await?;
                transaction.commit().await?;
                return self.ledger.erase_deleted().await;
            }
            self.database.erase_deleted().await
        })
        .await
    }
}
