//! Stores events on disk until the report that counts them is on disk, too.
//!
//! In `page-views/` of the data directory:
//!
//! ```text
//! journal/<n>        segments; the last one is appended to, a line an event
//! cut-<report id>/   the segments whose counts went into that report, until it is on disk
//! journal.next/      what a compaction writes before it takes the place of `journal/`
//! journal.old/       what a compaction replaced
//! ```
//!
//! [`super::uuid_migration`] converts what version 0.1.0 left in `browsers/`.
//!
//! Invariants: a segment is in exactly one directory, and moving it or its directory is one rename. A
//! directory `journal/` is missing only between two renames of a compaction, when `journal.next/` is whole,
//! or around a cut, when there is no `journal.next/`. So a crash at any point loses nothing and counts
//! nothing twice.

use std::{cell::Cell, collections::HashMap, io, str::FromStr, sync::Arc};

use headcount_platform::disk::{DataDisk, FileAppender, remove_with_files};
use uuid::Uuid;

use super::{
    counts::PageViewCounts,
    journal_record::JournalRecord,
    pseudonym::{BrowserKey, BrowserPseudonym},
    uuid_migration,
};

pub(super) const ROOT: &str = "page-views";
const OPEN: &str = "page-views/journal";
const NEXT: &str = "page-views/journal.next";
const OLD: &str = "page-views/journal.old";
pub(super) const CUT: &str = "cut-";

/// Invalidates a line that may be incomplete, and ends it.
const SPOIL: &[u8] = b"!\n";

/// The segments on disk, and the open one.
#[derive(Debug)]
pub(super) struct Journal {
    disk: Arc<dyn DataDisk>,
    /// The last segment; opened when it is needed.
    segment: Option<OpenSegment>,
    /// The size of all segments.
    bytes: u64,
    /// The number of appends since the start, and of those that survive a power cut.
    appended: u64,
    synced: u64,
    /// Cuts whose reports are on disk, and which could not be removed yet.
    reported: Vec<Uuid>,
    /// Cuts that could not be merged back yet, although their counts are in memory.
    counted: Vec<Uuid>,
}

/// The segment that is appended to.
#[derive(Debug)]
struct OpenSegment {
    file: Arc<dyn FileAppender>,
    /// The size of everything that was appended successfully, in this process or before.
    bytes: u64,
    /// Whether the file may end with an incomplete line of an earlier process.
    torn: bool,
    /// Whether the file may hold more than `bytes`, left by an append that failed.
    overlong: bool,
}

impl OpenSegment {
    /// Truncates what a failed append left.
    fn trim(&mut self) -> io::Result<()> {
        if self.overlong {
            self.file.truncate(self.bytes)?;
            self.overlong = false;
        }
        Ok(())
    }

    /// Adds whole lines: all of them or none.
    fn append(&mut self, lines: &[u8]) -> io::Result<u64> {
        self.trim()?;
        let spoiled = self.torn.then(|| [SPOIL, lines].concat());
        let lines = spoiled.as_deref().unwrap_or(lines);
        if let Err(error) = self.file.append(lines) {
            self.overlong = true;
            // If this fails too, the next append or cut tries again before it does anything else.
            self.trim().ok();
            return Err(error);
        }
        self.torn = false;
        self.bytes += lines.len() as u64;
        Ok(lines.len() as u64)
    }
}

/// What a sync has to make durable.
#[derive(Debug)]
pub(super) struct UnsyncedChanges {
    segment: Arc<dyn FileAppender>,
    appended: u64,
}

impl UnsyncedChanges {
    pub(super) fn sync(&self) -> io::Result<()> {
        self.segment.sync()
    }
}

impl Journal {
    /// Finishes what a crash interrupted, and reads the counts that are in no report.
    pub(super) fn open(
        disk: Arc<dyn DataDisk>,
        key: &BrowserKey,
        is_on_disk: &dyn Fn(Uuid) -> bool,
    ) -> io::Result<(Self, PageViewCounts)> {
        let mut journal = Self {
            disk,
            segment: None,
            bytes: 0,
            appended: 0,
            synced: 0,
            reported: Vec::new(),
            counted: Vec::new(),
        };
        journal.disk.create_dir(ROOT)?;
        uuid_migration::take_up_raw(&*journal.disk, key, is_on_disk)?;
        journal.finish_compaction()?;
        journal.reported = journal.cuts()?.into_iter().filter(|&id| is_on_disk(id)).collect();
        // What is merged back here is read with the rest below.
        journal.settle_cuts(&mut PageViewCounts::default())?;
        journal.disk.create_dir(OPEN)?;
        journal.disk.sync_dir(ROOT)?;
        journal.disk.sync_dir(".")?;
        let counts = journal.replay()?;
        Ok((journal, counts))
    }

