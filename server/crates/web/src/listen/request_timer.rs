//! Limits how long the requests of one connection take.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Mutex,
    task::{Context, Poll},
    time::Duration,
};

use headcount_platform::lock::lock;
use thiserror::Error;
use tokio::time::{Instant, Sleep};

/// How long a request may take, its body included.
pub const REQUEST_PATIENCE: Duration = Duration::from_secs(60);

/// A request took longer than [`REQUEST_PATIENCE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("this server took too long to answer")]
pub(super) struct RequestTookTooLong;

/// One timer for all requests of a connection, which come one after the other. To move a timer to a later
/// time takes no lock of the runtime; to start and end one for every request takes two.
#[derive(Debug, Default)]
pub(super) struct RequestTimer(Mutex<Option<Pin<Box<Sleep>>>>);

impl RequestTimer {
    /// The output of `answer`, which is dropped if it takes too long.
    ///
    /// # Errors
    /// It took too long.
    pub(super) async fn limit<F: Future>(&self, answer: F) -> Result<F::Output, RequestTookTooLong> {
        let mut answer = pin!(answer);
        let mut is_set = false;
        poll_fn(|cx| {
            if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
                return Poll::Ready(Ok(answer));
            }
            // Not for requests that are answered at once.
            if !std::mem::replace(&mut is_set, true) {
                self.set();
            }
            self.poll(cx).map(|()| Err(RequestTookTooLong))
        })
        .await
    }

    fn set(&self) {
        let deadline = Instant::now() + REQUEST_PATIENCE;
        match &mut *lock(&self.0) {
            Some(timer) => timer.as_mut().reset(deadline),
            none => *none = Some(Box::pin(tokio::time::sleep_until(deadline))),
        }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut timer = lock(&self.0);
        timer.as_mut().map_or(Poll::Pending, |timer| timer.as_mut().poll(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_request_has_a_minute_of_its_own() {
        let timer = RequestTimer::default();
        let seconds = Duration::from_secs;
        assert_eq!(timer.limit(async { 1 }).await, Ok(1));
        for takes in [59, 30, 59] {
            timer.limit(tokio::time::sleep(seconds(takes))).await.unwrap();
        }
        let began = Instant::now();
        timer.limit(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(began.elapsed(), REQUEST_PATIENCE);
        timer.limit(tokio::time::sleep(seconds(59))).await.unwrap();
    }
}
