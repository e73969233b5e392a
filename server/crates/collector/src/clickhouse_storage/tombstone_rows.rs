//! Remembers deleted installations, under their hashes.

use std::collections::HashSet;

use headcount_clickhouse::{EncodeColumn, EncodeRow, RowBatch};
use headcount_fleet::installation_day::InstallationHash;
use uuid::Uuid;

use super::{
    ClickHouseStorage,
    identified_report::NO_COMMITMENT,
    list_of,
    table_definitions::{INSTALLATIONS, RAW_COPIES, REPORT_IDS, TOMBSTONES},
};
use crate::{
    fleet_storage::StorageResult,
    report_store::{ClaimOutcome, DeletedAmounts, DeletionClaim, Tombstone, judge_secret},
};

/// A row of a deleted installation.
#[derive(Debug, Clone)]
pub(super) struct TombstoneRow {
    pub(super) installation: u64,
    commitment: [u8; 32],
    tombstone: Tombstone,
    /// Whether something of it may be stored.
    pub(super) is_unfinished: bool,
    pub(super) version: u64,
}

const COLUMNS: [&str; 11] = [
    "installation",
    "commitment",
    "hour",
    "reports",
    "raw_reports",
    "days",
    "until",
    "key",
    "signature",
    "unfinished",
    "version",
];

impl EncodeRow for TombstoneRow {
    fn encode_row(&self, to: &mut Vec<u8>) {
        let Tombstone { hour, amounts, until, key, signature } = &self.tombstone;
        self.installation.encode_column(to);
        self.commitment.encode_column(to);
        hour.encode_column(to);
        amounts.reports.encode_column(to);
        amounts.raw_reports.encode_column(to);
        amounts.days.encode_column(to);
        until.encode_column(to);
        key.encode_column(to);
        signature.encode_column(to);
        u8::from(self.is_unfinished).encode_column(to);
        self.version.encode_column(to);
    }
}

impl TombstoneRow {
    /// Whether two rows are about one deletion, and nothing was stored since the older one.
    pub(super) fn is_same_deletion(&self, other: &Self) -> bool {
        let Self { installation, tombstone, version, .. } = self;
        (*installation, &tombstone.signature, *version)
            == (other.installation, &other.tombstone.signature, other.version)
    }
}

/// The hash of a commitment, if there is one.
fn present(commitment: &[u8; 32]) -> Option<&[u8]> {
    (*commitment != NO_COMMITMENT).then_some(commitment.as_slice())
}

impl ClickHouseStorage {
    /// All tombstones that fit to a condition, as they are now.
    async fn tombstones(&self, condition: &str) -> StorageResult<Vec<TombstoneRow>> {
        let newest = |column: &str| format!("argMax({column}, version)");
        let [commitment, hour, reports, raw, days, until, key, unfinished] =
            ["commitment", "hour", "reports", "raw_reports", "days", "until", "key", "unfinished"]
                .map(newest);
        let select = format!(
            "SELECT installation, {commitment}, {hour}, {reports}, {raw}, {days}, {until}, {key}, signature, \
             {unfinished}, max(version) FROM {} WHERE {condition} GROUP BY installation, signature \
             ORDER BY installation, signature",
            TOMBSTONES.name
        );
        type Row = (u64, [u8; 32], u64, u64, u64, u64, u64, String, String, u8, u64);
        let rows = self.client.query::<Row>(&select).await?.into_iter();
        Ok(rows
            .map(
                |(
                    installation,
                    commitment,
                    hour,
                    reports,
                    raw_reports,
                    days,
                    until,
                    key,
                    signature,
                    left,
                    version,
                )| {
                    let amounts = DeletedAmounts { reports, raw_reports, days };
                    let tombstone = Tombstone { hour, amounts, until, key, signature };
                    TombstoneRow { installation, commitment, tombstone, is_unfinished: left != 0, version }
                },
            )
            .collect())
    }

    async fn insert_tombstones(&self, rows: &[TombstoneRow]) -> StorageResult<()> {
        let mut batch = RowBatch::default();
        rows.iter().for_each(|row| batch.push(row));
        self.insert(&TOMBSTONES, &COLUMNS, batch).await
    }

    /// The installations among these whose reports are refused.
    pub(super) async fn buried_among(&self, instances: &HashSet<u64>) -> StorageResult<HashSet<u64>> {
        self.buried_where(&format!("installation IN ({})", list_of(instances))).await
    }

    /// The installations whose reports are refused.
    pub(super) async fn buried_installations(&self) -> StorageResult<HashSet<u64>> {
        self.buried_where("installation != 0").await
    }

