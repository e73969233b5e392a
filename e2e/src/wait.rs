//! Waits for what takes its time. Limits end a test that has failed: none says how long anything should take.

use std::{ops::AsyncFnMut, thread, time::Duration};

use anyhow::Context;

/// The time between the first two looks. Short, because tests wait often for what is there at once.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The longest time between two looks. A look takes time from what is waited for.
const LONGEST_PAUSE: Duration = Duration::from_millis(80);

/// How long anything may take that takes some seconds on an idle machine, beside others on one that has much else to do.
pub const SOON: Duration = Duration::from_secs(120);

/// How long the end of what is dropped is waited for.
const FAREWELL: Duration = Duration::from_secs(5);

/// Waits for something that comes by itself, but no longer than `limit`.
///
/// # Errors
/// It did not come. The error says `what` was waited for.
pub async fn within<T>(what: &str, limit: Duration, coming: impl Future<Output = T>) -> anyhow::Result<T> {
    let came = tokio::time::timeout(limit, coming).await;
    came.with_context(|| format!("this did not come true within {limit:?}: {what}"))
}

/// Looks again and again until `condition` gives something.
///
/// # Errors
/// It gave nothing within `deadline`. The error says `what` was waited for.
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

/// Looks again and again, while nothing else goes on, until what is dropped `is_over`, or has had its time.
pub(crate) fn farewell(mut is_over: impl FnMut() -> bool) {
    for _ in 0..FAREWELL.as_millis() / FIRST_PAUSE.as_millis() {
        if is_over() {
            return;
        }
        thread::sleep(FIRST_PAUSE);
    }
}
