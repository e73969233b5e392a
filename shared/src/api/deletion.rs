//! The deletion of an installation from a collector: the request, the receipt, and the keys that sign it.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is said of the numbers that were published before a deletion.
pub const RELEASED_CELLS: &str = "released cells were not recomputed";

/// `POST /ce/usage-statistics/deletion` of a collector: an installation asks for the deletion of all that it
/// sent. It is not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeletionRequest {
    /// The UUID of the installation.
    pub instance: Uuid,
    /// Its secret, 64 hexadecimal digits.
    pub secret: String,
}

impl fmt::Debug for DeletionRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DeletionRequest").finish_non_exhaustive()
    }
}

/// The answer to it: what a collector has deleted, signed by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletionReceipt {
    /// The SHA-256 of the UUID of the installation as text, in hexadecimal digits.
    pub instance_sha256: String,
    /// The hour of the deletion, in Unix seconds.
    pub hour: u64,
    /// The number of deleted reports.
    pub reports: u64,
    /// Of how many of them the report as it was sent was still stored.
    pub raw_reports: u64,
    /// The number of days on which these reports arrived.
    pub days: u64,
    /// [`RELEASED_CELLS`]: numbers that were published before stay, because a change of them would tell of
    /// the installation.
    pub released: String,
    /// Until when late reports of the installation are refused, in Unix seconds.
    pub tombstone_until: u64,
    /// The public key that verifies the signature: Ed25519, in hexadecimal digits.
    pub key: String,
    /// The signature over [`Self::signed_text`], in hexadecimal digits.
    pub signature: String,
}

impl DeletionReceipt {
    /// The text that is signed: a line for each field, in this order.
    #[must_use]
    pub fn signed_text(&self) -> String {
        let Self { instance_sha256, hour, reports, raw_reports, days, released, tombstone_until, .. } = self;
        format!(
            "headcount-deletion-receipt-v1\ninstance_sha256 {instance_sha256}\nhour {hour}\nreports {reports}\n\
             raw_reports {raw_reports}\ndays {days}\nreleased {released}\ntombstone_until {tombstone_until}\n"
        )
    }
}

/// `GET /ce/keys` of a collector: the public keys of its signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKeys {
    /// The key that signs now.
    pub current: PublicKey,
    /// The keys that signed before, oldest first.
    pub earlier: Vec<PublicKey>,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// `ed25519`.
    pub algorithm: String,
    /// The 32 bytes of the key, in hexadecimal digits.
    pub key: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_text_has_every_fact_and_the_request_is_not_printed() {
        let receipt = DeletionReceipt {
            instance_sha256: "ab".repeat(32),
            hour: 1_700_000_400,
            reports: 3,
            raw_reports: 2,
            days: 1,
            released: RELEASED_CELLS.to_owned(),
            tombstone_until: 1_705_184_400,
            key: "c".to_owned(),
            signature: "d".to_owned(),
        };
        let expected = format!(
            "headcount-deletion-receipt-v1\ninstance_sha256 {}\nhour 1700000400\nreports 3\nraw_reports 2\ndays 1\n\
             released released cells were not recomputed\ntombstone_until 1705184400\n",
            "ab".repeat(32)
        );
        assert_eq!(receipt.signed_text(), expected);
        let request = DeletionRequest { instance: Uuid::nil(), secret: "zqxjvk".to_owned() };
        assert_eq!(format!("{request:?}"), "DeletionRequest { .. }");
    }
}
