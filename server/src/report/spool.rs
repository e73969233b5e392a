//! The reports on disk: those that wait, and the last that were sent or refused.
//!
//! In `reports/<state>/` of the data directory, a file `<id>-<sha-256>.json` per report with exactly the bytes that are
//! sent. A report changes its state by one rename. The digest in the name tells damaged files; those are renamed to
//! `….damaged` and left alone.

use std::{
    collections::BTreeMap,
    fmt::Write,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use headcount_shared::{
    api::{ReportEntry, ReportState},
    limits::{QUEUED_BYTES, QUEUED_REPORTS, REFUSED_REPORTS, SENT_REPORTS},
};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::disk::{Disk, PART, write_whole};

const ROOT: &str = "reports";
const ENDING: &str = ".json";
const DAMAGED: &str = ".damaged";
const STATES: [ReportState; 3] = [ReportState::Queued, ReportState::Sent, ReportState::Refused];

/// The reports of this installation.
#[derive(Debug)]
pub struct Spool {
    disk: Arc<dyn Disk>,
    /// By id, so in the order in which they were made.
    reports: Mutex<BTreeMap<Uuid, Stored>>,
}

#[derive(Debug, Clone)]
struct Stored {
    state: ReportState,
    bytes: u64,
    sha256: String,
}

/// Why a report cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is none with this id (any more).
    #[error("there is no report with this id")]
    Unknown,
    /// The file is not what was written; it is set aside.
    #[error("the report's file is damaged")]
    Damaged,
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// A report as it was or will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Spool {
    /// Finds the reports that are there and removes what a crash left unfinished.
    ///
    /// # Errors
    /// The disk refused.
    pub fn open(disk: Arc<dyn Disk>) -> io::Result<Self> {
        let mut reports = BTreeMap::new();
        for state in STATES {
            let dir = dir(state);
            disk.create_dir(&dir)?;
            for name in disk.list(&dir)? {
                let path = format!("{dir}/{name}");
                if name.ends_with(PART) {
                    disk.remove(&path)?;
                } else if let Some((id, sha256)) = parse_name(&name) {
                    reports.insert(id, Stored { state, bytes: disk.size(&path)?, sha256: sha256.to_owned() });
                }
            }
        }
        disk.sync_dir(ROOT)?;
        disk.sync_dir(".")?;
        Ok(Self { disk, reports: Mutex::new(reports) })
    }

    /// Whether another report may be queued.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let (reports, bytes) = self
            .lock()
            .values()
            .filter(|stored| stored.state == ReportState::Queued)
            .fold((0, 0), |(reports, bytes), stored| (reports + 1, bytes + stored.bytes));
        reports < QUEUED_REPORTS && bytes < QUEUED_BYTES
    }

    /// Queues a report. When this returns, it survives a power cut.
    ///
    /// # Errors
    /// The disk refused; the spool is unchanged.
    pub fn add(&self, id: Uuid, bytes: &[u8]) -> io::Result<()> {
        let stored = Stored { state: ReportState::Queued, bytes: bytes.len() as u64, sha256: sha256(bytes) };
        write_whole(&*self.disk, &dir(stored.state), &file_name(id, &stored), bytes)?;
        self.lock().insert(id, stored);
        Ok(())
    }

    /// Whether the report is on disk, in whatever state.
    #[must_use]
    pub fn holds(&self, id: Uuid) -> bool {
        self.lock().contains_key(&id)
    }

    /// The ids of the reports that wait, in the order in which they were made.
    #[must_use]
    pub fn queued(&self) -> Vec<Uuid> {
        let reports = self.lock();
        reports.iter().filter(|(_, stored)| stored.state == ReportState::Queued).map(|(&id, _)| id).collect()
    }

    /// The number of reports in a state.
    #[must_use]
    pub fn count(&self, state: ReportState) -> u64 {
        self.lock().values().filter(|stored| stored.state == state).count() as u64
    }

    /// All reports, newest first.
    #[must_use]
    pub fn entries(&self) -> Vec<ReportEntry> {
        let reports = self.lock();
        let entries = reports.iter().rev().map(|(id, stored)| ReportEntry {
            id: id.to_string(),
            state: stored.state,
            created_at: id.get_timestamp().map_or(0, |time| time.to_unix().0),
            bytes: stored.bytes,
        });
        entries.collect()
    }

    /// Reads a report.
    ///
    /// # Errors
    /// Every [`ReadError`]. A damaged file is set aside, so that it is in no list any more.
    pub fn read(&self, id: Uuid) -> Result<Report, ReadError> {
        let stored = self.lock().get(&id).cloned().ok_or(ReadError::Unknown)?;
        let path = path(id, &stored);
        let bytes = self.disk.read(&path)?;
        if sha256(&bytes) == stored.sha256 {
            return Ok(Report { bytes, sha256: stored.sha256 });
        }
        self.disk.rename(&path, &format!("{path}{DAMAGED}"))?;
        self.lock().remove(&id);
        tracing::error!(%id, "a report's file is damaged; it is set aside");
        Err(ReadError::Damaged)
    }

    /// Notes that a collector has the report. When this returns, that survives a power cut.
    ///
    /// # Errors
    /// The disk refused; the report still waits.
    pub fn mark_sent(&self, id: Uuid) -> io::Result<()> {
        self.change_state(id, ReportState::Sent, SENT_REPORTS)
    }

    /// Notes that a collector will never take the report.
    ///
    /// # Errors
    /// The disk refused; the report still waits.
    pub fn mark_refused(&self, id: Uuid) -> io::Result<()> {
        self.change_state(id, ReportState::Refused, REFUSED_REPORTS)
    }

    /// Removes the reports that wait, damaged ones too: they were never sent and never will be.
    ///
    /// # Errors
    /// The disk refused; some may be left.
    pub fn forget_queued(&self) -> io::Result<()> {
        for id in self.queued() {
            self.remove(id)?;
        }
        let dir = dir(ReportState::Queued);
        for name in self.disk.list(&dir)? {
            self.disk.remove(&format!("{dir}/{name}"))?;
        }
        self.disk.sync_dir(&dir)
    }

    /// How many damaged reports are set aside that waited.
    ///
    /// # Errors
    /// The disk refused.
    pub fn damaged_queued(&self) -> io::Result<usize> {
        let names = self.disk.list(&dir(ReportState::Queued))?;
        Ok(names.iter().filter(|name| name.ends_with(DAMAGED)).count())
    }

    fn change_state(&self, id: Uuid, state: ReportState, keep: usize) -> io::Result<()> {
        let Some(mut stored) = self.lock().get(&id).cloned() else { return Ok(()) };
        let from = path(id, &stored);
        let from_dir = dir(stored.state);
        stored.state = state;
        self.disk.rename(&from, &path(id, &stored))?;
        self.lock().insert(id, stored);
        self.disk.sync_dir(&dir(state))?;
        self.disk.sync_dir(&from_dir)?;
        self.keep_newest(state, keep)
    }

    fn keep_newest(&self, state: ReportState, keep: usize) -> io::Result<()> {
        let mut in_state: Vec<Uuid> =
            self.lock().iter().filter(|(_, stored)| stored.state == state).map(|(&id, _)| id).collect();
        in_state.truncate(in_state.len().saturating_sub(keep));
        in_state.into_iter().try_for_each(|id| self.remove(id))
    }

    fn remove(&self, id: Uuid) -> io::Result<()> {
        let Some(stored) = self.lock().get(&id).cloned() else { return Ok(()) };
        self.disk.remove(&path(id, &stored))?;
        self.lock().remove(&id);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, Stored>> {
        // Every change is one insertion or removal, so a poisoned map is still right.
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn dir(state: ReportState) -> String {
    let state = match state {
        ReportState::Queued => "queued",
        ReportState::Sent => "sent",
        ReportState::Refused => "refused",
    };
    format!("{ROOT}/{state}")
}

fn file_name(id: Uuid, stored: &Stored) -> String {
    format!("{id}-{}{ENDING}", stored.sha256)
}

fn path(id: Uuid, stored: &Stored) -> String {
    format!("{}/{}", dir(stored.state), file_name(id, stored))
}

fn parse_name(name: &str) -> Option<(Uuid, &str)> {
    let (id, sha256) = name.strip_suffix(ENDING)?.rsplit_once('-')?;
    let is_digest = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then_some((id.parse().ok()?, sha256))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string does not fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::disk::simulated::{Crash, SimulatedDisk};

    fn open(disk: &SimulatedDisk) -> Spool {
        Spool::open(Arc::new(disk.clone())).unwrap()
    }

    fn id(n: usize) -> Uuid {
        Uuid::from_u128(n as u128 + 1)
    }

    fn states(spool: &Spool) -> Vec<(String, ReportState)> {
        spool.entries().into_iter().map(|entry| (entry.id, entry.state)).collect()
    }

    #[test]
    fn a_report_goes_its_way_byte_for_byte() {
        let disk = SimulatedDisk::default();
        let spool = open(&disk);
        spool.add(id(1), b"one").unwrap();
        spool.add(id(2), b"two").unwrap();
        assert_eq!(spool.queued(), [id(1), id(2)]);
        spool.mark_sent(id(1)).unwrap();
        spool.mark_refused(id(2)).unwrap();
        for spool in [&spool, &open(&disk)] {
            assert_eq!(
                states(spool),
                [(id(2).to_string(), ReportState::Refused), (id(1).to_string(), ReportState::Sent)]
            );
            let report = spool.read(id(1)).unwrap();
            assert_eq!(report.bytes, b"one");
            assert_eq!(report.sha256, "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
            assert!(matches!(spool.read(id(3)), Err(ReadError::Unknown)));
        }
    }

    #[test]
    fn a_damaged_file_is_set_aside() {
        let disk = SimulatedDisk::default();
        let spool = open(&disk);
        spool.add(id(1), b"one").unwrap();
        let path = disk.files().into_keys().next().unwrap();
        disk.spoil(&path, b"0ne");
        assert!(matches!(spool.read(id(1)), Err(ReadError::Damaged)));
        assert!(spool.entries().is_empty() && open(&disk).entries().is_empty());
        assert_eq!(disk.files().len(), 1, "the damaged file is kept to be looked at");
    }

    #[test]
    fn files_of_others_are_left_alone() {
        let disk = SimulatedDisk::default();
        drop(open(&disk));
        for name in ["notes.txt", "x-y.json", "00000000-0000-0000-0000-000000000001-abc.json"] {
            disk.write_synced(&format!("reports/queued/{name}"), b"mine").unwrap();
        }
        assert!(open(&disk).entries().is_empty());
        assert_eq!(disk.files().len(), 3);
    }

    #[test]
    fn sent_reports_are_bounded_and_queued_ones_make_no_room() {
        let disk = SimulatedDisk::default();
        let spool = open(&disk);
        for n in 0..SENT_REPORTS + 3 {
            spool.add(id(n), b"x").unwrap();
            spool.mark_sent(id(n)).unwrap();
        }
        assert_eq!(spool.count(ReportState::Sent), SENT_REPORTS as u64);
        assert!(!spool.holds(id(2)) && spool.holds(id(3)));
        for n in 0..QUEUED_REPORTS {
            assert!(spool.has_room(), "{n}");
            spool.add(id(1000 + n), b"x").unwrap();
        }
        assert!(!spool.has_room());
        assert_eq!(disk.files().len(), SENT_REPORTS + QUEUED_REPORTS);
    }

    #[test]
    fn switched_off_queued_reports_are_forgotten_and_sent_ones_kept() {
        let disk = SimulatedDisk::default();
        let spool = open(&disk);
        for n in 0..3 {
            spool.add(id(n), b"x").unwrap();
        }
        spool.mark_sent(id(0)).unwrap();
        spool.forget_queued().unwrap();
        assert_eq!(states(&open(&disk)), [(id(0).to_string(), ReportState::Sent)]);
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Add,
        Sent(prop::sample::Index),
        Refused(prop::sample::Index),
        Restart,
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => Just(Step::Add),
            2 => any::<prop::sample::Index>().prop_map(Step::Sent),
            1 => any::<prop::sample::Index>().prop_map(Step::Refused),
            1 => Just(Step::Restart),
        ]
    }

    /// Takes the steps until the crash comes; the state that every report has to have afterwards, and the ids of those
    /// that were on their way to another one.
    fn run(disk: &SimulatedDisk, steps: &[Step]) -> (BTreeMap<Uuid, ReportState>, Vec<Uuid>) {
        let mut model = BTreeMap::new();
        let Ok(mut spool) = Spool::open(Arc::new(disk.clone())) else { return (model, Vec::new()) };
        for (n, step) in steps.iter().enumerate() {
            let queued = spool.queued();
            let (id, done, state) = match step {
                Step::Add => (id(n), spool.add(id(n), format!("report {n}").as_bytes()), ReportState::Queued),
                Step::Sent(index) if !queued.is_empty() => {
                    let id = *index.get(&queued);
                    (id, spool.mark_sent(id), ReportState::Sent)
                }
                Step::Refused(index) if !queued.is_empty() => {
                    let id = *index.get(&queued);
                    (id, spool.mark_refused(id), ReportState::Refused)
                }
                Step::Restart => match Spool::open(Arc::new(disk.clone())) {
                    Ok(again) => {
                        spool = again;
                        continue;
                    }
                    Err(_) => return (model, Vec::new()),
                },
                Step::Sent(_) | Step::Refused(_) => continue,
            };
            if done.is_err() {
                return (model, vec![id]);
            }
            model.insert(id, state);
        }
        (model, Vec::new())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn a_crash_at_any_step_loses_no_report(steps in proptest::collection::vec(any_step(), 1..12)) {
            for crash in [Crash::Kill, Crash::PowerCut] {
                for crash_after in 0.. {
                    let disk = SimulatedDisk::default();
                    disk.crash_after(crash_after);
                    let (model, in_doubt) = run(&disk, &steps);
                    let crashed = disk.crashed();
                    disk.restart(crash);
                    let spool = open(&disk);
                    let found: BTreeMap<Uuid, ReportState> =
                        states(&spool).into_iter().map(|(id, state)| (id.parse().unwrap(), state)).collect();
                    for (id, state) in &model {
                        prop_assert!(in_doubt.contains(id) || found.get(id) == Some(state), "{id} {state:?} {found:?}");
                        prop_assert!(spool.read(*id).is_ok(), "{id} after {crash_after}");
                    }
                    prop_assert!(found.keys().all(|id| model.contains_key(id) || in_doubt.contains(id)));
                    prop_assert!(disk.files().keys().all(|path| path.ends_with(".json")), "{:?}", disk.files());
                    if !crashed {
                        break;
                    }
                }
            }
        }
    }
}
