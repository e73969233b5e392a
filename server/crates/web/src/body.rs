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
    let mut received = Bytes::new();
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
        // The bodies of browsers come in one piece.
        received = if received.is_empty() { data } else { [received, data].concat().into() };
    }
    Ok(received)
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
