//! Encodes and decodes slots for the file on disk.
//!
//! A file is a sequence of frames with a batch each. A frame begins with four little-endian numbers of four
//! bytes: the magic number of the format, a checksum of all that follows, the length of the body, and its
//! uncompressed length. A frame is decoded only if its checksum is right.

use std::io;

use headcount_health::sli::{ApplicationSlot, SlotBatch, SlotSource};
use headcount_topology::application_key::ApplicationKey;
use prost::Message as _;

/// The magic number of the format, with its version.
const MARK: [u8; 4] = *b"hci1";

/// The length of the header before the body, in bytes.
const LEN: usize = 16;

/// The maximum uncompressed length of a body; no frame gets near it.
const MAX_BYTES: usize = 1 << 28;

/// The fastest compression level.
const LEVEL: i32 = 1;

#[derive(Clone, PartialEq, prost::Message)]
struct SlotFrameBody {
    #[prost(uint32, repeated, tag = "1")]
    requests: Vec<u32>,
    #[prost(uint32, repeated, tag = "2")]
    latencies: Vec<u32>,
    #[prost(message, repeated, tag = "3")]
    slots: Vec<EncodedSlot>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct EncodedSlot {
    #[prost(string, tag = "1")]
    namespace: String,
    #[prost(string, tag = "2")]
    kind: String,
    #[prost(string, tag = "3")]
    name: String,
    /// The checksum of the operator's queries.
    #[prost(uint32, optional, tag = "4")]
    own: Option<u32>,
    #[prost(uint32, tag = "5")]
    end: u32,
    /// All requests and those that failed, or empty.
    #[prost(float, repeated, tag = "6")]
    requests: Vec<f32>,
    #[prost(float, repeated, tag = "7")]
    bounds: Vec<f32>,
    #[prost(float, repeated, tag = "8")]
    counts: Vec<f32>,
}

/// Encodes a batch as a frame.
///
/// # Errors
/// The batch is too long, or cannot be compressed.
pub(super) fn write(batch: &SlotBatch) -> io::Result<Vec<u8>> {
    let body = SlotFrameBody::from(batch).encode_to_vec();
    let packed = zstd::bulk::compress(&body, LEVEL)?;
    if body.len() > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let lens = [packed.len(), body.len()].map(|len| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
    let checked = [lens.as_flattened(), &packed].concat();
    Ok([&MARK, &crc32fast::hash(&checked).to_le_bytes(), &*checked].concat())
}

/// Decodes the first frame of `bytes`, and removes it from them; `None` if there is none, or it is damaged.
pub(super) fn take(bytes: &mut &[u8]) -> Option<SlotBatch> {
    let (head, rest) = bytes.split_first_chunk::<LEN>()?;
    let number = |place: usize| -> Option<u32> {
        head.get(place..place + 4)?.first_chunk().copied().map(u32::from_le_bytes)
    };
    let (packed, rest) = rest.split_at_checked(number(8)? as usize)?;
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(head.get(8..)?);
    checksum.update(packed);
    if !head.starts_with(&MARK) || checksum.finalize() != number(4)? {
        return None;
    }
    let body = zstd::bulk::decompress(packed, (number(12)? as usize).min(MAX_BYTES)).ok()?;
    let batch = SlotFrameBody::decode(&*body).ok()?.into();
    *bytes = rest;
    Some(batch)
}

impl From<&SlotBatch> for SlotFrameBody {
    fn from(batch: &SlotBatch) -> Self {
        let slots = batch.slots.iter().map(EncodedSlot::from).collect();
        Self { requests: batch.requests.clone(), latencies: batch.latencies.clone(), slots }
    }
}

impl From<SlotFrameBody> for SlotBatch {
    fn from(body: SlotFrameBody) -> Self {
        let slots = body.slots.into_iter().map(ApplicationSlot::from).collect();
        Self { requests: body.requests, latencies: body.latencies, slots, ..Self::default() }
    }
}

impl From<&ApplicationSlot> for EncodedSlot {
    fn from(slot: &ApplicationSlot) -> Self {
        let ApplicationKey { namespace, kind, name } = slot.application.clone();
        let own = match slot.source {
            SlotSource::Seen => None,
            SlotSource::Own(checksum) => Some(checksum),
        };
        let requests = slot.requests.iter().flatten().copied().collect();
        let (bounds, counts) = slot.latency.iter().copied().unzip();
        Self { namespace, kind, name, own, end: slot.end, requests, bounds, counts }
    }
}

impl From<EncodedSlot> for ApplicationSlot {
    fn from(slot: EncodedSlot) -> Self {
        let EncodedSlot { namespace, kind, name, own, end, requests, bounds, counts } = slot;
        Self {
            application: ApplicationKey { namespace, kind, name },
            source: own.map_or(SlotSource::Seen, SlotSource::Own),
            end,
            requests: requests.first_chunk().copied(),
            latency: bounds.into_iter().zip(counts).collect(),
        }
    }
}
