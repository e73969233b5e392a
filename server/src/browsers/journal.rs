//! The journal: events on disk until the report that counts them is there too.
//!
//! In `browsers/` of the data directory:
//!
//! ```text
//! journal/<n>        segments; the last one is appended to, a line an event
//! cut-<report id>/   the segments whose counts went into that report, until it is on disk
//! journal.next/      what a compaction writes before it takes the place of `journal/`
//! journal.old/       what a compaction replaced
//! ```
//!
//! Invariants: a segment is in exactly one directory, and moving it or its directory is one rename. A directory
//! `journal/` is missing only between two renames of a compaction, when `journal.next/` is whole, or around a cut, when
//! there is no `journal.next/`. So a crash at any point loses nothing and counts nothing twice.

use std::{io, mem, sync::Arc};

use uuid::Uuid;

use super::{counts::Counts, record::Record};
use crate::disk::{Appender, Disk, remove_with_files};

const ROOT: &str = "browsers";
const OPEN: &str = "browsers/journal";
const NEXT: &str = "browsers/journal.next";
const OLD: &str = "browsers/journal.old";
const CUT: &str = "cut-";

/// Spoils a line that may be there in part, and ends it.
const SPOIL: &[u8] = b"!\n";

/// The segments on disk, and the one that is written to.
#[derive(Debug)]
pub(super) struct Journal {
    disk: Arc<dyn Disk>,
    /// The last segment; opened when it is needed.
    segment: Option<Arc<dyn Appender>>,
    /// Whether the last segment may end with a part of a line.
    torn: bool,
    /// The size of all segments.
    bytes: u64,
    /// Lines appended, and of them those that survive a power cut, both since the start.
    appended: u64,
    synced: u64,
    /// Cuts whose reports are on disk and that could not be removed yet.
    reported: Vec<Uuid>,
    /// Cuts that could not be taken up again yet, and whose counts are in memory all the same.
    counted: Vec<Uuid>,
    line: Vec<u8>,
}

/// What a sync has to make durable.
#[derive(Debug)]
pub(super) struct Unsynced {
    segment: Arc<dyn Appender>,
    appended: u64,
}

impl Unsynced {
    pub(super) fn sync(&self) -> io::Result<()> {
        self.segment.sync()
    }
}

impl Journal {
    /// Finishes what a crash interrupted, and reads what was counted and not reported.
    pub(super) fn open(disk: Arc<dyn Disk>, is_on_disk: &dyn Fn(Uuid) -> bool) -> io::Result<(Self, Counts)> {
        let mut journal = Self {
            disk,
            segment: None,
            torn: true,
            bytes: 0,
            appended: 0,
            synced: 0,
            reported: Vec::new(),
            counted: Vec::new(),
            line: Vec::new(),
        };
        journal.disk.create_dir(ROOT)?;
        journal.finish_compaction()?;
        journal.reported = journal.cuts()?.into_iter().filter(|&id| is_on_disk(id)).collect();
        // What is taken up is read with the rest below.
        journal.settle_cuts(&mut Counts::default())?;
        journal.disk.create_dir(OPEN)?;
        journal.disk.sync_dir(ROOT)?;
        journal.disk.sync_dir(".")?;
        let counts = journal.replay()?;
        Ok((journal, counts))
    }

    /// Adds a record. When this returns, it survives the end of the process.
    pub(super) fn append(&mut self, record: &Record<'_>) -> io::Result<()> {
        let mut line = mem::take(&mut self.line);
        line.clear();
        if self.torn {
            line.extend_from_slice(SPOIL);
        }
        record.write_line(&mut line);
        let appended = self.segment().and_then(|segment| segment.append(&line));
        self.torn = appended.is_err();
        if appended.is_ok() {
            self.bytes += line.len() as u64;
            self.appended += 1;
        }
        self.line = line;
        appended
    }

