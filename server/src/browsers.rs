//! Counts what browsers did since the last report.
//!
//! An event is queued, appended to the journal, counted in memory, and then acknowledged. The next report
//! takes the counts ([`PageViewStore::cut`]); the journal forgets them once that report is on disk
//! ([`PageViewStore::forget`]). A browser is a pseudonym from the first step on. One thread does all the work
//! on the disk (`journal_writer`); reading counts waits for no disk.

mod browser_places;
mod counts;
mod estimate;
mod journal;
mod journal_record;
mod journal_writer;
mod page_keys;
mod pseudonym;
mod uuid_migration;

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use headcount_platform::{address_hash::AddressHash, disk::DataDisk, lock::lock};
use headcount_shared::event::BrowserEvent;
use thiserror::Error;
use uuid::Uuid;

use self::{
    browser_places::{BrowserPlace, BrowserPlaces},
    journal::Journal,
    journal_record::JournalRecord,
    journal_writer::{EventDecision, EventTicket, JournalState, JournalWriter, QueuedEvent},
    page_keys::PageKeys,
};
pub use self::{
    counts::{DroppedEvents, PageViewCounts},
    page_keys::page_keys,
    pseudonym::{BrowserKey, BrowserPseudonym, NotAPseudonym},
};

/// The size at which the journal is compacted. An hour of a busy interface stays below it, and a flood does
/// not fill the disk.
const JOURNAL_BYTES: u64 = 16 * 1024 * 1024;

/// How much the journal grows before a compaction that failed is tried again.
const RETRY_BYTES: u64 = 1024 * 1024;

/// How long an event waits for the journal.
pub const EVENT_PATIENCE: Duration = Duration::from_secs(5);

/// Why an event is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The journal could not be written.
    #[error("the event could not be stored")]
    Disk,
    /// The disk is slow, or too many events wait.
    #[error("the event could not be stored in time")]
    Busy,
    /// The thread that writes the journal panicked; a restart starts it again.
    #[error("the event could not be stored: the journal is closed until this program is started again")]
    Broken,
    /// Statistics have just been switched off.
    #[error("usage statistics are off")]
    Closed,
}

/// Removes all counts from a disk, while nothing counts there.
///
/// # Errors
/// The disk refused; something may be left on it.
pub fn forget_on_disk(disk: &dyn DataDisk) -> io::Result<()> {
    journal::remove_all(disk)
}

/// The counts since the last report, on disk and in memory.
#[derive(Debug)]
pub struct PageViewStore {
    pages: PageKeys,
    key: BrowserKey,
    shared: Arc<SharedCounts>,
    writer: JournalWriter<JournalWriterState>,
}

/// The counts that the thread writes and others read. The lock is never held during disk operations.
#[derive(Debug)]
struct SharedCounts {
    counts: Mutex<PageViewCounts>,
    /// Whether something was appended since the last sync.
    unsynced: AtomicBool,
}

/// The state of the thread that writes.
#[derive(Debug)]
struct JournalWriterState {
    journal: Journal,
    shared: Arc<SharedCounts>,
    places: BrowserPlaces,
    /// Lines that take back events that were written and not counted. They go out with the next append.
    take_back: Vec<u8>,
    /// The size of the journal at which it is compacted.
    compact_at: u64,
    closed: bool,
    lines: Vec<u8>,
}

