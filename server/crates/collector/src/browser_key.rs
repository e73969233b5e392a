//! Replaces the UUIDs of browsers by hashes under a key of the day.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// The key of the browsers of a day.
#[derive(Clone)]
pub(super) struct DayBrowserKey([u8; 32]);

impl std::fmt::Debug for DayBrowserKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DayBrowserKey")
    }
}

impl DayBrowserKey {
    /// The key of these bytes.
    pub(super) const fn new(key: [u8; 32]) -> Self {
        Self(key)
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
        let key = DayBrowserKey::new([1; 32]);
        assert_eq!(key.hash(a), key.hash(a));
        assert_ne!(key.hash(a), key.hash(b));
        assert_ne!(key.hash(a), DayBrowserKey::new([2; 32]).hash(a));
    }
}
