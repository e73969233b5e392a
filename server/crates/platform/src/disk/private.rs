//! Creates files that other users of the machine cannot access: files have mode 0600, directories 0700.
//!
//! The mode is set when a file is created and does not depend on the umask. Files of an earlier version with
//! a wider mode are tightened at the start. A file system without modes is left as it is.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

const FILE_MODE: u32 = 0o600;
const DIR_MODE: u32 = 0o700;

/// The entries that this program makes at the top of its directory. Each also stands for names with a suffix
/// after `.` or `-`, such as `db.sqlite-wal`.
const OWN: [&str; 25] = [
    "access.log",
    "admin-token",
    "browser.key",
    "browsers",
    "cache",
    "cloud-pricing",
    "collector.sqlite",
    "db.sqlite",
    "deletions",
    "headcount",
    "instance",
    "keys",
    "ledger.sqlite",
    "lock",
    "never-delivered",
    "nothing-to-erase",
    "page-views",
    "process",
    "raw",
    "receipts",
    "reported.jsonl",
    "reports",
    "times-switched-off",
    "unreported.json",
    "usage-statistics.json",
];

/// Opens or creates a file by `options`, and restricts it to its owner.
///
/// # Errors
/// As [`OpenOptions::open`].
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.mode(FILE_MODE).open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o777 != FILE_MODE {
        // The file is open. On a file system without modes, this may fail.
        file.set_permissions(Permissions::from_mode(FILE_MODE)).ok();
    }
    Ok(file)
}

/// Creates an empty file that only its owner may access. An existing file retains its content and is
/// restricted to its owner.
///
/// # Errors
/// The file cannot be made.
pub fn touch(path: &Path) -> io::Result<()> {
    match open(path, File::options().create_new(true).write(true)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
                narrow(path, FILE_MODE);
            }
            Ok(())
        }
        made => made.map(drop),
    }
}

/// Creates a directory and its parents, which only their owner may access. An existing directory stays as it
/// is.
///
/// # Errors
/// The disk refused.
pub fn create_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_dir(parent)?;
    }
    match DirBuilder::new().mode(DIR_MODE).create(path) {
        Ok(()) => {
            fs::set_permissions(path, Permissions::from_mode(DIR_MODE)).ok();
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the files of this program in `dir` inaccessible to other users. Does the same to `dir` itself,
/// unless it contains other files: those may belong to a program that shares the directory.
pub(super) fn tighten(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut is_ours_alone = true;
    for entry in entries {
        let Ok(entry) = entry else { return };
        if entry.file_name().to_str().is_some_and(is_own) {
            tighten_tree(&entry.path());
        } else {
            is_ours_alone = false;
        }
    }
    if is_ours_alone {
        narrow(dir, DIR_MODE);
    }
}

fn is_own(name: &str) -> bool {
    OWN.iter()
        .any(|own| name.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-'])))
}

/// Links are not followed: they may lead anywhere.
fn tighten_tree(path: &Path) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    if metadata.is_file() {
        narrow(path, FILE_MODE);
    } else if metadata.is_dir() {
        narrow(path, DIR_MODE);
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            tighten_tree(&entry.path());
        }
    }
}

/// Removes permissions that are not in `mode`, and adds none.
fn narrow(path: &Path, mode: u32) {
    let Ok(metadata) = fs::metadata(path) else { return };
    let now = metadata.permissions().mode() & 0o7777;
    if now & !mode != 0 {
        // Another user's file stays as it is.
        fs::set_permissions(path, Permissions::from_mode(now & mode)).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_made_is_the_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("a/b");
        create_dir(&below).unwrap();
        create_dir(&below).unwrap();
        touch(&below.join("c")).unwrap();
        assert_eq!(
            [mode(&dir.path().join("a")), mode(&below), mode(&below.join("c"))],
            [0o700, 0o700, 0o600]
        );
    }

    #[test]
    fn a_file_that_was_there_keeps_its_content_and_loses_its_readers() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("db.sqlite");
        fs::write(&file, "content").unwrap();
        set(&file, 0o666);
        touch(&file).unwrap();
        assert_eq!((mode(&file), fs::read_to_string(&file).unwrap().as_str()), (0o600, "content"));
    }

    #[test]
    fn an_older_directory_is_tightened_and_what_is_not_ours_stays() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("data");
        fs::create_dir_all(root.join("reports/sent")).unwrap();
        let outside = dir.path().join("outside");
        fs::write(&outside, "").unwrap();
        std::os::unix::fs::symlink(&outside, root.join("reports/link")).unwrap();
        for name in
            ["deletions", "lock", "db.sqlite", "db.sqlite-wal", "instance.uuid", "reports/sent/1.json"]
        {
            fs::write(root.join(name), "").unwrap();
            set(&root.join(name), 0o644);
        }
        for name in ["", "reports", "reports/sent"] {
            set(&root.join(name), 0o755);
        }
        set(&outside, 0o644);
        set(&root.join("instance.uuid"), 0o440);
        tighten(&root);
        for name in ["deletions", "lock", "db.sqlite", "db.sqlite-wal", "reports/sent/1.json"] {
            assert_eq!(mode(&root.join(name)), 0o600, "{name}");
        }
        assert_eq!(mode(&root.join("instance.uuid")), 0o400, "nothing is given");
        for name in ["", "reports", "reports/sent"] {
            assert_eq!(mode(&root.join(name)), 0o700, "{name:?}");
        }
        assert_eq!(mode(&outside), 0o644);
        set(&root, 0o755);
        for name in ["products.txt", "locksmith"] {
            fs::write(root.join(name), "").unwrap();
            set(&root.join(name), 0o644);
        }
        tighten(&root);
        assert_eq!(
            [mode(&root), mode(&root.join("products.txt")), mode(&root.join("locksmith"))],
            [0o755, 0o644, 0o644]
        );
    }
}