impl PageViewStore {
    /// Replays the journal. Pages that have left the route table keep their counts. A journal of version
    /// 0.1.0 is converted to pseudonyms. `pages` are the keys that a page view can have. `is_on_disk` returns
    /// whether the report with that id is in the spool, so that its counts are not counted again.
    ///
    /// # Errors
    /// The disk refused, or the system has no thread.
    pub fn open(
        disk: Arc<dyn DataDisk>,
        key: BrowserKey,
        pages: impl IntoIterator<Item = String>,
        is_on_disk: &dyn Fn(Uuid) -> bool,
    ) -> io::Result<Self> {
        let (journal, counts) = Journal::open(disk, &key, is_on_disk)?;
        let places = BrowserPlaces::beside(counts.browsers());
        let shared = SharedCounts { counts: Mutex::new(counts), unsynced: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        let writing = JournalWriterState {
            journal,
            shared: Arc::clone(&shared),
            places,
            take_back: Vec::new(),
            compact_at: JOURNAL_BYTES,
            closed: false,
            lines: Vec::new(),
        };
        let pages = PageKeys::new(pages);
        Ok(Self { pages, key, shared, writer: JournalWriter::start(writing)? })
    }

    /// Counts an event that was sent from `address`. When this returns without an error, the event survives
    /// the end of the process, and a power cut after the next [`PageViewStore::sync`]. A page that is not in
    /// the table is counted as `(unmatched)`. An event whose future is dropped is counted.
    ///
    /// # Errors
    /// The event is not counted. It waits for [`EVENT_PATIENCE`] at most.
    pub async fn record(
        &self,
        event: &BrowserEvent,
        address: Option<AddressHash>,
    ) -> Result<(), RecordError> {
        let mut ticket = self.submit(event, address)?;
        let decision = match tokio::time::timeout(EVENT_PATIENCE, ticket.decision()).await {
            Ok(decision) => decision,
            Err(_) => ticket.give_up(),
        };
        result(decision)
    }

    fn submit(
        &self,
        event: &BrowserEvent,
        address: Option<AddressHash>,
    ) -> Result<EventTicket<JournalWriterState>, RecordError> {
        let browser = if event.ephemeral { None } else { self.key.pseudonym(event.device_id) };
        let page = Arc::clone(self.pages.meant(&event.path));
        self.writer.submit(browser, event.device_size, page, address)
    }

    /// The pseudonym under which the browser with this UUID is counted here; `None` for a UUID that is not of
    /// version 4. Changes nothing.
    #[must_use]
    pub fn pseudonym(&self, browser: Uuid) -> Option<BrowserPseudonym> {
        self.key.pseudonym(browser)
    }

    /// The counts since the last cut. Changes nothing.
    #[must_use]
    pub fn peek(&self) -> PageViewCounts {
        self.shared.counts().clone()
    }

    /// What was not counted since the last cut because a bound was reached.
    #[must_use]
    pub fn peek_dropped(&self) -> DroppedEvents {
        self.shared.counts().dropped()
    }

    /// An estimate of how many different browsers were dropped since the last cut.
    #[must_use]
    pub fn peek_dropped_browsers(&self) -> u64 {
        self.shared.counts().dropped_browsers()
    }

    /// Takes the counts for the report `id` and starts from zero. The journal retains them until
    /// [`PageViewStore::forget`]. Without that, the next cut takes them again, in this process or a later
    /// one.
    ///
    /// # Errors
    /// The disk refused; nothing changed.
    pub fn cut(&self, id: Uuid) -> io::Result<PageViewCounts> {
        self.writer.run(move |writing| writing.cut(id))?
    }

    /// Removes the counts of the report `id`, which is on disk now, from the journal.
    ///
    /// # Errors
    /// The disk refused; the next start removes it.
    pub fn forget(&self, id: Uuid) -> io::Result<()> {
        self.writer.run(move |writing| writing.journal.forget(id))?
    }

    /// Makes every event recorded so far survive a power cut. Does nothing when nothing is new.
    ///
    /// # Errors
    /// The disk refused; the next call tries again.
    pub fn sync(&self) -> io::Result<()> {
        if !self.shared.unsynced.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        self.sync_appended().inspect_err(|_| self.shared.unsynced.store(true, Ordering::Release))
    }

    fn sync_appended(&self) -> io::Result<()> {
        let unsynced = self.writer.run(|writing| {
            writing.flush_take_back()?;
            Ok::<_, io::Error>(writing.journal.unsynced())
        })??;
        let Some(unsynced) = unsynced else { return Ok(()) };
        // This does not run on the journal's thread, so that events go on during the sync.
        unsynced.sync()?;
        self.writer.run(move |writing| writing.journal.synced(&unsynced))
    }

    /// Writes the counts since the last cut to the disk again, after the data directory was lost and made
    /// again.
    ///
    /// # Errors
    /// The disk refused; the counts are only in memory, and in the next report.
    pub fn write_again(&self) -> io::Result<()> {
        self.writer.run(JournalWriterState::write_again)?
    }

    /// Deletes all counts, also on disk, and counts nothing from now on.
    ///
    /// # Errors
    /// The disk refused; something may be left on it.
    pub fn close_and_forget(&self) -> io::Result<()> {
        self.writer.run(JournalWriterState::close_and_forget)?
    }
}

fn result(decision: EventDecision) -> Result<(), RecordError> {
    match decision {
        EventDecision::Counted => Ok(()),
        EventDecision::Failed => Err(RecordError::Disk),
        EventDecision::Closed => Err(RecordError::Closed),
        EventDecision::GivenUp => Err(RecordError::Busy),
        EventDecision::Broken => Err(RecordError::Broken),
    }
}

impl SharedCounts {
    fn counts(&self) -> MutexGuard<'_, PageViewCounts> {
        // Every change is whole before anything can panic, so poisoned counts are still right.
        lock(&self.counts)
    }
}

/// An event whose line is being written.
struct WrittenEvent<'e> {
    event: &'e QueuedEvent,
    place: Option<BrowserPlace>,
}

impl WrittenEvent<'_> {
    fn record(&self) -> JournalRecord<'_> {
        let QueuedEvent { browser, size, page, .. } = self.event;
        match (*browser, self.place) {
            (Some(browser), Some(BrowserPlace::Refused)) => {
                JournalRecord::Overflow { browser, page: (&**page).into() }
            }
            (browser, _) => JournalRecord::View { browser, size: *size, page: (&**page).into() },
        }
    }

    /// The browser, if it got a place by this event.
    fn given_place(&self) -> Option<BrowserPseudonym> {
        self.event.browser.filter(|_| self.place == Some(BrowserPlace::Given))
    }
}

