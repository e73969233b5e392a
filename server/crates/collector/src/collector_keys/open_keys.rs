//! Finds the keys of a collector at its start.

use std::path::{Path, PathBuf};

use super::{CollectorKeys, KEYS_FILE, KeysError};

/// The keys of a collector that starts, and whether they are in a file yet.
#[derive(Debug)]
pub(crate) struct OpenedKeys {
    /// The keys.
    pub keys: CollectorKeys,
    /// The file that they are in or belong into.
    pub file: PathBuf,
    /// Whether they were made now and have to be written to the file.
    pub is_new: bool,
}

impl OpenedKeys {
    /// The keys in `given`, or those in the data directory, which are made if they are missing.
    ///
    /// # Errors
    /// Every [`KeysError`]; [`KeysError::Missing`] only for a file that was given.
    pub(crate) fn find(given: Option<&Path>, data_dir: &Path) -> Result<Self, KeysError> {
        let file = given.map_or_else(|| data_dir.join(KEYS_FILE), Path::to_owned);
        match CollectorKeys::load(&file) {
            Err(KeysError::Missing) if given.is_none() => {
                Ok(Self { keys: CollectorKeys::random(), file, is_new: true })
            }
            loaded => Ok(Self { keys: loaded?, file, is_new: false }),
        }
    }

    /// Writes new keys to their file.
    ///
    /// # Errors
    /// [`KeysError::Exists`] and [`KeysError::Disk`].
    pub(crate) fn store(&self) -> Result<(), KeysError> {
        if self.is_new { self.keys.create(&self.file) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_data_directory_are_made_and_given_ones_have_to_exist() {
        let dir = tempfile::tempdir().unwrap();
        let opened = OpenedKeys::find(None, dir.path()).unwrap();
        assert!(opened.is_new && !opened.file.exists());
        opened.store().unwrap();
        let again = OpenedKeys::find(None, dir.path()).unwrap();
        assert!(!again.is_new);
        assert_eq!(again.keys.fingerprint(), opened.keys.fingerprint());
        let given = OpenedKeys::find(Some(&opened.file), Path::new("/nowhere")).unwrap();
        assert_eq!(given.keys.fingerprint(), opened.keys.fingerprint());
        let missing = dir.path().join("missing");
        assert!(matches!(OpenedKeys::find(Some(&missing), dir.path()), Err(KeysError::Missing)));
    }
}
