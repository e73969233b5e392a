//! Defines the file operations on the data directory, and which of them survive a crash.
//!
//! The journal, the spool and the cache do all their I/O through [`DataDisk`], step by step, so that tests
//! can end the process or cut the power between any two steps.

mod data_dir;
mod directory;
pub mod free_space;
pub mod private;
pub mod secret_file;
#[cfg(any(test, feature = "test-support"))]
pub mod simulated;

use std::{fmt::Debug, io, sync::Arc};

pub use self::{
    data_dir::{DataDir, DataDirError, DataDirState},
    directory::DiskDirectory,
};

/// A directory of files, addressed by paths relative to it.
///
/// The effect of a step survives the end of the process. It survives a power cut once the file
/// ([`FileAppender::sync`], [`DataDisk::write_synced`]) and the directory that names it
/// ([`DataDisk::sync_dir`]) are synced.
pub trait DataDisk: Debug + Send + Sync {
    /// The names in `dir`, sorted; none when it does not exist.
    ///
    /// # Errors
    /// The disk refused.
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;

    /// The size of a file in bytes.
    ///
    /// # Errors
    /// The file does not exist, or the disk refused.
    fn size(&self, path: &str) -> io::Result<u64>;

    /// The bytes of a file.
    ///
    /// # Errors
    /// The file does not exist, or the disk refused.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;

    /// Replaces the content of `bytes` with the bytes of a file. Reuses the memory.
    ///
    /// # Errors
    /// The file does not exist, or the disk refused; the content of `bytes` is unspecified then.
    fn read_into(&self, path: &str, bytes: &mut Vec<u8>) -> io::Result<()> {
        *bytes = self.read(path)?;
        Ok(())
    }

    /// Creates a directory and its parents; nothing happens when it exists.
    ///
    /// # Errors
    /// The disk refused.
    fn create_dir(&self, dir: &str) -> io::Result<()>;

    /// Writes a file whole, over an existing one, and syncs it.
    ///
    /// # Errors
    /// The disk refused; the file may be there in part.
    fn write_synced(&self, path: &str, bytes: &[u8]) -> io::Result<()>;

    /// Writes a file whole, over an existing one, without a sync.
    ///
    /// # Errors
    /// The disk refused; the file may be there in part.
    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()>;

    /// Opens a file for appending and creates it if it does not exist.
    ///
    /// # Errors
    /// The disk refused.
    fn append(&self, path: &str) -> io::Result<Arc<dyn FileAppender>>;

    /// Renames a file or directory, over an existing file.
    ///
    /// # Errors
    /// The disk refused; nothing changed.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. A file that does not exist is removed already.
    ///
    /// # Errors
    /// The disk refused.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Removes an empty directory. One that does not exist is removed already.
    ///
    /// # Errors
    /// The directory is not empty, or the disk refused.
    fn remove_dir(&self, dir: &str) -> io::Result<()>;

    /// Makes the names in `dir` survive a power cut.
    ///
    /// # Errors
    /// The disk refused.
    fn sync_dir(&self, dir: &str) -> io::Result<()>;
}

/// A file open for appending.
pub trait FileAppender: Debug + Send + Sync {
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// The disk refused; some of the bytes may be there.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Removes everything after the first `bytes` bytes.
    ///
    /// # Errors
    /// The disk refused; the file is unchanged.
    fn truncate(&self, bytes: u64) -> io::Result<()>;

    /// Makes everything appended so far survive a power cut.
    ///
    /// # Errors
    /// The disk refused.
    fn sync(&self) -> io::Result<()>;
}

/// Writes a file atomically: after a crash it exists completely or not at all. When this returns, it survives
/// a power cut. A file `<path>.part` may be left behind by a crash.
///
/// # Errors
/// The disk refused; an existing file is unchanged.
pub fn write_whole(disk: &dyn DataDisk, dir: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let path = if dir == "." { name.to_owned() } else { format!("{dir}/{name}") };
    let part = format!("{path}{PART}");
    if let Err(error) = disk.write_synced(&part, bytes) {
        // This frees space on a full disk. If it fails, the next start removes the file.
        disk.remove(&part).ok();
        return Err(error);
    }
    disk.rename(&part, &path)?;
    disk.sync_dir(dir)
}

/// Writes a file so that readers find either the old or the new bytes, whenever the process ends. Nothing is
/// synced: a power cut may leave any part of it. A file `<path>.part` may be left behind by a crash.
///
/// # Errors
/// The disk refused; an existing file is unchanged.
pub fn replace(disk: &dyn DataDisk, path: &str, bytes: &[u8]) -> io::Result<()> {
    let part = format!("{path}{PART}");
    let replaced = disk.write(&part, bytes).and_then(|()| disk.rename(&part, path));
    if replaced.is_err() {
        // This frees space on a full disk. If it fails, the next call overwrites the file.
        disk.remove(&part).ok();
    }
    replaced
}

/// Whether a step failed because there is no room on the disk.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Removes a directory and the files in it. When this returns it stays removed after a power cut.
///
/// # Errors
/// The disk refused; some files may be left.
pub fn remove_with_files(disk: &dyn DataDisk, dir: &str) -> io::Result<()> {
    for name in disk.list(dir)? {
        disk.remove(&format!("{dir}/{name}"))?;
    }
    disk.remove_dir(dir)?;
    disk.sync_dir(parent(dir))
}

/// The ending of files that are being written.
pub const PART: &str = ".part";

/// The directory that names `path`; `.` for the data directory itself.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(parent, _)| parent)
}