impl JournalState for JournalWriterState {
    fn write(&mut self, events: &[QueuedEvent]) {
        if self.closed {
            events.iter().for_each(|event| {
                event.decide(EventDecision::Closed);
            });
            return;
        }
        let waiting = events.iter().filter(|event| !event.is_given_up());
        let written: Vec<WrittenEvent<'_>> = waiting
            .map(|event| {
                let place = event.browser.map(|browser| self.places.take(browser, event.address));
                WrittenEvent { event, place }
            })
            .collect();
        if written.is_empty() {
            return;
        }
        match self.append(&written) {
            Ok(()) => self.count(&written),
            Err(error) => {
                tracing::debug!(%error, "page views could not be stored");
                self.give_places_back(&written);
                written.iter().for_each(|written| {
                    written.event.decide(EventDecision::Failed);
                });
            }
        }
    }

    fn finish(&mut self) {
        // If this fails, a later start counts the event although it was refused. Only a failing disk causes
        // that.
        self.flush_take_back().ok();
    }
}

impl JournalWriterState {
    /// Appends the lines of events, after those that take events back.
    fn append(&mut self, written: &[WrittenEvent<'_>]) -> io::Result<()> {
        let mut lines = std::mem::take(&mut self.lines);
        lines.clear();
        lines.extend_from_slice(&self.take_back);
        written.iter().for_each(|written| written.record().write_line(&mut lines));
        let appended = self.journal.append(&lines);
        self.lines = lines;
        appended?;
        self.take_back.clear();
        self.shared.unsynced.store(true, Ordering::Release);
        Ok(())
    }

    /// Counts and acknowledges the appended events, except those that were given up meanwhile.
    fn count(&mut self, written: &[WrittenEvent<'_>]) {
        let shared = Arc::clone(&self.shared);
        let mut counts = shared.counts();
        let mut given_up = Vec::new();
        for written in written {
            let record = written.record();
            if written.event.decide(EventDecision::Counted) {
                counts.add(&record);
            } else {
                JournalRecord::TakenBack(Box::new(record)).write_line(&mut self.take_back);
                given_up.push(written);
            }
        }
        for written in given_up {
            // Another event of the same browser may have been counted.
            if let Some(browser) = written.given_place().filter(|&browser| !counts.has_browser(browser)) {
                self.places.give_back(browser, written.event.address);
            }
        }
        drop(counts);
        if self.journal.bytes() >= self.compact_at {
            self.compact();
        }
    }

    fn give_places_back(&mut self, written: &[WrittenEvent<'_>]) {
        for written in written {
            if let Some(browser) = written.given_place() {
                self.places.give_back(browser, written.event.address);
            }
        }
    }

    fn flush_take_back(&mut self) -> io::Result<()> {
        if !self.take_back.is_empty() {
            self.journal.append(&self.take_back)?;
            self.take_back.clear();
        }
        Ok(())
    }

    fn cut(&mut self, id: Uuid) -> io::Result<PageViewCounts> {
        self.flush_take_back()?;
        let mut taken_up = PageViewCounts::default();
        let cut = self.journal.cut(id, &mut taken_up);
        let shared = Arc::clone(&self.shared);
        let mut counts = shared.counts();
        counts.add_all(&taken_up);
        cut?;
        self.places = BrowserPlaces::beside([]);
        Ok(std::mem::take(&mut *counts))
    }

    fn write_again(&mut self) -> io::Result<()> {
        // The lines to take back were in the journal that was lost.
        self.take_back.clear();
        let lines = self.counted_lines();
        self.journal.write_again(&lines)
    }

    fn close_and_forget(&mut self) -> io::Result<()> {
        self.closed = true;
        self.take_back.clear();
        *self.shared.counts() = PageViewCounts::default();
        self.journal.remove()
    }

    /// Compacts the journal to its sums. The events in it are safe even if this fails.
    fn compact(&mut self) {
        self.compact_at = JOURNAL_BYTES;
        if let Err(error) = self.try_compact() {
            tracing::warn!(%error, "the journal of page views could not be compacted");
            self.compact_at = self.journal.bytes() + RETRY_BYTES;
        }
    }

    fn try_compact(&mut self) -> io::Result<()> {
        // A line that takes another back must be in the same journal.
        self.flush_take_back()?;
        let lines = self.counted_lines();
        self.journal.compact(&lines)
    }

    /// The lines that add up to the current counts.
    fn counted_lines(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        self.shared.counts().records().for_each(|record| record.write_line(&mut lines));
        lines
    }
}

#[cfg(test)]
mod tests;
