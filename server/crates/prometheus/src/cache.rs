//! Stores the answers of a project's Prometheus on disk.
//!
//! In `cache/<project>/`, each query has a file `<query>.table`: columns of labels, the times when each row
//! was seen, and values, compressed and with a checksum (`frame`, `encode`). A file is replaced if the query
//! needs only one answer or the file is small. To a large file of values over time a refresh appends a frame,
//! and after some frames the file is rewritten. Nothing is synced, since it can be fetched again: damage by a
//! power cut or a failing disk is found by the checksum and counts as missing.

mod decode;
mod dictionary;
mod encode;
mod first_last_seen;
mod frame;
mod incoming_series;
mod label_columns;
mod label_rows;
mod merge;
mod missing_spans;
mod packed_section;
mod sample_grid;
mod sample_times;
#[cfg(test)]
mod tests;
mod value_groups;
mod value_planes;

use std::{
    collections::HashMap,
    io,
    ops::RangeInclusive,
    sync::{Arc, Mutex},
    time::Duration,
};

use headcount_platform::{
    disk::{self, DataDisk},
    lock::lock,
};

use self::{
    decode::{CacheDecoder, DecodeDetail},
    encode::ExistingRows,
    frame::{DamagedFrame, FrameList},
    packed_section::SectionPacker,
    sample_grid::SampleGrid,
};
pub use self::{
    incoming_series::IncomingSeries,
    missing_spans::{spans, step_of},
    sample_times::SampleTimes,
};
use super::{
    query::{PrometheusQuery, QueryRetention, WINDOW},
    results::{QueryResults, ResultTable, StringInterner},
};

const ENDING: &str = ".table";

/// Up to this size, rewriting a file costs no more than appending to it, and a rewritten file is read faster.
const SMALL_BYTES: usize = 128 << 10;

/// What a cache keeps.
#[derive(Debug, Clone, Copy)]
pub struct CachePlan {
    /// All queries, in lists. Their names are distinct.
    pub queries: &'static [&'static [&'static PrometheusQuery]],
    /// Queries of metrics one of which every installation has, in the order in which they are tried.
    pub presence: &'static [&'static PrometheusQuery],
    /// The names of files in the directory that belong to others.
    pub other_files: &'static [&'static str],
}

/// The answers of one project. Reading is possible at any time, even while an answer is written.
#[derive(Debug)]
pub struct SeriesCache {
    disk: Arc<dyn DataDisk>,
    dir: String,
    plan: CachePlan,
    /// The state of the files, by query.
    files: Mutex<HashMap<&'static str, CacheFile>>,
    /// A file up to this size is rewritten, not appended to.
    small_bytes: usize,
    /// Locked while a file changes, so that files are written one after another.
    writing: Mutex<()>,
}

/// Selects the values over time to read: of some queries all, of others only the sums, of the rest none.
#[derive(Debug, Clone, Copy, Default)]
pub struct PointSelection<'q> {
    /// The queries whose values are read.
    pub points_of: &'q [&'q PrometheusQuery],
    /// The queries of which the sum of each series is read, without memory for the values.
    pub sums_of: &'q [&'q PrometheusQuery],
}

