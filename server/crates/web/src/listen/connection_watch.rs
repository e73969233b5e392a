//! Tracks what one connection waits for, and since when.

use std::{
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    task::Poll,
    time::Duration,
};

use headcount_platform::address_hash::AddressHash;
use tokio::{sync::Notify, time::Instant};

/// How long a peer may read no byte of an answer, and how long the head of its next request may take.
pub(super) const PEER_PATIENCE: Duration = Duration::from_secs(30);

/// The state of one connection, from which others decide how long it stays open.
#[derive(Debug)]
pub(super) struct ConnectionWatch {
    address: AddressHash,
    accepted: Instant,
    /// Since when the head of a request is awaited.
    head_awaited: AtomicMoment,
    /// Since when more of a body is awaited.
    body_awaited: AtomicMoment,
    /// Since when the peer has read nothing of what is written.
    write_blocked: AtomicMoment,
    body_too_slow: AtomicBool,
    closing: AtomicBool,
    close: Notify,
}

/// A time since the connection was accepted, or none.
#[derive(Debug)]
struct AtomicMoment(AtomicU64);

const NONE: u64 = u64::MAX;

impl AtomicMoment {
    fn set(&self, since: Duration) {
        let micros = u64::try_from(since.as_micros()).unwrap_or(NONE - 1);
        self.0.store(micros, Ordering::Relaxed);
    }

    fn clear(&self) {
        self.0.store(NONE, Ordering::Relaxed);
    }

    fn get(&self) -> Option<Duration> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&micros| micros != NONE).map(Duration::from_micros)
    }
}

impl ConnectionWatch {
    /// The watch of a connection that was accepted now: its first request is awaited.
    pub(super) fn new(address: AddressHash) -> Self {
        Self {
            address,
            accepted: Instant::now(),
            head_awaited: AtomicMoment(AtomicU64::new(0)),
            body_awaited: AtomicMoment(AtomicU64::new(NONE)),
            write_blocked: AtomicMoment(AtomicU64::new(NONE)),
            body_too_slow: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            close: Notify::new(),
        }
    }

    /// The address of the peer.
    pub(super) const fn address(&self) -> AddressHash {
        self.address
    }

    /// The head of a request is complete. An incomplete head has been awaited since the previous answer.
    pub(super) fn request_begins(&self) {
        self.head_awaited.clear();
    }

    /// The request has been answered; the next head is awaited from now on.
    pub(super) fn request_ends(&self) {
        self.body_awaited.clear();
        self.head_awaited.set(self.accepted.elapsed());
    }

    /// More of a body is awaited from now on.
    pub(super) fn body_is_awaited(&self) {
        self.body_awaited.set(self.accepted.elapsed());
    }

    /// More of a body has come, or its end.
    pub(super) fn body_came(&self) {
        self.body_awaited.clear();
    }

    /// A body came too slowly; its request is answered with 408.
    pub(super) fn body_is_too_slow(&self) {
        self.body_too_slow.store(true, Ordering::Relaxed);
    }

    /// Whether a body came too slowly.
    pub(super) fn body_was_too_slow(&self) -> bool {
        self.body_too_slow.load(Ordering::Relaxed)
    }

    /// The peer does not read now.
    pub(super) fn write_blocks(&self) {
        if self.write_blocked.get().is_none() {
            self.write_blocked.set(self.accepted.elapsed());
        }
    }

    /// The peer has read something.
    pub(super) fn write_progresses(&self) {
        if self.write_blocked.get().is_none() {
            return;
        }
        self.write_blocked.clear();
        for awaited in [&self.head_awaited, &self.body_awaited] {
            if awaited.get().is_some() {
                awaited.set(self.accepted.elapsed());
            }
        }
    }

    /// For how long the connection has waited for its peer; `None` while this side is busy.
    pub(super) fn waits_for_peer(&self) -> Option<Duration> {
        let since = self
            .write_blocked
            .get()
            .or_else(|| self.head_awaited.get())
            .or_else(|| self.body_awaited.get())?;
        Some(self.accepted.elapsed().saturating_sub(since))
    }

