//! Makes pseudonyms, the UUIDs under which an installation counts browsers.
//!
//! A pseudonym is HMAC-SHA256 of the 16 bytes of a browser's UUID under a key of the installation, truncated
//! to a UUID of version 8 (RFC 9562). It is made before anything is written or counted. The same browser has
//! other pseudonyms at other installations, and new ones once the key is replaced.

use std::{fmt, str::FromStr};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;
use uuid::{Builder, Uuid, Variant, Version};

/// The key under which an installation makes pseudonyms. It is never printed.
#[derive(Clone)]
pub struct BrowserKey {
    /// The state of HMAC behind its key block, so that a pseudonym does not cost that block again.
    keyed: Hmac<Sha256>,
}

/// The UUID under which a browser is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BrowserPseudonym(Uuid);

/// A text is not a UUID of version 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a UUID of version 8")]
pub struct NotAPseudonym;

impl BrowserKey {
    /// The length of a key, in bytes.
    pub const BYTES: usize = 32;

    /// A key of random bytes.
    #[must_use]
    pub fn new(random: &[u8; Self::BYTES]) -> Self {
        // HMAC fills a key up to its block with zeros.
        let mut block = [0; 64];
        block.iter_mut().zip(random).for_each(|(byte, of_key)| *byte = *of_key);
        Self { keyed: Hmac::new(&block.into()) }
    }

    /// The pseudonym of the browser with this UUID; `None` for a UUID that is not of version 4, which no
    /// browser makes.
    #[must_use]
    pub fn pseudonym(&self, browser: Uuid) -> Option<BrowserPseudonym> {
        let is_random =
            browser.get_variant() == Variant::RFC4122 && browser.get_version() == Some(Version::Random);
        if !is_random {
            return None;
        }
        let code = self.keyed.clone().chain_update(browser.as_bytes()).finalize().into_bytes();
        let mut truncated = [0; 16];
        truncated.iter_mut().zip(code).for_each(|(byte, of_code)| *byte = of_code);
        Some(BrowserPseudonym(Builder::from_custom_bytes(truncated).into_uuid()))
    }
}

impl fmt::Debug for BrowserKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BrowserKey").finish_non_exhaustive()
    }
}

impl BrowserPseudonym {
    /// The pseudonym as it is in a report.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }

    /// 64 bits, each of them random.
    pub(super) fn random_bits(self) -> u64 {
        let bits = self.0.as_u128();
        // The version is in bits 76 to 79 and the variant in bits 62 and 63.
        ((bits >> 80) as u64) << 16 | (bits & 0xffff) as u64
    }

    /// A pseudonym made of any bits, for tests.
    #[cfg(test)]
    pub(super) fn from_bits(bits: u128) -> Self {
        Self(Builder::from_custom_bytes(bits.to_be_bytes()).into_uuid())
    }
}

impl FromStr for BrowserPseudonym {
    type Err = NotAPseudonym;

    fn from_str(text: &str) -> Result<Self, NotAPseudonym> {
        let uuid: Uuid = text.parse().map_err(|_| NotAPseudonym)?;
        let is_custom = uuid.get_variant() == Variant::RFC4122 && uuid.get_version() == Some(Version::Custom);
        if is_custom { Ok(Self(uuid)) } else { Err(NotAPseudonym) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BROWSER: Uuid = uuid::uuid!("20174a56-4a1e-41ca-a90d-b657d1fa873e");

    #[test]
    fn a_pseudonym_is_the_truncated_hmac_of_the_uuid() {
        // printf '20174a564a1e41caa90db657d1fa873e' | xxd -r -p | openssl dgst -sha256 -mac HMAC -macopt
        // hexkey:0101…01
        let key = BrowserKey::new(&[1; 32]);
        assert_eq!(
            key.pseudonym(BROWSER).unwrap().as_uuid().to_string(),
            "0cf25490-3a82-8d0d-9eb9-ac15fa040ed2"
        );
    }

    #[test]
    fn only_random_uuids_are_browsers() {
        let key = BrowserKey::new(&[7; 32]);
        for (bits, why) in [
            (Uuid::nil().as_u128(), "the nil UUID"),
            (Uuid::max().as_u128(), "the max UUID"),
            (u128::from_be_bytes(*b"jane@acme.corp!!"), "text"),
            (0x20174a56_4a1e_11ca_a90d_b657d1fa873e, "version 1"),
            (0x20174a56_4a1e_31ca_a90d_b657d1fa873e, "version 3"),
            (0x20174a56_4a1e_51ca_a90d_b657d1fa873e, "version 5"),
            (0x20174a56_4a1e_61ca_a90d_b657d1fa873e, "version 6"),
            (0x20174a56_4a1e_71ca_a90d_b657d1fa873e, "version 7"),
            (0x20174a56_4a1e_81ca_a90d_b657d1fa873e, "version 8"),
            (0x20174a56_4a1e_41ca_290d_b657d1fa873e, "the variant of NCS"),
            (0x20174a56_4a1e_41ca_c90d_b657d1fa873e, "the variant of Microsoft"),
        ] {
            assert_eq!(key.pseudonym(Uuid::from_u128(bits)), None, "{why}");
        }
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", BrowserKey::new(&[1; 32])), "BrowserKey { .. }");
    }

    proptest! {
        #[test]
        fn pseudonyms_are_stable_and_differ_between_keys_and_browsers(one: [u8; 16], other: [u8; 16]) {
            let uuid = |bytes| Builder::from_random_bytes(bytes).into_uuid();
            let key = BrowserKey::new(&[3; 32]);
            let pseudonym = key.pseudonym(uuid(one)).unwrap();
            prop_assert_eq!(key.pseudonym(uuid(one)), Some(pseudonym));
            prop_assert_eq!(uuid(one) == uuid(other), key.pseudonym(uuid(other)) == Some(pseudonym));
            prop_assert_ne!(BrowserKey::new(&[4; 32]).pseudonym(uuid(one)), Some(pseudonym));
            prop_assert_eq!(pseudonym.as_uuid().get_version(), Some(Version::Custom));
            prop_assert_eq!(pseudonym.as_uuid().to_string().parse(), Ok(pseudonym));
            // A pseudonym is not counted under a pseudonym again.
            prop_assert_eq!(key.pseudonym(pseudonym.as_uuid()), None);
        }
    }
}
