//! Draws the line between the collector and the engine that stores its reports.
//!
//! Everything that the rest of the collector asks of a store is a method here. What only SQLite has is refused
//! by ClickHouse with an error, or is nothing to do there: the method says which.

use std::collections::{BTreeMap, HashMap};

use headcount_clickhouse::ClickHouseError;
use headcount_fleet::{
    calendar_day::CalendarDay,
    installation_day::InstallationHash,
    profiles::StackDictionary,
    published::{NoiseKey, ReleaseStage},
};
use headcount_shared::api::{CollectorReport, CollectorReportPage, FleetInstance, FleetOverview};
use thiserror::Error;
use uuid::Uuid;

use super::{
    clickhouse_storage::ClickHouseStorage,
    intake_ledger::{HourCounts, IntakeTally, LedgerSums},
    listing_parameters::ListingPage,
    maker_alert::MakerAlert,
    month_estimate::RecentStorage,
    report_store::{
        AlertState, BlockBytes, BlockLayer, ChangedDay, ClaimOutcome, DayReport, DeletedAmounts,
        DeletionClaim, DiskLimit, DiskPressure, IncomingReport, NamesRead, NeededBytes, NewBlock,
        PrunedReports, RawReport, ReportStore, StoreOutcome, StoredBlock, Tombstone, UnreleasedDay,
    },
    retention_policy::PruneCutoffs,
    storage_quota::QuotaBooking,
    trusted_time::ClockCorrection,
};

/// Why a store does not answer, in one sentence for the log.
#[derive(Debug, Error)]
pub enum StorageError {
    /// SQLite fails.
    #[error(transparent)]
    Sqlite(#[from] sqlx::Error),
    /// ClickHouse fails, or is away.
    #[error(transparent)]
    ClickHouse(#[from] ClickHouseError),
    /// The clock of this machine is doubted.
    #[error(
        "the clock of this machine disagrees with the stored reports, and dates in ClickHouse cannot be corrected later"
    )]
    DoubtedClock,
    /// Only SQLite has it.
    #[error("the ledger of reports and the alerts are kept in SQLite only")]
    NotInClickHouse,
    /// Something of a deleted installation is left.
    #[error("a deletion is under way: not every node of ClickHouse has removed the rows and files yet")]
    DeletionUnderWay,
}

/// What a store answers.
pub(super) type StorageResult<T> = Result<T, StorageError>;

/// The reports and numbers of a collector, on one of the engines.
#[derive(Debug)]
pub(super) enum FleetStorage {
    /// In a file of the data directory.
    Sqlite(Box<ReportStore>),
    /// In ClickHouse.
    ClickHouse(Box<ClickHouseStorage>),
}

/// Calls the method of the engine, and makes its error a [`StorageError`].
macro_rules! on_engine {
    ($storage:expr, $store:ident => $call:expr) => {
        match $storage {
            FleetStorage::Sqlite($store) => Ok($call?),
            FleetStorage::ClickHouse($store) => Ok($call?),
        }
    };
}

