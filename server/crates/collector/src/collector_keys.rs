//! Holds the keys of a collector, which all of its processes share.
//!
//! Four independent keys of 32 random bytes are in one file (`key_file`): for installations, for noise, for
//! signatures and for tokens. Which key does what:
//!
//! * *installations*: tables have a keyed hash in place of the UUID of an installation;
//! * *noise*: what is published has noise that is the same in every answer;
//! * *signatures*: receipts of deletions are signed with Ed25519. The public key is published;
//! * *tokens*: the admin token is made of it where none was given.

mod key_file;
mod open_keys;

use std::{
    fmt,
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use headcount_fleet::installation_day::InstallationHash;
use headcount_platform::{disk::secret_file, hex};
use headcount_shared::api::{PublicKey, PublicKeys};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

pub use self::key_file::InvalidKeyFile;
pub(crate) use self::open_keys::OpenedKeys;

/// The name of the file in a data directory.
pub const KEYS_FILE: &str = "keys";

/// The length of a key, in bytes.
const KEY_BYTES: usize = 32;

/// Distinguishes the fingerprint from other digests.
const FINGERPRINT_LABEL: &[u8] = b"headcount-collector-keys-v1\0";

/// Distinguishes uses of the key for installations.
const COMMITMENT_LABEL: &[u8] = b"headcount-commitment-v1\0";

/// Distinguishes uses of the key for installations.
const REPORT_LABEL: &[u8] = b"headcount-report-v1\0";

/// What the admin token is made of, beside the key.
const ADMIN_TOKEN_LABEL: &[u8] = b"headcount-admin-token-v1";

/// A key: 32 random bytes.
type RawKey = [u8; KEY_BYTES];

/// The keys of a collector. They are never printed.
pub struct CollectorKeys {
    installations: RawKey,
    noise: RawKey,
    signatures: RawKey,
    tokens: RawKey,
    signer: Ed25519KeyPair,
    /// The public keys of signatures before, oldest first.
    earlier: Vec<RawKey>,
}

/// Why keys cannot be used, in one sentence for the operator.
#[derive(Debug, Error)]
pub enum KeysError {
    /// There is no such file, and it is not for this program to make it.
    #[error("there is no key file; `headcount collect init` makes one")]
    Missing,
    /// The file exists and would be replaced.
    #[error("the key file exists and is not replaced; other keys would make its data unreadable")]
    Exists,
    /// The file has other content than keys.
    #[error(transparent)]
    Invalid(#[from] InvalidKeyFile),
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

impl CollectorKeys {
    /// New random keys.
    #[must_use]
    pub fn random() -> Self {
        Self::new(rand::random(), rand::random(), rand::random(), rand::random(), Vec::new())
    }

    fn new(
        installations: RawKey,
        noise: RawKey,
        signatures: RawKey,
        tokens: RawKey,
        earlier: Vec<RawKey>,
    ) -> Self {
        let signer = signer(&signatures);
        Self { installations, noise, signatures, tokens, signer, earlier }
    }

    /// The keys in a file. A file that others may read is restricted to its owner, and the log says so.
    ///
    /// # Errors
    /// [`KeysError::Missing`], [`KeysError::Invalid`] and [`KeysError::Disk`].
    pub fn load(file: &Path) -> Result<Self, KeysError> {
        let bytes = fs::read(file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => KeysError::Missing,
            _ => KeysError::Disk(error),
        })?;
        if fs::metadata(file)?.permissions().mode() & 0o077 != 0 {
            tracing::warn!(
                "other users of this machine can read the key file; it is restricted to its owner"
            );
            // A file that was mounted from elsewhere may not be changed.
            fs::set_permissions(file, Permissions::from_mode(0o600)).ok();
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| InvalidKeyFile::NotText)?;
        Ok(key_file::parse(text)?)
    }

    /// Writes the keys to a new file that only its owner can read. When this returns, it survives a power
    /// cut.
    ///
    /// # Errors
    /// [`KeysError::Exists`] and [`KeysError::Disk`].
    pub fn create(&self, file: &Path) -> Result<(), KeysError> {
        if file.try_exists()? {
            return Err(KeysError::Exists);
        }
        self.replace(file)
    }

    /// The same, over an existing file.
    ///
    /// # Errors
    /// [`KeysError::Disk`]; an existing file is unchanged then.
    pub fn replace(&self, file: &Path) -> Result<(), KeysError> {
        let (directory, name) = place(file)?;
        Ok(secret_file::store(directory, name, key_file::format(self))?)
    }

    /// The same keys with a new one for signatures. The public key of the old one stays published.
    #[must_use]
    pub fn with_new_signatures(&self) -> Self {
        let earlier = self.earlier.iter().copied().chain([public_key(&self.signer)]).collect();
        Self::new(self.installations, self.noise, rand::random(), self.tokens, earlier)
    }

    /// Tells these keys from others: 16 hexadecimal digits. It stays the same when the key for signatures is
    /// replaced: it is made of the first one.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let first = self.earlier.first().copied().unwrap_or_else(|| public_key(&self.signer));
        let digest = Sha256::new()
            .chain_update(FINGERPRINT_LABEL)
            .chain_update(self.installations)
            .chain_update(self.noise)
            .chain_update(first)
            .chain_update(self.tokens)
            .finalize();
        hex::encode(digest.first_chunk::<8>().copied().unwrap_or_default())
    }

    /// The hash of an installation.
    #[must_use]
    pub fn installation(&self, uuid: Uuid) -> InstallationHash {
        let code = keyed(&self.installations, &[uuid.as_bytes()]);
        InstallationHash(code.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes)))
    }

    /// The hash of the commitment of an installation, which is stored in its place. Compare two of them with
    /// [`is_same_hash`].
    #[must_use]
    pub fn commitment(&self, commitment: &[u8]) -> [u8; 32] {
        keyed(&self.installations, &[COMMITMENT_LABEL, commitment])
    }

    /// The number of a report in tables: a keyed hash of its id. Without the key, no two ids with the same
    /// number can be searched for.
    #[must_use]
    pub fn report_number(&self, id: &str) -> u64 {
        let code = keyed(&self.installations, &[REPORT_LABEL, id.as_bytes()]);
        code.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    /// The key of the noise in what is published.
    #[must_use]
    pub const fn noise(&self) -> &[u8; 32] {
        &self.noise
    }

    /// The admin token where none was given: 64 hexadecimal digits, the same in every process with these
    /// keys.
    #[must_use]
    pub fn admin_token(&self) -> String {
        hex::encode(keyed(&self.tokens, &[ADMIN_TOKEN_LABEL]))
    }

    /// Signs a text. Returns the public key and the signature, in hexadecimal digits.
    #[must_use]
    pub fn sign(&self, text: &str) -> (String, String) {
        (hex::encode(public_key(&self.signer)), hex::encode(self.signer.sign(text.as_bytes())))
    }

    /// The public keys of signatures: that of this one, and those before.
    #[must_use]
    pub fn public_keys(&self) -> PublicKeys {
        let published = |key: &RawKey| PublicKey { algorithm: "ed25519".to_owned(), key: hex::encode(key) };
        PublicKeys {
            current: published(&public_key(&self.signer)),
            earlier: self.earlier.iter().map(published).collect(),
        }
    }
}

