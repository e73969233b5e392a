//! What is old enough to be dropped?

use std::time::Duration;

/// How long reports are kept byte for byte, with their profiles.
const RAW: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Before which times, in Unix seconds, a report must have arrived to be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// The report as it was sent.
    pub raw_before: u64,
    /// Its counts and its id.
    pub counts_before: u64,
}

/// What is due at `now`, a time since the Unix epoch, when counts are kept for `retention`. Reports as they were sent are
/// never kept longer than that.
#[must_use]
pub(super) fn due(now: Duration, retention: Duration) -> Due {
    Due {
        raw_before: now.saturating_sub(RAW.min(retention)).as_secs(),
        counts_before: now.saturating_sub(retention).as_secs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn days(days: u64) -> Duration {
        Duration::from_secs(days * 24 * 60 * 60)
    }

    #[test]
    fn raw_reports_go_after_thirty_days_and_counts_after_the_retention() {
        let cases = [
            (days(1000), days(400), days(970), days(600)),
            (days(1000), days(10), days(990), days(990)),
            (days(1000), days(0), days(1000), days(1000)),
            // A clock that was never set drops nothing.
            (days(0), days(400), days(0), days(0)),
            (days(20), days(400), days(0), days(0)),
            (days(1000), Duration::MAX, days(970), days(0)),
        ];
        for (now, retention, raw, counts) in cases {
            let expected = Due { raw_before: raw.as_secs(), counts_before: counts.as_secs() };
            assert_eq!(due(now, retention), expected, "{now:?} {retention:?}");
        }
    }
}
