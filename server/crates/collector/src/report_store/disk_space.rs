//! Limits the size of the database and of the files with raw copies.

use super::{ReportStore, unsigned};

/// The maximum overhead of a report's rows and their index entries, in bytes.
const ROW_BYTES: u64 = 8 * 1024;

/// The maximum size of the files, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DiskLimit(u64);

/// How short the disk space for reports is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DiskPressure {
    /// Everything fits.
    None,
    /// The oldest raw reports were dropped to make room.
    RawDropped,
    /// No raw report is left to drop, or the new one is too large: only the counts of new reports fit.
    CountsOnly,
    /// Not even counts fit.
    Full,
}

/// The bytes that reports need when they are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct NeededBytes {
    /// Of their raw copies.
    pub raw: u64,
    /// Of everything else.
    pub rest: u64,
}

impl NeededBytes {
    /// The need of a report with `counts` and `raw` bytes.
    pub(crate) const fn of(counts: usize, raw: usize) -> Self {
        Self { raw: raw as u64, rest: counts as u64 + ROW_BYTES }
    }

    /// The need of two reports.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self { raw: self.raw + other.raw, rest: self.rest + other.rest }
    }

    const fn total(self) -> u64 {
        self.raw + self.rest
    }
}

impl DiskLimit {
    /// At most `bytes` bytes.
    pub(crate) const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The part for the pages in use and for raw copies. The rest is for the write-ahead log and for pages
    /// that are temporarily free.
    const fn for_content(self) -> u64 {
        self.0 / 4 * 3
    }

    /// The largest write-ahead log.
    const fn for_log(self) -> u64 {
        self.0 / 16
    }

    /// The maximum size of raw reports, of one report, of one transaction or of one file, for which older
    /// ones are dropped.
    pub(crate) const fn for_raw_at_once(self) -> u64 {
        self.0 / 16
    }
}

impl ReportStore {
    /// The bound on the files.
    pub(crate) const fn limit(&self) -> Option<DiskLimit> {
        self.limit
    }

    /// Drops files of raw reports, oldest first, until `needed` fits.
    ///
    /// # Errors
    /// As for [`ReportStore::add`]; what was dropped until then stays dropped.
    pub(crate) async fn make_room(&self, needed: NeededBytes) -> sqlx::Result<DiskPressure> {
        let Some(limit) = self.limit else { return Ok(DiskPressure::None) };
        let is_raw_worth_it = needed.raw <= limit.for_raw_at_once();
        let needed_now = if is_raw_worth_it { needed.total() } else { needed.rest };
        let mut dropped = false;
        while self.used_bytes().await?.saturating_add(needed_now) > limit.for_content() {
            if !self.drop_oldest_segment().await? {
                let fits = self.used_bytes().await?.saturating_add(needed.rest) <= limit.for_content();
                return Ok(if fits { DiskPressure::CountsOnly } else { DiskPressure::Full });
            }
            dropped = true;
        }
        Ok(match (is_raw_worth_it, dropped) {
            (false, _) => DiskPressure::CountsOnly,
            (true, true) => DiskPressure::RawDropped,
            (true, false) => DiskPressure::None,
        })
    }

    /// Empties the write-ahead log if it has grown beyond its part of the limit.
    ///
    /// # Errors
    /// As for [`ReportStore::add`].
    pub(crate) async fn trim_log(&self) -> sqlx::Result<()> {
        let Some(limit) = self.limit else { return Ok(()) };
        let log = tokio::fs::metadata(self.path.with_extension("sqlite-wal")).await;
        if log.is_ok_and(|log| log.len() > limit.for_log()) { self.empty_log().await } else { Ok(()) }
    }

    /// The size of the database with its log and of the files with raw copies, in bytes.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn disk_bytes(&self) -> sqlx::Result<u64> {
        let mut bytes = self.segment_bytes(&self.readers).await?;
        for path in [self.path.clone(), self.path.with_extension("sqlite-wal")] {
            bytes += tokio::fs::metadata(path).await.map_or(0, |file| file.len());
        }
        Ok(bytes)
    }

    /// The size of the pages in use and of the files with raw copies.
    async fn used_bytes(&self) -> sqlx::Result<u64> {
        let pages = self.pragma("PRAGMA page_count").await? - self.pragma("PRAGMA freelist_count").await?;
        let pages = unsigned(pages).saturating_mul(unsigned(self.pragma("PRAGMA page_size").await?));
        Ok(pages.saturating_add(self.segment_bytes(&self.writer).await?))
    }
}
