//! What of the databases is deleted when usage statistics are switched off?

use super::{
    Settings,
    error::Result,
    health::Doing,
    ledger,
    written::{self, WrittenRows},
};

/// What this program remembers of projects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RememberedRows {
    /// Rows in tables of Coroot.
    pub written: WrittenRows,
    /// What was found out to be counted, and is in no report yet.
    pub facts: u64,
}

impl Settings {
    /// What would be deleted. Changes nothing.
    ///
    /// # Errors
    /// A database cannot be used.
    pub async fn remembered(&self) -> Result<RememberedRows> {
        self.attempt(Doing::Reading, async {
            // A database that is only read belongs to another program.
            let written = if self.is_read_only() {
                WrittenRows::default()
            } else {
                written::count(&mut *self.database.read().await?).await?
            };
            Ok(RememberedRows { written, facts: self.waiting_facts().await? })
        })
        .await
    }

    /// Deletes what is left once nothing writes any more: the ledger beside settings that are only read, and the bytes of
    /// deleted rows in files of SQLite. The rows themselves go with the choice ([`Self::choose_statistics`]).
    ///
    /// # Errors
    /// A database cannot be used; something may be left.
    pub async fn erase(&self) -> Result<()> {
        self.attempt(Doing::Writing, async {
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
