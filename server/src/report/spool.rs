//! Stores reports on disk until a collector has confirmed them, and the latest ones after that.
//!
//! Each report is a file in `reports/<state>/` of the data directory: its headers, a line each
//! ([`delivery_headers`]), and then exactly the bytes that are sent. Its name (`file_name`) has the id, the
//! digest by which damage is detected, and the length of the headers. A report changes its state by one
//! rename. Damaged files are renamed to `….damaged` and left alone.

pub mod delivery_headers;
mod file_name;
mod spool_listing;

use std::{
    collections::HashSet,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use headcount_platform::{
    disk::{DataDisk, PART, is_full, write_whole},
    lock::lock,
};
use headcount_shared::{
    api::{ReportEntry, ReportState},
    limits::{QUEUED_BYTES, QUEUED_REPORTS, REFUSED_REPORTS, SENT_BYTES, SENT_REPORTS, UNKNOWN_REPORTS},
};
use thiserror::Error;
use uuid::Uuid;

use super::reported_rows::{ReportedRow, ReportedRows};

pub use self::delivery_headers::DeliveryHeaders;
use self::{
    file_name::{FileName, HeaderPlace},
    spool_listing::{
        STATES, SpoolEntries, SpoolEntry, entries, find_reports, in_state, made_at, read_report, sha256_of,
    },
};

/// A file that exists while no report was sent under the UUID of the installation.
pub const NEVER_DELIVERED: &str = "never-delivered";

const ROOT: &str = "reports";
const DAMAGED: &str = ".damaged";

/// The reports of this installation.
#[derive(Debug)]
pub struct Spool {
    disk: Arc<dyn DataDisk>,
    reported: ReportedRows,
    state: Mutex<SpoolState>,
    /// Held while a file moves or goes until the entry says so.
    moves: Mutex<()>,
}

#[derive(Debug)]
struct SpoolState {
    reports: SpoolEntries,
    /// Reports whose copies this process removed after delivery. Their counts have been reported.
    delivered_and_removed: HashSet<Uuid>,
    /// The number of the next report.
    next_number: u64,
}

/// An attempt to send a report.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct DeliveryAttempt {
    id: Uuid,
    /// Whether no bytes of the report can have left before.
    is_first_to_leave: bool,
}

/// Why a report cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// No report has this id (any more).
    #[error("there is no report with this id")]
    Unknown,
    /// The content of the file is not what was written.
    #[error("the report's file is damaged")]
    Damaged,
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// A report as it was or will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpooledReport {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The headers that are sent with it.
    pub headers: DeliveryHeaders,
}

/// The effect of switching off on the waiting reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiscardedReports {
    /// Reports that never left this machine: they are deleted.
    pub queued: u64,
    /// Files of such reports that are damaged: they are deleted too.
    pub damaged: u64,
    /// Reports that were sent without an answer: they are stored as `unknown`.
    pub unknown: u64,
}

impl Spool {
    /// Finds the reports on disk, and removes what a crash left unfinished. Also removes reports that version
    /// 0.1.0 has sent, because they contain the UUIDs of browsers.
    ///
    /// # Errors
    /// The disk refused.
    pub fn open(disk: Arc<dyn DataDisk>) -> io::Result<Self> {
        make_dirs(&*disk)?;
        for state in STATES {
            let dir = dir(state);
            for name in disk.list(&dir)?.iter().filter(|name| name.ends_with(PART)) {
                disk.remove(&format!("{dir}/{name}"))?;
            }
        }
        let mut reports = find_reports(&*disk)?;
        let mut delivered_and_removed = HashSet::new();
        for report in in_state(&reports, ReportState::Sent) {
            if report.name.number.is_none() {
                disk.remove(&report.path())?;
                reports.remove(&report.name.id);
                delivered_and_removed.insert(report.name.id);
            }
        }
        disk.sync_dir(&dir(ReportState::Sent))?;
        let state = Mutex::new(SpoolState { delivered_and_removed, ..SpoolState::new(reports) });
        let reported = ReportedRows::open(Arc::clone(&disk))?;
        Ok(Self { disk, reported, state, moves: Mutex::default() })
    }

