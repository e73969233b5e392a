//! Decompresses the body of a report.

use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;
use thiserror::Error;

/// The largest window of a zstd frame, as a power of two: that of the largest report, 8 MiB. The sender
/// chooses the window, which takes memory.
const ZSTD_WINDOW_LOG: u32 = 23;

/// How the body of a report is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentCoding {
    /// Not at all.
    Identity,
    /// One or more gzip members.
    Gzip,
    /// One or more zstd frames.
    Zstd,
}

impl ContentCoding {
    /// Its name in HTTP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Why a body cannot be decompressed.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// It grows beyond the limit.
    #[error("too large")]
    TooLarge,
    /// It is damaged, cut off, or not in this coding.
    #[error("damaged")]
    Damaged,
}

/// Decompresses `body` to at most `limit` bytes. Never holds more than that, whatever the body would expand
/// to.
///
/// # Errors
/// Every [`DecodeError`].
pub fn decode(coding: ContentCoding, body: Vec<u8>, limit: usize) -> Result<Vec<u8>, DecodeError> {
    match coding {
        ContentCoding::Identity if body.len() > limit => Err(DecodeError::TooLarge),
        ContentCoding::Identity => Ok(body),
        ContentCoding::Gzip => read_all(MultiGzDecoder::new(body.as_slice()), limit),
        ContentCoding::Zstd => read_all(zstd_reader(&body).map_err(|_| DecodeError::Damaged)?, limit),
    }
}

fn zstd_reader(body: &[u8]) -> io::Result<impl Read> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(body)?;
    reader.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(reader)
}

fn read_all(reader: impl Read, limit: usize) -> Result<Vec<u8>, DecodeError> {
    let mut bytes = Vec::new();
    // One byte more than the limit distinguishes a report that just fits from one that does not.
    let enough = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(enough).read_to_end(&mut bytes).map_err(|_| DecodeError::Damaged)?;
    if bytes.len() > limit { Err(DecodeError::TooLarge) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const LIMIT: usize = 1000;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd_frame(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    fn encoded(coding: ContentCoding, bytes: &[u8]) -> Vec<u8> {
        match coding {
            ContentCoding::Identity => bytes.to_vec(),
            ContentCoding::Gzip => gzip(bytes),
            ContentCoding::Zstd => zstd_frame(bytes),
        }
    }

    #[test]
    fn what_fits_comes_back_and_one_byte_more_does_not() {
        for coding in [ContentCoding::Identity, ContentCoding::Gzip, ContentCoding::Zstd] {
            let fits = vec![7; LIMIT];
            assert_eq!(decode(coding, encoded(coding, &fits), LIMIT), Ok(fits), "{coding:?}");
            let too_large = encoded(coding, &[7; LIMIT + 1]);
            assert_eq!(decode(coding, too_large, LIMIT), Err(DecodeError::TooLarge), "{coding:?}");
            assert_eq!(decode(coding, encoded(coding, &[]), LIMIT), Ok(Vec::new()), "{coding:?}");
        }
    }

    #[test]
    fn several_members_are_one_report() {
        for coding in [ContentCoding::Gzip, ContentCoding::Zstd] {
            let body = [encoded(coding, b"{\"a\":"), encoded(coding, b"1}")].concat();
            assert_eq!(decode(coding, body, LIMIT).unwrap(), b"{\"a\":1}", "{coding:?}");
        }
    }

    #[test]
    fn a_body_cut_off_anywhere_is_damaged() {
        for coding in [ContentCoding::Gzip, ContentCoding::Zstd] {
            let whole = encoded(coding, b"{\"instance\":{}}");
            for end in 1..whole.len() {
                let cut = whole[..end].to_vec();
                assert_eq!(decode(coding, cut, LIMIT), Err(DecodeError::Damaged), "{coding:?} at {end}");
            }
        }
    }

    #[test]
    fn a_body_in_another_coding_is_damaged() {
        let cases = [
            (ContentCoding::Gzip, zstd_frame(b"{}")),
            (ContentCoding::Gzip, b"{}".to_vec()),
            (ContentCoding::Gzip, [gzip(b"{}"), b"garbage".to_vec()].concat()),
            (ContentCoding::Zstd, gzip(b"{}")),
            (ContentCoding::Zstd, b"{}".to_vec()),
            (ContentCoding::Zstd, [zstd_frame(b"{}"), b"garbage".to_vec()].concat()),
        ];
        for (coding, body) in cases {
            assert_eq!(decode(coding, body.clone(), LIMIT), Err(DecodeError::Damaged), "{coding:?} {body:?}");
        }
    }

    #[test]
    fn a_zstd_frame_that_asks_for_a_huge_window_is_damaged() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(ZSTD_WINDOW_LOG + 1).unwrap();
        encoder.write_all(b"{}").unwrap();
        let frame = encoder.finish().unwrap();
        assert_eq!(decode(ContentCoding::Zstd, frame, LIMIT), Err(DecodeError::Damaged));
    }

    #[test]
    fn a_gibibyte_of_zeros_is_refused_while_it_is_read() {
        let mebibytes_16 = vec![0; 16 << 20];
        for coding in [ContentCoding::Gzip, ContentCoding::Zstd] {
            let bomb = encoded(coding, &mebibytes_16).repeat(64);
            assert_eq!(decode(coding, bomb, 8 << 20), Err(DecodeError::TooLarge), "{coding:?}");
        }
    }
}
