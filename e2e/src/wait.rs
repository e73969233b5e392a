//! When does something that takes its time come true?

use std::{ops::AsyncFnMut, time::Duration};

use anyhow::Context;

/// The time between two looks. Short, because tests wait often; a look is cheap.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// How long anything may take that takes a second on an idle machine.
pub const SOON: Duration = Duration::from_secs(30);

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
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    };
    tokio::time::timeout(deadline, looking)
        .await
        .with_context(|| format!("this did not come true within {deadline:?}: {what}"))
}
