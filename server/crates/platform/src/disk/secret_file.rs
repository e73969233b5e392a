//! Stores secrets in files that only their owner may read.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use super::PART;

/// Read and write for the owner.
const OWNER_ONLY: u32 = 0o600;

/// The text in the file `name` of `dir`, without the white space around it. A file that does not exist is
/// created with the text of `make`. When this returns, it survives a power cut.
///
/// # Errors
/// The disk refused, or the file is not UTF-8.
pub fn load_or_create(dir: &Path, name: &str, make: impl FnOnce() -> String) -> io::Result<String> {
    if let Some(text) = load(dir, name)? {
        return Ok(text);
    }
    let text = make();
    store(dir, name, &text)?;
    Ok(text)
}

/// The text in the file, without the white space around it; `None` if there is no such file. A file that
/// others may read is restricted to its owner.
///
/// # Errors
/// The disk refused, or the file is not UTF-8.
pub fn load(dir: &Path, name: &str) -> io::Result<Option<String>> {
    let Some(bytes) = load_bytes(dir, name)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Some(text.trim().to_owned()))
}

/// The bytes of the file; `None` if there is no such file. A file that others may read is restricted to its
/// owner.
///
/// # Errors
/// The disk refused.
pub fn load_bytes(dir: &Path, name: &str) -> io::Result<Option<Vec<u8>>> {
    let path = dir.join(name);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if fs::metadata(&path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(&path, fs::Permissions::from_mode(OWNER_ONLY))?;
    }
    Ok(Some(bytes))
}

/// Writes the file and replaces an existing one. When this returns, it survives a power cut.
///
/// # Errors
/// The disk refused; an existing file is unchanged.
pub fn store(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> io::Result<()> {
    let part = dir.join(format!("{name}{PART}"));
    // A file that a crash left may have another mode.
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(OWNER_ONLY).open(&part)?;
    file.write_all(content.as_ref()).and_then(|()| file.sync_all())?;
    fs::rename(&part, dir.join(name))?;
    File::open(dir)?.sync_all()
}

/// Copies of secret files, to write them again if the directory is lost. They are never printed.
pub struct SecretFiles(Vec<(&'static str, Vec<u8>)>);

impl SecretFiles {
    /// The secrets of the files that exist.
    ///
    /// # Errors
    /// The disk refused.
    pub fn load(dir: &Path, names: &[&'static str]) -> io::Result<Self> {
        let loaded = names.iter().map(|&name| Ok(load_bytes(dir, name)?.map(|bytes| (name, bytes))));
        Ok(Self(loaded.filter_map(io::Result::transpose).collect::<io::Result<_>>()?))
    }

    /// Writes each file whole.
    ///
    /// # Errors
    /// The disk refused; the files before that one are written.
    pub fn store(&self, dir: &Path) -> io::Result<()> {
        self.0.iter().try_for_each(|(name, bytes)| store(dir, name, bytes))
    }
}

impl fmt::Debug for SecretFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(load(dir.path(), "key").unwrap(), None);
        for _ in 0..2 {
            assert_eq!(load_or_create(dir.path(), "key", || "first".to_owned()).unwrap(), "first");
        }
        assert_eq!(load(dir.path(), "key").unwrap().as_deref(), Some("first"));
        assert_eq!(mode(&dir.path().join("key")), 0o600);
        store(dir.path(), "key", "second").unwrap();
        assert_eq!(load_or_create(dir.path(), "key", String::new).unwrap(), "second");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_secret_that_others_may_read_is_made_its_owners() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, "open\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(load(dir.path(), "key").unwrap().as_deref(), Some("open"));
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn what_a_crash_left_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("key.part"), "half").unwrap();
        assert_eq!(load_or_create(dir.path(), "key", || "whole".to_owned()).unwrap(), "whole");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn secrets_are_written_again_to_a_directory_that_was_lost() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        store(old.path(), "key", [0, 255]).unwrap();
        let secrets = SecretFiles::load(old.path(), &["key", "missing"]).unwrap();
        assert_eq!(format!("{secrets:?}"), r#"["key"]"#);
        secrets.store(new.path()).unwrap();
        assert_eq!(load_bytes(new.path(), "key").unwrap(), Some(vec![0, 255]));
        assert_eq!(mode(&new.path().join("key")), 0o600);
        assert_eq!(fs::read_dir(new.path()).unwrap().count(), 1);
    }
}
