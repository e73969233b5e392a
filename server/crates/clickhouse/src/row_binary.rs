//! Encodes rows for inserts, and decodes rows of answers, in ClickHouse's format `RowBinary`.
//!
//! A row is its columns, one after the other, without names or types: numbers little-endian, a text with its
//! length before it (LEB128), an array with its number of elements. The types of Rust stand for those of
//! ClickHouse:
//!
//! | Rust | ClickHouse |
//! |---|---|
//! | `u8`, `u16`, `u32`, `u64` | `UInt8` … `UInt64`; `u16` also `Date`, days since 1970 |
//! | `i64`, `f64` | `Int64`, `Float64` |
//! | [`String`], [`str`] | `String` that is UTF-8 |
//! | [`Bytes`] | `String` of any bytes |
//! | `[u8; N]` | `FixedString(N)` |
//! | [`Vec`], slices | `Array` |

use bytes::Bytes;
use thiserror::Error;

/// The longest LEB128 of 64 bits.
const LENGTH_BYTES: usize = 10;

/// Why bytes are no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RowError {
    /// They end within a row.
    #[error("the bytes end within a row")]
    Incomplete {
        /// The row has at least this number of bytes.
        needed: usize,
    },
    /// No bytes after them would make a row.
    #[error("{0}")]
    Invalid(&'static str),
}

/// Reads the columns of a row, in their order.
#[derive(Debug)]
pub struct RowReader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> RowReader<'a> {
    /// A reader at the beginning of a row.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The number of bytes that were read.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The next column.
    ///
    /// # Errors
    /// The bytes end before, or are no such column.
    pub fn column<T: DecodeColumn>(&mut self) -> Result<T, RowError> {
        T::decode_column(self)
    }

    fn next_bytes(&mut self, count: usize) -> Result<&'a [u8], RowError> {
        let end = self.position.checked_add(count).ok_or(RowError::Invalid("a length is impossible"))?;
        let bytes = self.bytes.get(self.position..end).ok_or(RowError::Incomplete { needed: end })?;
        self.position = end;
        Ok(bytes)
    }

    fn next_array<const N: usize>(&mut self) -> Result<[u8; N], RowError> {
        let bytes = self.next_bytes(N)?;
        bytes.try_into().map_err(|_| RowError::Invalid("a column has another length"))
    }

    /// A length or a number of elements.
    fn next_length(&mut self) -> Result<usize, RowError> {
        let mut length = 0_u64;
        for place in 0..LENGTH_BYTES {
            let [byte] = self.next_array()?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << (7 * place);
            if shifted >> (7 * place) != bits {
                break;
            }
            length |= shifted;
            if byte & 0x80 == 0 {
                return usize::try_from(length).map_err(|_| RowError::Invalid("a length is impossible"));
            }
        }
        Err(RowError::Invalid("a length is impossible"))
    }

    fn next_text(&mut self) -> Result<&'a [u8], RowError> {
        let length = self.next_length()?;
        self.next_bytes(length)
    }

    const fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }
}

/// A value that can be read from a column.
pub trait DecodeColumn: Sized {
    /// The fewest bytes that a value has.
    const LEAST_BYTES: usize;

    /// Reads the next column as this type.
    ///
    /// # Errors
    /// The bytes end before, or are no such value.
    fn decode_column(reader: &mut RowReader<'_>) -> Result<Self, RowError>;
}

/// A value that can be written to a column.
pub trait EncodeColumn {
    /// Appends the value.
    fn encode_column(&self, to: &mut Vec<u8>);
}

/// A row that can be read. Tuples of columns are rows.
pub trait DecodeRow: Sized {
    /// Reads the columns of a row, in their order.
    ///
    /// # Errors
    /// The bytes end before, or are no such row.
    fn decode_row(reader: &mut RowReader<'_>) -> Result<Self, RowError>;
}

/// A row that can be written. Tuples of columns are rows.
pub trait EncodeRow {
    /// Appends the columns, in their order.
    fn encode_row(&self, to: &mut Vec<u8>);
}

/// Rows for one insert.
#[derive(Debug, Clone, Default)]
pub struct RowBatch {
    bytes: Vec<u8>,
    rows: usize,
}

impl RowBatch {
    /// Appends a row.
    pub fn push(&mut self, row: &impl EncodeRow) {
        row.encode_row(&mut self.bytes);
        self.rows += 1;
    }

