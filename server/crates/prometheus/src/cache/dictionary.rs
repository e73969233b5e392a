//! Encodes the texts of a column.
//!
//! Each text occurs once, and they are sorted, so that equal texts have equal bytes in every file: first the
//! number of texts, then their lengths (255 means 255 or more, and the length follows), then their bytes.

use super::frame::DamagedFrame;
use crate::results::{InternedString, StringInterner};

/// Appends the texts to `bytes`.
pub(super) fn write(symbols: &StringInterner, texts: &[InternedString], bytes: &mut Vec<u8>) {
    #[expect(clippy::cast_possible_truncation, reason = "a symbol is a number of four bytes")]
    bytes.extend((texts.len() as u32).to_le_bytes());
    for text in texts {
        let mut len = symbols.text(*text).len();
        while len >= 255 {
            bytes.push(255);
            len -= 255;
        }
        bytes.push(u8::try_from(len).unwrap_or_default());
    }
    for text in texts {
        bytes.extend_from_slice(symbols.text(*text).as_bytes());
    }
}

/// Adds the texts in `bytes` to `symbols`, and their symbols to `texts`.
pub(super) fn read(
    bytes: &[u8],
    symbols: &mut StringInterner,
    texts: &mut Vec<InternedString>,
) -> Result<(), DamagedFrame> {
    let (count, rest) = bytes.split_first_chunk().ok_or(DamagedFrame)?;
    let count = u32::from_le_bytes(*count) as usize;
    let (mut lens, mut rest) = lens(count, rest)?;
    texts.reserve(count);
    let mut previous = InternedString::EMPTY;
    for _ in 0..count {
        let text = rest.split_at_checked(next_len(&mut lens)).ok_or(DamagedFrame)?;
        previous = symbols.intern_after(previous, text.0);
        texts.push(previous);
        rest = text.1;
    }
    if rest.is_empty() { Ok(()) } else { Err(DamagedFrame) }
}

/// The lengths of `count` texts, and the rest.
fn lens(count: usize, bytes: &[u8]) -> Result<(&[u8], &str), DamagedFrame> {
    let mut ends = bytes.iter().enumerate().filter(|(_, len)| **len < 255).map(|(at, _)| at + 1);
    let end = match count.checked_sub(1) {
        None => 0,
        Some(last) => ends.nth(last).ok_or(DamagedFrame)?,
    };
    let (lens, text) = bytes.split_at(end);
    Ok((lens, std::str::from_utf8(text).map_err(|_| DamagedFrame)?))
}

fn next_len(lens: &mut &[u8]) -> usize {
    let mut len = 0;
    while let Some((first, rest)) = lens.split_first() {
        *lens = rest;
        len += usize::from(*first);
        if *first < 255 {
            break;
        }
    }
    len
}
