//! Stores the raw copies of reports in segment files, and where each is in the database.
//!
//! A segment gets the copies of one day until it has a certain size, and is then only read. Bytes are on the
//! disk before the transaction commits that names them. Bytes that no transaction named are removed at the
//! next start, or when the next copy is stored. Old copies are dropped with their segment.

mod segment_directory;
mod segment_record;

use std::{collections::BTreeMap, fs::File, io, os::unix::fs::FileExt, path::Path, sync::Arc};

use headcount_fleet::calendar_day::CalendarDay;
use headcount_platform::joined::joined;
use sqlx::{
    ConnectOptions, Connection, FromRow, Row, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use tokio::{
    sync::{Mutex, MutexGuard},
    task,
};

use self::segment_record::{parse_record, push_record};
pub(crate) use self::{
    segment_directory::{RAW_DIRECTORY, RecordPlace, SegmentDirectory, SegmentName},
    segment_record::{DamagedRecord, SegmentRecord, record_bytes},
};
use super::{
    ReportStore,
    disk_space::DiskLimit,
    ledger::count_drops,
    report_rows::{RowBinder, insert_rows},
    signed, stored_day, unsigned,
    upgrade::has_table,
};
use crate::intake_entry::LaterDrop;

/// The size of a segment when nothing limits it further. One group or one large report may have more.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// The number of rows that are deleted in one transaction, so that arriving reports do not wait for long.
const DELETED_AT_ONCE: i64 = 1000;

/// The segment files of a collector.
#[derive(Debug)]
pub(super) struct RawSegments {
    directory: SegmentDirectory,
    writer: Mutex<SegmentWriter>,
}

/// Appends to the open segment. It changes only while a transaction of the database is open.
#[derive(Debug)]
pub(super) struct SegmentWriter {
    directory: SegmentDirectory,
    /// The size at which a segment is closed.
    most_bytes: u64,
    open: Option<GrowingSegment>,
    /// The segment that has bytes of a transaction which is not known to be committed.
    unsettled: Option<SegmentName>,
    last_number: i64,
}

/// The segment that is written.
#[derive(Debug)]
struct GrowingSegment {
    name: SegmentName,
    file: Arc<File>,
    bytes: u64,
    /// When its first report arrived.
    opened_at: u64,
}

/// The raw copies of one transaction: records, and the report of each with its place among them.
#[derive(Debug, Default)]
pub(super) struct RecordBatch {
    records: Vec<u8>,
    places: Vec<(i64, RecordPlace)>,
}

/// A segment that the database names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentRow {
    pub(super) name: SegmentName,
    pub(super) bytes: u64,
}

/// Where the raw copy of a report is.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawPlace {
    seq: i64,
    segment: SegmentName,
    place: RecordPlace,
}

impl RecordBatch {
    /// Adds the copy of a report.
    pub(super) fn push(&mut self, seq: i64, bytes: &[u8]) {
        let offset = self.bytes();
        push_record(&mut self.records, seq, bytes);
        self.places.push((seq, RecordPlace { offset, length: self.bytes() - offset }));
    }

    fn bytes(&self) -> u64 {
        self.records.len() as u64
    }
}

impl FromRow<'_, SqliteRow> for SegmentRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let name = SegmentName { day: stored_day(row)?, number: row.try_get("number")? };
        Ok(Self { name, bytes: unsigned(row.try_get("bytes")?) })
    }
}

impl FromRow<'_, SqliteRow> for RawPlace {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let (offset, length) = (unsigned(row.try_get("offset")?), unsigned(row.try_get("length")?));
        Ok(Self {
            seq: row.try_get("seq")?,
            segment: SegmentName { day: stored_day(row)?, number: row.try_get("segment")? },
            place: RecordPlace { offset, length },
        })
    }
}

const ALL_SEGMENTS: &str = "SELECT number, day, bytes FROM raw_segment ORDER BY number";

const FIND_SEGMENT: &str = "SELECT number, day, bytes FROM raw_segment WHERE number = ?";

const STORE_SEGMENT: &str = "INSERT INTO raw_segment (number, day, bytes, newest_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (number) DO UPDATE SET bytes = excluded.bytes, newest_at = max(newest_at, excluded.newest_at)";

const STORE_PLACES: &str = "INSERT INTO raw_place (seq, segment, offset, length)";