    /// Adds whole lines, all of them or none. When this returns, they survive the end of the process.
    ///
    /// After an error the lines may still be in the file if the disk also refuses to truncate it and the
    /// process ends before that succeeds.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.bytes += self.segment()?.append(lines)?;
        self.appended += 1;
        Ok(())
    }

    /// The size of all segments.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Sets all segments aside for the report `id`, and starts anew. If the report of an earlier cut was
    /// never made, its segments are set aside too, and their counts are added to `counts`.
    pub(super) fn cut(&mut self, id: Uuid, counts: &mut PageViewCounts) -> io::Result<()> {
        // What a failed compaction left must not be taken for the journal while that is missing.
        remove_with_files(&*self.disk, NEXT)?;
        self.settle_cuts(counts)?;
        self.sync()?;
        self.disk.create_dir(OPEN)?;
        self.disk.rename(OPEN, &cut_dir(id))?;
        self.start_anew();
        self.disk.sync_dir(ROOT).inspect_err(|_| self.counted.push(id))
    }

    /// Removes what was set aside for the report `id`, which is on disk.
    pub(super) fn forget(&mut self, id: Uuid) -> io::Result<()> {
        self.reported.push(id);
        self.remove_reported()
    }

    /// What has to be synced, if anything.
    pub(super) fn unsynced(&self) -> Option<UnsyncedChanges> {
        let segment = self.segment.as_ref().filter(|_| self.appended > self.synced)?;
        Some(UnsyncedChanges { segment: Arc::clone(&segment.file), appended: self.appended })
    }

    /// Notes that `unsynced` has been synced.
    pub(super) fn synced(&mut self, unsynced: &UnsyncedChanges) {
        self.synced = self.synced.max(unsynced.appended);
    }

    /// Replaces all segments by `lines`, which add up to the same counts.
    pub(super) fn compact(&mut self, lines: &[u8]) -> io::Result<()> {
        self.write_next(lines).inspect_err(|_| {
            // A cut removes it again before it matters.
            remove_with_files(&*self.disk, NEXT).ok();
        })?;
        self.disk.create_dir(OPEN)?;
        self.disk.rename(OPEN, OLD)?;
        if let Err(error) = self.disk.sync_dir(ROOT).and_then(|()| self.disk.rename(NEXT, OPEN)) {
            self.disk.rename(OLD, OPEN)?;
            return Err(error);
        }
        self.start_anew();
        self.bytes = lines.len() as u64;
        self.disk.sync_dir(ROOT)?;
        remove_with_files(&*self.disk, OLD)
    }

    /// Writes `lines`, which contain all counts, after the directory was lost. The open segment has no name
    /// any more.
    pub(super) fn write_again(&mut self, lines: &[u8]) -> io::Result<()> {
        self.disk.create_dir(ROOT)?;
        self.disk.sync_dir(".")?;
        self.start_anew();
        self.compact(lines)
    }

    /// Removes the journal, and what was set aside for reports.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        self.start_anew();
        remove_all(&*self.disk)
    }

    fn write_next(&self, lines: &[u8]) -> io::Result<()> {
        remove_with_files(&*self.disk, OLD)?;
        remove_with_files(&*self.disk, NEXT)?;
        self.disk.create_dir(NEXT)?;
        self.disk.write_synced(&segment_path(NEXT, 0), lines)?;
        self.disk.sync_dir(NEXT)?;
        self.disk.sync_dir(ROOT)
    }

    /// Forgets the open segment: its file is no longer part of the journal.
    fn start_anew(&mut self) {
        self.segment = None;
        self.bytes = 0;
        self.synced = self.appended;
    }

    fn sync(&mut self) -> io::Result<()> {
        if let Some(segment) = &mut self.segment {
            segment.trim()?;
        }
        if let Some(unsynced) = self.unsynced() {
            unsynced.sync()?;
            self.synced(&unsynced);
        }
        Ok(())
    }

    /// The last segment, opened.
    fn segment(&mut self) -> io::Result<&mut OpenSegment> {
        let segment = match self.segment.take() {
            Some(segment) => segment,
            None => self.open_segment()?,
        };
        Ok(self.segment.insert(segment))
    }

    fn open_segment(&self) -> io::Result<OpenSegment> {
        self.disk.create_dir(OPEN)?;
        let last = segments(&*self.disk, OPEN)?.last().copied().unwrap_or(0);
        let path = segment_path(OPEN, last);
        let file = self.disk.append(&path)?;
        self.disk.sync_dir(OPEN)?;
        self.disk.sync_dir(ROOT)?;
        Ok(OpenSegment { file, bytes: self.disk.size(&path)?, torn: true, overlong: false })
    }

    fn finish_compaction(&self) -> io::Result<()> {
        let dirs = self.disk.list(ROOT)?;
        let has = |dir: &str| dirs.iter().any(|name| format!("{ROOT}/{name}") == dir);
        if has(NEXT) && !has(OPEN) {
            self.disk.rename(NEXT, OPEN)?;
            self.disk.sync_dir(ROOT)?;
        }
        remove_with_files(&*self.disk, NEXT)?;
        remove_with_files(&*self.disk, OLD)
    }

    /// The ids of the reports for which something is set aside.
    fn cuts(&self) -> io::Result<Vec<Uuid>> {
        let names = self.disk.list(ROOT)?;
        Ok(names.iter().filter_map(|name| name.strip_prefix(CUT)?.parse().ok()).collect())
    }

    /// Removes what was set aside for reports that are on disk, merges the rest back into the journal, and
    /// adds it to `counts`.
    fn settle_cuts(&mut self, counts: &mut PageViewCounts) -> io::Result<()> {
        self.remove_reported()?;
        for id in self.cuts()? {
            if !self.counted.contains(&id) {
                counts.add_all(&self.read(&cut_dir(id))?);
                // Merging may fail halfway. Then these counts must not be added again.
                self.counted.push(id);
            }
            self.take_up(&cut_dir(id))?;
        }
        self.counted.clear();
        Ok(())
    }

    fn remove_reported(&mut self) -> io::Result<()> {
        while let Some(&id) = self.reported.last() {
            remove_with_files(&*self.disk, &cut_dir(id))?;
            self.reported.pop();
        }
        Ok(())
    }

    /// Merges a cut and the journal: the newer segments move behind those of the cut.
    fn take_up(&mut self, cut: &str) -> io::Result<()> {
        self.sync()?;
        self.segment = None;
        let first = segments(&*self.disk, cut)?.last().map_or(0, |last| last + 1);
        for (segment, moved) in segments(&*self.disk, OPEN)?.into_iter().zip(first..) {
            self.disk.rename(&segment_path(OPEN, segment), &segment_path(cut, moved))?;
        }
        self.disk.sync_dir(cut)?;
        self.disk.remove_dir(OPEN)?;
        self.disk.rename(cut, OPEN)?;
        self.disk.sync_dir(ROOT)
    }

    fn replay(&mut self) -> io::Result<PageViewCounts> {
        for segment in segments(&*self.disk, OPEN)? {
            let path = segment_path(OPEN, segment);
            // The process that wrote it may have ended before it synced it.
            self.disk.append(&path)?.sync()?;
            self.bytes += self.disk.size(&path)?;
        }
        self.read(OPEN)
    }

    /// The counts of the segments in `dir`.
    fn read(&self, dir: &str) -> io::Result<PageViewCounts> {
        let segments = read_segments(&*self.disk, dir)?;
        let mut taken_back = HashMap::<_, Cell<u64>>::new();
        for line in lines(&segments).filter(|line| JournalRecord::<BrowserPseudonym>::line_takes_back(line)) {
            if let Some(JournalRecord::TakenBack(record)) = JournalRecord::<BrowserPseudonym>::read_line(line)
            {
                *taken_back.entry(*record).or_default().get_mut() += 1;
            }
        }
        let mut counts = PageViewCounts::default();
        for_each_record(&segments, |record| match taken_back.get(&record) {
            Some(times) if times.get() > 0 => times.set(times.get() - 1),
            _ => counts.add(&record),
        });
        Ok(counts)
    }
}

