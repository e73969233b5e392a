//! Deletes counts and observations from the disk when usage statistics are switched off.
//!
//! A server deletes them as soon as it learns of the switch: at once, or at its next start. The database has
//! the number of times that statistics were switched off. Each server stores the number that it last saw
//! beside its counts, and deletes them if the two differ.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use headcount_observer;
use headcount_platform::{
    disk::{self, DataDisk},
    lock::lock,
};

use super::unreported_measurements;
use crate::{browsers, report::spool::Spool, store::StoredChoice};

/// The file with the number of times that statistics were switched off when this server last looked. Absent
/// for zero.
const TIMES_OFF: &str = "times-switched-off";

/// The counts and observations in the data directory.
#[derive(Debug)]
pub(super) struct CountedOnDisk {
    disk: Arc<dyn DataDisk>,
    spool: Arc<Spool>,
    /// The number in the file; `None` if the file cannot be read.
    times_off: Mutex<Option<u64>>,
}

impl CountedOnDisk {
    /// # Errors
    /// The disk refused.
    pub(super) fn open(disk: Arc<dyn DataDisk>, spool: Arc<Spool>) -> io::Result<Self> {
        let times_off = match disk.read(TIMES_OFF) {
            Ok(bytes) => std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(0),
            Err(error) => return Err(error),
        };
        Ok(Self { disk, spool, times_off: Mutex::new(times_off) })
    }

    /// Whether counts from before the last switch-off may be left.
    pub(super) fn is_outdated(&self, choice: StoredChoice) -> bool {
        // Without a readable file, the counts may be older than the last switch.
        *self.lock() != Some(choice.times_off)
    }

    /// Deletes everything, while nothing counts, observes or delivers. Reports that were sent stay, but
    /// not their numbers over time.
    ///
    /// # Errors
    /// The disk refused; something may be left, and it is still outdated.
    pub(super) fn forget(&self, choice: StoredChoice) -> io::Result<()> {
        self.delete()?;
        self.store(Some(choice.times_off))?;
        *self.lock() = Some(choice.times_off);
        Ok(())
    }

    /// The same for a choice that is not stored yet: once it is, everything is outdated.
    ///
    /// # Errors
    /// The disk refused; something may be left.
    pub(super) fn delete(&self) -> io::Result<()> {
        browsers::forget_on_disk(&*self.disk)?;
        headcount_observer::forget_on_disk(&*self.disk)?;
        unreported_measurements::remove(&*self.disk)?;
        self.spool.forget_unsent()?;
        self.spool.reported().forget()
    }

    /// Writes the file again, after the directory was lost.
    ///
    /// # Errors
    /// The disk refused.
    pub(super) fn write_again(&self) -> io::Result<()> {
        self.store(*self.lock())
    }

    fn store(&self, times_off: Option<u64>) -> io::Result<()> {
        match times_off {
            None | Some(0) => self.disk.remove(TIMES_OFF),
            Some(times) => disk::write_whole(&*self.disk, ".", TIMES_OFF, times.to_string().as_bytes()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<u64>> {
        // The value is replaced as a whole, so a poisoned lock is still valid.
        lock(&self.times_off)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use headcount_platform::disk::DiskDirectory;
    use uuid::Uuid;

    use super::*;
    use crate::report::spool::DeliveryHeaders;

    const OFF_TWICE: StoredChoice = StoredChoice { enabled: true, times_off: 2 };

    fn counted(dir: &Path) -> CountedOnDisk {
        let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(dir));
        CountedOnDisk::open(Arc::clone(&disk), Arc::new(Spool::open(disk).unwrap())).unwrap()
    }

    #[test]
    fn what_was_counted_before_the_last_switch_is_outdated_until_it_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let on_disk = counted(dir.path());
        assert!(!on_disk.is_outdated(StoredChoice::default()));
        assert!(on_disk.is_outdated(OFF_TWICE));
        on_disk.forget(OFF_TWICE).unwrap();
        assert!(!counted(dir.path()).is_outdated(OFF_TWICE));
        fs::write(dir.path().join(TIMES_OFF), "two").unwrap();
        let on_disk = counted(dir.path());
        assert!(on_disk.is_outdated(OFF_TWICE));
        on_disk.forget(StoredChoice::default()).unwrap();
        assert!(!on_disk.is_outdated(StoredChoice::default()));
    }

    #[test]
    fn a_directory_that_was_lost_is_as_new_as_before() {
        let dir = tempfile::tempdir().unwrap();
        let on_disk = counted(dir.path());
        on_disk.forget(OFF_TWICE).unwrap();
        fs::remove_file(dir.path().join(TIMES_OFF)).unwrap();
        assert!(!on_disk.is_outdated(OFF_TWICE));
        on_disk.write_again().unwrap();
        assert!(!counted(dir.path()).is_outdated(OFF_TWICE));
    }

    #[test]
    fn everything_goes_but_the_reports_that_left() {
        let dir = tempfile::tempdir().unwrap();
        let (sent, queued) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let on_disk = counted(dir.path());
        for (id, bytes) in [(sent, b"sent"), (queued, b"wait")] {
            on_disk.spool.put(id, bytes, &DeliveryHeaders::default()).unwrap();
        }
        on_disk.spool.mark_sent(sent).unwrap();
        let files = [
            "browsers/journal/0",
            "browsers/cut-00000000-0000-0000-0000-000000000009/0",
            "page-views/raw-72617770-0000-0000-0000-000000000000/journal/0",
            "cache/project-0123abcd/query",
            "cloud-pricing/cloud-pricing.json.gz",
            "unreported.json",
            "reported.jsonl",
        ];
        for file in files.map(|file| dir.path().join(file)) {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "x").unwrap();
        }
        on_disk.forget(OFF_TWICE).unwrap();
        let mut left: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["reports", TIMES_OFF]);
        assert_eq!(fs::read_dir(dir.path().join("reports/queued")).unwrap().count(), 0);
        assert_eq!(on_disk.spool.read(sent).unwrap().bytes, b"sent");
        assert!(on_disk.spool.read(queued).is_err());
    }
}
