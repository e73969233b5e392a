//! Compresses and decompresses sections.
//!
//! A section is two numbers, its decompressed and its stored length, and the stored bytes. They are
//! compressed, or stored as they are if compression is not worthwhile; then both lengths are the same. The
//! compression is Zstandard, because it decompressed fastest in our measurements: `lz4_flex` without `unsafe`
//! takes a fifth longer, for files that are half as large again.

use std::io;

use zstd::bulk::{Compressor, Decompressor};

use super::frame::DamagedFrame;

/// The fastest level: compression happens in every refresh, and disk space is rarely short.
const LEVEL: i32 = 1;

/// Below this size, a compression table costs more time than it saves bytes.
const WORTHWHILE_BYTES: usize = 4096;

/// More than any section has. It prevents large allocations for invalid lengths.
const MAX_BYTES: usize = 1 << 29;

/// Compresses sections with shared buffers.
pub(super) struct SectionPacker {
    compressor: Compressor<'static>,
    packed: Vec<u8>,
}

/// Decompresses sections with shared buffers.
pub(super) struct SectionUnpacker {
    decompressor: Decompressor<'static>,
    bytes: Vec<u8>,
}

/// A section as a file stores it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedSection<'f> {
    len: usize,
    stored: &'f [u8],
}

impl SectionPacker {
    /// Creates a compressor.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { compressor: Compressor::new(LEVEL)?, packed: Vec::new() })
    }

    /// Appends `bytes` to `file` as a section.
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

impl SectionUnpacker {
    /// Creates a decompressor.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { decompressor: Decompressor::new()?, bytes: Vec::new() })
    }

    /// The decompressed bytes of a section.
    pub(super) fn unpack<'b>(&'b mut self, section: PackedSection<'b>) -> Result<&'b [u8], DamagedFrame> {
        if section.len == section.stored.len() {
            return Ok(section.stored);
        }
        self.bytes.clear();
        self.bytes.reserve(section.len);
        self.decompressor.decompress_to_buffer(section.stored, &mut self.bytes).map_err(|_| DamagedFrame)?;
        if self.bytes.len() == section.len { Ok(&self.bytes) } else { Err(DamagedFrame) }
    }
}

impl<'f> PackedSection<'f> {
    /// Removes the first section from `bytes` and returns it.
    pub(super) fn take(bytes: &mut &'f [u8]) -> Result<Self, DamagedFrame> {
        let (len, rest) = bytes.split_first_chunk().ok_or(DamagedFrame)?;
        let (stored, rest) = rest.split_first_chunk().ok_or(DamagedFrame)?;
        let [len, stored] = [len, stored].map(|number| u32::from_le_bytes(*number) as usize);
        if len > MAX_BYTES || stored > len {
            return Err(DamagedFrame);
        }
        let (stored, rest) = rest.split_at_checked(stored).ok_or(DamagedFrame)?;
        *bytes = rest;
        Ok(Self { len, stored })
    }

    /// The stored bytes. Two sections of the same decompressed length have equal contents only if these are
    /// equal.
    pub(super) const fn stored(&self) -> &'f [u8] {
        self.stored
    }

    /// The decompressed length.
    pub(super) const fn len(&self) -> usize {
        self.len
    }
}

impl std::fmt::Debug for SectionPacker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SectionPacker").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SectionUnpacker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SectionUnpacker").finish_non_exhaustive()
    }
}
