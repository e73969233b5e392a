//! Where are reports kept?
//!
//! A SQLite file in the data directory. One connection writes, so that nothing ever waits for a lock of this program; a
//! few read, and cannot write. A transaction is on the disk when its commit returns: write-ahead log, `synchronous=FULL`.

use std::{path::Path, time::Duration};

use headcount_shared::api::{Fleet, FleetInstance, Receipt, StoredReport, StoredReports};
use sqlx::{
    Connection, FromRow, Row, Sqlite, SqliteConnection, SqlitePool, Transaction,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use super::{OpenError, listing::Page, prepare::Prepared, retention::Due};
use crate::disk::private;

/// The name of the database in the data directory.
const FILE: &str = "collector.sqlite";

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/collector");

/// Connections that read.
const READERS: u32 = 4;

/// How long a statement waits for another program, such as a backup, to let go of the database.
const BUSY: Duration = Duration::from_secs(2);

/// The size to which the write-ahead log shrinks after a burst.
const LOG_BYTES: &str = "67108864";

/// Databases up to this size are checked as a whole at the start: larger ones take too long, and damage in them shows
/// when the damaged part is used.
const CHECKED_BYTES: u64 = 256 * 1024 * 1024;

/// Rows dropped in one transaction, so that arriving reports do not wait for long.
const DROPPED_AT_ONCE: i64 = 500;

/// Installations in one answer.
const FLEET: i64 = 10_000;

/// The database.
#[derive(Debug)]
pub(super) struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
}

/// A report on its way into the database.
#[derive(Debug)]
pub(super) struct Arrived {
    /// Its id.
    pub id: String,
    /// When it arrived, in Unix seconds.
    pub received_at: u64,
    /// The report.
    pub report: Prepared,
}

/// A report as it was sent, or what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Raw {
    /// Compressed with zstd; `bytes` is its size before that.
    Kept {
        /// The compressed report.
        zstd: Vec<u8>,
        /// Its size decompressed.
        bytes: u64,
    },
    /// It was dropped after its time; its counts are still there.
    Dropped,
}

/// What retention dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Reports as they were sent.
    pub raw: u64,
    /// Reports altogether.
    pub reports: u64,
}