/// The bytes of the segments in a directory.
pub(super) fn read_segments(disk: &dyn DataDisk, dir: &str) -> io::Result<Vec<Vec<u8>>> {
    segments(disk, dir)?.into_iter().map(|segment| disk.read(&segment_path(dir, segment))).collect()
}

/// Passes each record of the segments to `take`, in order. Skips damaged lines, and logs their number.
pub(super) fn for_each_record<'a, B: FromStr>(
    segments: &'a [Vec<u8>],
    mut take: impl FnMut(JournalRecord<'a, B>),
) {
    let mut damaged = 0_u64;
    for line in lines(segments) {
        match JournalRecord::read_line(line) {
            Some(record) => take(record),
            None => damaged += 1,
        }
    }
    if damaged > 0 {
        tracing::warn!(damaged, "the journal of page views has damaged lines; they are skipped");
    }
}

/// The lines of the segments that are not empty and were not invalidated on purpose.
fn lines(segments: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    segments
        .iter()
        .flat_map(|bytes| bytes.split(|&byte| byte == b'\n'))
        .filter(|line| !matches!(**line, [] | [b'!']))
}

/// Removes everything that a journal has left on a disk, including that of version 0.1.0.
pub(super) fn remove_all(disk: &dyn DataDisk) -> io::Result<()> {
    for set_aside in disk.list(ROOT)?.iter().filter(|name| uuid_migration::is_set_aside(name)) {
        uuid_migration::remove_journal(disk, &format!("{ROOT}/{set_aside}"))?;
    }
    uuid_migration::remove_journal(disk, ROOT)?;
    uuid_migration::remove_journal(disk, uuid_migration::RAW_ROOT)
}

/// The numbers of the segments in a directory, in order.
fn segments(disk: &dyn DataDisk, dir: &str) -> io::Result<Vec<u32>> {
    let mut numbers: Vec<u32> = disk.list(dir)?.iter().filter_map(|name| name.parse().ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

pub(super) fn segment_path(dir: &str, number: u32) -> String {
    format!("{dir}/{number}")
}

fn cut_dir(id: Uuid) -> String {
    format!("{ROOT}/{CUT}{id}")
}
