//! Numbers of variable length: seven bits a byte, the lowest first, as in Protocol Buffers, up to 128 bits.

/// Adds `value` in 1 to 19 bytes.
pub(super) fn write_varint(bytes: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Takes a number of at most 64 bits from the beginning of `bytes`; `None` if there is none. Bits beyond the
/// 64th are ignored, as in Protocol Buffers.
pub(super) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for position in 0..10 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(7 * position).unwrap_or(0);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Takes a number of at most 128 bits from the beginning of `bytes`; `None` if there is none or it is larger.
pub(super) fn take_wide_varint(bytes: &mut &[u8]) -> Option<u128> {
    let mut value = 0_u128;
    for position in 0..19 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u128::from(byte & 0x7f);
        if position == 18 && part > 3 {
            return None;
        }
        value |= part << (7 * position);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(value: u128, shift in 0_u32..128) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            write_varint(&mut bytes, value);
            prop_assert_eq!(take_wide_varint(&mut bytes.as_slice()), Some(value));
            if let Ok(value) = u64::try_from(value) {
                prop_assert_eq!(take_varint(&mut bytes.as_slice()), Some(value));
            }
            let mut cut = &bytes[..bytes.len() - 1];
            prop_assert_eq!(take_wide_varint(&mut cut), None);
        }

        #[test]
        fn any_bytes_are_a_number_or_none(bytes: Vec<u8>) {
            take_varint(&mut bytes.as_slice());
            take_wide_varint(&mut bytes.as_slice());
        }
    }
}