impl FleetStorage {
    /// When a collector last wrote here, by its own time; `None` if none ever did.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn last_time(&self) -> StorageResult<Option<u64>> {
        on_engine!(self, store => store.last_time().await)
    }

    /// The hash under which an installation is counted.
    pub(super) fn installation_hash(&self, instance: Uuid) -> InstallationHash {
        match self {
            Self::Sqlite(store) => store.installation_hash(instance),
            Self::ClickHouse(store) => store.installation_hash(instance),
        }
    }

    /// The key of the noise in what is published.
    pub(super) fn noise_key(&self) -> NoiseKey {
        match self {
            Self::Sqlite(store) => store.noise_key(),
            Self::ClickHouse(store) => store.noise_key(),
        }
    }

    /// What a report of a product counts as, without getting a place among the products.
    pub(super) fn product_label(&self, named: &str) -> String {
        match self {
            Self::Sqlite(store) => store.product_label(named),
            Self::ClickHouse(store) => store.product_label(named),
        }
    }

    /// Whether there is a ledger of what became of reports.
    pub(super) const fn keeps_ledger(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// The bound on the files, where this collector has it.
    pub(super) fn limit(&self) -> Option<DiskLimit> {
        match self {
            Self::Sqlite(store) => store.limit(),
            Self::ClickHouse(_) => None,
        }
    }

    /// Stores reports, in order, and returns the outcome of each. What is said to be stored is durable.
    /// Without `keep_raw` only their counts are stored.
    ///
    /// # Errors
    /// When the store cannot be written. Each of the reports may then be stored or not, and can be added
    /// again; the quotas are as they were.
    pub(super) async fn add(
        &self,
        reports: &[IncomingReport],
        keep_raw: bool,
        mut quotas: QuotaBooking<'_>,
    ) -> StorageResult<Vec<StoreOutcome>> {
        let added: StorageResult<_> =
            on_engine!(self, store => store.add(reports, keep_raw, &mut quotas).await);
        added.inspect(|_| quotas.keep())
    }

    /// Stores the time, for a collector that receives no reports for long.
    ///
    /// # Errors
    /// As for [`FleetStorage::add`].
    pub(super) async fn note_time(&self, now: u64) -> StorageResult<()> {
        on_engine!(self, store => store.note_time(now).await)
    }

    /// Corrects the dates of reports that arrived while the clock was doubted.
    ///
    /// # Errors
    /// When the store cannot be written; nothing is changed then.
    pub(super) async fn correct_times(&self, correction: ClockCorrection) -> StorageResult<()> {
        match self {
            Self::Sqlite(store) => Ok(store.correct_times(correction).await?),
            // Nothing was stored with a doubted time.
            Self::ClickHouse(_) => Ok(()),
        }
    }

    /// Confirms the times of reports that arrived while the clock was doubted.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn keep_times(&self) -> StorageResult<()> {
        match self {
            Self::Sqlite(store) => Ok(store.keep_times().await?),
            Self::ClickHouse(_) => Ok(()),
        }
    }

    /// Drops raw reports, oldest first, until `needed` fits within the bound on the files.
    ///
    /// # Errors
    /// When the store cannot be written; what was dropped until then stays dropped.
    pub(super) async fn make_room(&self, needed: NeededBytes) -> StorageResult<DiskPressure> {
        match self {
            Self::Sqlite(store) => Ok(store.make_room(needed).await?),
            // It refuses inserts by itself when its disk is full.
            Self::ClickHouse(_) => Ok(DiskPressure::None),
        }
    }

    /// Empties the write-ahead log if it has grown beyond its part of the bound.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn trim_log(&self) -> StorageResult<()> {
        match self {
            Self::Sqlite(store) => Ok(store.trim_log().await?),
            Self::ClickHouse(_) => Ok(()),
        }
    }

    /// One page of reports, in the order of their arrival.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn list(&self, page: &ListingPage) -> StorageResult<CollectorReportPage> {
        on_engine!(self, store => store.list(page).await)
    }

    /// At most `limit` reports of an installation, the newest first: those up to the one with the id `until`,
    /// or all. None if the installation has no such report.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn reports_until(
        &self,
        instance: Uuid,
        until: Option<&str>,
        limit: u16,
    ) -> StorageResult<Vec<CollectorReport>> {
        on_engine!(self, store => store.reports_until(instance, until, limit).await)
    }

    /// One installation; `None` if it is not known.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn installation(&self, instance: Uuid) -> StorageResult<Option<FleetInstance>> {
        on_engine!(self, store => store.installation(instance).await)
    }

    /// A report as it was sent; `None` if there never was one with this id, or if its counts were dropped
    /// too.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn raw(&self, id: &str) -> StorageResult<Option<RawReport>> {
        on_engine!(self, store => store.raw(id).await)
    }

    /// At most `most` installations, ordered by their latest report, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn fleet(&self, most: u32) -> StorageResult<FleetOverview> {
        on_engine!(self, store => store.fleet(most).await)
    }

    /// What was stored in the last days before `now`, in Unix seconds.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn recent_storage(&self, now: u64) -> StorageResult<RecentStorage> {
        on_engine!(self, store => store.recent_storage(now).await)
    }

    /// The days with reports that no block has yet, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn changed_days(&self) -> StorageResult<Vec<ChangedDay>> {
        on_engine!(self, store => store.changed_days().await)
    }

    /// The next typed reports of a product's day after one, in the order of installations; none at the end.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn day_reports(
        &self,
        product: &str,
        day: CalendarDay,
        after: Option<(InstallationHash, i64)>,
    ) -> StorageResult<Vec<DayReport>> {
        on_engine!(self, store => store.day_reports(product, day, after).await)
    }

    /// Whether this process computes for all that share the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn leads(&self) -> StorageResult<bool> {
        match self {
            Self::Sqlite(_) => Ok(true),
            Self::ClickHouse(store) => store.leads().await,
        }
    }

    /// Notes for others that share the store when a complete computation began and ended, in Unix seconds.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn note_round(&self, began_at: u64, ended_at: u64) -> StorageResult<()> {
        match self {
            // There are no others.
            Self::Sqlite(_) => Ok(()),
            Self::ClickHouse(store) => store.note_round(began_at, ended_at).await,
        }
    }

    /// When the newest complete computation of all that share the store began and ended, in Unix seconds;
    /// `None` if that was not noted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn last_round(&self) -> StorageResult<Option<(u64, u64)>> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::ClickHouse(store) => store.last_round().await,
        }
    }

    /// Says that this process runs, for others that share the store.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn keep_lead(&self) -> StorageResult<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::ClickHouse(store) => store.keep_lead().await,
        }
    }

    /// Prepares what the reports of the next days need.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn prepare_days(&self, now: u64) -> StorageResult<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::ClickHouse(store) => store.prepare_days(now).await,
        }
    }

    /// Adds the names that were stored since to a dictionary. Returns the place up to which it has them now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn read_profile_names(
        &self,
        dictionary: &mut StackDictionary,
        read: NamesRead,
    ) -> StorageResult<NamesRead> {
        on_engine!(self, store => store.read_profile_names(dictionary, read).await)
    }

    /// Stores blocks that were computed at `now`, and notes that the changes of `changed` are in them.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn replace_blocks(
        &self,
        product: &str,
        blocks: &[NewBlock],
        changed: Option<&ChangedDay>,
        now: u64,
    ) -> StorageResult<()> {
        on_engine!(self, store => store.replace_blocks(product, blocks, changed, now).await)
    }

    /// The blocks of a name from one day to another, both included, in the order of days.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn blocks(
        &self,
        layer: BlockLayer,
        product: &str,
        name: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> StorageResult<Vec<StoredBlock>> {
        on_engine!(self, store => store.blocks(layer, product, name, first, last).await)
    }

    /// The starts of the blocks of installations from one day to another, both included, in the order of
    /// days. The start of a block has all of its names, unless there are many.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn installation_block_starts(
        &self,
        product: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> StorageResult<Vec<StoredBlock>> {
        on_engine!(self, store => store.installation_block_starts(product, first, last).await)
    }

    /// Bytes of blocks of installations, in the order of days. Fewer where the block was computed at another
    /// time or is not stored in parts.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn installation_block_bytes(
        &self,
        product: &str,
        wanted: &[BlockBytes],
    ) -> StorageResult<Vec<Vec<u8>>> {
        on_engine!(self, store => store.installation_block_bytes(product, wanted).await)
    }

    /// The names of the blocks of a layer from one day to another, sorted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn block_names(
        &self,
        layer: BlockLayer,
        product: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> StorageResult<Vec<String>> {
        on_engine!(self, store => store.block_names(layer, product, first, last).await)
    }

    /// The products and days of which the installations are stored, the days of a product in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn days_of_installations(&self) -> StorageResult<Vec<(String, CalendarDay)>> {
        on_engine!(self, store => store.days_of_installations().await)
    }

    /// The first and the last day with installations of each product, sorted by product.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn product_days(&self) -> StorageResult<Vec<(String, CalendarDay, CalendarDay)>> {
        on_engine!(self, store => store.product_days().await)
    }

    /// The names of all products with blocks, sorted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn products(&self) -> StorageResult<Vec<String>> {
        on_engine!(self, store => store.products().await)
    }

    /// The days until `last` that were computed and have no final release, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn unreleased_days(&self, last: CalendarDay) -> StorageResult<Vec<UnreleasedDay>> {
        on_engine!(self, store => store.unreleased_days(last).await)
    }

    /// Whether a day has a release.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn has_release(
        &self,
        product: &str,
        day: CalendarDay,
        stage: ReleaseStage,
    ) -> StorageResult<bool> {
        on_engine!(self, store => store.has_release(product, day, stage).await)
    }

    /// Stores the blocks of a release that was made at `now`. If the day has this release, nothing is
    /// changed. With the final one, the pages of the day's installations are deleted.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn add_release(
        &self,
        product: &str,
        day: CalendarDay,
        stage: ReleaseStage,
        blocks: &[NewBlock],
        now: u64,
    ) -> StorageResult<()> {
        on_engine!(self, store => store.add_release(product, day, stage, blocks, now).await)
    }

    /// The products of which a block of one of these names is published, sorted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn products_with_release(&self, names: [&str; 2]) -> StorageResult<Vec<String>> {
        on_engine!(self, store => store.products_with_release(names).await)
    }

    /// The day on which the first report of each installation arrived.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn first_days(&self) -> StorageResult<HashMap<InstallationHash, CalendarDay>> {
        on_engine!(self, store => store.first_days().await)
    }

    /// Drops everything before the cut-off times.
    ///
    /// # Errors
    /// When the store cannot be written; what was dropped until then stays dropped.
    pub(super) async fn prune(&self, due: PruneCutoffs) -> StorageResult<PrunedReports> {
        on_engine!(self, store => store.prune(due).await)
    }

    /// Whether an installation may be deleted. Changes nothing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn judge_claim(
        &self,
        instance: Uuid,
        installation: InstallationHash,
        claim: DeletionClaim,
    ) -> StorageResult<ClaimOutcome> {
        on_engine!(self, store => store.judge_claim(instance, installation, claim).await)
    }

    /// Refuses reports of the installation from now on, if the claim is right. `entomb` makes the tombstone.
    /// When this returns, that is durable; [`FleetStorage::finish_deletions`] does the rest.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn bury(
        &self,
        instance: Uuid,
        installation: InstallationHash,
        claim: DeletionClaim,
        entomb: impl FnOnce(DeletedAmounts) -> Tombstone,
    ) -> StorageResult<ClaimOutcome> {
        on_engine!(self, store => store.bury(instance, installation, claim, entomb).await)
    }

    /// Deletes what is left of deleted installations, and removes it from the files.
    ///
    /// # Errors
    /// When the store cannot be written, or something is left; the next call goes on.
    pub(super) async fn finish_deletions(&self) -> StorageResult<()> {
        on_engine!(self, store => store.finish_deletions().await)
    }

    /// Forgets the installations whose reports are not refused any longer at `now`, in Unix seconds.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn drop_tombstones(&self, now: u64) -> StorageResult<()> {
        on_engine!(self, store => store.drop_tombstones(now).await)
    }

    /// Applies the deletions that are newer than a restored back-up. Returns the number of installations.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn apply_newer_deletions(&self) -> StorageResult<usize> {
        match self {
            Self::Sqlite(store) => Ok(store.apply_newer_deletions().await?),
            // Its tombstones are looked for at every start.
            Self::ClickHouse(_) => Ok(0),
        }
    }

    /// Forgets deletions that no back-up with reports from `before` on can need, at `now`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn forget_deletions(&self, before: u64, now: u64) -> StorageResult<()> {
        match self {
            Self::Sqlite(store) => Ok(store.forget_deletions(before, now).await?),
            Self::ClickHouse(_) => Ok(()),
        }
    }

    /// Adds counts of what became of reports.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn add_to_ledger(&self, tally: &IntakeTally) -> StorageResult<()> {
        match self {
            Self::Sqlite(store) => Ok(store.add_to_ledger(tally).await?),
            // What is asked of it is refused.
            Self::ClickHouse(_) => Ok(()),
        }
    }

    /// What became of the reports of each day, of a product or of all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn ledger(
        &self,
        first: CalendarDay,
        last: CalendarDay,
        product: Option<&str>,
    ) -> StorageResult<BTreeMap<CalendarDay, LedgerSums>> {
        match self {
            Self::Sqlite(store) => Ok(store.ledger(first, last, product).await?),
            Self::ClickHouse(_) => Err(StorageError::NotInClickHouse),
        }
    }

    /// What became of all reports so far, of a product or of all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn whole_ledger(&self, product: Option<&str>) -> StorageResult<LedgerSums> {
        match self {
            Self::Sqlite(store) => Ok(store.whole_ledger(product).await?),
            Self::ClickHouse(_) => Err(StorageError::NotInClickHouse),
        }
    }

    /// The number of days with a release.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn releases(&self, stage: ReleaseStage) -> StorageResult<u64> {
        on_engine!(self, store => store.releases(stage).await)
    }

    /// The size of the files.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn disk_bytes(&self) -> StorageResult<u64> {
        on_engine!(self, store => store.disk_bytes().await)
    }

    /// What arrived in the hours from one to another, both included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn intake_hours(
        &self,
        first: u64,
        last: u64,
    ) -> StorageResult<BTreeMap<u64, HourCounts>> {
        match self {
            Self::Sqlite(store) => Ok(store.intake_hours(first, last).await?),
            Self::ClickHouse(_) => Err(StorageError::NotInClickHouse),
        }
    }

    /// Notes the versions that several installations run now and did not before this hour.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn note_versions(&self, hour: u64) -> StorageResult<()> {
        match self {
            Self::Sqlite(store) => Ok(store.note_versions(hour).await?),
            Self::ClickHouse(_) => Err(StorageError::NotInClickHouse),
        }
    }

    /// The hours from `first` to `last`, both included, in which a version was first seen at several
    /// installations.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn release_hours(&self, first: u64, last: u64) -> StorageResult<Vec<u64>> {
        match self {
            Self::Sqlite(store) => Ok(store.release_hours(first, last).await?),
            Self::ClickHouse(_) => Err(StorageError::NotInClickHouse),
        }
    }

    /// The alerts that are or were active.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn alerts(&self) -> StorageResult<Vec<AlertState>> {
        match self {
            Self::Sqlite(store) => Ok(store.alerts().await?),
            // Nothing looks for alerts there.
            Self::ClickHouse(_) => Ok(Vec::new()),
        }
    }

    /// Notes that an alert began or ended at a time in Unix seconds.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn set_alert(
        &self,
        alert: MakerAlert,
        is_active: bool,
        since: u64,
    ) -> StorageResult<()> {
        match self {
            Self::Sqlite(store) => Ok(store.set_alert(alert, is_active, since).await?),
            Self::ClickHouse(_) => Err(StorageError::NotInClickHouse),
        }
    }

    /// Notes what the webhook knows of an alert.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn note_told(&self, alert: MakerAlert, is_active: bool) -> StorageResult<()> {
        match self {
            Self::Sqlite(store) => Ok(store.note_told(alert, is_active).await?),
            Self::ClickHouse(_) => Err(StorageError::NotInClickHouse),
        }
    }

    /// The fingerprint of the keys that the hashes here were made with; `None` before the first start.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn key_fingerprint(&self) -> StorageResult<Option<String>> {
        on_engine!(self, store => store.key_fingerprint().await)
    }

    /// Whether the hashes in the file of deletions are of the keys with this fingerprint.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) async fn are_deletions_of(&self, fingerprint: &str) -> StorageResult<bool> {
        match self {
            Self::Sqlite(store) => Ok(store.are_deletions_of(fingerprint).await?),
            // It has no such file.
            Self::ClickHouse(_) => Ok(true),
        }
    }

    /// Notes the keys that are used from now on.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn note_keys(&self, fingerprint: &str) -> StorageResult<()> {
        on_engine!(self, store => store.note_keys(fingerprint).await)
    }

    /// Ends all connections. What was acknowledged is stored.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::ClickHouse(store) => store.close().await,
        }
    }
}
