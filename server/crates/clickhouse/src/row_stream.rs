//! Decodes the rows of an answer while its bytes arrive.

use std::marker::PhantomData;

use reqwest::Response;

use crate::{
    clickhouse_error::ClickHouseError,
    row_binary::{DecodeRow, RowError, RowReader},
};

/// The rows of an answer. Dropping it ends the statement.
#[derive(Debug)]
pub struct RowStream<R> {
    response: Response,
    pending: PendingRows<R>,
}

impl<R: DecodeRow> RowStream<R> {
    pub(crate) const fn new(response: Response, row_limit: usize) -> Self {
        Self { response, pending: PendingRows::new(row_limit) }
    }

    /// The next row, or `None` after the last one. At most one row and what came with it is in memory.
    ///
    /// # Errors
    /// The connection broke, or what came is no row of this type. Rows before are not wrong; whether there
    /// are more is not known.
    pub async fn next_row(&mut self) -> Result<Option<R>, ClickHouseError> {
        loop {
            if let Some(row) = self.pending.next_row()? {
                return Ok(Some(row));
            }
            match self.response.chunk().await? {
                Some(bytes) => self.pending.append(&bytes),
                None => return self.pending.finish().map(|()| None),
            }
        }
    }
}

/// Bytes that have arrived, and no row was made of yet.
#[derive(Debug)]
pub(crate) struct PendingRows<R> {
    bytes: Vec<u8>,
    /// Where the next row begins.
    start: usize,
    /// The next row has at least this number of bytes.
    needed: usize,
    row_limit: usize,
    row: PhantomData<fn() -> R>,
}

impl<R: DecodeRow> PendingRows<R> {
    pub(crate) const fn new(row_limit: usize) -> Self {
        Self { bytes: Vec::new(), start: 0, needed: 1, row_limit, row: PhantomData }
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next row, or `None` if more bytes are needed.
    pub(crate) fn next_row(&mut self) -> Result<Option<R>, ClickHouseError> {
        let rest = self.bytes.get(self.start..).unwrap_or_default();
        if rest.len() < self.needed {
            return Ok(None);
        }
        let mut reader = RowReader::new(rest);
        match R::decode_row(&mut reader) {
            Ok(_) if reader.position() == 0 => Err(ClickHouseError::Malformed("its rows have no columns")),
            Ok(_) if reader.position() > self.row_limit => {
                Err(ClickHouseError::TooLarge { limit: self.row_limit })
            }
            Ok(row) => {
                self.start += reader.position();
                self.needed = 1;
                Ok(Some(row))
            }
            Err(RowError::Incomplete { needed }) if needed > self.row_limit => {
                Err(ClickHouseError::TooLarge { limit: self.row_limit })
            }
            Err(RowError::Incomplete { needed }) => {
                self.needed = needed;
                Ok(None)
            }
            Err(invalid) => Err(invalid.into()),
        }
    }

    /// Whether the answer may end here.
    pub(crate) fn finish(&self) -> Result<(), ClickHouseError> {
        if self.start == self.bytes.len() {
            Ok(())
        } else {
            Err(RowError::Incomplete { needed: self.needed }.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::row_binary::RowBatch;

    fn rows_in(bytes: &[u8], chunk: usize, row_limit: usize) -> Result<Vec<(u16, String)>, ClickHouseError> {
        let (mut pending, mut rows) = (PendingRows::new(row_limit), Vec::new());
        for bytes in bytes.chunks(chunk) {
            pending.append(bytes);
            while let Some(row) = pending.next_row()? {
                rows.push(row);
            }
        }
        pending.finish().map(|()| rows)
    }

    proptest! {
        #[test]
        fn rows_are_the_same_however_their_bytes_arrive(
            rows in vec((any::<u16>(), vec(any::<char>(), 0..200).prop_map(String::from_iter)), 0..20),
            chunk in 1..40_usize,
        ) {
            let mut batch = RowBatch::default();
            rows.iter().for_each(|row| batch.push(row));
            prop_assert_eq!(rows_in(&batch.into_bytes(), chunk, 1 << 20), Ok(rows));
        }
    }

    #[test]
    fn an_answer_that_ends_within_a_row_or_has_too_large_a_row_is_refused() {
        let mut batch = RowBatch::default();
        batch.push(&(1_u16, "twelve bytes"));
        let bytes = batch.into_bytes();
        assert_eq!(rows_in(&bytes, 4, 15).unwrap().len(), 1);
        assert_eq!(rows_in(&bytes, 4, 14), Err(ClickHouseError::TooLarge { limit: 14 }));
        let cut = rows_in(bytes.get(..9).unwrap(), 4, 15).unwrap_err();
        assert_eq!(cut, ClickHouseError::Malformed("it ends within a row"));
    }
}
