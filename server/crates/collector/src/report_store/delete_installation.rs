//! Deletes everything of an installation, and remembers under a hash that it is deleted.
//!
//! A tombstone is stored first: from then on, reports of the installation are refused, so that nothing comes
//! after. Rows are removed a few at a time, and the log is emptied. What was interrupted goes on at the next
//! request, at the next start, or in the next round of pruning.

use std::sync::atomic::Ordering;

use headcount_fleet::{
    block_codec::BlockError,
    changes::InstallationReadings,
    installation_day::{InstallationDays, InstallationHash},
    published::day_input::InstallationPages,
};
use headcount_platform::joined::joined;
use sqlx::{FromRow, Row, SqliteConnection, sqlite::SqliteRow};
use tokio::task;
use uuid::Uuid;

use super::{
    BlockLayer, NewBlock, ONLY_BLOCK, ReportStore, StoredBlock, deletion_file::DeletionLine,
    ledger::count_drops, signed, unsigned,
};
use crate::{collector_keys::is_same_hash, intake_entry::LaterDrop};

/// The number of reports deleted in one transaction; small, so that arriving reports do not wait for long.
const DELETED_AT_ONCE: i64 = 100;

/// Who asks for a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeletionClaim {
    /// Somebody with the secret that this hash of a commitment is made of.
    Committed([u8; 32]),
    /// The operator of the collector.
    Operator,
}

/// What a receipt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeletedAmounts {
    /// The number of reports.
    pub reports: u64,
    /// Of how many of them the raw report was stored.
    pub raw_reports: u64,
    /// The number of days on which they arrived.
    pub days: u64,
}

/// A deleted installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tombstone {
    /// The hour of the deletion, in Unix seconds.
    pub hour: u64,
    /// What was deleted.
    pub amounts: DeletedAmounts,
    /// Until when reports are refused, in Unix seconds.
    pub until: u64,
    /// The public key of the signature.
    pub key: String,
    /// The signature of the receipt.
    pub signature: String,
}

/// Whether an installation may be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClaimOutcome {
    /// It is, or was, by this claim.
    Buried(Tombstone),
    /// It is known and can be deleted by this claim.
    Accepted,
    /// It is known by another secret.
    OtherSecret,
    /// Nothing is stored that this claim could delete.
    Unknown,
}

