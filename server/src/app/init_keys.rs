//! Makes the key file of a collector, and replaces the key for signatures.

use std::path::Path;

use anyhow::Context;
use headcount_collector::collector_keys::{CollectorKeys, KEYS_FILE};
use headcount_platform::disk::private;

use crate::config::{InitKeys, RotatedKey};

/// Makes or changes the key file, and says so in one line.
///
/// # Errors
/// One sentence: the file exists, or does not exist and should, or cannot be read or written.
pub fn init_keys(init: &InitKeys) -> anyhow::Result<String> {
    let file = init.keys.clone().unwrap_or_else(|| init.data_dir.join(KEYS_FILE));
    match init.rotate {
        None => make(&file),
        Some(RotatedKey::Signatures) => rotate_signatures(&file),
    }
}

fn make(file: &Path) -> anyhow::Result<String> {
    if let Some(parent) = file.parent() {
        private::create_dir(parent)
            .with_context(|| format!("cannot make the directory of {}", file.display()))?;
    }
    let keys = CollectorKeys::random();
    keys.create(file).with_context(|| file.display().to_string())?;
    Ok(format!("the keys {} are in {}; keep a copy of that file", keys.fingerprint(), file.display()))
}

fn rotate_signatures(file: &Path) -> anyhow::Result<String> {
    let keys = CollectorKeys::load(file).with_context(|| file.display().to_string())?;
    keys.with_new_signatures().replace(file).with_context(|| file.display().to_string())?;
    Ok(format!(
        "{} has a new key for signatures; collectors use it after a restart, and receipts that were signed before can \
         still be verified",
        file.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn init(dir: &Path, rotate: Option<RotatedKey>) -> anyhow::Result<String> {
        init_keys(&InitKeys { data_dir: dir.join("collector"), keys: None, rotate })
    }

    #[test]
    fn keys_are_made_once_and_the_one_for_signatures_can_be_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let missing = format!("{:#}", init(dir.path(), Some(RotatedKey::Signatures)).unwrap_err());
        assert!(missing.contains("collector/keys: there is no key file"), "{missing}");
        init(dir.path(), None).unwrap();
        let load = || CollectorKeys::load(&dir.path().join("collector/keys")).unwrap();
        let made = load();
        let again = format!("{:#}", init(dir.path(), None).unwrap_err());
        assert!(again.contains("the key file exists and is not replaced"), "{again}");
        assert_eq!(load().sign("text"), made.sign("text"));
        init(dir.path(), Some(RotatedKey::Signatures)).unwrap();
        assert_eq!(load().public_keys().earlier, [made.public_keys().current]);
        assert_eq!(load().fingerprint(), made.fingerprint());
    }
}
