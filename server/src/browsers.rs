//! What did browsers say since the last report?
//!
//! An event is appended to the journal, then counted in memory, then acknowledged. The next report takes the counts
//! ([`Browsers::cut`]); the journal forgets them once that report is on disk ([`Browsers::forget`]).

mod counts;
mod journal;
mod pages;
mod record;

use std::{
    collections::HashSet,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use headcount_shared::{event::BrowserEvent, routes::UNMATCHED};
use thiserror::Error;
use uuid::Uuid;

pub use self::{
    counts::{Counts, Dropped},
    pages::page_keys,
};
use self::{journal::Journal, record::Record};
use crate::disk::Disk;

/// The size at which the journal is replaced by what it adds up to. An hour of a busy interface stays below it; a flood
/// does not fill the disk.
const JOURNAL_BYTES: u64 = 16 * 1024 * 1024;

/// How much the journal grows before a compaction that failed is tried again.
const RETRY_BYTES: u64 = 1024 * 1024;

/// Why an event is not counted.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The journal could not take it.
    #[error("the event could not be stored: {0}")]
    Disk(#[from] io::Error),
    /// Statistics were switched off in this very moment.
    #[error("usage statistics are off")]
    Closed,
}

/// The counts since the last report, on disk and in memory.
#[derive(Debug)]
pub struct Browsers {
    pages: HashSet<String>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    journal: Journal,
    counts: Counts,
    /// The size of the journal at which it is compacted.
    compact_at: u64,
    closed: bool,
}

impl Browsers {
    /// Takes up what the journal holds, pages included that are none any more: what was counted stays counted. `pages` are the keys that a page view can have; `is_on_disk` tells whether the
    /// report of that id is in the spool, so that what it holds is not counted again.
    ///
    /// # Errors
    /// The disk refused.
    pub fn open(
        disk: Arc<dyn Disk>,
        pages: impl IntoIterator<Item = String>,
        is_on_disk: &dyn Fn(Uuid) -> bool,
    ) -> io::Result<Self> {
        let mut pages: HashSet<String> = pages.into_iter().collect();
        pages.insert(UNMATCHED.to_owned());
        let (journal, counts) = Journal::open(disk, is_on_disk)?;
        Ok(Self {
            pages,
            state: Mutex::new(State { journal, counts, compact_at: JOURNAL_BYTES, closed: false }),
        })
    }

    /// Counts an event. When this returns, the event survives the end of the process, and a power cut after the next
    /// [`Browsers::sync`]. A page that is not in the table is counted as `(unmatched)`.
    ///
    /// # Errors
    /// The event is not counted.
    pub fn record(&self, event: &BrowserEvent) -> Result<(), RecordError> {
        let record = Record::View {
            browser: (!event.ephemeral).then_some(event.device_id),
            size: event.device_size,
            page: self.pages.get(event.path.as_str()).map_or(UNMATCHED, String::as_str).into(),
        };
        let mut state = self.lock();
        if state.closed {
            return Err(RecordError::Closed);
        }
        state.journal.append(&record)?;
        state.counts.add(&record);
        if state.journal.bytes() >= state.compact_at {
            state.compact();
        }
        Ok(())
    }

    /// What was counted since the last cut. Changes nothing.
    #[must_use]
    pub fn peek(&self) -> Counts {
        self.lock().counts.clone()
    }

    /// What was not counted since the last cut because a bound was reached.
    #[must_use]
    pub fn peek_dropped(&self) -> Dropped {
        self.lock().counts.dropped()
    }

    /// Takes the counts for the report `id` and starts anew. The journal keeps what was taken until
    /// [`Browsers::forget`]; without that, the next cut takes it again, in this process or a later one.
    ///
    /// # Errors
    /// The disk refused; nothing changed.
    pub fn cut(&self, id: Uuid) -> io::Result<Counts> {
        let mut state = self.lock();
        let State { journal, counts, .. } = &mut *state;
        journal.cut(id, counts)?;
        Ok(std::mem::take(counts))
    }

    /// Removes from the journal what the report `id` holds: it is on disk now.
    ///
    /// # Errors
    /// The disk refused; the next start removes it.
    pub fn forget(&self, id: Uuid) -> io::Result<()> {
        self.lock().journal.forget(id)
    }

    /// Makes every event recorded so far survive a power cut. Does nothing when nothing is new.
    ///
    /// # Errors
    /// The disk refused; the next call tries again.
    pub fn sync(&self) -> io::Result<()> {
        let Some(unsynced) = self.lock().journal.unsynced() else { return Ok(()) };
        // Not under the lock: events go on while the disk works.
        unsynced.sync()?;
        self.lock().journal.synced(&unsynced);
        Ok(())
    }

    /// Writes what was counted since the last cut to the disk again, after the data directory was lost and made again.
    ///
    /// # Errors
    /// The disk refused; what was counted is in memory alone, and in the next report.
    pub fn write_again(&self) -> io::Result<()> {
        let mut state = self.lock();
        let State { journal, counts, .. } = &mut *state;
        journal.write_again(counts)
    }

    /// Forgets everything that was counted, on disk too, and counts nothing from now on.
    ///
    /// # Errors
    /// The disk refused; something may be left on it.
    pub fn close_and_forget(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.closed = true;
        state.counts = Counts::default();
        state.journal.remove()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole before anything can panic, so a poisoned state is still right.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Replaces the journal by what it adds up to. The events in it are safe either way.
    fn compact(&mut self) {
        self.compact_at = JOURNAL_BYTES;
        if let Err(error) = self.journal.compact(&self.counts) {
            tracing::warn!(%error, "the journal of page views could not be compacted");
            self.compact_at = self.journal.bytes() + RETRY_BYTES;
        }
    }
}

#[cfg(test)]
mod tests;
