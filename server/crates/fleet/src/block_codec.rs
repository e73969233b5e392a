//! Encodes and decodes blocks: what is stored of a day, a table or a report, as compact bytes.
//!
//! A block is a version byte and a value in the postcard format, compressed with zstd. It is read only if its
//! version is known and its size decompressed is within a limit.

use std::io;

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

use crate::compression::compress;

/// The compression level of blocks: they are written once for a day and read for years.
const ZSTD_LEVEL: i32 = 9;

/// The largest block, decompressed, in bytes.
const MOST_BYTES: usize = 1 << 30;

/// Why bytes are no block.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BlockError {
    /// It was written by a later version of this program.
    #[error("the block has version {0}, which this program does not know")]
    UnknownVersion(u8),
    /// Its bytes changed since it was written.
    #[error("the block is damaged")]
    Damaged,
    /// The value cannot be encoded.
    #[error("the block cannot be encoded")]
    Unencodable,
}

impl From<io::Error> for BlockError {
    fn from(_: io::Error) -> Self {
        Self::Damaged
    }
}

impl From<postcard::Error> for BlockError {
    fn from(_: postcard::Error) -> Self {
        Self::Damaged
    }
}

/// Encodes a value as a block of this version.
///
/// # Errors
/// [`BlockError::Unencodable`], for a value that postcard does not support.
pub fn encode_block<T: Serialize>(version: u8, value: &T) -> Result<Vec<u8>, BlockError> {
    let plain = postcard::to_allocvec(value).map_err(|_| BlockError::Unencodable)?;
    let mut block = vec![version];
    block.extend(compress(&plain, ZSTD_LEVEL).map_err(|_| BlockError::Unencodable)?);
    Ok(block)
}

/// Decodes a block of this version.
///
/// # Errors
/// [`BlockError::UnknownVersion`] and [`BlockError::Damaged`].
pub fn decode_block<T: DeserializeOwned>(version: u8, block: &[u8]) -> Result<T, BlockError> {
    let plain = decompress_block(version, block)?;
    let (value, rest) = postcard::take_from_bytes(&plain)?;
    if rest.is_empty() { Ok(value) } else { Err(BlockError::Damaged) }
}

/// Decodes the first fields of a block of this version: those of `T`, which must be the first ones of what was encoded.
///
/// # Errors
/// [`BlockError::UnknownVersion`] and [`BlockError::Damaged`].
pub fn decode_block_start<T: DeserializeOwned>(version: u8, block: &[u8]) -> Result<T, BlockError> {
    let plain = decompress_block(version, block)?;
    Ok(postcard::take_from_bytes(&plain)?.0)
}

fn decompress_block(version: u8, block: &[u8]) -> Result<Vec<u8>, BlockError> {
    let (found, compressed) = block.split_first().ok_or(BlockError::Damaged)?;
    if *found != version {
        return Err(BlockError::UnknownVersion(*found));
    }
    let bytes = zstd::zstd_safe::get_frame_content_size(compressed).ok().flatten();
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok()).ok_or(BlockError::Damaged)?;
    if bytes > MOST_BYTES {
        return Err(BlockError::Damaged);
    }
    Ok(zstd::bulk::decompress(compressed, bytes)?)
}

/// Orders the bytes of sorted numbers so that they compress well: differences, their first bytes before their
/// second ones.
#[must_use]
pub fn pack_sorted(numbers: &[u64]) -> Vec<u8> {
    let mut before = 0;
    let differences: Vec<_> = numbers
        .iter()
        .map(|number| number.wrapping_sub(std::mem::replace(&mut before, *number)).to_le_bytes())
        .collect();
    (0..8)
        .flat_map(|byte| differences.iter().map(move |bytes| bytes.get(byte).copied().unwrap_or_default()))
        .collect()
}

/// The inverse of [`pack_sorted`].
#[must_use]
pub fn unpack_sorted(packed: &[u8]) -> Vec<u64> {
    let many = packed.len() / 8;
    let mut number = 0_u64;
    (0..many)
        .map(|at| {
            let bytes = std::array::from_fn(|byte| packed.get(byte * many + at).copied().unwrap_or_default());
            number = number.wrapping_add(u64::from_le_bytes(bytes));
            number
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_block_holds_what_was_put_in(values in prop::collection::vec(any::<(u64, String)>(), 0..50)) {
            let block = encode_block(3, &values).unwrap();
            prop_assert_eq!(decode_block::<Vec<(u64, String)>>(3, &block), Ok(values));
        }

        #[test]
        fn no_bytes_break_the_decoder(at in 0_usize..200, bit in 0_u8..8, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            decode_block::<Vec<(u64, String)>>(3, &bytes).ok();
            let mut block = encode_block(3, &vec![(1_u64, "name".repeat(20)); 20]).unwrap();
            let at = at % block.len();
            block[at] ^= 1 << bit;
            decode_block::<Vec<(u64, String)>>(3, &block).ok();
        }

        #[test]
        fn sorted_numbers_are_unpacked_as_they_were(mut numbers in prop::collection::vec(any::<u64>(), 0..100)) {
            numbers.sort_unstable();
            prop_assert_eq!(unpack_sorted(&pack_sorted(&numbers)), numbers);
        }
    }

    #[test]
    fn a_block_of_another_version_is_refused() {
        let block = encode_block(4, &1_u8).unwrap();
        assert_eq!(decode_block::<u8>(3, &block), Err(BlockError::UnknownVersion(4)));
        assert_eq!(decode_block::<u8>(3, &[]), Err(BlockError::Damaged));
        let longer = encode_block(3, &(1_u8, 2_u8)).unwrap();
        assert_eq!(decode_block::<u8>(3, &longer), Err(BlockError::Damaged));
    }

    #[test]
    fn sorted_hashes_of_100_000_installations_take_less_than_seven_bytes_each() {
        let mut number = 1_u64;
        let mut hashes: Vec<_> = (0..100_000)
            .map(|_| {
                number =
                    number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                number ^ (number >> 29)
            })
            .collect();
        hashes.sort_unstable();
        let block = encode_block(1, &pack_sorted(&hashes)).unwrap();
        assert!(block.len() < 700_000, "{}", block.len());
    }
}