impl PointSelection<'_> {
    fn of(self, query: &PrometheusQuery) -> DecodeDetail {
        let has = |queries: &[&PrometheusQuery]| queries.iter().any(|other| other.name == query.name);
        if has(self.points_of) {
            DecodeDetail::Points
        } else if has(self.sums_of) {
            DecodeDetail::Sums
        } else {
            DecodeDetail::Ends
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CacheFile {
    /// The newest time with an answer.
    to: u32,
    /// The length of the undamaged bytes.
    bytes: usize,
}

impl CachePlan {
    /// The queries of all lists.
    pub fn all(self) -> impl Iterator<Item = &'static PrometheusQuery> {
        self.queries.iter().copied().flatten().copied()
    }
}

impl SeriesCache {
    /// Opens the answers in `dir`, such as `cache/<project>`, which need not exist. Reads each file once to
    /// verify its checksums; changes nothing.
    ///
    /// # Errors
    /// The directory cannot be listed. An unreadable file counts as missing.
    pub fn open(disk: Arc<dyn DataDisk>, dir: String, plan: CachePlan) -> io::Result<Self> {
        let names = disk.list(&dir)?;
        let (files, writing) = (Mutex::default(), Mutex::default());
        let store = Self { disk, dir, plan, files, small_bytes: SMALL_BYTES, writing };
        let mut bytes = Vec::new();
        for query in plan.all().filter(|query| names.binary_search(&file_name(query)).is_ok()) {
            // An unreadable file counts as missing.
            if store.read_file(query, &mut bytes).is_ok() {
                store.found(query, &FrameList::of(query, &bytes), bytes.len());
            }
        }
        Ok(store)
    }

    /// What the cache keeps.
    #[must_use]
    pub const fn plan(&self) -> CachePlan {
        self.plan
    }

    /// The newest time for which a query has an answer, in Unix seconds; `None` without one.
    #[must_use]
    pub fn to(&self, query: &PrometheusQuery) -> Option<u32> {
        self.file(query).map(|file| file.to)
    }

    /// Adds an answer: `to` is the newest requested time, `step` the distance between two times of the
    /// project in seconds (see [`step_of`]). Values between two times count for the next one. An older answer
    /// does not replace values of a newer one.
    ///
    /// # Errors
    /// The disk failed, or there are too many values: the stored answers are unchanged. Or the stored answer
    /// is damaged ([`io::ErrorKind::InvalidData`]): the new one is refused, [`SeriesCache::to`] returns what
    /// is left, and the caller has to fetch more than before.
    pub fn write(&self, mut answer: IncomingSeries, to: u32, step: u32) -> io::Result<()> {
        let _writing = lock(&self.writing);
        let query = answer.query;
        let bytes = self.old_bytes(query)?;
        let frames = FrameList::of(query, &bytes);
        match query.kind {
            QueryRetention::Now => self.write_whole(query, &merge::now(&answer, to), &answer.symbols),
            QueryRetention::Seen => {
                let old = self.old(&mut answer, &frames, 0)?;
                let table = merge::seen(&mut answer, old.as_ref(), to, seconds(WINDOW));
                self.write_whole(query, &table, &answer.symbols)
            }
            QueryRetention::Range { keep, .. } => {
                let to = frames.newest().map_or(to, |newest| newest.to.max(to));
                let kept = SampleGrid::back_from(to, seconds(keep), step_of(query.kind, step));
                let may_follow = bytes.len() > self.small_bytes
                    && bytes.len() == frames.bytes
                    && merge::may_follow(&answer, &frames, kept, seconds(keep));
                if may_follow {
                    self.write_addition(answer, &frames, to, kept)
                } else {
                    self.write_range(answer, &frames, to, kept)
                }
            }
        }
    }

    /// The bytes of a query's file; empty if there is none, or the new answer replaces it completely.
    fn old_bytes(&self, query: &'static PrometheusQuery) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let Some(file) = self.file(query).filter(|_| query.kind != QueryRetention::Now) else {
            return Ok(bytes);
        };
        self.read_file(query, &mut bytes)?;
        let frames = FrameList::of(query, &bytes);
        if frames.bytes >= file.bytes {
            return Ok(bytes);
        }
        self.found(query, &frames, bytes.len());
        Err(damaged())
    }

    /// The stored rows and values from `since` on, with the symbols of the answer.
    fn old(
        &self,
        answer: &mut IncomingSeries,
        frames: &FrameList<'_>,
        since: u32,
    ) -> io::Result<Option<ResultTable>> {
        if frames.list.is_empty() {
            return Ok(None);
        }
        let table = CacheDecoder::new()?.table(
            answer.query,
            frames,
            (since, DecodeDetail::Points),
            &mut answer.symbols,
        );
        table.map(Some).map_err(|DamagedFrame| self.not_understood(answer.query))
    }

    fn write_range(
        &self,
        mut answer: IncomingSeries,
        frames: &FrameList<'_>,
        to: u32,
        kept: SampleGrid,
    ) -> io::Result<()> {
        // Points of another step before the first time count for that time.
        let old = self.old(&mut answer, frames, kept.from.saturating_sub(kept.step))?;
        let table = merge::range(&answer, old.as_ref(), kept).map_err(io::Error::other)?;
        self.write_whole(answer.query, &ResultTable { to, ..table }, &answer.symbols)
    }

    fn write_addition(
        &self,
        mut answer: IncomingSeries,
        frames: &FrameList<'_>,
        to: u32,
        kept: SampleGrid,
    ) -> io::Result<()> {
        let query = answer.query;
        let shape = CacheDecoder::new()?.shape(query, frames, &mut answer.symbols);
        let shape = shape.map_err(|DamagedFrame| self.not_understood(query))?;
        let table = ResultTable { to, ..merge::addition(&answer, &shape, kept) };
        let known = ExistingRows { rows: shape.labels.len() / table.width.max(1), texts: shape.texts };
        let frame = encode::frame(query, &table, &answer.symbols, &known, &mut SectionPacker::new()?)?;
        self.disk.append(&self.path(query))?.append(&frame)?;
        self.set(query, Some(CacheFile { to, bytes: frames.bytes + frame.len() }));
        Ok(())
    }

    fn write_whole(
        &self,
        query: &'static PrometheusQuery,
        table: &ResultTable,
        symbols: &StringInterner,
    ) -> io::Result<()> {
        let frame =
            encode::frame(query, table, symbols, &ExistingRows::default(), &mut SectionPacker::new()?)?;
        self.disk.create_dir(&self.dir)?;
        disk::replace(&*self.disk, &self.path(query), &frame)?;
        self.set(query, Some(CacheFile { to: table.to, bytes: frame.len() }));
        Ok(())
    }

    /// The stored answers to `queries`: when each series was seen, and its newest value. If `past` selects
    /// them, also the values over time, as far back as the query keeps them. Missing and damaged answers are
    /// left out.
    ///
    /// # Errors
    /// There is no memory for decompression.
    pub fn read(
        &self,
        queries: impl Iterator<Item = &'static PrometheusQuery>,
        past: PointSelection<'_>,
    ) -> io::Result<QueryResults> {
        let mut decoder = CacheDecoder::new()?;
        let mut bytes = Vec::new();
        let mut answers = QueryResults::default();
        for query in queries {
            let unpacked = past.of(query);
            if let Some(table) =
                self.read_one((query, unpacked), &mut bytes, &mut decoder, answers.symbols_mut())
            {
                answers.insert(query, table);
            }
        }
        Ok(answers)
    }

    fn read_one(
        &self,
        (query, unpacked): (&'static PrometheusQuery, DecodeDetail),
        bytes: &mut Vec<u8>,
        decoder: &mut CacheDecoder,
        symbols: &mut StringInterner,
    ) -> Option<ResultTable> {
        let file = self.file(query)?;
        let read = self.read_file(query, bytes);
        let mut frames = FrameList::of(query, bytes);
        if read.is_err() || frames.bytes < file.bytes {
            self.read_alone(query, bytes)?;
            frames = FrameList::of(query, bytes);
        }
        let since = match query.kind {
            QueryRetention::Range { keep, .. } => frames.newest()?.to.saturating_sub(seconds(keep)),
            QueryRetention::Now | QueryRetention::Seen => 0,
        };
        let table = decoder.table(query, &frames, (since, unpacked), symbols);
        table.map_err(|DamagedFrame| self.not_understood(query)).ok()
    }

    /// Reads a file while nothing writes: it is damaged, or was just replaced by a shorter one.
    fn read_alone(&self, query: &'static PrometheusQuery, bytes: &mut Vec<u8>) -> Option<()> {
        let _writing = lock(&self.writing);
        let file = self.file(query)?;
        self.read_file(query, bytes).ok()?;
        let frames = FrameList::of(query, bytes);
        if frames.bytes < file.bytes {
            self.found(query, &frames, bytes.len());
        }
        Some(())
    }

    /// Reads a file. If it does not exist, `bytes` is empty.
    fn read_file(&self, query: &PrometheusQuery, bytes: &mut Vec<u8>) -> io::Result<()> {
        let read = self.disk.read_into(&self.path(query), bytes);
        if let Err(error) = read {
            bytes.clear();
            if error.kind() != io::ErrorKind::NotFound {
                tracing::debug!(query = query.name, %error, "a cached answer cannot be read");
                return Err(error);
            }
        }
        Ok(())
    }

    /// Marks an answer as missing whose bytes are undamaged but invalid.
    fn not_understood(&self, query: &'static PrometheusQuery) -> io::Error {
        tracing::debug!(query = query.name, "a cached answer is invalid and counts as missing");
        self.set(query, None);
        damaged()
    }

    /// Reads and decompresses everything without decoding it: the minimum cost of reading these bytes.
    /// Returns the decompressed size. For benchmarks of [`SeriesCache::read`].
    ///
    /// # Errors
    /// The disk failed, or a file is damaged.
    pub fn read_raw(&self) -> io::Result<u64> {
        let queries: Vec<&'static str> = lock(&self.files).keys().copied().collect();
        let mut decoder = CacheDecoder::new()?;
        let mut bytes = Vec::new();
        let mut unpacked = 0;
        for query in queries {
            self.disk.read_into(&format!("{}/{query}{ENDING}", self.dir), &mut bytes)?;
            unpacked += decoder.unpack(&FrameList::unchecked(&bytes)).map_err(io::Error::other)?;
        }
        Ok(unpacked)
    }

    /// Forgets answers that are newer than `now`: they were requested by another clock, and may lack values
    /// that did not exist yet. They are requested again.
    pub fn forget_after(&self, now: u32) {
        let _writing = lock(&self.writing);
        lock(&self.files).retain(|_, file| file.to <= now);
    }

    /// Removes the answers of queries whose newest time, in Unix seconds, is outside of `kept`, and all files
    /// that are damaged or belong to no query of the plan. [`CachePlan::other_files`] stay.
    ///
    /// # Errors
    /// The disk failed; some files may be left.
    pub fn expire(&self, kept: RangeInclusive<u32>) -> io::Result<()> {
        let _writing = lock(&self.writing);
        lock(&self.files).retain(|_, file| kept.contains(&file.to));
        for name in self.disk.list(&self.dir)? {
            let query = name.strip_suffix(ENDING);
            if !self.plan.other_files.contains(&&*name)
                && query.is_none_or(|query| !lock(&self.files).contains_key(query))
            {
                self.disk.remove(&format!("{}/{name}", self.dir))?;
            }
        }
        Ok(())
    }

    fn path(&self, query: &PrometheusQuery) -> String {
        format!("{}/{}", self.dir, file_name(query))
    }

    fn file(&self, query: &PrometheusQuery) -> Option<CacheFile> {
        lock(&self.files).get(query.name).copied()
    }

    /// Records the state of a file of `len` bytes. The frames before a damaged one are valid.
    fn found(&self, query: &'static PrometheusQuery, frames: &FrameList<'_>, len: usize) {
        if frames.bytes < len || frames.list.is_empty() {
            let (good, all) = (frames.bytes, len);
            tracing::debug!(
                query = query.name,
                good,
                all,
                "a cached answer is damaged, the rest counts as missing"
            );
        }
        self.set(query, frames.newest().map(|newest| CacheFile { to: newest.to, bytes: frames.bytes }));
    }

    fn set(&self, query: &'static PrometheusQuery, file: Option<CacheFile>) {
        let mut files = lock(&self.files);
        match file {
            Some(file) => files.insert(query.name, file),
            None => files.remove(query.name),
        };
    }
}

fn file_name(query: &PrometheusQuery) -> String {
    format!("{}{ENDING}", query.name)
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, DamagedFrame)
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