    /// The size of all segments.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Sets everything aside for the report `id`, and starts anew. What an earlier cut held whose report never came to be is
    /// set aside too, and added to `counts`.
    pub(super) fn cut(&mut self, id: Uuid, counts: &mut Counts) -> io::Result<()> {
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
    pub(super) fn unsynced(&self) -> Option<Unsynced> {
        let segment = self.segment.as_ref().filter(|_| self.appended > self.synced)?;
        Some(Unsynced { segment: Arc::clone(segment), appended: self.appended })
    }

    /// Notes that `unsynced` is not that any more.
    pub(super) fn synced(&mut self, unsynced: &Unsynced) {
        self.synced = self.synced.max(unsynced.appended);
    }

    /// Replaces all segments by what they add up to.
    pub(super) fn compact(&mut self, counts: &Counts) -> io::Result<()> {
        let mut lines = Vec::new();
        counts.records().for_each(|record| record.write_line(&mut lines));
        self.write_next(&lines).inspect_err(|_| {
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

    /// Writes `counts`, which is all that is known, where the directory was lost. The segment that is open has no name any
    /// more.
    pub(super) fn write_again(&mut self, counts: &Counts) -> io::Result<()> {
        self.disk.create_dir(ROOT)?;
        self.disk.sync_dir(".")?;
        self.start_anew();
        self.compact(counts)
    }

    /// Removes everything.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        self.start_anew();
        for dir in self.disk.list(ROOT)? {
            remove_with_files(&*self.disk, &format!("{ROOT}/{dir}"))?;
        }
        self.disk.remove_dir(ROOT)
    }

    fn write_next(&self, lines: &[u8]) -> io::Result<()> {
        remove_with_files(&*self.disk, OLD)?;
        remove_with_files(&*self.disk, NEXT)?;
        self.disk.create_dir(NEXT)?;
        self.disk.write_synced(&segment_path(NEXT, 0), lines)?;
        self.disk.sync_dir(NEXT)?;
        self.disk.sync_dir(ROOT)
    }

    /// Forgets the segment that was open: it belongs to somebody else now.
    fn start_anew(&mut self) {
        self.segment = None;
        self.torn = true;
        self.bytes = 0;
        self.synced = self.appended;
    }

    fn sync(&mut self) -> io::Result<()> {
        if let Some(unsynced) = self.unsynced() {
            unsynced.sync()?;
            self.synced(&unsynced);
        }
        Ok(())
    }

    /// The last segment, opened.
    fn segment(&mut self) -> io::Result<&Arc<dyn Appender>> {
        let segment = match self.segment.take() {
            Some(segment) => segment,
            None => self.open_segment()?,
        };
        Ok(self.segment.insert(segment))
    }

    fn open_segment(&self) -> io::Result<Arc<dyn Appender>> {
        self.disk.create_dir(OPEN)?;
        let last = segments(&*self.disk, OPEN)?.last().copied().unwrap_or(0);
        let segment = self.disk.append(&segment_path(OPEN, last))?;
        self.disk.sync_dir(OPEN)?;
        self.disk.sync_dir(ROOT)?;
        Ok(segment)
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

    /// Removes what was set aside for reports that are on disk, takes the rest up again, and adds it to `counts`.
    fn settle_cuts(&mut self, counts: &mut Counts) -> io::Result<()> {
        self.remove_reported()?;
        for id in self.cuts()? {
            if !self.counted.contains(&id) {
                counts.add_all(&self.read(&cut_dir(id))?);
                // Taking it up may fail half way; it must not be added again then.
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

    /// Makes a cut and the journal one journal again: the newer segments move behind those of the cut.
    fn take_up(&mut self, cut: &str) -> io::Result<()> {
        self.sync()?;
        self.segment = None;
        self.torn = true;
        let first = segments(&*self.disk, cut)?.last().map_or(0, |last| last + 1);
        for (segment, moved) in segments(&*self.disk, OPEN)?.into_iter().zip(first..) {
            self.disk.rename(&segment_path(OPEN, segment), &segment_path(cut, moved))?;
        }
        self.disk.sync_dir(cut)?;
        self.disk.remove_dir(OPEN)?;
        self.disk.rename(cut, OPEN)?;
        self.disk.sync_dir(ROOT)
    }

    fn replay(&mut self) -> io::Result<Counts> {
        for segment in segments(&*self.disk, OPEN)? {
            let path = segment_path(OPEN, segment);
            // The process that wrote it may have ended before it synced it.
            self.disk.append(&path)?.sync()?;
            self.bytes += self.disk.size(&path)?;
        }
        self.read(OPEN)
    }

    /// What the segments in `dir` say.
    fn read(&self, dir: &str) -> io::Result<Counts> {
        let (mut counts, mut damaged) = (Counts::default(), 0_u64);
        for segment in segments(&*self.disk, dir)? {
            let bytes = self.disk.read(&segment_path(dir, segment))?;
            for line in bytes.split(|&byte| byte == b'\n').filter(|line| !matches!(**line, [] | [b'!'])) {
                match Record::read_line(line) {
                    Some(record) => counts.add(&record),
                    None => damaged += 1,
                }
            }
        }
        if damaged > 0 {
            tracing::warn!(damaged, "the journal of page views has damaged lines; they are left out");
        }
        Ok(counts)
    }
}

/// The numbers of the segments in a directory, in order.
fn segments(disk: &dyn Disk, dir: &str) -> io::Result<Vec<u32>> {
    let mut numbers: Vec<u32> = disk.list(dir)?.iter().filter_map(|name| name.parse().ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn segment_path(dir: &str, number: u32) -> String {
    format!("{dir}/{number}")
}

fn cut_dir(id: Uuid) -> String {
    format!("{ROOT}/{CUT}{id}")
}