    /// The number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The number of bytes that will be sent.
    #[must_use]
    pub const fn byte_count(&self) -> usize {
        self.bytes.len()
    }

    /// The rows as they will be sent.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes.into()
    }
}

macro_rules! number_columns {
    ($($number:ty),+) => {$(
        impl DecodeColumn for $number {
            const LEAST_BYTES: usize = size_of::<Self>();

            fn decode_column(reader: &mut RowReader<'_>) -> Result<Self, RowError> {
                reader.next_array().map(Self::from_le_bytes)
            }
        }

        impl EncodeColumn for $number {
            fn encode_column(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }
        }
    )+};
}

number_columns!(u8, u16, u32, u64, i64, f64);

impl DecodeColumn for String {
    const LEAST_BYTES: usize = 1;

    fn decode_column(reader: &mut RowReader<'_>) -> Result<Self, RowError> {
        let text =
            str::from_utf8(reader.next_text()?).map_err(|_| RowError::Invalid("a text is not UTF-8"))?;
        Ok(text.to_owned())
    }
}

impl DecodeColumn for Bytes {
    const LEAST_BYTES: usize = 1;

    fn decode_column(reader: &mut RowReader<'_>) -> Result<Self, RowError> {
        reader.next_text().map(Self::copy_from_slice)
    }
}

impl<const N: usize> DecodeColumn for [u8; N] {
    const LEAST_BYTES: usize = N;

    fn decode_column(reader: &mut RowReader<'_>) -> Result<Self, RowError> {
        reader.next_array()
    }
}

impl<T: DecodeColumn> DecodeColumn for Vec<T> {
    const LEAST_BYTES: usize = 1;

    fn decode_column(reader: &mut RowReader<'_>) -> Result<Self, RowError> {
        let count = reader.next_length()?;
        // What lies about its number of elements allocates nothing.
        let bytes = count.checked_mul(T::LEAST_BYTES).ok_or(RowError::Invalid("a length is impossible"))?;
        if bytes > reader.remaining() {
            return Err(RowError::Incomplete { needed: reader.position.saturating_add(bytes) });
        }
        let mut elements = Self::with_capacity(count);
        for _ in 0..count {
            elements.push(reader.column()?);
        }
        Ok(elements)
    }
}

fn encode_length(length: usize, to: &mut Vec<u8>) {
    let mut rest = length;
    while let Some(low) = u8::try_from(rest & 0x7f).ok().filter(|_| rest > 0x7f) {
        to.push(low | 0x80);
        rest >>= 7;
    }
    to.extend(u8::try_from(rest));
}

fn encode_text(text: &[u8], to: &mut Vec<u8>) {
    encode_length(text.len(), to);
    to.extend_from_slice(text);
}

impl EncodeColumn for str {
    fn encode_column(&self, to: &mut Vec<u8>) {
        encode_text(self.as_bytes(), to);
    }
}

impl EncodeColumn for String {
    fn encode_column(&self, to: &mut Vec<u8>) {
        encode_text(self.as_bytes(), to);
    }
}

impl EncodeColumn for Bytes {
    fn encode_column(&self, to: &mut Vec<u8>) {
        encode_text(self, to);
    }
}

impl<const N: usize> EncodeColumn for [u8; N] {
    fn encode_column(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self);
    }
}

impl<T: EncodeColumn> EncodeColumn for [T] {
    fn encode_column(&self, to: &mut Vec<u8>) {
        encode_length(self.len(), to);
        for element in self {
            element.encode_column(to);
        }
    }
}

impl<T: EncodeColumn> EncodeColumn for Vec<T> {
    fn encode_column(&self, to: &mut Vec<u8>) {
        self.as_slice().encode_column(to);
    }
}

impl<T: EncodeColumn + ?Sized> EncodeColumn for &T {
    fn encode_column(&self, to: &mut Vec<u8>) {
        (*self).encode_column(to);
    }
}

macro_rules! tuple_rows {
    ($($column:ident)+) => {
        impl<$($column: DecodeColumn),+> DecodeRow for ($($column,)+) {
            fn decode_row(reader: &mut RowReader<'_>) -> Result<Self, RowError> {
                Ok(($(reader.column::<$column>()?,)+))
            }
        }

        impl<$($column: EncodeColumn),+> EncodeRow for ($($column,)+) {
            fn encode_row(&self, to: &mut Vec<u8>) {
                #[expect(non_snake_case, reason = "one name for the type and the value")]
                let ($($column,)+) = self;
                $($column.encode_column(to);)+
            }
        }
    };
}

