//! Loads the key of pseudonyms: 32 random bytes in `browser.key`, or in the database that servers share.
//!
//! The key never leaves the installation. Without it, nothing that was counted under it can be linked to a
//! browser.

use std::{fs, path::Path};

use anyhow::Context;
use headcount_platform::{disk::secret_file, hex};
use headcount_shared::payload::DatabaseType;

use crate::{browsers::BrowserKey, store::SettingsStore};

/// The name of the file.
pub(super) const FILE: &str = "browser.key";

/// The name of the key in a database that several servers share.
const SHARED_NAME: &str = "headcount_browser_key";

type KeyBytes = [u8; BrowserKey::BYTES];

/// The key of this installation, made at its first start. Servers that share a writable PostgreSQL database
/// have the same key there, made by the first one, and no file.
///
/// # Errors
/// The directory or the database cannot be used, or the database holds an invalid key.
pub(super) async fn browser_key(own_dir: &Path, settings: &SettingsStore) -> anyhow::Result<BrowserKey> {
    let in_file = load(own_dir)?;
    let is_shared = settings.kind() == DatabaseType::Postgres && !settings.is_read_only();
    if !is_shared {
        return Ok(BrowserKey::new(&in_file.map_or_else(|| create(own_dir), Ok)?));
    }
    let candidate = hex::encode(in_file.unwrap_or_else(rand::random));
    let shared = settings.shared_value(SHARED_NAME, &candidate).await;
    let shared = shared.context("the key for browsers cannot be read from the settings database")?;
    let key = from_hex(&shared)
        .with_context(|| format!("the setting {SHARED_NAME} in the database must be 64 hex digits"))?;
    Ok(BrowserKey::new(&key))
}

/// The key in the file. An invalid file is renamed to `browser.key.damaged`, because statistics must not keep
/// a product from starting.
fn load(own_dir: &Path) -> anyhow::Result<Option<KeyBytes>> {
    let bytes =
        secret_file::load_bytes(own_dir, FILE).context("cannot read browser.key in the data directory")?;
    let Some(bytes) = bytes else { return Ok(None) };
    if let Ok(key) = bytes.try_into() {
        return Ok(Some(key));
    }
    tracing::warn!(
        "browser.key does not have 32 bytes; it is renamed to browser.key.damaged and a new one is made"
    );
    fs::rename(own_dir.join(FILE), own_dir.join(format!("{FILE}.damaged")))
        .context("cannot rename the damaged browser.key")?;
    Ok(None)
}

fn create(own_dir: &Path) -> anyhow::Result<KeyBytes> {
    let key: KeyBytes = rand::random();
    secret_file::store(own_dir, FILE, key).context("cannot write browser.key to the data directory")?;
    Ok(key)
}

fn from_hex(text: &str) -> Option<KeyBytes> {
    hex::decode(text.trim())?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use uuid::Uuid;

    use super::*;
    use crate::store::{DatabaseSource, tests::postgres::TestPostgres};

    const BROWSER: Uuid = uuid::uuid!("20174a56-4a1e-41ca-a90d-b657d1fa873e");

    async fn sqlite(dir: &Path) -> SettingsStore {
        SettingsStore::open(&DatabaseSource::Sqlite { file: dir.join("db.sqlite"), read_only: false })
            .await
            .unwrap()
    }

    async fn pseudonym(dir: &Path, settings: &SettingsStore) -> Uuid {
        browser_key(dir, settings).await.unwrap().pseudonym(BROWSER).unwrap().as_uuid()
    }

    #[tokio::test]
    async fn a_key_is_made_once_and_a_new_one_when_it_was_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let (settings, file) = (sqlite(dir.path()).await, dir.path().join(FILE));
        let first = pseudonym(dir.path(), &settings).await;
        assert_eq!(pseudonym(dir.path(), &settings).await, first);
        let metadata = fs::metadata(&file).unwrap();
        assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (32, 0o600));
        fs::remove_file(&file).unwrap();
        assert_ne!(pseudonym(dir.path(), &settings).await, first);
    }

    #[tokio::test]
    async fn a_damaged_key_is_kept_aside() {
        let dir = tempfile::tempdir().unwrap();
        let settings = sqlite(dir.path()).await;
        fs::write(dir.path().join(FILE), "short").unwrap();
        let first = pseudonym(dir.path(), &settings).await;
        assert_eq!(pseudonym(dir.path(), &settings).await, first);
        assert_eq!(fs::read(dir.path().join("browser.key.damaged")).unwrap(), b"short");
    }

    #[tokio::test]
    async fn servers_on_one_postgres_have_the_key_of_the_first_and_no_file() {
        let (postgres, dirs) =
            (TestPostgres::shared(), [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()]);
        let address = postgres.address(&postgres.create_database()).parse().unwrap();
        let settings =
            SettingsStore::open(&DatabaseSource::Postgres { address, read_only: false }).await.unwrap();
        // A key that existed before the database was shared stays in use.
        let own: KeyBytes = [7; 32];
        secret_file::store(dirs[0].path(), FILE, own).unwrap();
        let expected = BrowserKey::new(&own).pseudonym(BROWSER).unwrap().as_uuid();
        for dir in &dirs {
            assert_eq!(pseudonym(dir.path(), &settings).await, expected);
        }
        assert!(!dirs[1].path().join(FILE).exists());
    }

    #[test]
    fn only_64_hex_digits_are_a_shared_key() {
        let key: KeyBytes = std::array::from_fn(|n| n as u8);
        assert_eq!(from_hex(&hex::encode(key)), Some(key));
        for bad in ["", "00", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }
}
