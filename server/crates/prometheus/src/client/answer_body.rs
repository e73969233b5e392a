//! Decompresses the body of an answer while it arrives, and limits its size.

use std::io::Write;

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;
use reqwest::{Response, header::CONTENT_ENCODING};

use super::QueryError;

/// How many bytes are decompressed before other tasks may run.
const SLICE: usize = 16 * 1024;

/// The rest of the body of an answer.
pub(super) struct AnswerBody {
    response: Response,
    /// Received bytes that are not processed yet.
    arrived: Bytes,
    inflate: Option<MultiGzDecoder<Vec<u8>>>,
    /// The bytes that `next` returned.
    current: Vec<u8>,
    bound: u64,
    /// The number of transferred bytes.
    pub(super) wire_bytes: u64,
    /// The number of returned bytes.
    pub(super) bytes: u64,
}

impl AnswerBody {
    /// The body of a response, with at most `bound` bytes.
    ///
    /// # Errors
    /// [`QueryError::NotUnderstood`] if it has an encoding that was not requested.
    pub(super) fn of(response: Response, bound: u64) -> Result<Self, QueryError> {
        let inflate = match response.headers().get(CONTENT_ENCODING).map(|coding| coding.as_bytes()) {
            None | Some(b"identity") => None,
            Some(coding) if coding.eq_ignore_ascii_case(b"gzip") => Some(MultiGzDecoder::new(Vec::new())),
            Some(_) => return Err(QueryError::NotUnderstood),
        };
        Ok(Self {
            response,
            arrived: Bytes::new(),
            inflate,
            current: Vec::new(),
            bound,
            wire_bytes: 0,
            bytes: 0,
        })
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// The connection broke, the time is over, there are more bytes than the bound, or the bytes are not
    /// valid gzip.
    pub(super) async fn next(&mut self) -> Result<Option<&[u8]>, QueryError> {
        while self.arrived.is_empty() {
            let Some(chunk) = self.response.chunk().await? else { return self.end() };
            self.wire_bytes += chunk.len() as u64;
            self.arrived = chunk;
        }
        // Otherwise an answer that arrives faster than it is read would occupy a thread of the runtime.
        tokio::task::yield_now().await;
        let slice = self.arrived.slice(..self.arrived.len().min(SLICE));
        self.current.clear();
        let taken = self.inflate(&slice)?;
        self.arrived.advance(taken);
        self.handed_out()
    }

    /// Decompresses a part of `slice` into the current bytes. Returns the length of the part.
    fn inflate(&mut self, slice: &[u8]) -> Result<usize, QueryError> {
        let Some(inflate) = &mut self.inflate else {
            self.current.extend_from_slice(slice);
            return Ok(slice.len());
        };
        let taken = inflate.write(slice).map_err(|_| QueryError::NotUnderstood)?;
        self.current.append(inflate.get_mut());
        if taken == 0 && self.current.is_empty() { Err(QueryError::NotUnderstood) } else { Ok(taken) }
    }

    fn end(&mut self) -> Result<Option<&[u8]>, QueryError> {
        let Some(mut inflate) = self.inflate.take() else { return Ok(None) };
        inflate.try_finish().map_err(|_| QueryError::NotUnderstood)?;
        self.current.clear();
        self.current.append(inflate.get_mut());
        self.handed_out()
    }

    fn handed_out(&mut self) -> Result<Option<&[u8]>, QueryError> {
        self.bytes += self.current.len() as u64;
        if self.bytes > self.bound { Err(QueryError::TooLarge) } else { Ok(Some(&self.current)) }
    }
}