impl SegmentWriter {
    /// Writes and syncs the copies of reports of which the newest arrived at `newest_at`, in Unix seconds,
    /// and names them in a transaction. After that is committed, [`SegmentWriter::mark_committed`] must be
    /// called; if it fails, the next call removes the bytes.
    ///
    /// # Errors
    /// The disk or the database refused.
    pub(super) async fn append(
        &mut self,
        transaction: &mut SqliteConnection,
        batch: RecordBatch,
        newest_at: u64,
    ) -> sqlx::Result<()> {
        if batch.places.is_empty() {
            return Ok(());
        }
        self.settle(transaction).await?;
        let RecordBatch { records, places } = batch;
        let added = records.len() as u64;
        let (name, start, file) = self.segment_with_room(added, newest_at).await?;
        self.unsettled = Some(name);
        blocking(move || file.write_all_at(&records, start).and_then(|()| file.sync_data())).await?;
        let end = start + added;
        sqlx::query(STORE_SEGMENT)
            .bind(name.number)
            .bind(name.day.days_since_epoch())
            .bind(signed(end))
            .bind(signed(newest_at))
            .execute(&mut *transaction)
            .await?;
        let bind = |row: &mut RowBinder<'_>, (seq, place): &(i64, RecordPlace)| {
            row.push_bind(*seq)
                .push_bind(name.number)
                .push_bind(signed(start + place.offset))
                .push_bind(signed(place.length));
        };
        insert_rows(transaction, STORE_PLACES, &places, bind, "").await?;
        if let Some(open) = &mut self.open {
            open.bytes = end;
        }
        Ok(())
    }

    /// Notes that the transaction of the latest [`SegmentWriter::append`] is committed.
    pub(super) const fn mark_committed(&mut self) {
        self.unsettled = None;
    }

    /// The size at which a segment is closed.
    pub(super) const fn most_bytes(&self) -> u64 {
        self.most_bytes
    }

    /// Closes the open segment if its first report arrived before `time`, in Unix seconds.
    pub(super) fn close_older(&mut self, time: u64) {
        self.open.take_if(|open| open.opened_at < time);
    }

    /// The open segment, its size and its file; a new one if the open one is of another day or too full for
    /// `added` bytes.
    async fn segment_with_room(
        &mut self,
        added: u64,
        at: u64,
    ) -> sqlx::Result<(SegmentName, u64, Arc<File>)> {
        let day = CalendarDay::from_unix_seconds(at);
        let has_room = |open: &&GrowingSegment| {
            open.name.day == day && (open.bytes == 0 || open.bytes + added <= self.most_bytes)
        };
        if let Some(open) = self.open.as_ref().filter(has_room) {
            return Ok((open.name, open.bytes, Arc::clone(&open.file)));
        }
        self.open = None;
        self.last_number += 1;
        let name = SegmentName { day, number: self.last_number };
        let directory = self.directory.clone();
        let file = Arc::new(blocking(move || directory.create_segment(name)).await?);
        self.open = Some(GrowingSegment { name, file: Arc::clone(&file), bytes: 0, opened_at: at });
        Ok((name, 0, file))
    }

    /// Removes the bytes of a transaction that was not committed.
    async fn settle(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let Some(name) = self.unsettled else { return Ok(()) };
        let stored: Option<SegmentRow> =
            sqlx::query_as(FIND_SEGMENT).bind(name.number).fetch_optional(connection).await?;
        let opened_at = self.open.take().map_or(0, |open| open.opened_at);
        let directory = self.directory.clone();
        match stored {
            Some(SegmentRow { bytes, .. }) => {
                let file = blocking(move || directory.cut_segment(name, bytes)).await?;
                let reopened =
                    file.map(|file| GrowingSegment { name, file: Arc::new(file), bytes, opened_at });
                self.open = reopened;
            }
            None => blocking(move || directory.remove_segment(name)).await?,
        }
        self.unsettled = None;
        Ok(())
    }
}

impl RawSegments {
    /// The segments in a data directory, whose size `limit` may reduce. Creates their directory.
    ///
    /// # Errors
    /// The disk refused.
    pub(super) fn open(data_dir: &Path, limit: Option<DiskLimit>) -> io::Result<Self> {
        let directory = SegmentDirectory::in_data_dir(data_dir);
        directory.create()?;
        let most_bytes = limit.map_or(SEGMENT_BYTES, |limit| limit.for_raw_at_once().min(SEGMENT_BYTES));
        let writer = SegmentWriter {
            directory: directory.clone(),
            most_bytes,
            open: None,
            unsettled: None,
            last_number: 0,
        };
        Ok(Self { directory, writer: Mutex::new(writer) })
    }

