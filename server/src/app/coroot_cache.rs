//! Finds the cache that Coroot left in a data directory which this server took up.
//!
//! Coroot keeps answers of Prometheus in `cache/<project>/*.db` and their state in `cache/db.sqlite`. This program reads
//! none of these files and never removes them: Coroot may come back. The operator is told that they are there.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use crate::world;

/// A cache with more files is as large as these, at least.
const MAX_FILES: u64 = 200_000;

/// The files of Coroot's cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CorootCache {
    files: u64,
    bytes: u64,
}

impl CorootCache {
    /// Looks for it in a data directory; `None` where there is none, or nothing can be read.
    pub(super) fn find(data_dir: &Path) -> Option<Self> {
        let mut found = Self::default();
        for path in entries(&data_dir.join(world::CACHE)) {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name.starts_with("db.sqlite") {
                found.add(&path);
            } else if !world::project::is_own_cache(name) {
                let chunks =
                    entries(&path).filter(|path| path.extension().is_some_and(|ending| ending == "db"));
                chunks.for_each(|path| found.add(&path));
            }
        }
        (found.files > 0).then_some(found)
    }

    fn add(&mut self, path: &Path) {
        if self.files == MAX_FILES {
            return;
        }
        // A link is not followed: it may lead anywhere.
        if let Some(metadata) = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file) {
            self.files += 1;
            self.bytes += metadata.len();
        }
    }
}

/// What is in a directory; nothing where it cannot be read.
fn entries(dir: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path())
}

impl fmt::Display for CorootCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, bytes } = self;
        let (files, megabytes) = (
            if *files == 1 { "1 file".to_owned() } else { format!("{files} files") },
            bytes.div_ceil(1_000_000),
        );
        write!(
            formatter,
            "the data directory has the cache of a Coroot, {files} with {megabytes} MB, which is neither used nor removed; if \
             Coroot will not run here again, delete db.sqlite and */*.db in cache/ of the data directory"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, file: &str, bytes: usize) {
        let file = dir.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, vec![0; bytes]).unwrap();
    }

    #[test]
    fn the_cache_of_coroot_is_found_and_our_own_is_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(CorootCache::find(dir.path()), None);
        write(dir.path(), "cache/a1b2c3d4-0123abcd/up.table", 7);
        write(dir.path(), "cache/a1b2c3d4-0123abcd/other.db", 7);
        write(dir.path(), "cache/a1b2c3d4/notes.txt", 7);
        assert_eq!(CorootCache::find(dir.path()), None);
        write(
            dir.path(),
            "cache/a1b2c3d4/a1b2c3d4-0cc175b9c0f1b6a831c399e269772661-1700000000-240-15.db",
            900_000,
        );
        write(
            dir.path(),
            "cache/zzzz9999/zzzz9999-0cc175b9c0f1b6a831c399e269772661-1700000000-240-15.db",
            90_000,
        );
        assert_eq!(CorootCache::find(dir.path()), Some(CorootCache { files: 2, bytes: 990_000 }));
        write(dir.path(), "cache/db.sqlite", 20_000);
        let found = CorootCache::find(dir.path()).unwrap();
        assert_eq!(found, CorootCache { files: 3, bytes: 1_010_000 });
        assert!(found.to_string().contains("3 files with 2 MB"), "{found}");
    }
}
