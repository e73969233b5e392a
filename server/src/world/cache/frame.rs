//! Which bytes of a file belong together, and are they what was written?
//!
//! A file is a sequence of frames. A frame begins with [`LEN`] bytes, numbers of four bytes with the lowest first: the mark
//! of the format, a checksum of all that follows, the length of the frame, a fingerprint of the query, and the [`Header`].
//! Nothing that a frame says is believed before its checksum is right, lengths least of all.

use std::io;

use super::super::catalogue::{Kind, Query};

/// The mark of the format, with its version.
const MARK: [u8; 4] = *b"hcw1";

/// Bytes before the body of a frame.
const LEN: usize = 40;

/// The bytes are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not what was written")]
pub(super) struct Damaged;

/// What a frame says about itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// The newest moment that was answered.
    pub(super) to: u32,
    /// The first moment of its points.
    pub(super) from: u32,
    /// The distance between two moments, in seconds.
    pub(super) step: u32,
    /// How many moments it has points of.
    pub(super) moments: u32,
    /// How many rows the file has with it.
    pub(super) rows: u32,
    /// How many of them it adds: the last ones.
    pub(super) added: u32,
}

/// A frame whose bytes are what was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'f> {
    /// What it says about itself.
    pub(super) header: Header,
    /// Its sections.
    pub(super) body: &'f [u8],
}

/// The frames of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames<'f> {
    /// In the order in which they were written.
    pub(super) list: Vec<Frame<'f>>,
    /// The bytes that they take. What follows in the file is torn.
    pub(super) bytes: usize,
}

impl Header {
    /// The last moment of its points; `None` without points.
    pub(super) fn end(&self) -> Option<u32> {
        let steps = self.moments.checked_sub(1)?;
        self.from.checked_add(steps.checked_mul(self.step)?)
    }
}

impl<'f> Frames<'f> {
    /// The frames of a file of `query`, up to the first that is torn or damaged.
    pub(super) fn of(query: &Query, file: &'f [u8]) -> Self {
        let fingerprint = fingerprint(query);
        let mut frames = Self::default();
        while let Some((frame, checksum, bytes)) = split(&file[frames.bytes..]) {
            if bytes[8..].get(4..8) != Some(&fingerprint[..]) || crc32fast::hash(&bytes[8..]) != checksum {
                break;
            }
            frames.list.push(frame);
            frames.bytes += bytes.len();
        }
        frames
    }

    /// The frames of a file, unchecked.
    pub(super) fn unchecked(file: &'f [u8]) -> Self {
        let mut frames = Self::default();
        while let Some((frame, _, bytes)) = split(&file[frames.bytes..]) {
            frames.list.push(frame);
            frames.bytes += bytes.len();
        }
        frames
    }

    /// The last moment that the file has points of; `None` without points.
    pub(super) fn end(&self) -> Option<u32> {
        self.list.iter().rev().find_map(|frame| frame.header.end())
    }

    /// The newest header; `None` without a frame.
    pub(super) fn newest(&self) -> Option<&Header> {
        self.list.last().map(|frame| &frame.header)
    }
}

/// A frame of `query` whose body `write` adds.
pub(super) fn frame(
    query: &Query,
    header: &Header,
    write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let Header { to, from, step, moments, rows, added } = *header;
    let mut bytes = Vec::new();
    bytes.extend(MARK);
    bytes.extend([0; 8]);
    bytes.extend(fingerprint(query));
    for number in [to, from, step, moments, rows, added] {
        bytes.extend(number.to_le_bytes());
    }
    write(&mut bytes)?;
    let len = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    bytes[8..12].copy_from_slice(&len.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[8..]);
    bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
    Ok(bytes)
}

/// The frame with which `file` begins, the checksum that it should have, and all its bytes.
fn split(file: &[u8]) -> Option<(Frame<'_>, u32, &[u8])> {
    let (start, _) = file.split_first_chunk::<LEN>()?;
    let number = |at: usize| u32::from_le_bytes([start[at], start[at + 1], start[at + 2], start[at + 3]]);
    let bytes = file.get(..number(8) as usize).filter(|bytes| bytes.len() >= LEN && start[..4] == MARK)?;
    let [to, from, step, moments, rows, added] = [16, 20, 24, 28, 32, 36].map(number);
    let header = Header { to, from, step, moments, rows, added };
    Some((Frame { header, body: &bytes[LEN..] }, number(4), bytes))
}

/// Tells the answers to a query from those to what was called the same in another version.
fn fingerprint(query: &Query) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    for text in
        [query.name, query.expression].into_iter().chain(query.labels.iter().map(|label| label.name()))
    {
        hasher.update(text.as_bytes());
        hasher.update(&[0]);
    }
    let kind = match query.kind {
        Kind::Now => [1, 0, 0],
        Kind::Seen => [2, 0, 0],
        Kind::Range { keep, every } => [3, keep.as_secs(), every.unwrap_or_default().as_secs()],
    };
    for number in kind {
        hasher.update(&number.to_le_bytes());
    }
    hasher.finalize().to_le_bytes()
}
