//! Requires a minimum rate for the body of a request.
//!
//! Only the time in which the handler waits for more of the body counts.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use thiserror::Error;
use tokio::time::{Instant, Sleep};

use super::connection_watch::ConnectionWatch;

/// How long a body may be awaited in total, plus one second for every [`BYTES_A_SECOND`].
const GRACE: Duration = Duration::from_secs(10);

/// The minimum rate, in bytes a second.
const BYTES_A_SECOND: u64 = 1024;

/// How long the next bytes of a body may be awaited, however many came before.
const SILENCE: Duration = Duration::from_secs(20);

/// A body comes too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the body of the request came too slowly")]
pub(super) struct BodyTooSlow;

/// A body that ends with [`BodyTooSlow`] when it comes too slowly.
#[derive(Debug)]
pub struct PacedBody<B> {
    body: B,
    watch: Arc<ConnectionWatch>,
    received: u64,
    /// How long it was awaited in total before.
    awaited: Duration,
    waiting: Option<BodyWait>,
}

/// The wait for the next bytes.
#[derive(Debug)]
struct BodyWait {
    since: Instant,
    patience: Pin<Box<Sleep>>,
}

/// How long the next bytes may be awaited.
fn patience(received: u64, awaited: Duration) -> Duration {
    let for_received = Duration::from_secs(received / BYTES_A_SECOND);
    (GRACE + for_received).saturating_sub(awaited).min(SILENCE)
}

impl<B> PacedBody<B> {
    /// The body of a request on the connection that `watch` tracks.
    pub(super) const fn new(body: B, watch: Arc<ConnectionWatch>) -> Self {
        Self { body, watch, received: 0, awaited: Duration::ZERO, waiting: None }
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<BodyTooSlow> {
        let patience = patience(self.received, self.awaited);
        let watch = &self.watch;
        let waiting = self.waiting.get_or_insert_with(|| {
            watch.body_is_awaited();
            BodyWait { since: Instant::now(), patience: Box::pin(tokio::time::sleep(patience)) }
        });
        waiting.patience.as_mut().poll(cx).map(|()| BodyTooSlow)
    }

    fn came(&mut self, bytes: usize) {
        self.received += bytes as u64;
        if let Some(BodyWait { since, .. }) = self.waiting.take() {
            self.awaited += since.elapsed();
            self.watch.body_came();
        }
    }
}

impl<B> HttpBody for PacedBody<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                let bytes = data.map_or(0, Bytes::len);
                self.came(bytes);
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => self.wait(cx).map(|too_slow| {
                self.watch.body_is_too_slow();
                Some(Err(too_slow.into()))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_body_is_awaited_for_ten_seconds_and_one_for_each_kibibyte() {
        for (received, awaited, expected) in [
            (0, 0, 10),
            (1023, 0, 10),
            (0, 7, 3),
            (0, 11, 0),
            (2048, 11, 1),
            (8192, 2, 16),
            (8_000_000, 0, 20),
            (8_000_000, 7_800, 20),
            (8_000_000, 7_820, 2),
        ] {
            let left = patience(received, seconds(awaited));
            assert_eq!(left, seconds(expected), "{received} bytes in {awaited} s");
        }
    }
}
