//! Applies deletions that the database does not know: it was restored from an older back-up.

use std::collections::{BTreeSet, HashMap};

use headcount_fleet::installation_day::InstallationHash;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    ReportStore,
    delete_installation::{column_of, note_applied},
    deletion_file::DeletionLine,
    signed,
};

const REPLACE_TOMBSTONE: &str = "INSERT OR REPLACE INTO tombstone
        (installation, commitment, hour, reports, raw_reports, days, until, key, signature, unfinished)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// Until when reports are refused of which the deletion has no receipt any more: that time is over.
const WITHOUT_RECEIPT: u64 = 0;

impl ReportStore {
    /// Whether the hashes in the file are of the keys with this fingerprint.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) async fn are_deletions_of(&self, fingerprint: &str) -> sqlx::Result<bool> {
        Ok(self.deletions.read().await?.iter().all(|line| line.is_of_keys(fingerprint)))
    }

    /// Applies the deletions in the file that are not applied to this database, and adds those to the file
    /// that are only here. Returns the number of installations that were deleted.
    ///
    /// # Errors
    /// When the file cannot be read, or as for [`ReportStore::add`]; the next start goes on.
    pub(crate) async fn apply_newer_deletions(&self) -> sqlx::Result<usize> {
        let lines = self.deletions.read().await?;
        let mut transaction = self.begin().await?;
        let applied: Vec<String> =
            sqlx::query_scalar("SELECT line FROM applied_deletion").fetch_all(&mut *transaction).await?;
        let mut seen: BTreeSet<String> = applied.into_iter().collect();
        // Who joins two files may have a line twice.
        let newer: Vec<_> = lines.iter().filter(|line| seen.insert(line.line.clone())).collect();
        let known =
            if newer.is_empty() { HashMap::new() } else { self.installations(&mut transaction).await? };
        let mut deleted = 0;
        for line in newer {
            let Some(installation) = line.installation() else { continue };
            let stored = known.get(&installation);
            deleted += usize::from(stored.is_some());
            // A tombstone without a receipt would be answered as one.
            if stored.is_some() || line.has_receipt() {
                replace_tombstone(&mut transaction, line, installation, stored).await?;
            }
            note_applied(&mut transaction, line).await?;
        }
        self.add_missing_lines(&mut transaction, &lines).await?;
        transaction.commit().await?;
        if deleted > 0 {
            // What is interrupted goes on in the next round of pruning.
            if self.finish_deletions().await.is_ok() {
                self.drop_tombstones(WITHOUT_RECEIPT).await?;
            }
        }
        Ok(deleted)
    }

    /// Adds the deletions to the file that are not in it: of an earlier version, or because the file was
    /// lost.
    async fn add_missing_lines(
        &self,
        connection: &mut SqliteConnection,
        lines: &[DeletionLine],
    ) -> sqlx::Result<()> {
        let known: BTreeSet<_> = lines.iter().filter_map(DeletionLine::installation).collect();
        let (mut missing, keys) = (Vec::new(), self.keys.fingerprint());
        for (installation, commitment, tombstone) in self.tombstones(connection).await? {
            if !known.contains(&installation) {
                missing.push(DeletionLine::new(&keys, installation, commitment.as_deref(), &tombstone));
            }
        }
        for line in &missing {
            note_applied(connection, line).await?;
        }
        if missing.is_empty() { Ok(()) } else { Ok(self.deletions.append(missing).await?) }
    }

    /// The installations with reports, by their hashes.
    async fn installations(
        &self,
        connection: &mut SqliteConnection,
    ) -> sqlx::Result<HashMap<InstallationHash, String>> {
        let all: Vec<String> =
            sqlx::query_scalar("SELECT instance FROM instance").fetch_all(connection).await?;
        let known = all.into_iter().filter_map(|instance| {
            let uuid = Uuid::try_parse(&instance).ok()?;
            Some((self.keys.installation(uuid), instance))
        });
        Ok(known.collect())
    }

    /// Forgets deletions of which no back-up can have the reports: those before `before` whose late reports are
    /// not refused any longer at `now`, both in Unix seconds; and the receipts of others, when their reports are
    /// not refused any longer.
    ///
    /// # Errors
    /// As for [`ReportStore::add`], or the disk refused; the next call goes on.
    pub(crate) async fn forget_deletions(&self, before: u64, now: u64) -> sqlx::Result<()> {
        let dropped = self.deletions.drop_old(before, now).await?;
        if dropped.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        for line in &dropped {
            let forget = sqlx::query("DELETE FROM applied_deletion WHERE line = ?").bind(line);
            forget.execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }
}

/// Stores the tombstone of a deletion, and what is left to delete: the reports of the installation `stored`.
async fn replace_tombstone(
    connection: &mut SqliteConnection,
    line: &DeletionLine,
    installation: InstallationHash,
    stored: Option<&String>,
) -> sqlx::Result<()> {
    let tombstone = line.tombstone();
    // Without its receipt, the tombstone goes as soon as nothing is left to delete.
    let until = if line.has_receipt() { tombstone.until } else { WITHOUT_RECEIPT };
    sqlx::query(REPLACE_TOMBSTONE)
        .bind(column_of(installation))
        .bind(line.commitment())
        .bind(signed(tombstone.hour))
        .bind(signed(tombstone.amounts.reports))
        .bind(signed(tombstone.amounts.raw_reports))
        .bind(signed(tombstone.amounts.days))
        .bind(signed(until))
        .bind(tombstone.key)
        .bind(tombstone.signature)
        .bind(stored)
        .execute(connection)
        .await
        .map(drop)
}
