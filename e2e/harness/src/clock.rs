//! Reads the clock of this machine.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the time in Unix seconds. All processes of a test use the clock of this machine.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
}
