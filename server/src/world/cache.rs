//! Stores the answers of a project's Prometheus on disk.
//!
//! In `cache/<project>/`, each query has a file `<query>.table`: columns of labels, the times when each row
//! was seen, and values, compressed and with a checksum (`frame`, `encode`). A file is replaced if the query
//! needs only one answer or the file is small. To a large file of values over time a refresh appends a frame,
//! and after some frames the file is rewritten. Nothing is synced, since it can be fetched again: damage by a
//! power cut or a failing disk is found by the checksum and counts as missing.

mod columns;
mod decode;
mod encode;
mod ends;
mod frame;
mod grid;
mod group;
mod incoming;
mod merge;
mod planes;
mod rows;
mod section;
mod span;
mod step;
#[cfg(test)]
mod tests;
mod texts;

use std::{
    collections::HashMap,
    io,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use self::{
    decode::{Decoder, Unpacked},
    encode::Known,
    frame::{Damaged, Frames},
    grid::Grid,
    section::Packer,
};
pub use self::{
    incoming::Incoming,
    span::{spans, step_of},
    step::SampleTimes,
};
use super::{
    answers::{Answers, Symbols, Table},
    catalogue::{self, Kind, Query, WINDOW},
    indicators,
};
use crate::disk::{self, Disk};

const ENDING: &str = ".table";

/// Up to this size, rewriting a file costs no more than appending to it, and a rewritten file is read faster.
const SMALL_BYTES: usize = 128 << 10;

/// The answers of one project. Reading is possible at any time, even while an answer is written.
#[derive(Debug)]
pub struct Store {
    disk: Arc<dyn Disk>,
    dir: String,
    /// The state of the files, by query.
    files: Mutex<HashMap<&'static str, File>>,
    /// A file up to this size is rewritten, not appended to.
    small_bytes: usize,
    /// Locked while a file changes, so that files are written one after another.
    writing: Mutex<()>,
}

/// Selects the values over time to read: of some queries all, of others only the sums, of the rest none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Past<'q> {
    /// The queries whose values are read.
    pub points_of: &'q [&'q Query],
    /// The queries of which the sum of each series is read, without memory for the values.
    pub sums_of: &'q [&'q Query],
}

