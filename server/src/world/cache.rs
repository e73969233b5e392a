//! The answers of a project's Prometheus on disk: what is there, and what is missing?
//!
//! In `cache/<project>/`, a file `<query>.table` per query: columns of labels, when each row was seen, values, packed and with
//! a checksum (`frame`, `encode`). A query of which one answer matters, or a small one, has its file replaced; to a large
//! file of values over time a refresh adds a frame, and after some of them it is written anew. Nothing is synced, as it can
//! be fetched again: what a power cut or a failing disk leaves is found by its checksum and counts as missing.

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

/// To write so much anew costs no more than to add to it, and the file is read quicker.
const SMALL_BYTES: usize = 128 << 10;

/// The answers of one project. Reading is possible at any time, also while an answer is written.
#[derive(Debug)]
pub struct Store {
    disk: Arc<dyn Disk>,
    dir: String,
    /// What is in the files, by query.
    files: Mutex<HashMap<&'static str, File>>,
    /// A file up to this size is written anew rather than added to.
    small_bytes: usize,
    /// Held while a file changes: one is written after another.
    writing: Mutex<()>,
}

/// What is read of values over time: all of them of some queries, only the sums of others, neither of the rest.
#[derive(Debug, Clone, Copy, Default)]
pub struct Past<'q> {
    /// The queries of which all values are read.
    pub points_of: &'q [&'q Query],
    /// The queries of which the sum of each series is read, which takes no memory for the values.
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
    /// The newest moment that was answered.
    to: u32,
    /// The bytes that are as they were written.
    bytes: usize,
}

impl Store {
    /// The answers in `dir`, such as `cache/<project>`, which need not exist. Every file is read once and its checksums are
    /// compared; nothing is changed.
    ///
    /// # Errors
    /// The disk refused to list the directory. A file that cannot be read counts as missing.
    pub fn open(disk: Arc<dyn Disk>, dir: String) -> io::Result<Self> {
        let names = disk.list(&dir)?;
        let (files, writing) = (Mutex::default(), Mutex::default());
        let store = Self { disk, dir, files, small_bytes: SMALL_BYTES, writing };
        let mut bytes = Vec::new();
        for query in catalogue::all().filter(|query| names.binary_search(&file_name(query)).is_ok()) {
            // One that cannot be read counts as missing.
            if store.read_file(query, &mut bytes).is_ok() {
                store.found(query, &Frames::of(query, &bytes), bytes.len());
            }
        }
        Ok(store)
    }

    /// The newest moment for which a query is answered, in Unix seconds; `None` when it is not.
    #[must_use]
    pub fn to(&self, query: &Query) -> Option<u32> {
        self.file(query).map(|file| file.to)
    }

    /// Adds an answer: `to` is the newest moment that was asked for, `step` the distance between two moments of the project
    /// in seconds (see [`step_of`]). Of values over time those at other moments show at the next one; an older answer has
    /// no say about a newer one.
    ///
    /// # Errors
    /// The disk refused, or there is no room for so many values: what was stored is unchanged. Or what was stored turns out
    /// to be damaged ([`io::ErrorKind::InvalidData`]): the answer is not taken, [`Store::to`] says what is left, and more
    /// than before is to be fetched.
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

    /// The bytes of a query's file; none when it is not answered, or when what was stored does not matter.
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

    /// What a file has from `since` on, in the texts of the answer.
    fn old(&self, answer: &mut Incoming, frames: &Frames<'_>, since: u32) -> io::Result<Option<Table>> {
        if frames.list.is_empty() {
            return Ok(None);
        }
        let table =
            Decoder::new()?.table(answer.query, frames, (since, Unpacked::Points), &mut answer.symbols);
        table.map(Some).map_err(|Damaged| self.not_understood(answer.query))
    }

    fn write_range(&self, mut answer: Incoming, frames: &Frames<'_>, to: u32, kept: Grid) -> io::Result<()> {
        // The points of another step before the first moment show there.
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

    /// The stored answers to `queries`: when each series was seen, and its newest value. Of values over time that are kept,
    /// as far back as they are from the newest moment, also those that `past` says. An answer that is missing or damaged is
    /// not among them.
    ///
    /// # Errors
    /// There is no memory to unpack with.
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

    /// Reads a file while nobody writes: it is damaged, or it was just replaced by a shorter one.
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

    /// Reads a file, which has no bytes if it does not exist.
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

    /// Counts a file as missing whose bytes are as they were written but make no sense.
    fn not_understood(&self, query: &'static Query) -> io::Error {
        tracing::debug!(query = query.name, "a cached answer makes no sense and counts as missing");
        self.set(query, None);
        damaged()
    }

    /// Reads and unpacks everything that is stored, and makes nothing of it: what any reading of these bytes costs at least.
    /// How many bytes they stand for. A measure, which the time that [`Store::read`] takes is compared with.
    ///
    /// # Errors
    /// The disk refused, or a file is damaged.
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

    /// Forgets the queries that were answered beyond `now`: they were put by another clock, and what was not there yet has no
    /// say. All that was known of them is asked for again.
    pub fn forget_after(&self, now: u32) {
        let _writing = lock(&self.writing);
        lock(&self.files).retain(|_, file| file.to <= now);
    }

    /// Removes the answers to queries that were last answered at another time than these, in Unix seconds, and all files that
    /// are none of the catalogue's or damaged. What is kept of service levels beside them stays.
    ///
    /// # Errors
    /// The disk refused; some files may be left.
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

    /// Notes what a file of `len` bytes holds; the frames before a damaged one are good.
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
