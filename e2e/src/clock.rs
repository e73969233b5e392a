//! What time is it?

use std::time::{SystemTime, UNIX_EPOCH};

/// The time in Unix seconds. What is driven from here lives by the clock of this machine, so it is the only one there is.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
}
