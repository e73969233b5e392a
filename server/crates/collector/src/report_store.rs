//! Stores reports in a SQLite file in the data directory, and their raw copies in files beside it.
//!
//! One connection writes, so that nothing ever waits for a lock of this program; a few others only read. A
//! transaction is on disk when its commit returns: write-ahead log, `synchronous=FULL`. Deleted content is
//! overwritten (`secure_delete`).

mod alert_history;
mod block_parts;
mod blocks;
mod correct_clock;
mod delete_installation;
mod deletion_file;
mod disk_space;
mod drop_old;
mod insert;
mod known_reports;
mod ledger;
mod newer_deletions;
mod place_old_raw;
mod products;
mod profile_names;
mod raw_segments;
mod recent_storage;
mod releases;
mod report_periods;
mod report_rows;
mod rewrite_file;
mod typed_reports;
mod upgrade;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use headcount_fleet::{calendar_day::CalendarDay, installation_day::InstallationHash};
use headcount_platform::disk::private;
use headcount_shared::api::{CollectorReport, CollectorReportPage, FleetInstance, FleetOverview};
use sqlx::{
    Connection as _, FromRow, Row, Sqlite, SqlitePool, Transaction,
    sqlite::{
        SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
};
use uuid::Uuid;

use self::deletion_file::DeletionFile;
use self::raw_segments::{DamagedRecord, RawSegments};
pub(super) use self::{
    alert_history::AlertState,
    block_parts::{BlockBytes, PART_BYTES},
    blocks::{BlockLayer, NewBlock, ONLY_BLOCK, StoredBlock},
    delete_installation::{
        ClaimOutcome, DeletedAmounts, DeletionClaim, Tombstone, judge_secret, without_installation,
    },
    deletion_file::DELETIONS_FILE,
    disk_space::{DiskLimit, DiskPressure, NeededBytes},
    insert::{IncomingReport, StoreOutcome},
    profile_names::{KnownStacks, NamesRead, StackAction},
    raw_segments::{CopiedSegments, SegmentDirectory, segments_of_copy},
    releases::UnreleasedDay,
    typed_reports::{ChangedDay, DayReport},
};
use super::{
    CollectorOpenError,
    collector_keys::CollectorKeys,
    intake_entry::{IntakeEntry, NotStoredReason, StoredRemark},
    known_products::KnownProducts,
    listing_parameters::ListingPage,
};

/// The name of the database in the data directory.
pub(super) const DATABASE_FILE: &str = "collector.sqlite";

/// The number of connections that read.
const READERS: u32 = 4;

/// How long a statement waits for another program, such as a backup, to release the database.
const BUSY: Duration = Duration::from_secs(2);

/// The size to which the write-ahead log shrinks after a burst.
const LOG_BYTES: &str = "67108864";

/// The database.
#[derive(Debug)]
pub(super) struct ReportStore {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
    segments: RawSegments,
    limit: Option<DiskLimit>,
    keys: Arc<CollectorKeys>,
    known_stacks: KnownStacks,
    products: KnownProducts,
    deletions: DeletionFile,
    /// Whether the write-ahead log may contain dropped reports.
    log_holds_dropped: AtomicBool,
}

/// A report as it was sent, or what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RawReport {
    /// Compressed with zstd; `bytes` is its size before that.
    Kept {
        /// The compressed report.
        zstd: Vec<u8>,
        /// Its size decompressed.
        bytes: u64,
    },
    /// It was dropped after its time; its counts are still there.
    Dropped,
    /// Its bytes changed since they were stored; its counts are still there.
    Damaged,
}

/// The numbers of dropped reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrunedReports {
    /// Raw reports.
    pub raw: u64,
    /// Reports altogether.
    pub reports: u64,
}

