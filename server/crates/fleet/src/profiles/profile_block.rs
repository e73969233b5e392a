//! Stores a merged profile as a compact block.
//!
//! A block is a byte with the version of the format, 1, and a zstd frame with a checksum. In the frame are
//! numbers of variable length: days, installations, observations, number of stacks, number of functions, then
//! column after column, first of the stacks (difference of the number to the one before, value, share,
//! installations), then of the functions (difference of the number, installations, sum and squares of the own
//! share, sum and squares of the total share).

use std::io::Read;

use super::{
    merged_profile::{FunctionTotals, MergedProfile, ShareMoments, StackTotals},
    stack_identity::{FunctionId, StackId},
    varint::{take_wide_varint, write_varint},
};

const FORMAT_VERSION: u8 = 1;
/// How hard zstd tries. Numbers that are hashes do not become smaller by trying harder.
const COMPRESSION_LEVEL: i32 = 3;
/// Most bytes of the columns.
const MAX_COLUMN_BYTES: usize = 64 << 20;
/// Most stacks, and most functions. More than three months of days have together.
const MAX_ROWS: usize = 4_000_000;
/// Largest window of zstd that is accepted, as a power of two.
const MAX_WINDOW_LOG: u32 = 24;

/// Why a block is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileBlockError {
    /// The block has no bytes.
    #[error("the profile block is empty")]
    Empty,
    /// The block was written by a newer program.
    #[error("the profile block has format {0}; this program reads format {FORMAT_VERSION}")]
    UnknownFormat(u8),
    /// The frame is not one of zstd, or its checksum is wrong.
    #[error("the profile block is damaged")]
    Damaged,
    /// The columns are larger than any that are written.
    #[error("the profile block has more than {MAX_COLUMN_BYTES} bytes when unpacked")]
    TooLarge,
}

impl MergedProfile {
    /// The profile as a block.
    ///
    /// # Errors
    /// When zstd cannot allocate its memory.
    pub fn encode_block(&self) -> std::io::Result<Vec<u8>> {
        let mut block = vec![FORMAT_VERSION];
        let mut encoder = zstd::stream::write::Encoder::new(&mut block, COMPRESSION_LEVEL)?;
        encoder.include_checksum(true)?;
        std::io::Write::write_all(&mut encoder, &self.columns())?;
        encoder.finish()?;
        Ok(block)
    }

    /// The profile of a block.
    ///
    /// # Errors
    /// When the block is damaged, too large, or of another format.
    pub fn decode_block(block: &[u8]) -> Result<Self, ProfileBlockError> {
        let (&format, frame) = block.split_first().ok_or(ProfileBlockError::Empty)?;
        if format != FORMAT_VERSION {
            return Err(ProfileBlockError::UnknownFormat(format));
        }
        let columns = unpack_columns(frame).map_err(|_| ProfileBlockError::Damaged)?;
        if columns.len() > MAX_COLUMN_BYTES {
            return Err(ProfileBlockError::TooLarge);
        }
        read_columns(&columns).ok_or(ProfileBlockError::Damaged)
    }

    fn columns(&self) -> Vec<u8> {
        let mut columns = ColumnWriter::default();
        let (stacks, functions) = (&self.stacks, &self.functions);
        columns.numbers([self.days.into(), self.installations.into(), self.observations.into()]);
        columns.numbers([stacks.len() as u128, functions.len() as u128]);
        columns.ascending(stacks.iter().map(|stack| stack.id.0));
        columns.numbers(stacks.iter().map(|stack| stack.value));
        columns.numbers(stacks.iter().map(|stack| stack.share.into()));
        columns.numbers(stacks.iter().map(|stack| stack.installations.into()));
        columns.ascending(functions.iter().map(|function| function.id.0));
        columns.numbers(functions.iter().map(|function| function.installations.into()));
        columns.moments(functions.iter().map(|function| function.own));
        columns.moments(functions.iter().map(|function| function.total));
        columns.bytes
    }
}

