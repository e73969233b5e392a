//! Divides the block of a day: a header with the names, and groups of installations.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{GroupColumns, InstallationDays, InstallationHash, VERSION};
use crate::block_codec::{BlockError, decode_block, encode_block};

/// What is in front of the groups.
#[derive(Serialize, Deserialize)]
pub(super) struct DayHeader {
    pub(super) versions: Vec<String>,
    pub(super) names: Vec<String>,
    /// The last installation of each group, and its length in bytes.
    pub(super) groups: Vec<(InstallationHash, u32)>,
}

/// A block, divided.
pub(super) struct GroupedBlock<'a> {
    pub(super) header: DayHeader,
    /// The last installation of each group, and its bytes.
    pub(super) groups: Vec<(InstallationHash, &'a [u8])>,
}

impl<'a> GroupedBlock<'a> {
    pub(super) fn join(header: &DayHeader, groups: &[Vec<u8>]) -> Result<Vec<u8>, BlockError> {
        let header = encode_block(VERSION, header)?;
        let length = u32::try_from(header.len()).map_err(|_| BlockError::Unencodable)?;
        let mut block = vec![VERSION];
        block.extend(length.to_le_bytes());
        block.extend(header);
        groups.iter().for_each(|group| block.extend(group));
        Ok(block)
    }

    pub(super) fn split(block: &'a [u8]) -> Result<Self, BlockError> {
        let BlockStart { header, bytes } = BlockStart::decode(block)?;
        let mut rest = block.get(bytes..).ok_or(BlockError::Damaged)?;
        let mut groups = Vec::with_capacity(header.groups.len());
        for (last, length) in &header.groups {
            let (group, after) = split_bytes(rest, *length)?;
            groups.push((*last, group));
            rest = after;
        }
        let are_sorted = groups.is_sorted_by(|(one, _), (next, _)| one < next);
        if rest.is_empty() && are_sorted { Ok(Self { header, groups }) } else { Err(BlockError::Damaged) }
    }
}

/// The start of a day's block, which tells where in the block an installation is. So that one is found, the
/// other bytes of the block need not be read.
pub struct BlockStart {
    header: DayHeader,
    /// Its length.
    bytes: usize,
}

impl std::fmt::Debug for BlockStart {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BlockStart").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl BlockStart {
    /// The start of a block of which the first bytes are here.
    ///
    /// # Errors
    /// [`BlockError::UnknownVersion`], and [`BlockError::Damaged`] also if there are too few bytes.
    pub fn decode(block: &[u8]) -> Result<Self, BlockError> {
        let (found, rest) = block.split_first().ok_or(BlockError::Damaged)?;
        if *found != VERSION {
            return Err(BlockError::UnknownVersion(*found));
        }
        let (length, rest) = rest.split_first_chunk().ok_or(BlockError::Damaged)?;
        let (header, rest) = split_bytes(rest, u32::from_le_bytes(*length))?;
        Ok(Self { header: decode_block(VERSION, header)?, bytes: block.len() - rest.len() })
    }

    /// The bytes of the block that have the installation, if the day has it.
    #[must_use]
    pub fn place_of(&self, installation: InstallationHash) -> Option<Range<usize>> {
        let mut start = self.bytes;
        for (last, length) in &self.header.groups {
            let end = start.checked_add(usize::try_from(*length).ok()?)?;
            if installation <= *last {
                return Some(start..end);
            }
            start = end;
        }
        None
    }

    /// The day with this installation alone, if the day has it. `group` are the bytes at its place.
    ///
    /// # Errors
    /// [`BlockError::UnknownVersion`] and [`BlockError::Damaged`].
    pub fn decode_one(
        &self,
        group: &[u8],
        installation: InstallationHash,
    ) -> Result<InstallationDays, BlockError> {
        let columns: GroupColumns = decode_block(VERSION, group)?;
        let hashes = columns.hashes()?;
        let place = self.header.groups.iter().map(|(last, _)| *last).find(|last| installation <= *last);
        if hashes.last().copied() != place.map(|last| last.0) {
            return Err(BlockError::Damaged);
        }
        let mut days = self.without_installations()?;
        if let Ok(at) = hashes.binary_search(&installation.0) {
            let mut counts = columns.override_counts.iter().copied().skip(columns.overrides_before(at));
            days.installations.push(columns.row(&hashes, at, &mut counts).ok_or(BlockError::Damaged)?);
        }
        Ok(days)
    }

    /// The day with its names alone.
    pub(super) fn without_installations(&self) -> Result<InstallationDays, BlockError> {
        InstallationDays::with_names_of(&self.header)
    }
}

fn split_bytes(bytes: &[u8], at: u32) -> Result<(&[u8], &[u8]), BlockError> {
    let at = usize::try_from(at).map_err(|_| BlockError::Damaged)?;
    bytes.split_at_checked(at).ok_or(BlockError::Damaged)
}
