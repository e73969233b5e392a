//! How are bytes packed?
//!
//! A section is two numbers, the bytes that it stands for and the bytes that it takes, and those bytes: compressed, or as
//! they are where that is not worth it, in which case the two numbers are the same. Zstandard, because it is the quickest to
//! unpack that we measured: `lz4_flex` without `unsafe` takes a fifth longer, for files that are half as large again.

use std::io;

use zstd::bulk::{Compressor, Decompressor};

use super::frame::Damaged;

/// The quickest level: a refresh packs much more often than a disk is short of room.
const LEVEL: i32 = 1;

/// Below this a table of codes costs more time than it saves bytes.
const WORTHWHILE_BYTES: usize = 4096;

/// More than any section has. It keeps a number that was not written by us from asking for memory.
const MAX_BYTES: usize = 1 << 29;

/// Packs sections, with the same memory for all.
pub(super) struct Packer {
    compressor: Compressor<'static>,
    packed: Vec<u8>,
}

/// Unpacks sections, with the same memory for all.
pub(super) struct Unpacker {
    decompressor: Decompressor<'static>,
    bytes: Vec<u8>,
}

/// A section as it lies in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed<'f> {
    len: usize,
    stored: &'f [u8],
}

impl Packer {
    /// A packer.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { compressor: Compressor::new(LEVEL)?, packed: Vec::new() })
    }

    /// Adds `bytes` to `file` as a section.
    pub(super) fn put(&mut self, bytes: &[u8], file: &mut Vec<u8>) -> io::Result<()> {
        let stored = if bytes.len() < WORTHWHILE_BYTES { bytes } else { self.smaller(bytes)? };
        for len in [bytes.len(), stored.len()] {
            let len = u32::try_from(len).ok().filter(|_| len <= MAX_BYTES);
            file.extend(len.ok_or(io::ErrorKind::FileTooLarge)?.to_le_bytes());
        }
        file.extend_from_slice(stored);
        Ok(())
    }

    fn smaller<'b>(&'b mut self, bytes: &'b [u8]) -> io::Result<&'b [u8]> {
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        self.compressor.compress_to_buffer(bytes, &mut self.packed)?;
        Ok(if self.packed.len() < bytes.len() { &self.packed } else { bytes })
    }
}

impl Unpacker {
    /// An unpacker.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { decompressor: Decompressor::new()?, bytes: Vec::new() })
    }

    /// The bytes that a section stands for.
    pub(super) fn unpack<'b>(&'b mut self, section: Packed<'b>) -> Result<&'b [u8], Damaged> {
        if section.len == section.stored.len() {
            return Ok(section.stored);
        }
        self.bytes.clear();
        self.bytes.reserve(section.len);
        self.decompressor.decompress_to_buffer(section.stored, &mut self.bytes).map_err(|_| Damaged)?;
        if self.bytes.len() == section.len { Ok(&self.bytes) } else { Err(Damaged) }
    }
}

impl<'f> Packed<'f> {
    /// Takes the section with which `bytes` begin from them.
    pub(super) fn take(bytes: &mut &'f [u8]) -> Result<Self, Damaged> {
        let (len, rest) = bytes.split_first_chunk().ok_or(Damaged)?;
        let (stored, rest) = rest.split_first_chunk().ok_or(Damaged)?;
        let [len, stored] = [len, stored].map(|number| u32::from_le_bytes(*number) as usize);
        if len > MAX_BYTES || stored > len {
            return Err(Damaged);
        }
        let (stored, rest) = rest.split_at_checked(stored).ok_or(Damaged)?;
        *bytes = rest;
        Ok(Self { len, stored })
    }

    /// The bytes that it takes. Those of two sections that stand for as many bytes are the same only if these are.
    pub(super) const fn stored(&self) -> &'f [u8] {
        self.stored
    }

    /// The number of bytes that it stands for.
    pub(super) const fn len(&self) -> usize {
        self.len
    }
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Packer").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Unpacker").finish_non_exhaustive()
    }
}
