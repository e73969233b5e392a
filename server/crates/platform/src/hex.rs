//! Encodes bytes as hexadecimal digits, and decodes them.

use std::fmt::Write;

/// Two lower-case digits for each byte.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().fold(String::new(), |mut digits, byte| {
        // Writing to a `String` does not fail.
        write!(digits, "{byte:02x}").ok();
        digits
    })
}

/// The bytes of hexadecimal digits; `None` for an odd number of digits or other characters.
pub fn decode(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16);
    digits.chunks_exact(2).map(|pair| u8::try_from(value(pair[0])? * 16 + value(pair[1])?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digits_are_read_as_what_was_written(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn only_pairs_of_digits_are_bytes() {
        for bad in ["0", "0g", "é", "+1", "0x12", " 00"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
