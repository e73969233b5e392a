//! Tells how much of a file system is free.

use std::{fmt::Debug, io, path::PathBuf};

/// The space of a file system for this program, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// What can still be written.
    pub free: u64,
    /// What can be written and what is used. Space that only root may use is not in it, as in `df`.
    pub whole: u64,
}

/// Measures the file system of a directory.
pub trait FreeSpace: Debug + Send + Sync {
    /// The space now.
    ///
    /// # Errors
    /// The file system cannot be asked.
    fn disk_space(&self) -> io::Result<DiskSpace>;
}

/// The file system of a directory of this machine.
#[derive(Debug, Clone)]
pub struct FileSystemOf(
    /// The directory.
    pub PathBuf,
);

impl FreeSpace for FileSystemOf {
    fn disk_space(&self) -> io::Result<DiskSpace> {
        let found = rustix::fs::statvfs(&self.0)?;
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        let used = found.f_blocks.saturating_sub(found.f_bfree).saturating_mul(found.f_frsize);
        Ok(DiskSpace { free, whole: free.saturating_add(used) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_space_and_a_missing_one_has_none() {
        let directory = tempfile::tempdir().unwrap();
        let space = FileSystemOf(directory.path().to_owned()).disk_space().unwrap();
        assert!(space.whole > 0 && space.free <= space.whole, "{space:?}");
        assert!(FileSystemOf(directory.path().join("missing")).disk_space().is_err());
    }
}
