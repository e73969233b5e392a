//! Moves raw copies that an earlier version stored in the database to segment files.

use headcount_fleet::calendar_day::CalendarDay;
use sqlx::{Connection, FromRow, Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    raw_segments::{RawSegments, RecordBatch, record_bytes},
    unsigned,
    upgrade::{PROGRESS_EVERY, has_table},
};

/// The number of copies that are moved in one transaction. Each has up to 8 MiB.
const MOVED_AT_ONCE: i64 = 32;

/// A raw copy in the database.
struct UnplacedRaw {
    seq: i64,
    received_at: u64,
    zstd: Vec<u8>,
}

impl FromRow<'_, SqliteRow> for UnplacedRaw {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            seq: row.try_get("seq")?,
            received_at: unsigned(row.try_get("received_at")?),
            zstd: row.try_get("zstd")?,
        })
    }
}

const NEXT: &str = "SELECT seq, received_at, zstd FROM unplaced_raw ORDER BY seq LIMIT ?";

/// Moves all raw copies, a few at a time. The file of the database shrinks meanwhile, so that there is one
/// copy of most reports at any time. If this is interrupted, the next call continues.
///
/// # Errors
/// The disk or the database refused.
pub(super) async fn place_old_raw(
    connection: &mut SqliteConnection,
    segments: &RawSegments,
) -> sqlx::Result<()> {
    if !has_table(connection, "unplaced_raw").await? {
        return Ok(());
    }
    let all: i64 =
        sqlx::query_scalar("SELECT count(*) FROM unplaced_raw").fetch_one(&mut *connection).await?;
    if all > 0 {
        tracing::info!(reports = all, "moving raw copies to files; an interruption loses nothing");
    }
    let mut done = 0;
    loop {
        let rows: Vec<UnplacedRaw> =
            sqlx::query_as(NEXT).bind(MOVED_AT_ONCE).fetch_all(&mut *connection).await?;
        let Some(first) = rows.first() else { break };
        let (day, mut bytes) = (CalendarDay::from_unix_seconds(first.received_at), 0);
        let most_bytes = segments.lock().await.most_bytes();
        let fits = |row: &&UnplacedRaw| {
            bytes += record_bytes(row.zstd.len());
            CalendarDay::from_unix_seconds(row.received_at) == day
                && (row.seq == first.seq || bytes <= most_bytes)
        };
        let batch = move_rows(connection, segments, rows.iter().take_while(fits)).await?;
        done += batch;
        for shrink in ["PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"] {
            sqlx::query(shrink).execute(&mut *connection).await?;
        }
        if (done / PROGRESS_EVERY) > (done - batch) / PROGRESS_EVERY {
            tracing::info!("{done} of {all} raw copies are moved");
        }
    }
    sqlx::query("DROP TABLE unplaced_raw").execute(connection).await.map(drop)
}

/// Moves rows in one transaction, and returns their number.
async fn move_rows(
    connection: &mut SqliteConnection,
    segments: &RawSegments,
    rows: impl Iterator<Item = &UnplacedRaw>,
) -> sqlx::Result<usize> {
    let (mut batch, mut newest, mut last, mut moved) = (RecordBatch::default(), 0, 0, 0);
    for UnplacedRaw { seq, received_at, zstd } in rows {
        batch.push(*seq, zstd);
        newest = newest.max(*received_at);
        last = *seq;
        moved += 1;
    }
    let mut segments = segments.lock().await;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    segments.append(&mut transaction, batch, newest).await?;
    let delete = sqlx::query("DELETE FROM unplaced_raw WHERE seq <= ?").bind(last);
    delete.execute(&mut *transaction).await?;
    transaction.commit().await?;
    segments.mark_committed();
    Ok(moved)
}