    /// The numbers of the reports that were sent.
    #[must_use]
    pub const fn reported(&self) -> &ReportedRows {
        &self.reported
    }

    /// Whether another report may be queued.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let queued = self.reports_in(ReportState::Queued);
        queued.len() < QUEUED_REPORTS && size_of(&queued) < QUEUED_BYTES
    }

    /// Queues a report with these headers. When this returns, it survives a power cut. If the disk is full,
    /// removes copies of sent reports, oldest first.
    ///
    /// # Errors
    /// The disk refused; the spool has no more reports than before.
    pub fn put(&self, id: Uuid, bytes: &[u8], headers: &DeliveryHeaders) -> io::Result<()> {
        let number = self.lock().take_number();
        let headers = headers.encode();
        let content = [headers.as_bytes(), bytes].concat();
        let name = FileName {
            id,
            sha256: sha256_of(&content),
            number: Some(number),
            headers: HeaderPlace::InFile { bytes: headers.len() },
            left: false,
        };
        let report = SpoolEntry { state: ReportState::Queued, bytes: bytes.len() as u64, name };
        self.write(&report, &content)?;
        self.lock().reports.insert(id, report);
        Ok(())
    }

    /// Whether the report was made: it is on disk in any state, or this process removed the copy of a
    /// delivered one.
    #[must_use]
    pub fn holds(&self, id: Uuid) -> bool {
        let state = self.lock();
        state.reports.contains_key(&id) || state.delivered_and_removed.contains(&id)
    }

    /// The ids of the reports that wait, in the order in which they were made.
    #[must_use]
    pub fn queued(&self) -> Vec<Uuid> {
        self.reports_in(ReportState::Queued).into_iter().map(|report| report.name.id).collect()
    }

    /// The number of reports in a state.
    #[must_use]
    pub fn count(&self, state: ReportState) -> u64 {
        self.lock().reports.values().filter(|report| report.state == state).count() as u64
    }

    /// All reports, newest first.
    #[must_use]
    pub fn entries(&self) -> Vec<ReportEntry> {
        entries(&self.lock().reports)
    }

    /// Reads a report, also one that moves meanwhile.
    ///
    /// # Errors
    /// Every [`ReadError`]. A damaged file is renamed, and a missing one is dropped from the list, so that
    /// neither is listed any more.
    pub fn read(&self, id: Uuid) -> Result<SpooledReport, ReadError> {
        let stored = self.get(id).ok_or(ReadError::Unknown)?;
        match read_report(&*self.disk, &stored) {
            // The file may have moved since the entry was read.
            Err(ReadError::Unknown | ReadError::Damaged) => self.read_at_rest(id),
            read => read,
        }
    }

    /// Reads a report while no file moves, so that one that is not where its entry says is gone.
    fn read_at_rest(&self, id: Uuid) -> Result<SpooledReport, ReadError> {
        let _no_moves = lock(&self.moves);
        let stored = self.get(id).ok_or(ReadError::Unknown)?;
        let read = read_report(&*self.disk, &stored);
        match &read {
            Err(ReadError::Damaged) => {
                let path = stored.path();
                self.disk.rename(&path, &format!("{path}{DAMAGED}"))?;
                self.lock().reports.remove(&id);
                tracing::error!(%id, "a report's file is damaged; it is set aside");
            }
            Err(ReadError::Unknown) => {
                self.lock().reports.remove(&id);
                tracing::error!(%id, "a report's file is gone");
            }
            _ => {}
        }
        read
    }

    /// Notes that an attempt to send the report begins: from now on its bytes may have left. That survives a
    /// power cut.
    ///
    /// # Errors
    /// The disk refused; nothing is noted.
    pub fn begin_attempt(&self, id: Uuid) -> io::Result<DeliveryAttempt> {
        self.note_first_delivery()?;
        let is_first_to_leave = self.note_left(id, true)?;
        self.disk.sync_dir(&dir(ReportState::Queued))?;
        Ok(DeliveryAttempt { id, is_first_to_leave })
    }

    /// Notes that an attempt ended and certainly did not deliver the report. After an earlier attempt without
    /// that certainty, the report still counts as possibly sent.
    ///
    /// # Errors
    /// The disk refused; the report counts as one that left.
    pub fn end_attempt(&self, attempt: DeliveryAttempt) -> io::Result<()> {
        if attempt.is_first_to_leave {
            self.note_left(attempt.id, false)?;
        }
        Ok(())
    }

    /// Notes that a collector has the report. When this returns, that survives a power cut.
    ///
    /// # Errors
    /// The disk refused; the report may still wait.
    pub fn mark_sent(&self, id: Uuid) -> io::Result<()> {
        // First, so that a crash in between leaves a report that is sent again, and has one row all the same.
        if let Err(error) = self.keep_numbers(id) {
            tracing::debug!(%error, "the numbers of a report that was sent are not kept");
        }
        self.change_state(id, ReportState::Sent)
    }

    /// Keeps the numbers of a report. One that was not made by this version may have none.
    fn keep_numbers(&self, id: Uuid) -> Result<(), ReadError> {
        let (Some(stored), Some(made_at)) = (self.get(id), made_at(id)) else { return Ok(()) };
        let report = read_report(&*self.disk, &stored)?;
        let row = ReportedRow::of_report(made_at, id, &report.bytes);
        row.map_or(Ok(()), |row| Ok(self.reported.record(row)?))
    }

    /// Notes that a collector will never accept the report.
    ///
    /// # Errors
    /// The disk refused; the report may still wait.
    pub fn mark_refused(&self, id: Uuid) -> io::Result<()> {
        self.change_state(id, ReportState::Refused)
    }

    /// What [`Self::forget_unsent`] would do now. Changes nothing.
    ///
    /// # Errors
    /// The disk refused.
    pub fn unsent(&self) -> io::Result<DiscardedReports> {
        let queued = self.reports_in(ReportState::Queued);
        let unknown = queued.iter().filter(|report| report.name.left).count();
        let damaged = self.damaged_queued()?.len();
        Ok(DiscardedReports {
            queued: (queued.len() - unknown) as u64,
            damaged: damaged as u64,
            unknown: unknown as u64,
        })
    }

    /// Removes the waiting reports that were never sent, including damaged ones. Those that may have been
    /// sent become `unknown` and stay.
    ///
    /// # Errors
    /// The disk refused; some may be left. Another call continues.
    pub fn forget_unsent(&self) -> io::Result<DiscardedReports> {
        let unsent = self.unsent()?;
        for report in self.reports_in(ReportState::Queued) {
            if report.name.left {
                self.change_state(report.name.id, ReportState::Unknown)?;
            } else {
                self.remove(&report)?;
            }
        }
        for path in self.damaged_queued()? {
            self.disk.remove(&path)?;
        }
        self.disk.sync_dir(&dir(ReportState::Queued))?;
        Ok(unsent)
    }

    /// Removes those of the waiting reports for which `is_dropped`. Returns their number.
    ///
    /// # Errors
    /// The disk refused; some may be left.
    pub fn drop_queued(&self, is_dropped: impl Fn(&SpooledReport) -> bool) -> io::Result<u64> {
        let mut dropped = 0;
        for report in self.reports_in(ReportState::Queued) {
            if read_report(&*self.disk, &report).is_ok_and(|read| is_dropped(&read)) {
                // First, so that it is held at every moment.
                self.lock().delivered_and_removed.insert(report.name.id);
                self.remove(&report)?;
                dropped += 1;
            }
        }
        self.disk.sync_dir(&dir(ReportState::Queued))?;
        Ok(dropped)
    }

    /// Removes all reports in every state, also damaged ones. Files of others stay.
    ///
    /// # Errors
    /// The disk refused; some may be left. Another call continues.
    pub fn remove_all(&self) -> io::Result<()> {
        let _moves = lock(&self.moves);
        for state in STATES {
            let dir = dir(state);
            for name in self.disk.list(&dir)? {
                let whole = name.strip_suffix(DAMAGED).unwrap_or(&name);
                if FileName::parse(whole).is_some() {
                    self.disk.remove(&format!("{dir}/{name}"))?;
                }
            }
            self.disk.sync_dir(&dir)?;
        }
        *self.lock() = SpoolState::new(SpoolEntries::new());
        Ok(())
    }

    /// Whether nothing was sent yet under the UUID of the installation. `false` if that is not known.
    #[must_use]
    pub fn is_undelivered(&self) -> bool {
        self.disk.size(NEVER_DELIVERED).is_ok()
    }

    /// Removes the file that says that nothing was sent. When this returns, that survives a power cut.
    fn note_first_delivery(&self) -> io::Result<()> {
        match self.disk.size(NEVER_DELIVERED) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(_) => {
                self.disk.remove(NEVER_DELIVERED)?;
                self.disk.sync_dir(".")
            }
        }
    }

    /// Searches the disk for reports again, after the data directory was lost and made again.
    ///
    /// # Errors
    /// The disk refused.
    pub fn find_again(&self) -> io::Result<()> {
        let _moves = lock(&self.moves);
        make_dirs(&*self.disk)?;
        let reports = find_reports(&*self.disk)?;
        let mut state = self.lock();
        let lost = std::mem::replace(&mut state.reports, reports).into_values();
        let delivered =
            lost.filter(|report| report.state != ReportState::Queued).map(|report| report.name.id);
        state.delivered_and_removed.extend(delivered);
        Ok(())
    }

    /// Files of reports that waited and were damaged.
    fn damaged_queued(&self) -> io::Result<Vec<String>> {
        let dir = dir(ReportState::Queued);
        let names = self.disk.list(&dir)?;
        let damaged = names
            .iter()
            .filter(|name| name.strip_suffix(DAMAGED).is_some_and(|name| FileName::parse(name).is_some()));
        Ok(damaged.map(|name| format!("{dir}/{name}")).collect())
    }

    /// Writes a queued report. Makes a removed directory again, and frees space on a full disk.
    fn write(&self, report: &SpoolEntry, bytes: &[u8]) -> io::Result<()> {
        let mut made_dirs = false;
        loop {
            let written = write_whole(&*self.disk, &dir(report.state), &report.name.to_string(), bytes);
            match written {
                Err(error) if error.kind() == io::ErrorKind::NotFound && !made_dirs => {
                    made_dirs = true;
                    make_dirs(&*self.disk)?;
                }
                Err(error) if is_full(&error) => {
                    if !self.make_room(report.bytes)? {
                        return Err(error);
                    }
                }
                written => return written,
            }
        }
    }

    /// Removes the oldest copies of sent reports until that many bytes are free, or all. Returns whether
    /// there was any.
    fn make_room(&self, bytes: u64) -> io::Result<bool> {
        let mut freed = 0;
        for report in self.reports_in(ReportState::Sent) {
            if freed >= bytes {
                break;
            }
            freed += report.bytes;
            self.lock().delivered_and_removed.insert(report.name.id);
            self.remove(&report)?;
        }
        Ok(freed > 0)
    }

    /// Whether that changed anything.
    fn note_left(&self, id: Uuid, left: bool) -> io::Result<bool> {
        let queued = |report: &SpoolEntry| report.state == ReportState::Queued && report.name.left != left;
        let _moves = lock(&self.moves);
        let Some(before) = self.get(id).filter(queued) else { return Ok(false) };
        let mut after = before.clone();
        after.name.left = left;
        self.disk.rename(&before.path(), &after.path())?;
        self.lock().reports.insert(id, after);
        Ok(true)
    }

    fn change_state(&self, id: Uuid, state: ReportState) -> io::Result<()> {
        let Some(before) = self.move_to(id, state)? else { return Ok(()) };
        self.disk.sync_dir(&dir(state))?;
        self.disk.sync_dir(&dir(before))?;
        // If a surplus copy stays, the next call removes it.
        if let Err(error) = self.keep_newest(state) {
            tracing::warn!(%error, "an old copy of a report cannot be removed");
        }
        Ok(())
    }

    /// Moves a report to the directory of a state. Returns the state before; `None` if there is no such report.
    fn move_to(&self, id: Uuid, state: ReportState) -> io::Result<Option<ReportState>> {
        let _moves = lock(&self.moves);
        let Some(before) = self.get(id) else { return Ok(None) };
        let mut after = before.clone();
        after.state = state;
        after.name.left = false;
        if !self.move_file(&before, &after)? {
            // The outcome of the report is known even if this fails.
            let mut known = self.lock();
            known.reports.remove(&id);
            known.delivered_and_removed.insert(id);
            return Ok(None);
        }
        self.lock().reports.insert(id, after);
        Ok(Some(before.state))
    }

    /// Moves a report's file; returns whether it exists. Makes a removed directory again.
    fn move_file(&self, before: &SpoolEntry, after: &SpoolEntry) -> io::Result<bool> {
        let rename = || self.disk.rename(&before.path(), &after.path());
        let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        match rename() {
            Err(error) if is_missing(&error) => {}
            renamed => return renamed.map(|()| true),
        }
        make_dirs(&*self.disk)?;
        match rename() {
            Err(error) if is_missing(&error) => Ok(false),
            renamed => renamed.map(|()| true),
        }
    }

    /// Removes the oldest reports in a state where there are too many.
    fn keep_newest(&self, state: ReportState) -> io::Result<()> {
        let (most, most_bytes) = match state {
            ReportState::Queued => return Ok(()),
            ReportState::Sent => (SENT_REPORTS, SENT_BYTES),
            ReportState::Refused => (REFUSED_REPORTS, SENT_BYTES),
            ReportState::Unknown => (UNKNOWN_REPORTS, SENT_BYTES),
        };
        let reports = self.reports_in(state);
        let mut bytes = size_of(&reports);
        // The newest stays, however large it is.
        for (older, report) in reports.iter().enumerate().take(reports.len().saturating_sub(1)) {
            if reports.len() - older <= most && bytes <= most_bytes {
                break;
            }
            bytes -= report.bytes;
            self.remove(report)?;
        }
        Ok(())
    }

    /// The reports in a state, oldest first. The lock is released when this returns.
    fn reports_in(&self, state: ReportState) -> Vec<SpoolEntry> {
        in_state(&self.lock().reports, state)
    }

    fn get(&self, id: Uuid) -> Option<SpoolEntry> {
        self.lock().reports.get(&id).cloned()
    }

    fn remove(&self, report: &SpoolEntry) -> io::Result<()> {
        let _moves = lock(&self.moves);
        self.disk.remove(&report.path())?;
        self.lock().reports.remove(&report.name.id);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, SpoolState> {
        // Every change is one insertion or removal, so a poisoned state is still right.
        lock(&self.state)
    }
}

impl SpoolState {
    fn new(reports: SpoolEntries) -> Self {
        let newest = reports.values().filter_map(|report| report.name.number).max();
        let delivered_and_removed = HashSet::new();
        Self {
            reports,
            delivered_and_removed,
            next_number: newest.map_or(0, |newest| newest.saturating_add(1)),
        }
    }

    fn take_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number = number.saturating_add(1);
        number
    }
}

fn make_dirs(disk: &dyn DataDisk) -> io::Result<()> {
    for state in STATES {
        disk.create_dir(&dir(state))?;
    }
    disk.sync_dir(ROOT)?;
    disk.sync_dir(".")
}

fn size_of(reports: &[SpoolEntry]) -> u64 {
    reports.iter().map(|report| report.bytes).sum()
}

fn dir(state: ReportState) -> String {
    let state = match state {
        ReportState::Queued => "queued",
        ReportState::Sent => "sent",
        ReportState::Refused => "refused",
        ReportState::Unknown => "unknown",
    };
    format!("{ROOT}/{state}")
}

#[cfg(test)]
mod tests;
