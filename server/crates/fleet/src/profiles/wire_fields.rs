//! Walks through a message of Protocol Buffers without copying it.
//!
//! A generated decoder makes an object of every two bytes of a hostile message, before anything can be counted.
//! Here nothing is allocated, so the reader decides how much of what it accepts.

use super::varint::take_varint;

/// The message is not one of Protocol Buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WireDamage;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireValue<'a> {
    /// A number of variable length.
    Number(u64),
    /// A text, a message, or a packed list of numbers.
    Bytes(&'a [u8]),
    /// A number of four or eight bytes, which no field has that is read here.
    Fixed,
}

impl<'a> WireValue<'a> {
    /// The bytes.
    ///
    /// # Errors
    /// When the field holds a number.
    pub(super) const fn bytes(self) -> Result<&'a [u8], WireDamage> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) | Self::Fixed => Err(WireDamage),
        }
    }

    /// The number.
    ///
    /// # Errors
    /// When the field holds something else.
    pub(super) const fn number(self) -> Result<u64, WireDamage> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Bytes(_) | Self::Fixed => Err(WireDamage),
        }
    }

    /// Adds the numbers of a repeated field to `numbers`, packed or not.
    ///
    /// # Errors
    /// When the field holds no numbers.
    pub(super) fn add_numbers(self, numbers: &mut Vec<u64>) -> Result<(), WireDamage> {
        match self {
            Self::Number(number) => numbers.push(number),
            Self::Bytes(mut packed) => {
                while !packed.is_empty() {
                    numbers.push(take_varint(&mut packed).ok_or(WireDamage)?);
                }
            }
            Self::Fixed => return Err(WireDamage),
        }
        Ok(())
    }
}

/// The fields of a message, in their order: number and value. Ends after the first damage.
#[derive(Debug, Clone)]
pub(super) struct WireFields<'a> {
    rest: &'a [u8],
}

impl<'a> WireFields<'a> {
    pub(super) const fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn take_field(&mut self) -> Option<(u32, WireValue<'a>)> {
        let key = take_varint(&mut self.rest)?;
        let field = u32::try_from(key >> 3).ok().filter(|&field| field != 0)?;
        let value = match key & 7 {
            0 => WireValue::Number(take_varint(&mut self.rest)?),
            1 => self.take_bytes(8).map(|_| WireValue::Fixed)?,
            2 => {
                let length = take_varint(&mut self.rest)?;
                WireValue::Bytes(self.take_bytes(usize::try_from(length).ok()?)?)
            }
            5 => self.take_bytes(4).map(|_| WireValue::Fixed)?,
            // Groups have been given up long ago.
            _ => return None,
        };
        Some((field, value))
    }

    fn take_bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for WireFields<'a> {
    type Item = Result<(u32, WireValue<'a>), WireDamage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.take_field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or(WireDamage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(message: &[u8]) -> Vec<Result<(u32, WireValue<'_>), WireDamage>> {
        WireFields::new(message).collect()
    }

    #[test]
    fn every_kind_of_field_is_found_and_unknown_ones_are_stepped_over() {
        let message = [0x08, 0x96, 0x01, 0x12, 2, 7, 8, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x25, 1, 2, 3, 4];
        let expected = [
            Ok((1, WireValue::Number(150))),
            Ok((2, WireValue::Bytes(&[7, 8]))),
            Ok((3, WireValue::Fixed)),
            Ok((4, WireValue::Fixed)),
        ];
        assert_eq!(fields(&message), expected);
    }

    #[test]
    fn a_damaged_field_is_the_last_one() {
        for (what, message) in [
            ("a key without a value", &[0x08][..]),
            ("field number zero", &[0x00, 1]),
            ("a group", &[0x0b, 0x0c]),
            ("a text that is longer than the message", &[0x12, 3, 1, 2]),
            ("a text of 2^63 bytes", &[0x12, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]),
            (
                "a number without an end",
                &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            ),
            ("a fixed number that is cut", &[0x19, 1, 2]),
        ] {
            assert_eq!(fields(message), [Err(WireDamage)], "{what}");
        }
    }

    #[test]
    fn a_list_of_numbers_is_read_packed_and_unpacked() {
        let mut numbers = Vec::new();
        WireValue::Bytes(&[1, 0x96, 1, 3]).add_numbers(&mut numbers).expect("a packed list");
        WireValue::Number(4).add_numbers(&mut numbers).expect("one number");
        assert_eq!(numbers, [1, 150, 3, 4]);
        assert_eq!(WireValue::Bytes(&[0x80]).add_numbers(&mut numbers), Err(WireDamage));
        assert_eq!(WireValue::Fixed.add_numbers(&mut numbers), Err(WireDamage));
    }
}
