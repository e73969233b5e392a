//! The data directory of one process: made if missing, writable, and nobody else's.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::private;

/// The file in the directory that a running process holds locked.
const LOCK: &str = "lock";

/// A data directory that is this process's. The system gives it free when the process ends, however it ends.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    lock: File,
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
        /// What the system says.
        reason: io::Error,
    },
    /// Another process runs on it.
    #[error("the data directory {0} is in use by another process")]
    InUse(PathBuf),
}

impl DataDir {
    /// Makes the directory if it is missing, so that it is still there after a power cut, locks it, and takes from other
    /// users of the machine what is in it.
    ///
    /// # Errors
    /// Every [`DataDirError`].
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        if path.exists() && !path.is_dir() {
            return Err(DataDirError::NotADirectory(path.to_owned()));
        }
        let unwritable = |reason| DataDirError::Unwritable { path: path.to_owned(), reason };
        create_durably(path).map_err(unwritable)?;
        let lock = private::open(&path.join(LOCK), File::options().create(true).truncate(false).write(true))
            .map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => {
                private::tighten(path);
                Ok(Self { path: path.to_owned(), lock })
            }
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(reason)) => Err(unwritable(reason)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the directory free before this is dropped.
    pub fn release(&self) {
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "the data directory stays locked until the process ends");
        }
    }
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
    fn a_file_in_its_place_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(DataDir::open(file.path()), Err(DataDirError::NotADirectory(_))));
        let below = file.path().join("below");
        assert!(matches!(DataDir::open(&below), Err(DataDirError::Unwritable { .. })));
    }
}
