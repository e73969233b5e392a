//! Finds the cache of Coroot in a data directory that this server adopted.
//!
//! Coroot keeps answers of Prometheus in `cache/<project>/<project>-<hash>-<from>-<points>-<step>.db` and
//! their state in `cache/db.sqlite`. This program reads none of these files and never removes them: Coroot
//! may come back. The status page tells the operator that they exist. Files of other names do not belong to
//! Coroot, and neither does a `db.sqlite` without such answers beside it.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use headcount_observer::CACHE;

/// At most this many files are counted; the size of a larger cache is a lower bound.
const MAX_FILES: u64 = 200_000;

/// The files of Coroot's cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CorootCache {
    files: u64,
    bytes: u64,
}

impl CorootCache {
    /// Searches a data directory; `None` if it has no such cache or cannot be read.
    pub(super) fn find(data_dir: &Path) -> Option<Self> {
        let (mut found, mut state) = (Self::default(), Vec::new());
        for path in entries(&data_dir.join(CACHE)) {
            let Some(name) = name_of(&path) else { continue };
            if name.starts_with("db.sqlite") {
                state.push(path);
                continue;
            }
            let answers =
                entries(&path).filter(|path| name_of(path).is_some_and(|file| is_answer(file, name)));
            answers.for_each(|path| found.add(&path));
        }
        if found.files == 0 {
            return None;
        }
        state.iter().for_each(|path| found.add(path));
        Some(found)
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

/// Whether Coroot uses this name for an answer in the cache of `project`.
fn is_answer(file: &str, project: &str) -> bool {
    let name = file.strip_prefix(project).and_then(|rest| rest.strip_prefix('-')?.strip_suffix(".db"));
    let Some((hash, numbers)) = name.and_then(|name| name.split_once('-')) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    hash.len() == 32
        && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && numbers.split('-').count() == 3
        && numbers.split('-').all(is_number)
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str())
}

/// The entries of a directory; none if it cannot be read.
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
             Coroot will not run here again, delete db.sqlite and */*-*-*-*-*.db in cache/ of the data directory"
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
        write(dir.path(), "cache/db.sqlite", 20_000);
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
        let found = CorootCache::find(dir.path()).unwrap();
        assert_eq!(found, CorootCache { files: 3, bytes: 1_010_000 });
        assert!(found.to_string().contains("3 files with 2 MB"), "{found}");
    }

    #[test]
    fn a_file_that_coroot_would_not_name_like_that_is_none_of_its_files() {
        const HASH: &str = "0cc175b9c0f1b6a831c399e269772661";
        assert!(is_answer(&format!("p-{HASH}-1700000000-240-15.db"), "p"));
        for name in [
            "index.db".to_owned(),
            format!("other-{HASH}-1700000000-240-15.db"),
            format!("{HASH}-1700000000-240-15.db"),
            format!("p-{HASH}-1700000000-240.db"),
            format!("p-{HASH}-1700000000-240-15-1.db"),
            format!("p-{HASH}-1700000000--15.db"),
            format!("p-{HASH}-1700000000-240-x.db"),
            format!("p-{}-1700000000-240-15.db", HASH.trim_start_matches('0')),
            format!("p-{}-1700000000-240-15.db", HASH.to_uppercase()),
            format!("p-{HASH}-1700000000-240-15.db.tmp"),
            format!("p-{HASH}-1700000000-240-15"),
        ] {
            assert!(!is_answer(&name, "p"), "{name}");
        }
    }
}
