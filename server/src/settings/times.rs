//! How are moments stored? In Unix seconds; zero stands for none.

/// A stored moment. What is out of range is taken as near to it as can be.
pub(super) fn seconds(stored: i64) -> u32 {
    u32::try_from(stored.max(0)).unwrap_or(u32::MAX)
}

/// A stored moment that may not have come.
pub(super) fn seconds_if_any(stored: i64) -> Option<u32> {
    Some(seconds(stored)).filter(|seconds| *seconds > 0)
}