impl fmt::Debug for CollectorKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CollectorKeys").finish_non_exhaustive()
    }
}

/// Compares two keyed hashes in a time that does not depend on where they differ.
#[must_use]
pub fn is_same_hash(one: &[u8], other: &[u8]) -> bool {
    // Under a random key, no one who measures can relate the time to the hashes.
    let key: RawKey = rand::random();
    keyed(&key, &[one]) == keyed(&key, &[other])
}

/// HMAC-SHA-256 of some bytes.
fn keyed(key: &RawKey, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC fills a key up to its block with zeros.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(byte, of_key)| *byte = *of_key);
    let keyed = Hmac::<Sha256>::new(&block.into());
    parts.iter().fold(keyed, |keyed, part| keyed.chain_update(part)).finalize().into_bytes().into()
}

fn signer(seed: &RawKey) -> Ed25519KeyPair {
    #[expect(clippy::expect_used, reason = "32 bytes are a seed; only another length is refused")]
    Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed")
}

fn public_key(signer: &Ed25519KeyPair) -> RawKey {
    signer.public_key().as_ref().try_into().unwrap_or_default()
}

/// The directory of a file, and its name in it.
fn place(file: &Path) -> io::Result<(&Path, &str)> {
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| io::Error::other("the path of the key file does not end with a name"))?;
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    Ok((directory.unwrap_or_else(|| Path::new(".")), name))
}

#[cfg(test)]
mod tests;
