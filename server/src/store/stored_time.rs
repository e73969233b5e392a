//! Converts stored times: Unix seconds, with zero for a missing one.

/// A stored time. Values out of range become the nearest possible time.
pub(super) fn seconds(stored: i64) -> u32 {
    u32::try_from(stored.max(0)).unwrap_or(u32::MAX)
}

/// A stored time that may be missing.
pub(super) fn seconds_if_any(stored: i64) -> Option<u32> {
    Some(seconds(stored)).filter(|seconds| *seconds > 0)
}
