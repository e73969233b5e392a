//! Replaces UUIDs by hashes under a key of the collector: of installations for as long as they are counted, of
//! browsers for a day.

use headcount_fleet::installation_day::InstallationHash;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// A key for hashes of UUIDs.
#[derive(Clone)]
pub(super) struct UuidKey([u8; 32]);

impl std::fmt::Debug for UuidKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("UuidKey")
    }
}

impl UuidKey {
    /// The key of these bytes.
    pub(super) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The hash of an installation.
    pub(super) fn installation(&self, uuid: Uuid) -> InstallationHash {
        InstallationHash(self.hash(uuid))
    }

    /// The first 64 bits of the HMAC-SHA-256 of a UUID's bytes.
    pub(super) fn hash(&self, uuid: Uuid) -> u64 {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return 0 };
        mac.update(uuid.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(mac.finalize().into_bytes());
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_the_uuid_and_on_the_key() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let key = UuidKey::new([1; 32]);
        assert_eq!(key.hash(a), key.hash(a));
        assert_ne!(key.hash(a), key.hash(b));
        assert_ne!(key.hash(a), UuidKey::new([2; 32]).hash(a));
    }
}