    /// The one writer. Whoever needs a transaction too takes this first.
    pub(super) async fn lock(&self) -> MutexGuard<'_, SegmentWriter> {
        self.writer.lock().await
    }

    /// Makes the files and the database agree after a crash or a restored back-up: removes files and bytes
    /// that the database does not name, and rows whose file is missing.
    ///
    /// # Errors
    /// The disk or the database refused.
    pub(super) async fn reconcile(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let rows: Vec<SegmentRow> = sqlx::query_as(ALL_SEGMENTS).fetch_all(&mut *connection).await?;
        let numbers = rows.iter().map(|row| row.name.number).max();
        let directory = self.directory.clone();
        let (missing, last_file) = blocking(move || reconcile_files(&directory, &rows)).await?;
        self.lock().await.last_number = numbers.max(last_file).unwrap_or_default();
        if missing.is_empty() {
            return Ok(());
        }
        let mut dropped = 0;
        for name in &missing {
            dropped += forget_segment(connection, name.number, LaterDrop::RawMissing).await?;
        }
        tracing::warn!(
            reports = dropped,
            "{} files with raw copies are missing; the counts of these reports are still stored",
            missing.len()
        );
        Ok(())
    }

    /// The raw copy at a place; `None` if it was dropped.
    ///
    /// # Errors
    /// [`DamagedRecord`] in an [`io::Error`] when it is damaged, or the disk refused.
    pub(super) async fn read_raw(
        &self,
        place: RawPlace,
    ) -> io::Result<Result<Option<Vec<u8>>, DamagedRecord>> {
        let RawPlace { seq, segment, place } = place;
        let directory = self.directory.clone();
        let read = move || {
            let Some(record) = directory.read_place(segment, place)? else { return Ok(Ok(None)) };
            Ok(parse_record(seq, place.length, record).map(|record| match record {
                SegmentRecord::Whole(bytes) => Some(bytes),
                SegmentRecord::Erased => None,
            }))
        };
        blocking(read).await
    }
}

/// Removes files and ends of files that no row names. Returns the rows without a file, and the highest number
/// of a file.
fn reconcile_files(
    directory: &SegmentDirectory,
    rows: &[SegmentRow],
) -> io::Result<(Vec<SegmentName>, Option<i64>)> {
    let files = directory.segment_names()?;
    let stored: BTreeMap<i64, &SegmentRow> = rows.iter().map(|row| (row.name.number, row)).collect();
    for file in &files {
        if stored.get(&file.number).is_none_or(|row| row.name != *file) {
            directory.remove_segment(*file)?;
        }
    }
    let mut missing = Vec::new();
    for row in rows {
        if directory.cut_segment(row.name, row.bytes)?.is_none() {
            missing.push(row.name);
        }
    }
    Ok((missing, files.iter().map(|file| file.number).max()))
}

const DELETE_PLACES: &str = "DELETE FROM raw_place WHERE seq IN
    (SELECT seq FROM raw_place WHERE segment = ? LIMIT ?)
    RETURNING coalesce((SELECT product FROM report WHERE report.seq = raw_place.seq), 'other')";

const DELETE_PLACE: &str = "DELETE FROM raw_place WHERE seq = ?
    RETURNING coalesce((SELECT product FROM report WHERE report.seq = raw_place.seq), 'other')";

/// Deletes the rows of a segment whose file is gone, and counts its copies under `drop`. Returns the number
/// of its copies.
async fn forget_segment(
    connection: &mut SqliteConnection,
    number: i64,
    drop: LaterDrop,
) -> sqlx::Result<u64> {
    let mut deleted = 0;
    loop {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let delete = sqlx::query_scalar(DELETE_PLACES).bind(number).bind(DELETED_AT_ONCE);
        let products: Vec<String> = delete.fetch_all(&mut *transaction).await?;
        count_drops(&mut transaction, drop, &products).await?;
        transaction.commit().await?;
        if products.is_empty() {
            break;
        }
        deleted += products.len() as u64;
    }
    let delete = sqlx::query("DELETE FROM raw_segment WHERE number = ?").bind(number);
    delete.execute(connection).await?;
    Ok(deleted)
}

/// Segments that are due: too old, or without any report that is still stored.
const DUE_SEGMENTS: &str = "SELECT number, day, bytes FROM raw_segment WHERE newest_at < ?
    OR NOT EXISTS (SELECT 1 FROM raw_place WHERE segment = number) ORDER BY number";

const OLDEST_SEGMENT: &str = "SELECT number, day, bytes FROM raw_segment ORDER BY number LIMIT 1";

const FIND_PLACES: &str = "SELECT seq, segment, day, offset, length
    FROM raw_place JOIN raw_segment ON segment = number WHERE seq = ?";

impl ReportStore {
    /// Drops every segment whose reports all arrived before `before`, and closes the open one if its first
    /// arrived before `close_before`, both in Unix seconds. Returns the number of dropped raw copies.
    ///
    /// # Errors
    /// As for [`ReportStore::add`], or the disk refused; what was dropped until then stays dropped.
    pub(super) async fn drop_old_segments(&self, before: u64, close_before: u64) -> sqlx::Result<u64> {
        let mut segments = self.segments.lock().await;
        segments.close_older(close_before);
        let due: Vec<SegmentRow> =
            sqlx::query_as(DUE_SEGMENTS).bind(signed(before)).fetch_all(&self.writer).await?;
        drop(segments);
        let mut dropped = 0;
        for row in &due {
            // Between two segments, waiting reports are stored.
            let mut segments = self.segments.lock().await;
            dropped += self.drop_segment(&mut segments, row.name, LaterDrop::RawRetention).await?;
        }
        if !due.is_empty() {
            let directory = self.segments.directory.clone();
            blocking(move || directory.sync_names()).await?;
        }
        Ok(dropped)
    }