impl Past<'_> {
    fn of(self, query: &Query) -> Unpacked {
        let has = |queries: &[&Query]| queries.iter().any(|other| other.name == query.name);
        if has(self.points_of) {
            Unpacked::Points
        } else if has(self.sums_of) {
            Unpacked::Sums
        } else {
            Unpacked::Ends
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct File {
    /// The newest time with an answer.
    to: u32,
    /// The length of the undamaged bytes.
    bytes: usize,
}

impl Store {
    /// Opens the answers in `dir`, such as `cache/<project>`, which need not exist. Reads each file once to
    /// verify its checksums; changes nothing.
    ///
    /// # Errors
    /// The directory cannot be listed. An unreadable file counts as missing.
    pub fn open(disk: Arc<dyn Disk>, dir: String) -> io::Result<Self> {
        let names = disk.list(&dir)?;
        let (files, writing) = (Mutex::default(), Mutex::default());
        let store = Self { disk, dir, files, small_bytes: SMALL_BYTES, writing };
        let mut bytes = Vec::new();
        for query in catalogue::all().filter(|query| names.binary_search(&file_name(query)).is_ok()) {
            // An unreadable file counts as missing.
            if store.read_file(query, &mut bytes).is_ok() {
                store.found(query, &Frames::of(query, &bytes), bytes.len());
            }
        }
        Ok(store)
    }

    /// The newest time for which a query has an answer, in Unix seconds; `None` without one.
    #[must_use]
    pub fn to(&self, query: &Query) -> Option<u32> {
        self.file(query).map(|file| file.to)
    }

    /// Adds an answer: `to` is the newest requested time, `step` the distance between two times of the
    /// project in seconds (see [`step_of`]). Values between two times count for the next one. An older answer
    /// does not replace values of a newer one.
    ///
    /// # Errors
    /// The disk failed, or there are too many values: the stored answers are unchanged. Or the stored answer
    /// is damaged ([`io::ErrorKind::InvalidData`]): the new one is refused, [`Store::to`] returns what is
    /// left, and the caller has to fetch more than before.
    pub fn write(&self, mut answer: Incoming, to: u32, step: u32) -> io::Result<()> {
        let _writing = lock(&self.writing);
        let query = answer.query;
        let bytes = self.old_bytes(query)?;
        let frames = Frames::of(query, &bytes);
        match query.kind {
            Kind::Now => self.write_whole(query, &merge::now(&answer, to), &answer.symbols),
            Kind::Seen => {
                let old = self.old(&mut answer, &frames, 0)?;
                let table = merge::seen(&mut answer, old.as_ref(), to, seconds(WINDOW));
                self.write_whole(query, &table, &answer.symbols)
            }
            Kind::Range { keep, .. } => {
                let to = frames.newest().map_or(to, |newest| newest.to.max(to));
                let kept = Grid::back_from(to, seconds(keep), step_of(query.kind, step));
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
    fn old_bytes(&self, query: &'static Query) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let Some(file) = self.file(query).filter(|_| query.kind != Kind::Now) else { return Ok(bytes) };
        self.read_file(query, &mut bytes)?;
        let frames = Frames::of(query, &bytes);
        if frames.bytes >= file.bytes {
            return Ok(bytes);
        }
        self.found(query, &frames, bytes.len());
        Err(damaged())
    }

    /// The stored rows and values from `since` on, with the symbols of the answer.
    fn old(&self, answer: &mut Incoming, frames: &Frames<'_>, since: u32) -> io::Result<Option<Table>> {
        if frames.list.is_empty() {
            return Ok(None);
        }
        let table =
            Decoder::new()?.table(answer.query, frames, (since, Unpacked::Points), &mut answer.symbols);
        table.map(Some).map_err(|Damaged| self.not_understood(answer.query))
    }

    fn write_range(&self, mut answer: Incoming, frames: &Frames<'_>, to: u32, kept: Grid) -> io::Result<()> {
        // Points of another step before the first time count for that time.
        let old = self.old(&mut answer, frames, kept.from.saturating_sub(kept.step))?;
        let table = merge::range(&answer, old.as_ref(), kept).map_err(io::Error::other)?;
        self.write_whole(answer.query, &Table { to, ..table }, &answer.symbols)
    }

    fn write_addition(
        &self,
        mut answer: Incoming,
        frames: &Frames<'_>,
        to: u32,
        kept: Grid,
    ) -> io::Result<()> {
        let query = answer.query;
        let shape = Decoder::new()?.shape(query, frames, &mut answer.symbols);
        let shape = shape.map_err(|Damaged| self.not_understood(query))?;
        let table = Table { to, ..merge::addition(&answer, &shape, kept) };
        let known = Known { rows: shape.labels.len() / table.width.max(1), texts: shape.texts };
        let frame = encode::frame(query, &table, &answer.symbols, &known, &mut Packer::new()?)?;
        self.disk.append(&self.path(query))?.append(&frame)?;
        self.set(query, Some(File { to, bytes: frames.bytes + frame.len() }));
        Ok(())
    }

    fn write_whole(&self, query: &'static Query, table: &Table, symbols: &Symbols) -> io::Result<()> {
        let frame = encode::frame(query, table, symbols, &Known::default(), &mut Packer::new()?)?;
        self.disk.create_dir(&self.dir)?;
        disk::replace(&*self.disk, &self.path(query), &frame)?;
        self.set(query, Some(File { to: table.to, bytes: frame.len() }));
        Ok(())
    }

    /// The stored answers to `queries`: when each series was seen, and its newest value. If `past` selects
    /// them, also the values over time, as far back as the query keeps them. Missing and damaged answers are
    /// left out.
    ///
    /// # Errors
    /// There is no memory for decompression.
    pub fn read(&self, queries: impl Iterator<Item = &'static Query>, past: Past<'_>) -> io::Result<Answers> {
        let mut decoder = Decoder::new()?;
        let mut bytes = Vec::new();
        let mut answers = Answers::default();
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
        (query, unpacked): (&'static Query, Unpacked),
        bytes: &mut Vec<u8>,
        decoder: &mut Decoder,
        symbols: &mut Symbols,
    ) -> Option<Table> {
        let file = self.file(query)?;
        let read = self.read_file(query, bytes);
        let mut frames = Frames::of(query, bytes);
        if read.is_err() || frames.bytes < file.bytes {
            self.read_alone(query, bytes)?;
            frames = Frames::of(query, bytes);
        }
        let since = match query.kind {
            Kind::Range { keep, .. } => frames.newest()?.to.saturating_sub(seconds(keep)),
            Kind::Now | Kind::Seen => 0,
        };
        let table = decoder.table(query, &frames, (since, unpacked), symbols);
        table.map_err(|Damaged| self.not_understood(query)).ok()
    }

    /// Reads a file while nothing writes: it is damaged, or was just replaced by a shorter one.
    fn read_alone(&self, query: &'static Query, bytes: &mut Vec<u8>) -> Option<()> {
        let _writing = lock(&self.writing);
        let file = self.file(query)?;
        self.read_file(query, bytes).ok()?;
        let frames = Frames::of(query, bytes);
        if frames.bytes < file.bytes {
            self.found(query, &frames, bytes.len());
        }
        Some(())
    }

    /// Reads a file. If it does not exist, `bytes` is empty.
    fn read_file(&self, query: &Query, bytes: &mut Vec<u8>) -> io::Result<()> {
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
    fn not_understood(&self, query: &'static Query) -> io::Error {
        tracing::debug!(query = query.name, "a cached answer is invalid and counts as missing");
        self.set(query, None);
        damaged()
    }

    /// Reads and decompresses everything without decoding it: the minimum cost of reading these bytes.
    /// Returns the decompressed size. For benchmarks of [`Store::read`].
    ///
    /// # Errors
    /// The disk failed, or a file is damaged.
    pub fn read_raw(&self) -> io::Result<u64> {
        let queries: Vec<&'static str> = lock(&self.files).keys().copied().collect();
        let mut decoder = Decoder::new()?;
        let mut bytes = Vec::new();
        let mut unpacked = 0;
        for query in queries {
            self.disk.read_into(&format!("{}/{query}{ENDING}", self.dir), &mut bytes)?;
            unpacked += decoder.unpack(&Frames::unchecked(&bytes)).map_err(io::Error::other)?;
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
    /// that are damaged or belong to no query of the catalogue. The file of service levels in the directory
    /// stays.
    ///
    /// # Errors
    /// The disk failed; some files may be left.
    pub fn expire(&self, kept: RangeInclusive<u32>) -> io::Result<()> {
        let _writing = lock(&self.writing);
        lock(&self.files).retain(|_, file| kept.contains(&file.to));
        for name in self.disk.list(&self.dir)? {
            let query = name.strip_suffix(ENDING);
            if name != indicators::FILE && query.is_none_or(|query| !lock(&self.files).contains_key(query)) {
                self.disk.remove(&format!("{}/{name}", self.dir))?;
            }
        }
        Ok(())
    }

    fn path(&self, query: &Query) -> String {
        format!("{}/{}", self.dir, file_name(query))
    }

    fn file(&self, query: &Query) -> Option<File> {
        lock(&self.files).get(query.name).copied()
    }

    /// Records the state of a file of `len` bytes. The frames before a damaged one are valid.
    fn found(&self, query: &'static Query, frames: &Frames<'_>, len: usize) {
        if frames.bytes < len || frames.list.is_empty() {
            let (good, all) = (frames.bytes, len);
            tracing::debug!(
                query = query.name,
                good,
                all,
                "a cached answer is damaged, the rest counts as missing"
            );
        }
        self.set(query, frames.newest().map(|newest| File { to: newest.to, bytes: frames.bytes }));
    }

    fn set(&self, query: &'static Query, file: Option<File>) {
        let mut files = lock(&self.files);
        match file {
            Some(file) => files.insert(query.name, file),
            None => files.remove(query.name),
        };
    }
}

fn file_name(query: &Query) -> String {
    format!("{}{ENDING}", query.name)
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Damaged)
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