impl ReportStore {
    /// Opens or creates the database in a data directory, and upgrades its tables. A database of an earlier
    /// version is rewritten the first time, which may take minutes. `limit` bounds the size of the files.
    /// Installations are counted under hashes with `keys`.
    ///
    /// # Errors
    /// [`CollectorOpenError`], but never because of the directory itself.
    pub(super) async fn open(
        data_dir: &Path,
        limit: Option<DiskLimit>,
        keys: Arc<CollectorKeys>,
    ) -> Result<Self, CollectorOpenError> {
        let path = data_dir.join(DATABASE_FILE);
        // The files that SQLite makes beside it get the same mode. If the file cannot be made, SQLite reports
        // why.
        private::touch(&path).ok();
        let options = options_of_writer(&path);
        // Setting the mode writes to the file, which other connections should not do when they are opened.
        let with_mode = options.clone().auto_vacuum(SqliteAutoVacuum::Incremental);
        let segments = RawSegments::open(data_dir, limit).map_err(|reason| {
            CollectorOpenError::RawSegments { path: data_dir.join(raw_segments::RAW_DIRECTORY), reason }
        })?;
        upgrade::bring_up_to_date(&path, &with_mode, &keys, &segments).await?;
        let pool = SqlitePoolOptions::new().max_lifetime(None).idle_timeout(None);
        // SQLite rolls a transaction back by itself when the disk is full. The driver does not notice, fails
        // to roll it back again, and believes for ever that the transaction is open: such a connection is
        // replaced.
        let writer = pool.clone().max_connections(1).before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_free) })
        });
        let writer = writer.connect_with(options.clone()).await;
        let writer = writer.map_err(|error| upgrade::refused(&path, &error))?;
        let options = options.create_if_missing(false).pragma("query_only", "ON");
        let readers = pool.max_connections(READERS).connect_lazy_with(options);
        let store = Self {
            path,
            writer,
            readers,
            segments,
            limit,
            keys,
            known_stacks: KnownStacks::default(),
            products: KnownProducts::default(),
            deletions: DeletionFile::in_data_dir(data_dir),
            log_holds_dropped: AtomicBool::new(false),
        };
        store.prepare().await.map_err(|error| upgrade::refused(&store.path, &error))?;
        Ok(store)
    }

    /// Reads what has to be known before the first report arrives.
    async fn prepare(&self) -> sqlx::Result<()> {
        self.read_products(&mut *self.writer.acquire().await?).await
    }

    /// When this collector last wrote, by its own time; `None` if it never did.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn last_time(&self) -> sqlx::Result<Option<u64>> {
        let at: Option<i64> = sqlx::query_scalar("SELECT at FROM clock").fetch_one(&self.writer).await?;
        Ok(at.map(unsigned))
    }

    /// The hash under which an installation is counted.
    pub(super) fn installation_hash(&self, instance: Uuid) -> InstallationHash {
        self.keys.installation(instance)
    }

    async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// One page of reports, in the order of their arrival.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn list(&self, page: &ListingPage) -> sqlx::Result<CollectorReportPage> {
        let query = match &page.instance {
            Some(instance) => sqlx::query_as(LIST_OF_INSTANCE).bind(instance),
            None => sqlx::query_as(LIST),
        };
        let limit = usize::from(page.limit);
        // One row more than requested shows whether there is a next page.
        let query = query.bind(page.after).bind(i64::from(page.limit) + 1);
        let mut rows: Vec<ListedReport> = query.fetch_all(&self.readers).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.seq);
        Ok(CollectorReportPage { reports: rows.into_iter().map(|row| row.report).collect(), next })
    }

    /// At most `limit` reports of an installation, the newest first: those up to the one with the id `until`,
    /// or all. None if the installation has no such report.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn reports_until(
        &self,
        instance: Uuid,
        until: Option<&str>,
        limit: u16,
    ) -> sqlx::Result<Vec<CollectorReport>> {
        let instance = instance.to_string();
        let query = match until {
            Some(until) => sqlx::query_as(LIST_UNTIL).bind(&instance).bind(&instance).bind(until),
            None => sqlx::query_as(LIST_FROM_NEWEST).bind(&instance),
        };
        let rows: Vec<ListedReport> = query.bind(i64::from(limit)).fetch_all(&self.readers).await?;
        Ok(rows.into_iter().map(|row| row.report).collect())
    }

    /// One installation; `None` if it is not known.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn installation(&self, instance: Uuid) -> sqlx::Result<Option<FleetInstance>> {
        let row: Option<FleetRow> = sqlx::query_as("SELECT * FROM instance WHERE instance = ?")
            .bind(instance.to_string())
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.map(|row| row.0))
    }

    /// A report as it was sent; `None` if there never was one with this id, or if its counts were dropped
    /// too.
    ///
    /// # Errors
    /// When the database or the file of the report cannot be read.
    pub(super) async fn raw(&self, id: &str) -> sqlx::Result<Option<RawReport>> {
        let bytes = sqlx::query_scalar("SELECT bytes FROM report WHERE id = ?").bind(id);
        let Some(bytes) = bytes.fetch_optional(&self.readers).await? else { return Ok(None) };
        let place = sqlx::query_as(RAW_PLACE).bind(id).fetch_optional(&self.readers).await?;
        let Some(place) = place else { return Ok(Some(RawReport::Dropped)) };
        Ok(Some(match self.segments.read_raw(place).await? {
            Ok(Some(zstd)) => RawReport::Kept { zstd, bytes: unsigned(bytes) },
            Ok(None) => RawReport::Dropped,
            Err(DamagedRecord) => RawReport::Damaged,
        }))
    }

    /// At most `most` installations, ordered by their latest report, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn fleet(&self, most: u32) -> sqlx::Result<FleetOverview> {
        let total = sqlx::query_scalar("SELECT count(*) FROM instance").fetch_one(&self.readers).await?;
        let rows: Vec<FleetRow> = sqlx::query_as(INSTANCES).bind(most).fetch_all(&self.readers).await?;
        let ledger = self.whole_ledger(None).await?;
        let remarks = |remark| ledger.of(IntakeEntry::Remark(remark));
        Ok(FleetOverview {
            total: unsigned(total),
            instances: rows.into_iter().map(|row| row.0).collect(),
            conflicts: ledger.of(IntakeEntry::NotStored(NotStoredReason::Conflict)),
            overlaps: remarks(StoredRemark::Overlap),
            clones: remarks(StoredRemark::Clone),
            ..FleetOverview::default()
        })
    }

    /// Ends all connections. What was committed is in the database.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn options_of_writer(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .pragma("secure_delete", "ON")
        // No part of a report goes to a temporary file, which would not be overwritten.
        .pragma("temp_store", "MEMORY")
        .pragma("journal_size_limit", LOG_BYTES)
}