impl ReportStore {
    /// Whether an installation may be deleted. Changes nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn judge_claim(
        &self,
        instance: Uuid,
        installation: InstallationHash,
        claim: DeletionClaim,
    ) -> sqlx::Result<ClaimOutcome> {
        judge_claim(&mut *self.readers.acquire().await?, instance, installation, claim).await
    }

    /// Refuses reports of the installation from now on, if the claim is right. `entomb` makes the tombstone.
    /// When this returns, that survives a power cut; [`ReportStore::finish_deletions`] does the rest. It must
    /// not be cancelled: the file could have a deletion that is not committed.
    ///
    /// # Errors
    /// As for [`ReportStore::add`]; nothing is changed then.
    pub(crate) async fn bury(
        &self,
        instance: Uuid,
        installation: InstallationHash,
        claim: DeletionClaim,
        entomb: impl FnOnce(DeletedAmounts) -> Tombstone,
    ) -> sqlx::Result<ClaimOutcome> {
        let mut transaction = self.begin().await?;
        let judged = judge_claim(&mut transaction, instance, installation, claim).await?;
        if judged != ClaimOutcome::Accepted {
            return Ok(judged);
        }
        let tombstone = entomb(amounts(&mut transaction, instance).await?);
        insert_tombstone(&mut transaction, instance, installation, &tombstone).await?;
        let commitment = "SELECT commitment FROM tombstone WHERE installation = ?";
        let commitment = sqlx::query_scalar(commitment).bind(column_of(installation));
        let commitment: Option<Vec<u8>> = commitment.fetch_one(&mut *transaction).await?;
        let keys = self.keys.fingerprint();
        let line = DeletionLine::new(&keys, installation, commitment.as_deref(), &tombstone);
        note_applied(&mut transaction, &line).await?;
        let id = line.line.clone();
        // A deletion that the file does not have would be lost with a restored back-up.
        self.deletions.append(vec![line]).await?;
        if let Err(error) = transaction.commit().await {
            // The next start would delete what was not deleted by this answer.
            self.deletions.withdraw(id).await?;
            return Err(error);
        }
        Ok(ClaimOutcome::Buried(tombstone))
    }

    /// Deletes what is left of deleted installations, and removes it from the files.
    ///
    /// # Errors
    /// As for [`ReportStore::add`]; the next call goes on.
    pub(crate) async fn finish_deletions(&self) -> sqlx::Result<()> {
        let unfinished = "SELECT unfinished FROM tombstone WHERE unfinished IS NOT NULL";
        let unfinished: Vec<String> = sqlx::query_scalar(unfinished).fetch_all(&self.writer).await?;
        for instance in unfinished {
            self.delete_rows(&instance).await?;
            self.log_holds_dropped.store(true, Ordering::Relaxed);
        }
        if self.log_holds_dropped.load(Ordering::Relaxed) {
            self.empty_log().await?;
        }
        Ok(())
    }

    async fn delete_rows(&self, instance: &str) -> sqlx::Result<()> {
        // Days that are being computed from these reports are computed again.
        sqlx::query(CHANGE_DAYS).bind(instance).execute(&self.writer).await?;
        loop {
            let next = sqlx::query_scalar("SELECT seq FROM report WHERE instance = ? LIMIT ?");
            let next: Vec<i64> = next.bind(instance).bind(DELETED_AT_ONCE).fetch_all(&self.writer).await?;
            if next.is_empty() {
                break;
            }
            self.erase_raw(&next, LaterDrop::RawDeletion).await?;
            let mut transaction = self.begin().await?;
            let query = sqlx::query_scalar(DELETE_REPORTS).bind(instance).bind(DELETED_AT_ONCE);
            let products: Vec<String> = query.fetch_all(&mut *transaction).await?;
            count_drops(&mut transaction, LaterDrop::ReportDeletion, &products).await?;
            transaction.commit().await?;
            self.log_holds_dropped.store(true, Ordering::Relaxed);
            self.trim_log().await?;
        }
        if let Ok(uuid) = Uuid::try_parse(instance) {
            self.erase_from_days(self.keys.installation(uuid)).await?;
        }
        let mut transaction = self.begin().await?;
        for statement in [DELETE_INSTANCE, FINISH] {
            sqlx::query(statement).bind(instance).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// Removes an installation from the stored days. What was counted stays.
    async fn erase_from_days(&self, installation: InstallationHash) -> sqlx::Result<()> {
        for (product, day) in self.days_of_installations().await? {
            for layer in BlockLayer::OF_INSTALLATIONS {
                for StoredBlock { made_at, block, .. } in
                    self.blocks(layer, &product, ONLY_BLOCK, day, day).await?
                {
                    let Some(block) = without_installation(layer, block, installation).await? else {
                        continue;
                    };
                    let block = NewBlock { layer, day, name: ONLY_BLOCK.to_owned(), block };
                    self.replace_blocks(&product, &[block], None, made_at).await?;
                    self.log_holds_dropped.store(true, Ordering::Relaxed);
                }
            }
        }
        Ok(())
    }

    /// The deleted installations whose late reports are refused, with the hashes of their commitments.
    pub(super) async fn tombstones(
        &self,
        connection: &mut SqliteConnection,
    ) -> sqlx::Result<Vec<(InstallationHash, Option<Vec<u8>>, Tombstone)>> {
        let rows = sqlx::query("SELECT * FROM tombstone").fetch_all(connection).await?;
        let buried = rows.iter().map(|row| {
            let BuriedRow { commitment, tombstone } = BuriedRow::from_row(row)?;
            let installation = InstallationHash(row.try_get::<i64, _>("installation")?.cast_unsigned());
            Ok((installation, commitment, tombstone))
        });
        buried.collect()
    }

    /// Forgets the installations whose reports are not refused any longer at `now`, in Unix seconds.
    ///
    /// # Errors
    /// As for [`ReportStore::add`].
    pub(crate) async fn drop_tombstones(&self, now: u64) -> sqlx::Result<()> {
        let old = "DELETE FROM tombstone WHERE until <= ? AND unfinished IS NULL";
        let dropped = sqlx::query(old).bind(signed(now)).execute(&self.writer).await?.rows_affected();
        if dropped > 0 {
            self.log_holds_dropped.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The fingerprint of the keys that the hashes here were made with; `None` before the first start with
    /// keys.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn key_fingerprint(&self) -> sqlx::Result<Option<String>> {
        sqlx::query_scalar("SELECT fingerprint FROM key_fingerprint").fetch_optional(&self.writer).await
    }

    /// Notes the keys that are used from now on.
    ///
    /// # Errors
    /// As for [`ReportStore::add`].
    pub(crate) async fn note_keys(&self, fingerprint: &str) -> sqlx::Result<()> {
        let note = "INSERT INTO key_fingerprint (id, fingerprint) VALUES (1, ?)";
        sqlx::query(note).bind(fingerprint).execute(&self.writer).await.map(drop)
    }
}

/// Notes that a line of the file of deletions is applied to this database.
pub(super) async fn note_applied(connection: &mut SqliteConnection, line: &DeletionLine) -> sqlx::Result<()> {
    let note = sqlx::query("INSERT INTO applied_deletion (line) VALUES (?) ON CONFLICT DO NOTHING");
    let note = note.bind(&line.line);
    note.execute(connection).await.map(drop)
}

/// A day's block without an installation; `None` if it is not in there.
pub(crate) async fn without_installation(
    layer: BlockLayer,
    block: Vec<u8>,
    installation: InstallationHash,
) -> sqlx::Result<Option<Vec<u8>>> {
    let removed = joined(task::spawn_blocking(move || match layer {
        BlockLayer::InstallationPages => {
            let mut pages = InstallationPages::decode(&block)?;
            if pages.remove(installation) { pages.encode().map(Some) } else { Ok(None) }
        }
        BlockLayer::InstallationReadings => {
            let mut readings = InstallationReadings::decode(&block)?;
            if readings.remove(installation) { readings.encode().map(Some) } else { Ok(None) }
        }
        _ => {
            let mut days = InstallationDays::decode(&block)?;
            let before = days.installations.len();
            days.installations.retain(|row| row.installation != installation);
            if days.installations.len() == before { Ok(None) } else { days.encode().map(Some) }
        }
    }));
    let removed = removed.await.map_err(|_| sqlx::Error::WorkerCrashed)?;
    removed.map_err(|error: BlockError| sqlx::Error::Decode(Box::new(error)))
}

async fn judge_claim(
    connection: &mut SqliteConnection,
    instance: Uuid,
    installation: InstallationHash,
    claim: DeletionClaim,
) -> sqlx::Result<ClaimOutcome> {
    let buried: Option<BuriedRow> = sqlx::query_as("SELECT * FROM tombstone WHERE installation = ?")
        .bind(column_of(installation))
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(BuriedRow { commitment, tombstone }) = buried {
        return Ok(judge_secret(commitment.as_deref(), claim, ClaimOutcome::Buried(tombstone)));
    }
    let known = sqlx::query_scalar("SELECT commitment FROM instance WHERE instance = ?");
    let known: Option<Option<Vec<u8>>> = known.bind(instance.to_string()).fetch_optional(connection).await?;
    Ok(match known {
        Some(commitment) => judge_secret(commitment.as_deref(), claim, ClaimOutcome::Accepted),
        None => ClaimOutcome::Unknown,
    })
}

/// `right` if the claim fits to the stored commitment.
pub(crate) fn judge_secret(stored: Option<&[u8]>, claim: DeletionClaim, right: ClaimOutcome) -> ClaimOutcome {
    match (claim, stored) {
        (DeletionClaim::Operator, _) => right,
        (DeletionClaim::Committed(_), None) => ClaimOutcome::Unknown,
        (DeletionClaim::Committed(claimed), Some(stored)) if is_same_hash(&claimed, stored) => right,
        (DeletionClaim::Committed(_), Some(_)) => ClaimOutcome::OtherSecret,
    }
}

async fn amounts(connection: &mut SqliteConnection, instance: Uuid) -> sqlx::Result<DeletedAmounts> {
    let (reports, raw_reports, days): (i64, i64, i64) =
        sqlx::query_as(AMOUNTS).bind(instance.to_string()).fetch_one(connection).await?;
    Ok(DeletedAmounts {
        reports: unsigned(reports),
        raw_reports: unsigned(raw_reports),
        days: unsigned(days),
    })
}

async fn insert_tombstone(
    connection: &mut SqliteConnection,
    instance: Uuid,
    installation: InstallationHash,
    tombstone: &Tombstone,
) -> sqlx::Result<()> {
    let Tombstone { hour, amounts, until, key, signature } = tombstone;
    sqlx::query(INSERT_TOMBSTONE)
        .bind(column_of(installation))
        .bind(instance.to_string())
        .bind(signed(*hour))
        .bind(signed(amounts.reports))
        .bind(signed(amounts.raw_reports))
        .bind(signed(amounts.days))
        .bind(signed(*until))
        .bind(key)
        .bind(signature)
        .execute(connection)
        .await
        .map(drop)
}

const AMOUNTS: &str = "SELECT count(*), count(raw_place.seq), count(DISTINCT report.received_at / 86400)
    FROM report LEFT JOIN raw_place USING (seq) WHERE instance = ?";

const INSERT_TOMBSTONE: &str = "INSERT INTO tombstone
        (installation, commitment, hour, reports, raw_reports, days, until, key, signature, unfinished)
    SELECT ?1, commitment, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?2 FROM instance WHERE instance = ?2";

const CHANGE_DAYS: &str = "INSERT INTO changed_day (product, day, changes)
    SELECT DISTINCT typed.product, typed.day, 1 FROM typed JOIN report USING (seq) WHERE report.instance = ?
    ON CONFLICT (product, day) DO UPDATE SET changes = changes + 1";

const DELETE_REPORTS: &str = "DELETE FROM report WHERE seq IN
    (SELECT seq FROM report WHERE instance = ? LIMIT ?) RETURNING product";

const DELETE_INSTANCE: &str = "DELETE FROM instance WHERE instance = ?";

const FINISH: &str = "UPDATE tombstone SET unfinished = NULL WHERE unfinished = ?";

/// The same 64 bits as a signed number.
pub(super) const fn column_of(installation: InstallationHash) -> i64 {
    installation.0.cast_signed()
}

/// A row of a deleted installation.
struct BuriedRow {
    commitment: Option<Vec<u8>>,
    tombstone: Tombstone,
}

impl FromRow<'_, SqliteRow> for BuriedRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let amounts = DeletedAmounts {
            reports: super::count(row, "reports")?,
            raw_reports: super::count(row, "raw_reports")?,
            days: super::count(row, "days")?,
        };
        let tombstone = Tombstone {
            hour: super::count(row, "hour")?,
            amounts,
            until: super::count(row, "until")?,
            key: row.try_get("key")?,
            signature: row.try_get("signature")?,
        };
        Ok(Self { commitment: row.try_get("commitment")?, tombstone })
    }
}
