//! Frames the bytes of a file, with checksums against damage.
//!
//! A file is a sequence of frames. A frame begins with [`LEN`] bytes, little-endian numbers of four bytes:
//! the magic number of the format, a checksum of all that follows, the length of the frame, a fingerprint of
//! the query, and the [`FrameHeader`]. Nothing in a frame is used before its checksum is verified, lengths
//! least of all.

use std::io;

use crate::query::{PrometheusQuery, QueryRetention};

/// The magic number of the format, which includes its version.
const MARK: [u8; 4] = *b"hcw1";

/// The number of bytes before the body of a frame.
const LEN: usize = 40;

/// The bytes are not those that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are damaged")]
pub(super) struct DamagedFrame;

/// The header of a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// The newest time with an answer.
    pub(super) to: u32,
    /// The first time of its points.
    pub(super) from: u32,
    /// The distance between two times, in seconds.
    pub(super) step: u32,
    /// The number of times with points.
    pub(super) moments: u32,
    /// The number of rows of the file up to this frame.
    pub(super) rows: u32,
    /// The number of rows that the frame adds: the last ones.
    pub(super) added: u32,
}

/// A verified frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct CacheFrame<'f> {
    /// Its header.
    pub(super) header: FrameHeader,
    /// Its sections.
    pub(super) body: &'f [u8],
}

/// The frames of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameList<'f> {
    /// In the order in which they were written.
    pub(super) list: Vec<CacheFrame<'f>>,
    /// The length of the verified frames. The rest of the file is damaged.
    pub(super) bytes: usize,
}

impl FrameHeader {
    /// The last time of its points; `None` without points.
    pub(super) fn end(&self) -> Option<u32> {
        let steps = self.moments.checked_sub(1)?;
        self.from.checked_add(steps.checked_mul(self.step)?)
    }
}

impl<'f> FrameList<'f> {
    /// The frames of a file of `query`, up to the first that is incomplete or damaged.
    pub(super) fn of(query: &PrometheusQuery, file: &'f [u8]) -> Self {
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

    /// The frames of a file, without verification.
    pub(super) fn unchecked(file: &'f [u8]) -> Self {
        let mut frames = Self::default();
        while let Some((frame, _, bytes)) = split(&file[frames.bytes..]) {
            frames.list.push(frame);
            frames.bytes += bytes.len();
        }
        frames
    }

    /// The last time of the points in the file; `None` without points.
    pub(super) fn end(&self) -> Option<u32> {
        self.list.iter().rev().find_map(|frame| frame.header.end())
    }

    /// The newest header; `None` without a frame.
    pub(super) fn newest(&self) -> Option<&FrameHeader> {
        self.list.last().map(|frame| &frame.header)
    }
}

/// A frame of `query` with the body that `write` appends.
pub(super) fn frame(
    query: &PrometheusQuery,
    header: &FrameHeader,
    write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let FrameHeader { to, from, step, moments, rows, added } = *header;
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

/// The first frame of `file`, its expected checksum, and its bytes.
fn split(file: &[u8]) -> Option<(CacheFrame<'_>, u32, &[u8])> {
    let (start, _) = file.split_first_chunk::<LEN>()?;
    let number = |at: usize| u32::from_le_bytes([start[at], start[at + 1], start[at + 2], start[at + 3]]);
    let bytes = file.get(..number(8) as usize).filter(|bytes| bytes.len() >= LEN && start[..4] == MARK)?;
    let [to, from, step, moments, rows, added] = [16, 20, 24, 28, 32, 36].map(number);
    let header = FrameHeader { to, from, step, moments, rows, added };
    Some((CacheFrame { header, body: &bytes[LEN..] }, number(4), bytes))
}

/// Distinguishes a query from one of the same name in another version.
fn fingerprint(query: &PrometheusQuery) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    for text in
        [query.name, query.expression].into_iter().chain(query.labels.iter().map(|label| label.name()))
    {
        hasher.update(text.as_bytes());
        hasher.update(&[0]);
    }
    let kind = match query.kind {
        QueryRetention::Now => [1, 0, 0],
        QueryRetention::Seen => [2, 0, 0],
        QueryRetention::Range { keep, every } => [3, keep.as_secs(), every.unwrap_or_default().as_secs()],
    };
    for number in kind {
        hasher.update(&number.to_le_bytes());
    }
    hasher.finalize().to_le_bytes()
}