impl Store {
    /// Opens the database in a data directory, or makes one, and brings its tables up to date.
    ///
    /// # Errors
    /// [`OpenError`], but never because of the directory itself.
    pub(super) async fn open(data_dir: &Path) -> Result<Self, OpenError> {
        let path = data_dir.join(FILE);
        // The files that SQLite makes beside it get the same mode. Why there can be none, SQLite says.
        private::touch(&path).ok();
        let store = Self::connect(&path).await.map_err(|error| refused(&path, &error))?;
        match store.prepare(&path).await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    async fn connect(path: &Path) -> sqlx::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true)
            .pragma("journal_size_limit", LOG_BYTES);
        let pool = SqlitePoolOptions::new().max_lifetime(None).idle_timeout(None);
        // SQLite takes back a transaction by itself when the disk is full. The driver does not see that, fails to take it back
        // once more, and believes for ever that it is in it: such a connection is replaced.
        let writer = pool.clone().max_connections(1).before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_free) })
        });
        let writer = writer.connect_with(options.clone()).await?;
        let options = options.create_if_missing(false).pragma("query_only", "ON");
        let readers = pool.max_connections(READERS).connect_lazy_with(options);
        Ok(Self { writer, readers })
    }

    async fn prepare(&self, path: &Path) -> Result<(), OpenError> {
        self.check(path).await.map_err(|error| refused(path, &error))?;
        MIGRATIONS.run(&self.writer).await.map_err(|error| match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
                OpenError::Newer { path: path.to_owned() }
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => refused(path, &error),
            error => OpenError::Database { path: path.to_owned(), reason: error.to_string() },
        })
    }

    /// Fails if the database is damaged or cannot be written.
    async fn check(&self, path: &Path) -> sqlx::Result<()> {
        self.writer.begin_with("BEGIN IMMEDIATE").await?.rollback().await?;
        let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        if bytes > CHECKED_BYTES {
            return Ok(());
        }
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&self.writer).await?;
        if verdict == "ok" { Ok(()) } else { Err(sqlx::Error::Protocol(DAMAGED.to_owned())) }
    }

    /// Stores reports in one transaction, in their order, and says of each whether it is new. All of them are on the
    /// disk, or none is.
    ///
    /// # Errors
    /// When the database is locked by another program, full or damaged.
    pub(super) async fn add(&self, reports: &[Arrived]) -> sqlx::Result<Vec<Receipt>> {
        let mut transaction = self.begin().await?;
        let mut receipts = Vec::with_capacity(reports.len());
        for report in reports {
            receipts.push(insert(&mut transaction, report).await?);
        }
        transaction.commit().await?;
        Ok(receipts)
    }

    async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Drops what is due, a little at a time.
    ///
    /// # Errors
    /// As for [`Store::add`]; what was dropped until then stays dropped.
    pub(super) async fn prune(&self, due: Due) -> sqlx::Result<Pruned> {
        let raw = self.drop_rows(due.raw_before, DROP_RAW).await?;
        let reports = self.drop_rows(due.counts_before, DROP_REPORTS).await?;
        sqlx::query(FORGET_INSTANCES).execute(&self.writer).await?;
        Ok(Pruned { raw, reports })
    }

    async fn drop_rows(&self, before: u64, statement: &'static str) -> sqlx::Result<u64> {
        let mut dropped = 0;
        loop {
            let query = sqlx::query(statement).bind(signed(before)).bind(DROPPED_AT_ONCE);
            match query.execute(&self.writer).await?.rows_affected() {
                0 => return Ok(dropped),
                rows => dropped += rows,
            }
        }
    }

    /// One page of reports, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn list(&self, page: &Page) -> sqlx::Result<StoredReports> {
        let query = match &page.instance {
            Some(instance) => sqlx::query_as(LIST_OF_INSTANCE).bind(instance),
            None => sqlx::query_as(LIST),
        };
        let limit = usize::from(page.limit);
        // One more than asked for tells whether there is a next page.
        let query = query.bind(page.after).bind(i64::from(page.limit) + 1);
        let mut rows: Vec<Listed> = query.fetch_all(&self.readers).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.seq);
        Ok(StoredReports { reports: rows.into_iter().map(|row| row.report).collect(), next })
    }

    /// A report as it was sent; `None` if there never was one with this id, or if its counts were dropped too.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn raw(&self, id: &str) -> sqlx::Result<Option<Raw>> {
        let row: Option<(i64, Option<Vec<u8>>)> =
            sqlx::query_as(RAW).bind(id).fetch_optional(&self.readers).await?;
        Ok(row.map(|(bytes, zstd)| match zstd {
            Some(zstd) => Raw::Kept { zstd, bytes: unsigned(bytes) },
            None => Raw::Dropped,
        }))
    }

    /// The installations, the one heard from last first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn fleet(&self) -> sqlx::Result<Fleet> {
        let total = sqlx::query_scalar("SELECT count(*) FROM instance").fetch_one(&self.readers).await?;
        let rows: Vec<Member> = sqlx::query_as(INSTANCES).bind(FLEET).fetch_all(&self.readers).await?;
        Ok(Fleet { total: unsigned(total), instances: rows.into_iter().map(|row| row.0).collect() })
    }

    /// Ends all connections. What was committed is in the database.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

const DAMAGED: &str = "the check found damage";

const LIST: &str =
    "SELECT seq, id, instance, received_at, bytes FROM report WHERE seq > ? ORDER BY seq LIMIT ?";

const LIST_OF_INSTANCE: &str = "SELECT seq, id, instance, received_at, bytes FROM report
    WHERE instance = ? AND seq > ? ORDER BY seq LIMIT ?";

const RAW: &str = "SELECT bytes, zstd FROM report LEFT JOIN raw USING (seq) WHERE id = ?";