const LIST: &str =
    "SELECT seq, id, instance, received_at, bytes, replica FROM report WHERE seq > ? ORDER BY seq LIMIT ?";

const LIST_OF_INSTANCE: &str = "SELECT seq, id, instance, received_at, bytes, replica FROM report
    WHERE instance = ? AND seq > ? ORDER BY seq LIMIT ?";

const LIST_UNTIL: &str = "SELECT seq, id, instance, received_at, bytes, replica FROM report
    WHERE instance = ? AND seq <= (SELECT seq FROM report WHERE instance = ? AND id = ?)
    ORDER BY seq DESC LIMIT ?";

const LIST_FROM_NEWEST: &str = "SELECT seq, id, instance, received_at, bytes, replica FROM report
    WHERE instance = ? ORDER BY seq DESC LIMIT ?";

const RAW_PLACE: &str = "SELECT seq, segment, raw_segment.day, offset, length
    FROM report JOIN raw_place USING (seq) JOIN raw_segment ON segment = number WHERE id = ?";

const INSTANCES: &str = "SELECT * FROM instance ORDER BY latest_seq DESC LIMIT ?";

/// A row of the listing.
struct ListedReport {
    seq: i64,
    report: CollectorReport,
}

impl FromRow<'_, SqliteRow> for ListedReport {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            seq: row.try_get("seq")?,
            report: CollectorReport {
                id: row.try_get("id")?,
                instance: row.try_get("instance")?,
                received_at: count(row, "received_at")?,
                bytes: count(row, "bytes")?,
                replica: row.try_get("replica")?,
            },
        })
    }
}

/// A row of the fleet.
struct FleetRow(FleetInstance);

impl FromRow<'_, SqliteRow> for FleetRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self(FleetInstance {
            instance: row.try_get("instance")?,
            version: row.try_get("version")?,
            database_type: row.try_get("database_type")?,
            first_seen_at: count(row, "first_seen_at")?,
            last_seen_at: count(row, "last_seen_at")?,
            reports: count(row, "reports")?,
            users: count(row, "users")?,
            page_views: count(row, "page_views")?,
            set_aside: count(row, "set_aside")?,
            overlaps: count(row, "overlaps")?,
            latest: row.try_get("latest_id")?,
        }))
    }
}

/// The day in the column `day`.
fn stored_day(row: &SqliteRow) -> sqlx::Result<CalendarDay> {
    day_of_column(row, "day")
}

fn day_of_column(row: &SqliteRow, column: &str) -> sqlx::Result<CalendarDay> {
    let day =
        u32::try_from(row.try_get::<i64, _>(column)?).ok().and_then(|day| CalendarDay::try_from(day).ok());
    day.ok_or_else(|| sqlx::Error::Protocol("a stored day is out of range".to_owned()))
}

fn count(row: &SqliteRow, column: &str) -> sqlx::Result<u64> {
    row.try_get(column).map(unsigned)
}

/// SQLite has signed integers only: a larger count is clamped.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The inverse of [`signed`].
fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