fn unpack_columns(frame: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(frame)?;
    decoder.window_log_max(MAX_WINDOW_LOG)?;
    let mut columns = Vec::new();
    decoder.take(MAX_COLUMN_BYTES as u64 + 1).read_to_end(&mut columns)?;
    Ok(columns)
}

/// `None` if the columns are not those of a profile.
fn read_columns(columns: &[u8]) -> Option<MergedProfile> {
    let mut columns = ColumnReader { rest: columns };
    let (days, installations, observations) = (columns.number()?, columns.number()?, columns.number()?);
    let (stack_rows, function_rows) = (columns.row_count()?, columns.row_count()?);

    let ids = columns.ascending(stack_rows)?;
    let values: Vec<u128> = columns.numbers(stack_rows)?;
    let shares: Vec<u64> = columns.numbers(stack_rows)?;
    let counts: Vec<u32> = columns.numbers(stack_rows)?;
    let rows = ids.into_iter().zip(values).zip(shares.into_iter().zip(counts));
    let stacks = rows
        .map(|((id, value), (share, installations))| StackTotals {
            id: StackId(id),
            value,
            share,
            installations,
        })
        .collect();

    let ids = columns.ascending(function_rows)?;
    let counts: Vec<u32> = columns.numbers(function_rows)?;
    let own = columns.moments(function_rows)?;
    let total = columns.moments(function_rows)?;
    let rows = ids.into_iter().zip(counts).zip(own.into_iter().zip(total));
    let functions = rows
        .map(|((id, installations), (own, total))| FunctionTotals {
            id: FunctionId(id),
            installations,
            own,
            total,
        })
        .collect();

    let profile = MergedProfile { days, installations, observations, stacks, functions };
    columns.rest.is_empty().then_some(profile)
}

#[derive(Debug, Default)]
struct ColumnWriter {
    bytes: Vec<u8>,
}

impl ColumnWriter {
    fn numbers(&mut self, numbers: impl IntoIterator<Item = u128>) {
        numbers.into_iter().for_each(|number| write_varint(&mut self.bytes, number));
    }

    fn ascending(&mut self, numbers: impl Iterator<Item = u64>) {
        let mut last = 0;
        for number in numbers {
            write_varint(&mut self.bytes, number.wrapping_sub(last).into());
            last = number;
        }
    }

    fn moments(&mut self, moments: impl Iterator<Item = ShareMoments> + Clone) {
        self.numbers(moments.clone().map(|moments| moments.sum.into()));
        self.numbers(moments.map(|moments| moments.squares));
    }
}

#[derive(Debug)]
struct ColumnReader<'a> {
    rest: &'a [u8],
}

impl ColumnReader<'_> {
    fn number<T: TryFrom<u128>>(&mut self) -> Option<T> {
        take_wide_varint(&mut self.rest).and_then(|number| T::try_from(number).ok())
    }

    /// A number of rows, each of which has a byte in each of four columns at least: memory is taken only for
    /// rows that may be there.
    fn row_count(&mut self) -> Option<usize> {
        self.number().filter(|&rows: &usize| rows <= MAX_ROWS && rows <= self.rest.len() / 4)
    }

    fn numbers<T: TryFrom<u128>>(&mut self, rows: usize) -> Option<Vec<T>> {
        (0..rows).map(|_| self.number()).collect()
    }

    fn ascending(&mut self, rows: usize) -> Option<Vec<u64>> {
        let mut numbers: Vec<u64> = Vec::with_capacity(rows);
        for _ in 0..rows {
            let step: u64 = self.number()?;
            let number = match numbers.last() {
                Some(last) => last.checked_add(step).filter(|number| number > last)?,
                None => step,
            };
            numbers.push(number);
        }
        Some(numbers)
    }

    fn moments(&mut self, rows: usize) -> Option<Vec<ShareMoments>> {
        let sums: Vec<u64> = self.numbers(rows)?;
        let squares: Vec<u128> = self.numbers(rows)?;
        Some(sums.into_iter().zip(squares).map(|(sum, squares)| ShareMoments { sum, squares }).collect())
    }
}

#[cfg(test)]
mod tests;
