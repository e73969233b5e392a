//! Loads the secret with which an installation can delete what it sent: 64 hexadecimal digits in
//! `instance.secret`, beside `instance.uuid`.
//!
//! It is sent only with a request for deletion, and never logged.

use std::{fs, path::Path};

use anyhow::Context;
use headcount_platform::disk::secret_file;
use headcount_shared::deletion_commitment::InstanceSecret;

/// The name of the file.
pub(super) const FILE: &str = "instance.secret";

/// The secret of this installation, made when it is missing.
///
/// A file without a secret is renamed to `instance.secret.damaged`, and a new one is made, because statistics
/// must not keep a product from starting. The new one deletes only what an installation sends to a collector
/// that does not know it yet.
///
/// # Errors
/// The directory cannot be used.
pub(super) fn load_or_create(own_dir: &Path) -> anyhow::Result<InstanceSecret> {
    if let Some(secret) = load(own_dir)? {
        return Ok(secret);
    }
    if own_dir.join(FILE).exists() {
        tracing::warn!(
            "instance.secret does not have 64 hexadecimal digits; it is renamed to instance.secret.damaged and a new one \
             is made"
        );
        fs::rename(own_dir.join(FILE), own_dir.join(format!("{FILE}.damaged")))
            .context("cannot rename the damaged instance.secret")?;
    }
    create(own_dir)
}

/// The secret in the file; `None` if there is none.
///
/// # Errors
/// The file cannot be read.
pub(super) fn load(own_dir: &Path) -> anyhow::Result<Option<InstanceSecret>> {
    let bytes = secret_file::load_bytes(own_dir, FILE)
        .context("cannot read instance.secret in the data directory")?;
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.and_then(|text| text.trim().parse().ok()))
}

/// Makes a new secret and replaces an existing one.
///
/// # Errors
/// The file cannot be written.
pub(super) fn create(own_dir: &Path) -> anyhow::Result<InstanceSecret> {
    let secret = InstanceSecret::new(rand::random());
    secret_file::store(own_dir, FILE, secret.expose())
        .context("cannot write instance.secret to the data directory")?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(load(dir.path()).unwrap(), None);
        let secret = load_or_create(dir.path()).unwrap();
        assert_eq!(load_or_create(dir.path()).unwrap(), secret);
        let file = dir.path().join(FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&file).unwrap().len(), 64);
        assert_ne!(create(dir.path()).unwrap(), secret);
    }

    #[test]
    fn a_damaged_secret_is_kept_aside() {
        for content in [&b""[..], b"short", &[0xff; 64], &[b'g'; 64]] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(FILE), content).unwrap();
            let secret = load_or_create(dir.path()).unwrap();
            assert_eq!(load_or_create(dir.path()).unwrap(), secret);
            assert_eq!(fs::read(dir.path().join("instance.secret.damaged")).unwrap(), content);
        }
    }
}