    async fn buried_where(&self, condition: &str) -> StorageResult<HashSet<u64>> {
        let select = format!("SELECT DISTINCT installation FROM {} WHERE {condition}", TOMBSTONES.name);
        let rows = self.client.query::<(u64,)>(&select).await?;
        Ok(rows.into_iter().map(|(installation,)| installation).collect())
    }

    /// The deletions that are under way.
    pub(super) async fn unfinished_deletions(&self) -> StorageResult<Vec<TombstoneRow>> {
        let rows = self.tombstones("installation != 0").await?;
        Ok(rows.into_iter().filter(|row| row.is_unfinished).collect())
    }

    /// Has these installations deleted again: something of them was stored since.
    pub(super) async fn reopen_deletions(&self, instances: &HashSet<u64>) -> StorageResult<()> {
        let rows = self.tombstones(&format!("installation IN ({})", list_of(instances))).await?.into_iter();
        // Higher than what a deletion writes that ends at this moment.
        let reopened =
            |row: TombstoneRow| TombstoneRow { is_unfinished: true, version: row.version + 2, ..row };
        let rows: Vec<_> = rows.map(reopened).collect();
        self.insert_tombstones(&rows).await
    }

    /// Notes that nothing of an installation is left.
    pub(super) async fn note_finished(&self, row: TombstoneRow) -> StorageResult<()> {
        let version = row.version + 1;
        self.insert_tombstones(&[TombstoneRow { is_unfinished: false, version, ..row }]).await
    }

    /// Whether an installation may be deleted. Changes nothing.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn judge_claim(
        &self,
        _instance: Uuid,
        installation: InstallationHash,
        claim: DeletionClaim,
    ) -> StorageResult<ClaimOutcome> {
        if let Some(buried) = self.tombstone_of(installation).await? {
            let outcome = ClaimOutcome::Buried(buried.tombstone);
            return Ok(judge_secret(present(&buried.commitment), claim, outcome));
        }
        Ok(match self.commitment_of(installation).await? {
            Some(commitment) => judge_secret(present(&commitment), claim, ClaimOutcome::Accepted),
            None => ClaimOutcome::Unknown,
        })
    }

    async fn tombstone_of(&self, installation: InstallationHash) -> StorageResult<Option<TombstoneRow>> {
        let rows = self.tombstones(&format!("installation = {}", installation.0)).await?;
        Ok(rows.into_iter().next())
    }

    /// The first commitment of an installation, or that it has none; `None` if it is not known.
    async fn commitment_of(&self, installation: InstallationHash) -> StorageResult<Option<[u8; 32]>> {
        let select = format!(
            "SELECT commitment, place FROM {} WHERE instance = {} ORDER BY place, commitment",
            INSTALLATIONS.name, installation.0
        );
        let rows = self.client.query::<([u8; 32], u64)>(&select).await?;
        let first = rows.iter().find(|(commitment, _)| *commitment != NO_COMMITMENT).or(rows.first());
        Ok(first.map(|(commitment, _)| *commitment))
    }

    /// Refuses reports of the installation from now on, if the claim is right. `entomb` makes the tombstone.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn bury(
        &self,
        instance: Uuid,
        installation: InstallationHash,
        claim: DeletionClaim,
        entomb: impl FnOnce(DeletedAmounts) -> Tombstone,
    ) -> StorageResult<ClaimOutcome> {
        let judged = self.judge_claim(instance, installation, claim).await?;
        if judged != ClaimOutcome::Accepted {
            return Ok(judged);
        }
        let commitment = self.commitment_of(installation).await?.unwrap_or(NO_COMMITMENT);
        let tombstone = entomb(self.amounts(installation).await?);
        let row = TombstoneRow {
            installation: installation.0,
            commitment,
            tombstone,
            is_unfinished: true,
            version: 1,
        };
        self.insert_tombstones(std::slice::from_ref(&row)).await?;
        // Of two that are buried at once, one tombstone counts.
        let counts = self.tombstone_of(installation).await?.unwrap_or(row);
        Ok(ClaimOutcome::Buried(counts.tombstone))
    }

    async fn amounts(&self, installation: InstallationHash) -> StorageResult<DeletedAmounts> {
        let (ids, raw, instance) = (REPORT_IDS.name, RAW_COPIES.name, installation.0);
        let reports = format!("SELECT uniqExact(number) FROM {ids} WHERE instance = {instance}");
        let days =
            format!("SELECT uniqExact(intDiv(received_at, 86400)) FROM {ids} WHERE instance = {instance}");
        let raw_reports = format!("SELECT uniqExact(number) FROM {raw} WHERE instance = {instance}");
        let (reports, raw_reports, days) =
            tokio::try_join!(self.number(&reports), self.number(&raw_reports), self.number(&days))?;
        Ok(DeletedAmounts { reports, raw_reports, days })
    }
}
