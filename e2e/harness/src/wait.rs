//! Waits for conditions, with limits that end a failed test. The limits do not state how long anything should
//! take.

use std::{ops::AsyncFnMut, time::Duration};

use anyhow::Context;

/// The pause after the first check. It is short because many conditions hold almost at once.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The longest pause between two checks. Each check slows down what it waits for.
const LONGEST_PAUSE: Duration = Duration::from_millis(80);

/// The limit for anything that takes some seconds on an idle machine; a loaded machine needs more.
pub const SOON: Duration = Duration::from_secs(120);

/// How long a drop waits for the end of a process.
#[cfg(feature = "browsers")]
const FAREWELL: Duration = Duration::from_secs(5);

/// Waits for a future, but no longer than `limit`.
///
/// # Errors
/// The limit was reached. The error contains `what`.
pub async fn within<T>(what: &str, limit: Duration, coming: impl Future<Output = T>) -> anyhow::Result<T> {
    let came = tokio::time::timeout(limit, coming).await;
    came.with_context(|| format!("not true within {limit:?}: {what}"))
}

/// Checks `condition` repeatedly until it returns a value.
///
/// # Errors
/// It returned none within `deadline`. The error contains `what`.
pub async fn eventually<T>(
    what: &str,
    deadline: Duration,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let looking = async {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    };
    within(what, deadline, looking).await
}

/// Blocks until `is_over` returns true or the time is up. For use in `drop`, which cannot wait in another
/// way.
#[cfg(feature = "browsers")]
pub(crate) fn farewell(mut is_over: impl FnMut() -> bool) {
    for _ in 0..FAREWELL.as_millis() / FIRST_PAUSE.as_millis() {
        if is_over() {
            return;
        }
        std::thread::sleep(FIRST_PAUSE);
    }
}