    /// Whether the connection was asked to end.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Asks the connection to end.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.close.notify_one();
    }

    /// Returns when the connection must end: it was asked to, or its peer has read nothing or sent no request
    /// for too long. Only one task polls it.
    pub(super) async fn has_to_end(&self) {
        let (mut told, mut patience_ends) = (pin!(self.close.notified()), pin!(self.patience_ends()));
        let mut has_asked = false;
        poll_fn(|cx| {
            // To register takes a lock, and once is enough for the task to be woken. It is polled several
            // times for a request.
            let asks = !std::mem::replace(&mut has_asked, true) || self.is_closing();
            if asks && told.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            patience_ends.as_mut().poll(cx)
        })
        .await;
    }

    /// A wait that begins during this sleep is still short when it ends. So the timer is not reset for every
    /// request and every write.
    async fn patience_ends(&self) {
        loop {
            let now = self.accepted.elapsed();
            let write_blocked = self.write_blocked.get();
            let deadline = write_blocked.or_else(|| self.head_awaited.get()).unwrap_or(now) + PEER_PATIENCE;
            if deadline <= now {
                // If the peer has not read everything, the rest is dropped. Otherwise the connection ends in
                // the ordinary way.
                self.closing.fetch_or(write_blocked.is_some(), Ordering::Relaxed);
                return;
            }
            tokio::time::sleep(deadline - now).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_platform::address_hash::AddressHasher;

    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn watch() -> ConnectionWatch {
        ConnectionWatch::new(AddressHasher::new().hash([10, 0, 0, 1].into()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_is_waited_for_between_requests_in_bodies_and_in_answers() {
        let watch = watch();
        let after = async |wait| {
            tokio::time::advance(seconds(wait)).await;
            watch.waits_for_peer()
        };
        assert_eq!(after(3).await, Some(seconds(3)), "the first head");
        watch.request_begins();
        assert_eq!(after(3).await, None, "at work");
        watch.body_is_awaited();
        assert_eq!(after(2).await, Some(seconds(2)), "a body");
        watch.body_came();
        assert_eq!(after(2).await, None);
        watch.request_ends();
        assert_eq!(after(5).await, Some(seconds(5)), "the next head");
        watch.write_blocks();
        assert_eq!(after(4).await, Some(seconds(4)), "the answer");
        watch.request_begins();
        watch.write_blocks();
        assert_eq!(after(1).await, Some(seconds(5)), "a pipelined request does not make it progress");
        watch.request_ends();
        watch.write_progresses();
        assert_eq!(after(1).await, Some(seconds(1)), "progress begins anew");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_waited_for_thirty_seconds() {
        let (watch, started) = (watch(), Instant::now());
        watch.request_begins();
        let ended = async {
            watch.has_to_end().await;
            started.elapsed()
        };
        let peer = async {
            watch.write_blocks();
            tokio::time::sleep(seconds(29)).await;
            watch.write_progresses();
            watch.write_blocks();
            tokio::time::sleep(seconds(29)).await;
            watch.write_progresses();
            tokio::time::sleep(seconds(100)).await;
            watch.write_blocks();
        };
        let (ended, ()) = tokio::join!(ended, peer);
        assert!(ended >= seconds(29 + 29 + 100 + 30) && ended < seconds(29 + 29 + 100 + 31), "{ended:?}");
        assert!(watch.is_closing());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_asks_nothing_is_waited_for_thirty_seconds_and_keeps_its_answers() {
        let (watch, started) = (watch(), Instant::now());
        let ended = async {
            watch.has_to_end().await;
            started.elapsed()
        };
        let peer = async {
            tokio::time::sleep(seconds(29)).await;
            watch.request_begins();
            tokio::time::sleep(seconds(100)).await;
            watch.request_ends();
        };
        let (ended, ()) = tokio::join!(ended, peer);
        assert!(ended >= seconds(29 + 100 + 30) && ended < seconds(29 + 100 + 31), "{ended:?}");
        assert!(!watch.is_closing());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_ends_when_it_is_told_to() {
        let watch = watch();
        watch.request_begins();
        let told = async {
            tokio::time::sleep(seconds(100)).await;
            watch.close();
        };
        tokio::join!(watch.has_to_end(), told);
    }
}
