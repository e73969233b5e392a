//! Opens the data directory, creates it if missing, and locks it for one process.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
};

use thiserror::Error;

use super::private;

use crate::lock::lock;

/// The file in the directory that a running process locks, for versions that check only this lock.
const LOCK: &str = "lock";

/// A data directory that this process has locked. The system releases it when the process ends in any way.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    locks: Mutex<DirectoryLocks>,
}

/// The locks. The directory itself is locked, because a file in it can be removed, and the next process would
/// lock a new one.
#[derive(Debug)]
struct DirectoryLocks {
    /// Open as long as this exists, so that no other directory gets its inode number.
    directory: File,
    file: File,
    /// The device and inode number of the directory.
    identity: (u64, u64),
}

/// What [`DataDir::restore`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataDirState {
    /// The directory is the one that was opened.
    Same,
    /// It was removed or replaced. It exists again, empty or with the content of its replacement, and is
    /// locked.
    MadeAgain,
}

/// Why a directory cannot be the data directory, in one sentence for the operator.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// There is a file in its place.
    #[error("{0} is not a directory, so it cannot be the data directory")]
    NotADirectory(PathBuf),
    /// It cannot be made or written.
    #[error("cannot write in the data directory {path}: {reason}")]
    Unwritable {
        /// The directory.
        path: PathBuf,
        /// The error of the system.
        reason: io::Error,
    },
    /// Another process runs on it.
    #[error("the data directory {0} is in use by another process")]
    InUse(PathBuf),
}

impl DataDir {
    /// Makes the directory if it is missing, so that it survives a power cut, locks it, and makes its content
    /// inaccessible to other users of the machine.
    ///
    /// # Errors
    /// Every [`DataDirError`].
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        if path.exists() && !path.is_dir() {
            return Err(DataDirError::NotADirectory(path.to_owned()));
        }
        let locks = Mutex::new(DirectoryLocks::take(path)?);
        Ok(Self { path: path.to_owned(), locks })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the directory again if it was removed while the process runs, and locks it.
    ///
    /// # Errors
    /// Every [`DataDirError`]: another process has the directory now, or it cannot be made.
    pub fn restore(&self) -> Result<DataDirState, DataDirError> {
        let mut locks = self.locks();
        if identity_of(&self.path).is_ok_and(|identity| identity == locks.identity) {
            return Ok(DataDirState::Same);
        }
        *locks = DirectoryLocks::take(&self.path)?;
        Ok(DataDirState::MadeAgain)
    }

    /// Releases the directory before this is dropped.
    pub fn release(&self) {
        let locks = self.locks();
        for lock in [&locks.directory, &locks.file] {
            if let Err(error) = lock.unlock() {
                tracing::warn!(%error, "the data directory stays locked until the process ends");
            }
        }
    }

    fn locks(&self) -> MutexGuard<'_, DirectoryLocks> {
        // The locks are replaced as a whole, so a poisoned lock is still valid.
        lock(&self.locks)
    }
}

impl DirectoryLocks {
    /// Makes the directory if it is missing and locks it.
    fn take(path: &Path) -> Result<Self, DataDirError> {
        let unwritable = |reason| DataDirError::Unwritable { path: path.to_owned(), reason };
        create_durably(path).map_err(unwritable)?;
        let directory = File::open(path).map_err(unwritable)?;
        // Network file systems lock only files that are open for writing. There, only the file is locked.
        if let Err(TryLockError::WouldBlock) = directory.try_lock() {
            return Err(DataDirError::InUse(path.to_owned()));
        }
        let file = private::open(&path.join(LOCK), File::options().create(true).truncate(false).write(true))
            .map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(reason)) => return Err(unwritable(reason)),
        }
        private::tighten(path);
        let identity = identity_of(path).map_err(unwritable)?;
        Ok(Self { directory, file, identity })
    }
}

/// Which directory is at `path`.
fn identity_of(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

fn create_durably(directory: &Path) -> io::Result<()> {
    let missing: Vec<_> = directory.ancestors().take_while(|directory| !directory.exists()).collect();
    private::create_dir(directory)?;
    for parent in missing.into_iter().filter_map(Path::parent) {
        let here = parent.as_os_str().is_empty();
        File::open(if here { Path::new(".") } else { parent })?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_refused_until_the_first_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("made/when/missing");
        let first = DataDir::open(&path).unwrap();
        assert!(matches!(DataDir::open(&path), Err(DataDirError::InUse(_))));
        drop(first);
        let second = DataDir::open(&path).unwrap();
        second.release();
        assert!(DataDir::open(&path).is_ok());
    }

    #[test]
    fn a_second_process_is_refused_whatever_is_removed_from_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let _first = DataDir::open(dir.path()).unwrap();
        fs::remove_file(dir.path().join(LOCK)).unwrap();
        for _ in 0..2 {
            assert!(matches!(DataDir::open(dir.path()), Err(DataDirError::InUse(_))));
        }
    }

    #[test]
    fn a_version_that_looks_at_the_file_alone_keeps_others_out_and_is_kept_out() {
        let dir = tempfile::tempdir().unwrap();
        let earlier = File::create(dir.path().join(LOCK)).unwrap();
        earlier.lock().unwrap();
        assert!(matches!(DataDir::open(dir.path()), Err(DataDirError::InUse(_))));
        earlier.unlock().unwrap();
        let _first = DataDir::open(dir.path()).unwrap();
        assert!(matches!(earlier.try_lock(), Err(TryLockError::WouldBlock)));
    }

    #[test]
    fn a_directory_that_was_removed_or_replaced_is_made_again_and_locked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let first = DataDir::open(&path).unwrap();
        assert_eq!(first.restore().unwrap(), DataDirState::Same);
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(first.restore().unwrap(), DataDirState::MadeAgain);
        assert_eq!(first.restore().unwrap(), DataDirState::Same);
        assert!(matches!(DataDir::open(&path), Err(DataDirError::InUse(_))));

        fs::rename(&path, dir.path().join("elsewhere")).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(first.restore().unwrap(), DataDirState::MadeAgain);
        assert!(matches!(DataDir::open(&path), Err(DataDirError::InUse(_))));

        fs::remove_dir_all(&path).unwrap();
        let _second = DataDir::open(&path).unwrap();
        assert!(matches!(first.restore(), Err(DataDirError::InUse(_))));
    }

    #[test]
    fn a_file_in_its_place_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(DataDir::open(file.path()), Err(DataDirError::NotADirectory(_))));
        let below = file.path().join("below");
        assert!(matches!(DataDir::open(&below), Err(DataDirError::Unwritable { .. })));
    }
}
