//! Commits an installation to a secret, with which it can later delete what it sent.
//!
//! Reports have the commitment. The secret stays at the installation until it asks for the deletion: whoever
//! knows it, and nobody else, can ask for that.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

/// The length of a secret and of a commitment, in bytes.
const BYTES: usize = 32;

/// What a commitment begins with.
const LABEL: &[u8] = b"headcount-deletion-v1\0";

/// The secret of an installation: 32 random bytes. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct InstanceSecret([u8; BYTES]);

/// What an installation says about its secret with each report: SHA-256 over a label, its UUID and the
/// secret, with a zero byte between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletionCommitment([u8; BYTES]);

/// A text is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not 64 hexadecimal digits")]
pub struct NotHexadecimal;

impl InstanceSecret {
    /// A secret of random bytes.
    #[must_use]
    pub const fn new(random: [u8; BYTES]) -> Self {
        Self(random)
    }

    /// Its 64 hexadecimal digits, to store and to send.
    #[must_use]
    pub fn expose(&self) -> String {
        digits_of(&self.0)
    }
}

impl DeletionCommitment {
    /// The commitment of an installation to its secret.
    #[must_use]
    pub fn new(instance: Uuid, secret: &InstanceSecret) -> Self {
        let digest = Sha256::new()
            .chain_update(LABEL)
            .chain_update(instance.to_string())
            .chain_update([0])
            .chain_update(secret.0);
        Self(digest.finalize().into())
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; BYTES] {
        &self.0
    }
}

/// The SHA-256 of a UUID as text, in hexadecimal digits: how a receipt names an installation.
#[must_use]
pub fn instance_sha256(instance: Uuid) -> String {
    digits_of(&Sha256::digest(instance.to_string()))
}

impl FromStr for InstanceSecret {
    type Err = NotHexadecimal;

    fn from_str(digits: &str) -> Result<Self, Self::Err> {
        bytes_of(digits).map(Self)
    }
}

impl FromStr for DeletionCommitment {
    type Err = NotHexadecimal;

    fn from_str(digits: &str) -> Result<Self, Self::Err> {
        bytes_of(digits).map(Self)
    }
}

impl fmt::Display for DeletionCommitment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&digits_of(&self.0))
    }
}

impl fmt::Debug for InstanceSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("InstanceSecret").finish_non_exhaustive()
    }
}

fn digits_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of(digits: &str) -> Result<[u8; BYTES], NotHexadecimal> {
    let is_digits = digits.len() == 2 * BYTES && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let pairs = (0..BYTES).map_while(|byte| u8::from_str_radix(digits.get(2 * byte..2 * byte + 2)?, 16).ok());
    let bytes: Vec<u8> = if is_digits { pairs.collect() } else { Vec::new() };
    bytes.try_into().map_err(|_| NotHexadecimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: Uuid = uuid::uuid!("4423595b-9d97-4e01-a19f-8e3d60c83b2a");

    #[test]
    fn a_commitment_is_the_documented_digest() {
        let commitment = DeletionCommitment::new(INSTANCE, &InstanceSecret::new([7; BYTES]));
        let digest = "9781aad75072ae23eac14602c8d5367cc32ba55d40b956b7223a154f1735b17c";
        assert_eq!(commitment.to_string(), digest);
        assert_eq!(commitment.to_string().parse(), Ok(commitment));
        assert_ne!(commitment, DeletionCommitment::new(Uuid::nil(), &InstanceSecret::new([7; BYTES])));
        assert_ne!(commitment, DeletionCommitment::new(INSTANCE, &InstanceSecret::new([8; BYTES])));
        let digest = "01e928e27918c008c26fc5a5b613d3335d112474570356ac52c66b73daa0669c";
        assert_eq!(instance_sha256(INSTANCE), digest);
    }

    #[test]
    fn only_64_digits_are_a_secret_and_it_is_not_printed() {
        let secret = InstanceSecret::new(std::array::from_fn(|n| n as u8));
        assert_eq!(secret.expose().parse(), Ok(secret.clone()));
        assert_eq!(secret.expose().to_uppercase().parse(), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "InstanceSecret { .. }");
        let digits = secret.expose();
        for bad in [
            "",
            "00",
            digits.strip_prefix("00").unwrap(),
            &format!("{digits}0"),
            &"g".repeat(64),
            &"é".repeat(32),
            &"+1".repeat(32),
        ] {
            assert_eq!(bad.parse::<InstanceSecret>(), Err(NotHexadecimal), "{bad}");
        }
    }
}
