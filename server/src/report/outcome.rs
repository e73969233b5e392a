//! What an answer of the collector means for the report.

use std::time::Duration;

/// The longest that a collector can ask to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The shortest wait after a failure.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// The wait after the first failure, unless reports are made faster than that.
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// What to do with a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The collector has it.
    Delivered,
    /// Try again, no earlier than after `wait` if the collector named one.
    Later {
        /// What `Retry-After` said.
        wait: Option<Duration>,
    },
    /// The collector will never take it.
    Refused,
}

/// Judges the status of an answer. `retry_after` is the header of that name.
///
/// A redirect is not followed, since it may lead to somebody else; it counts as no answer.
#[must_use]
pub fn judge(status: u16, retry_after: Option<&str>) -> Outcome {
    match status {
        200..=299 => Outcome::Delivered,
        408 | 425 | 429 => Outcome::Later { wait: retry_after.and_then(seconds) },
        400..=499 => Outcome::Refused,
        _ => Outcome::Later { wait: retry_after.and_then(seconds) },
    }
}

/// `Retry-After` in seconds (RFC 9110, section 10.2.3). A date would need a clock that agrees with the collector's; our
/// own backoff serves as well.
fn seconds(retry_after: &str) -> Option<Duration> {
    let seconds: u64 = retry_after.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// How long to wait after the `failures`-th failure in a row: twice as long each time up to `interval`, the time between
/// reports, so that a dead collector costs a request an interval; spread by `jitter` in 0..1 to between a half and the
/// whole of that. `asked` by the collector is never undercut.
#[must_use]
pub fn wait_after(failures: u32, interval: Duration, asked: Option<Duration>, jitter: f64) -> Duration {
    let first = FIRST_WAIT.min(interval / 4);
    let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(20));
    let wait = doubled.min(interval).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
    wait.max(SHORTEST_WAIT).max(asked.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Outcome = Outcome::Later { wait: None };

    #[test]
    fn the_status_decides() {
        let cases = [
            (200, None, Outcome::Delivered),
            (202, None, Outcome::Delivered),
            (204, None, Outcome::Delivered),
            (301, None, LATER),
            (307, None, LATER),
            (400, None, Outcome::Refused),
            (401, None, Outcome::Refused),
            (404, None, Outcome::Refused),
            (408, None, LATER),
            (413, None, Outcome::Refused),
            (415, None, Outcome::Refused),
            (422, Some("5"), Outcome::Refused),
            (425, None, LATER),
            (429, Some("120"), Outcome::Later { wait: Some(Duration::from_secs(120)) }),
            (429, Some("soon"), LATER),
            (429, Some("-1"), LATER),
            (500, None, LATER),
            (501, None, LATER),
            (503, Some(" 7 "), Outcome::Later { wait: Some(Duration::from_secs(7)) }),
            (503, Some("99999999999"), Outcome::Later { wait: Some(LONGEST_WAIT) }),
            (599, None, LATER),
        ];
        for (status, retry_after, outcome) in cases {
            assert_eq!(judge(status, retry_after), outcome, "{status} {retry_after:?}");
        }
    }

    #[test]
    fn waits_double_up_to_the_interval() {
        let hour = Duration::from_secs(3600);
        let waits: Vec<u64> =
            (1..10).map(|failures| wait_after(failures, hour, None, 1.0).as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(wait_after(u32::MAX, hour, None, 1.0), hour);
    }

    #[test]
    fn a_dead_collector_costs_few_requests_a_day() {
        let (mut waited, mut requests) = (Duration::ZERO, 0);
        while waited < Duration::from_secs(24 * 3600) {
            requests += 1;
            waited += wait_after(requests, Duration::from_secs(3600), None, 0.0);
        }
        assert!(requests < 60, "{requests} requests");
    }

    #[test]
    fn the_wait_is_spread_and_never_below_what_was_asked() {
        let ten = Duration::from_secs(10);
        assert_eq!(wait_after(9, ten, None, 0.0), Duration::from_secs(5));
        assert_eq!(wait_after(9, ten, None, 1.0), ten);
        assert_eq!(wait_after(1, ten, Some(Duration::from_secs(300)), 0.5), Duration::from_secs(300));
        assert_eq!(wait_after(1, Duration::ZERO, None, 0.0), SHORTEST_WAIT);
    }
}