const INSTANCES: &str = "SELECT * FROM instance ORDER BY latest_seq DESC LIMIT ?";

const DROP_RAW: &str = "DELETE FROM raw WHERE seq IN (SELECT seq FROM raw WHERE received_at < ? LIMIT ?)";

const DROP_REPORTS: &str =
    "DELETE FROM report WHERE seq IN (SELECT seq FROM report WHERE received_at < ? LIMIT ?)";

const FORGET_INSTANCES: &str =
    "DELETE FROM instance WHERE NOT EXISTS (SELECT 1 FROM report WHERE seq = latest_seq)";

const INSERT_REPORT: &str = "INSERT INTO report (id, instance, received_at, bytes, set_aside)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING seq";

const INSERT_INSTANCE: &str = "INSERT INTO instance (instance, version, database_type, first_seen_at,
        last_seen_at, reports, users, page_views, set_aside, latest_seq, latest_id)
    VALUES (?1, ?2, ?3, ?4, ?4, 1, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT (instance) DO UPDATE SET
        version = excluded.version, database_type = excluded.database_type,
        last_seen_at = excluded.last_seen_at, reports = reports + 1,
        users = excluded.users, page_views = excluded.page_views,
        set_aside = set_aside + excluded.set_aside,
        latest_seq = excluded.latest_seq, latest_id = excluded.latest_id";

/// Stores one report unless its id is known.
async fn insert(connection: &mut SqliteConnection, arrived: &Arrived) -> sqlx::Result<Receipt> {
    let Arrived { id, received_at, report } = arrived;
    let received_at = signed(*received_at);
    let inserted: Option<i64> = sqlx::query_scalar(INSERT_REPORT)
        .bind(id)
        .bind(&report.instance)
        .bind(received_at)
        .bind(signed(report.bytes))
        .bind(signed(report.set_aside))
        .fetch_optional(&mut *connection)
        .await?;
    let Some(seq) = inserted else { return Ok(Receipt::Duplicate) };
    sqlx::query("INSERT INTO counts (seq, payload) VALUES (?, ?)")
        .bind(seq)
        .bind(&report.counts)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO raw (seq, received_at, zstd) VALUES (?, ?, ?)")
        .bind(seq)
        .bind(received_at)
        .bind(&report.raw)
        .execute(&mut *connection)
        .await?;
    sqlx::query(INSERT_INSTANCE)
        .bind(&report.instance)
        .bind(&report.version)
        .bind(report.database_type)
        .bind(received_at)
        .bind(signed(report.users))
        .bind(signed(report.page_views))
        .bind(signed(report.set_aside))
        .bind(seq)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(Receipt::Stored)
}

/// A row of the listing.
struct Listed {
    seq: i64,
    report: StoredReport,
}

impl FromRow<'_, SqliteRow> for Listed {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            seq: row.try_get("seq")?,
            report: StoredReport {
                id: row.try_get("id")?,
                instance: row.try_get("instance")?,
                received_at: count(row, "received_at")?,
                bytes: count(row, "bytes")?,
            },
        })
    }
}

/// A row of the fleet.
struct Member(FleetInstance);

impl FromRow<'_, SqliteRow> for Member {
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
            latest: row.try_get("latest_id")?,
        }))
    }
}

fn count(row: &SqliteRow, column: &str) -> sqlx::Result<u64> {
    row.try_get(column).map(unsigned)
}

/// SQLite has signed integers only: a count beyond them is cut.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What [`signed`] stored.
fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// Why a database cannot be opened.
fn refused(path: &Path, error: &sqlx::Error) -> OpenError {
    let path = path.to_owned();
    // The low byte of an extended result code is the primary one: https://sqlite.org/rescode.html.
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    match code.map(|code| code & 0xff) {
        Some(11 | 26) => OpenError::Damaged { path },
        Some(8) => OpenError::ReadOnly { path },
        _ if matches!(error, sqlx::Error::Protocol(reason) if reason == DAMAGED) => {
            OpenError::Damaged { path }
        }
        _ => OpenError::Database { path, reason: error.to_string() },
    }
}
