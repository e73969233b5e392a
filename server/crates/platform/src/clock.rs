//! Provides the time, which tests can control.

use std::{
    fmt::Debug,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The time of the wall clock, and of a clock that never jumps.
pub trait Clock: Debug + Send + Sync {
    /// The wall-clock time as a duration since the Unix epoch. It may jump, also backwards; a time before the
    /// epoch reads as the epoch.
    fn wall(&self) -> Duration;

    /// The time on the wall in seconds since the Unix epoch; the last one that fits after that, in the year
    /// 2106.
    fn unix_seconds(&self) -> u32 {
        u32::try_from(self.wall().as_secs()).unwrap_or(u32::MAX)
    }

    /// The time since some fixed moment. It never goes backwards.
    fn monotonic(&self) -> Duration;
}

/// The clocks of the machine.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Clocks whose monotonic time starts now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    fn wall(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A time since the Unix epoch as RFC 3339, to the second; years beyond 9999 are the last one.
pub fn rfc3339(time: Duration) -> String {
    const LAST_SECOND: u64 = 253_402_300_799;
    let seconds = Duration::from_secs(time.as_secs().min(LAST_SECOND));
    humantime::format_rfc3339_seconds(UNIX_EPOCH + seconds).to_string()
}

/// Lets other tasks run until `is_true`.
///
/// # Panics
/// A test has waited for 20 seconds.
#[cfg(any(test, feature = "test-support"))]
pub async fn until(mut is_true: impl FnMut() -> bool) {
    let waiting = async {
        while !is_true() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), waiting).await.is_ok(), "waited for too long");
}
