//! Receives the body of a request, up to a size.

use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use http_body_util::BodyExt;
use thiserror::Error;

/// How much of a body that is too large is read and dropped before it is refused, and for how long. A client
/// that is still writing would not read the answer, and the connection would break instead.
const DROPPED_BYTES: usize = 1024 * 1024;
const DROPPING: Duration = Duration::from_secs(1);

/// Why a body was not received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BodyError {
    /// It is larger than it may be.
    #[error("the body of the request is larger than {0} bytes")]
    TooLarge(usize),
    /// The connection broke, or the framing of the body is invalid.
    #[error("the body of the request could not be read")]
    Unreadable,
}

/// Reads a body of at most `most` bytes. The rest of a larger one is read and dropped.
///
/// # Errors
/// The body was not received.
pub async fn receive(mut body: impl HttpBody<Data = Bytes> + Unpin, most: usize) -> Result<Bytes, BodyError> {
    let mut received = PartialBody::default();
    if body.size_hint().lower() > most as u64 {
        drop_rest(body).await;
        return Err(BodyError::TooLarge(most));
    }
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Unreadable)?.into_data() else { continue };
        if received.len() + data.len() > most {
            drop_rest(body).await;
            return Err(BodyError::TooLarge(most));
        }
        received.add(data);
    }
    Ok(received.into_bytes())
}

/// What has arrived of a body. The bodies of browsers come in one piece, which is not copied.
#[derive(Default)]
struct PartialBody {
    first: Bytes,
    /// Everything, once there is a second piece.
    joined: Vec<u8>,
}

impl PartialBody {
    fn len(&self) -> usize {
        self.first.len().max(self.joined.len())
    }

    fn add(&mut self, piece: Bytes) {
        if self.len() == 0 {
            self.first = piece;
            return;
        }
        if self.joined.is_empty() {
            self.joined.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.joined.extend_from_slice(&piece);
    }

    fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.into() }
    }
}

async fn drop_rest(mut rest: impl HttpBody<Data = Bytes> + Unpin) {
    let drop_rest = async {
        let mut dropped = 0;
        while dropped < DROPPED_BYTES
            && let Some(Ok(frame)) = rest.frame().await
        {
            dropped += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    // The refusal is the same, however much was dropped.
    tokio::time::timeout(DROPPING, drop_rest).await.ok();
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use http_body_util::Full;
    use hyper::body::Frame;

    use super::*;

    /// A body in pieces.
    struct Pieces(std::slice::Iter<'static, &'static [u8]>);

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(Bytes::from_static(piece)))))
        }
    }

    #[tokio::test]
    async fn the_pieces_of_a_body_are_joined_up_to_the_bound() {
        let cases: [(&'static [&'static [u8]], _); 6] = [
            (&[], Ok("")),
            (&[b"", b"", b"abc"], Ok("abc")),
            (&[b"a", b"", b"b", b"c"], Ok("abc")),
            (&[b"ab", b"cd"], Ok("abcd")),
            (&[b"ab", b"cde"], Err(BodyError::TooLarge(4))),
            (&[b"a", b"b", b"c", b"d", b"e"], Err(BodyError::TooLarge(4))),
        ];
        for (pieces, expected) in cases {
            let received = receive(Pieces(pieces.iter()), 4).await;
            assert_eq!(received, expected.map(|text: &str| Bytes::from(text)), "{pieces:?}");
        }
    }

    #[tokio::test]
    async fn a_body_in_one_piece_is_not_copied() {
        let body = Bytes::from(vec![b'x'; 100]);
        let received = receive(Full::new(body.clone()), 100).await.unwrap();
        assert_eq!(received.as_ptr(), body.as_ptr());
    }
}