tuple_rows!(A);
tuple_rows!(A B);
tuple_rows!(A B C);
tuple_rows!(A B C D);
tuple_rows!(A B C D E);
tuple_rows!(A B C D E F);
tuple_rows!(A B C D E F G);
tuple_rows!(A B C D E F G H);
tuple_rows!(A B C D E F G H I);
tuple_rows!(A B C D E F G H I J);
tuple_rows!(A B C D E F G H I J K);
tuple_rows!(A B C D E F G H I J K L);

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    type EveryType = (u8, u16, u32, u64, i64, f64, String, Bytes, [u8; 5], Vec<u64>, Vec<Vec<String>>);

    fn text(longest: usize) -> impl Strategy<Value = String> {
        vec(any::<char>(), 0..longest).prop_map(String::from_iter)
    }

    fn every_type() -> impl Strategy<Value = EveryType> {
        let numbers = (any::<u8>(), any::<u16>(), any::<u32>(), any::<u64>(), any::<i64>(), -1e300..1e300);
        let texts = (text(300), vec(any::<u8>(), 0..300), any::<[u8; 5]>());
        let lists = (vec(any::<u64>(), 0..200), vec(vec(text(20), 0..3), 0..3));
        (numbers, texts, lists)
            .prop_map(|((a, b, c, d, e, f), (g, h, i), (j, k))| (a, b, c, d, e, f, g, h.into(), i, j, k))
    }

    proptest! {
        #[test]
        fn a_row_is_read_as_it_was_written(row in every_type()) {
            let mut batch = RowBatch::default();
            batch.push(&row);
            let bytes = batch.into_bytes();
            let mut reader = RowReader::new(&bytes);
            prop_assert_eq!(EveryType::decode_row(&mut reader), Ok(row));
            prop_assert_eq!(reader.position(), bytes.len());
        }

        #[test]
        fn a_row_that_is_cut_needs_more_bytes_than_there_are_and_not_more_than_it_has(
            row in every_type(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = Vec::new();
            row.encode_row(&mut bytes);
            let there = cut.index(bytes.len());
            match EveryType::decode_row(&mut RowReader::new(bytes.get(..there).unwrap())) {
                Err(RowError::Incomplete { needed }) => {
                    prop_assert!(needed > there && needed <= bytes.len(), "{needed} of {}", bytes.len());
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }

        #[test]
        fn no_bytes_are_worse_than_refused(bytes in vec(any::<u8>(), 0..100)) {
            EveryType::decode_row(&mut RowReader::new(&bytes)).ok();
            <(Vec<Vec<Vec<u8>>>, String)>::decode_row(&mut RowReader::new(&bytes)).ok();
        }
    }

    #[test]
    fn values_have_the_bytes_that_the_format_has() {
        let mut bytes = Vec::new();
        (7_u8, 258_u16, -1_i64, "é", [1_u8, 2], [3_u64].as_slice()).encode_row(&mut bytes);
        let expected =
            [[7, 2, 1].as_slice(), &[255; 8], &[2, 0xc3, 0xa9], &[1, 2], &[1, 3, 0, 0, 0, 0, 0, 0, 0]];
        assert_eq!(bytes, expected.concat());
        let mut long = Vec::new();
        "x".repeat(300).encode_column(&mut long);
        assert_eq!(long.get(..2), Some([0xac, 0x02].as_slice()));
    }

    #[test]
    fn lengths_that_lie_are_refused_or_wait_for_bytes_and_allocate_nothing() {
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let longest = [huge.as_slice(), &[1]].concat();
        let impossible = RowError::Invalid("a length is impossible");
        let read = |bytes: &[u8]| <(Vec<u64>,)>::decode_row(&mut RowReader::new(bytes)).unwrap_err();
        assert_eq!(read(&longest), impossible);
        assert_eq!(read(&[huge.as_slice(), &[2]].concat()), impossible);
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x10]), RowError::Incomplete { needed: 5 + (8 << 32) });
        let text = |bytes: &[u8]| <(String,)>::decode_row(&mut RowReader::new(bytes)).unwrap_err();
        assert_eq!(text(&longest), impossible);
        assert_eq!(text(&[2, 0xff, 0xff]), RowError::Invalid("a text is not UTF-8"));
    }
}