    /// Drops the oldest segment. False when there is none.
    ///
    /// # Errors
    /// As for [`ReportStore::drop_old_segments`].
    pub(super) async fn drop_oldest_segment(&self) -> sqlx::Result<bool> {
        let mut segments = self.segments.lock().await;
        let oldest: Option<SegmentRow> = sqlx::query_as(OLDEST_SEGMENT).fetch_optional(&self.writer).await?;
        let Some(oldest) = oldest else { return Ok(false) };
        self.drop_segment(&mut segments, oldest.name, LaterDrop::RawDiskLimit).await?;
        Ok(true)
    }

    /// The size of all segments in bytes, as some connections of this store see it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn segment_bytes(&self, connections: &SqlitePool) -> sqlx::Result<u64> {
        let sum = "SELECT coalesce(sum(bytes), 0) FROM raw_segment";
        sqlx::query_scalar(sum).fetch_one(connections).await.map(unsigned)
    }

    async fn drop_segment(
        &self,
        segments: &mut SegmentWriter,
        name: SegmentName,
        drop: LaterDrop,
    ) -> sqlx::Result<u64> {
        let mut connection = self.writer.acquire().await?;
        segments.settle(&mut connection).await?;
        segments.open.take_if(|open| open.name == name);
        let directory = self.segments.directory.clone();
        // The file goes first: a row without one is a dropped copy, and a file without rows would stay.
        blocking(move || directory.remove_segment(name)).await?;
        forget_segment(&mut connection, name.number, drop).await
    }

    /// Overwrites the raw copies of reports on the disk, deletes where they were, and counts them under
    /// `drop`. Returns their number.
    ///
    /// # Errors
    /// As for [`ReportStore::add`], or the disk refused; the next call continues.
    pub(crate) async fn erase_raw(&self, seqs: &[i64], drop: LaterDrop) -> sqlx::Result<u64> {
        // No segment is dropped or written meanwhile.
        let _segments = self.segments.lock().await;
        let mut places: BTreeMap<i64, (SegmentName, Vec<RecordPlace>)> = BTreeMap::new();
        for seq in seqs {
            let found: Option<RawPlace> =
                sqlx::query_as(FIND_PLACES).bind(seq).fetch_optional(&self.writer).await?;
            if let Some(RawPlace { segment, place, .. }) = found {
                places.entry(segment.number).or_insert_with(|| (segment, Vec::new())).1.push(place);
            }
        }
        let erased = places.values().map(|(_, places)| places.len() as u64).sum();
        let directory = self.segments.directory.clone();
        let erase = move || {
            places.values().try_for_each(|(segment, places)| directory.erase_places(*segment, places))
        };
        blocking(erase).await?;
        let mut transaction = self.begin().await?;
        let mut products = Vec::new();
        for seq in seqs {
            let delete = sqlx::query_scalar(DELETE_PLACE).bind(seq);
            products.extend(delete.fetch_optional(&mut *transaction).await?);
        }
        count_drops(&mut transaction, drop, &products).await?;
        transaction.commit().await?;
        Ok(erased)
    }
}

/// What a copy of a database names.
#[derive(Debug)]
pub(crate) struct CopiedSegments {
    /// The number of reports.
    pub(crate) reports: u64,
    /// The segments, and the number of their bytes that are of stored reports.
    pub(crate) segments: Vec<(SegmentName, u64)>,
}

/// What a copy of a database names. The copy must be complete and not in use.
///
/// # Errors
/// When the copy cannot be read.
pub(crate) async fn segments_of_copy(copy: &Path) -> sqlx::Result<CopiedSegments> {
    let options = SqliteConnectOptions::new().filename(copy).immutable(true).read_only(true);
    let mut connection = options.connect().await?;
    let reports: i64 = sqlx::query_scalar("SELECT count(*) FROM report").fetch_one(&mut connection).await?;
    let rows: Vec<SegmentRow> = if has_table(&mut connection, "raw_segment").await? {
        sqlx::query_as(ALL_SEGMENTS).fetch_all(&mut connection).await?
    } else {
        Vec::new()
    };
    connection.close().await?;
    let segments = rows.into_iter().map(|row| (row.name, row.bytes)).collect();
    Ok(CopiedSegments { reports: unsigned(reports), segments })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    joined(task::spawn_blocking(work)).await.flatten()
}

#[cfg(test)]
mod tests;
