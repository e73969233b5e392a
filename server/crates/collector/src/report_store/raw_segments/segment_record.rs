//! Encodes the raw copy of a report as a record of a segment file, and finds damage in it.
//!
//! A record is a header and the bytes of the copy. The header has a CRC-32 of everything after itself, the
//! number of the report and the number of bytes, all little-endian. A record of zeros was erased.

use thiserror::Error;

/// The bytes of a header: the checksum, the number of the report and the number of bytes.
const HEADER_BYTES: usize = CHECKSUM_BYTES + 2 * size_of::<u64>();

const CHECKSUM_BYTES: usize = size_of::<u32>();

/// The content of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SegmentRecord {
    /// The bytes that were stored.
    Whole(Vec<u8>),
    /// It was overwritten with zeros.
    Erased,
}

/// The bytes are not the record that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the raw copy of a report is damaged")]
pub(crate) struct DamagedRecord;

/// The number of bytes of a record of `bytes` bytes.
#[must_use]
pub(crate) const fn record_bytes(bytes: usize) -> u64 {
    (HEADER_BYTES + bytes) as u64
}

/// Adds the record of the report `seq` to `segment`.
pub(super) fn push_record(segment: &mut Vec<u8>, seq: i64, bytes: &[u8]) {
    let start = segment.len();
    segment.extend_from_slice(&[0; CHECKSUM_BYTES]);
    segment.extend_from_slice(&seq.to_le_bytes());
    segment.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    segment.extend_from_slice(bytes);
    let (checksum, rest) = segment[start..].split_at_mut(CHECKSUM_BYTES);
    checksum.copy_from_slice(&crc32fast::hash(rest).to_le_bytes());
}

/// The content of a record of the report `seq`, which has `length` bytes.
///
/// # Errors
/// [`DamagedRecord`].
pub(super) fn parse_record(
    seq: i64,
    length: u64,
    mut record: Vec<u8>,
) -> Result<SegmentRecord, DamagedRecord> {
    if record.len() as u64 != length {
        return Err(DamagedRecord);
    }
    if record.iter().all(|byte| *byte == 0) {
        return Ok(SegmentRecord::Erased);
    }
    let (checksum, rest) = record.split_first_chunk().ok_or(DamagedRecord)?;
    let (of_report, after) = rest.split_first_chunk().ok_or(DamagedRecord)?;
    let (length, bytes) = after.split_first_chunk().ok_or(DamagedRecord)?;
    let is_whole = u32::from_le_bytes(*checksum) == crc32fast::hash(rest)
        && i64::from_le_bytes(*of_report) == seq
        && u64::from_le_bytes(*length) == bytes.len() as u64;
    if !is_whole {
        return Err(DamagedRecord);
    }
    record.drain(..HEADER_BYTES);
    Ok(SegmentRecord::Whole(record))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(seq: i64, bytes: &[u8]) -> Vec<u8> {
        let mut record = Vec::new();
        push_record(&mut record, seq, bytes);
        record
    }

    #[test]
    fn what_is_no_record_is_told() {
        let whole = record(7, b"report");
        let longer = [whole.as_slice(), &[0]].concat();
        let cases = [
            ("whole", 7, whole.clone(), Ok(SegmentRecord::Whole(b"report".to_vec()))),
            ("without bytes", 7, record(7, b""), Ok(SegmentRecord::Whole(Vec::new()))),
            ("of another report", 8, whole.clone(), Err(DamagedRecord)),
            ("erased", 7, vec![0; whole.len()], Ok(SegmentRecord::Erased)),
            ("a part of a header", 7, whole[..HEADER_BYTES - 1].to_vec(), Err(DamagedRecord)),
            ("with more after it", 7, longer, Err(DamagedRecord)),
        ];
        for (case, seq, bytes, expected) in cases {
            assert_eq!(parse_record(seq, bytes.len() as u64, bytes), expected, "{case}");
        }
        assert_eq!(record_bytes(6), whole.len() as u64);
    }

    proptest! {
        #[test]
        fn damage_is_found_in_the_record_that_has_it_and_in_no_other(
            copies in prop::collection::vec((any::<i64>(), prop::collection::vec(any::<u8>(), 0..200)), 1..8),
            flipped in any::<prop::sample::Index>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut segment = Vec::new();
            let mut places = Vec::new();
            for (seq, bytes) in &copies {
                let start = segment.len();
                push_record(&mut segment, *seq, bytes);
                places.push(start..segment.len());
            }
            let check = |segment: &[u8], is_damaged: &dyn Fn(&std::ops::Range<usize>) -> bool| {
                for ((seq, bytes), place) in copies.iter().zip(&places) {
                    let there = place.start.min(segment.len())..place.end.min(segment.len());
                    let parsed = parse_record(*seq, place.len() as u64, segment[there].to_vec());
                    let whole = Ok(SegmentRecord::Whole(bytes.clone()));
                    let expected = if is_damaged(place) { Err(DamagedRecord) } else { whole };
                    prop_assert_eq!(parsed, expected);
                }
                Ok(())
            };
            let end = cut.index(segment.len());
            check(&segment[..end], &|place| place.end > end)?;
            let bit = flipped.index(segment.len() * 8);
            segment[bit / 8] ^= 1 << (bit % 8);
            check(&segment, &|place| place.contains(&(bit / 8)))?;
        }
    }
}
