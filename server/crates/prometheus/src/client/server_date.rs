//! Reads a server's time from the header `Date` of its answers.

use std::time::Duration;

use reqwest::header::{AGE, DATE, HeaderMap};

/// The allowed difference between the two clocks of this machine for the time since an answer. They are not
/// read at the same time.
const DRIFT: Duration = Duration::from_secs(2);

/// The `Date` of an answer, and when that answer was requested and received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerDate {
    /// In whole seconds since the Unix epoch.
    date: Duration,
    /// On the monotonic clock of this machine.
    asked: Duration,
    heard: Duration,
    /// On the wall clock of this machine.
    heard_at: Duration,
}

impl ServerDate {
    /// The date of an answer. `None` for an answer from a cache, whose date is old.
    pub(super) fn of(
        headers: &HeaderMap,
        asked: Duration,
        heard: Duration,
        heard_at: Duration,
    ) -> Option<Self> {
        if headers.contains_key(AGE) {
            return None;
        }
        let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
        let date = date.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(Self { date, asked, heard, heard_at })
    }

    /// Whether the two clocks of this machine diverged since, which makes the date useless: the machine was
    /// suspended, or its wall clock was set.
    #[must_use]
    pub fn is_outdated(&self, wall: Duration, monotonic: Duration) -> bool {
        // Both are times of the wall clock; this one is the expected time now.
        let even = self.heard_at + monotonic.saturating_sub(self.heard);
        wall.abs_diff(even) > DRIFT
    }

    /// How many seconds the other clock is ahead of this machine's, at least and at most; negative if it is
    /// behind. The header was written between request and answer, and leaves out fractions of a second.
    #[must_use]
    pub fn ahead(&self, wall: Duration, monotonic: Duration) -> [i64; 2] {
        let since_heard = monotonic.saturating_sub(self.heard);
        let since_asked = monotonic.saturating_sub(self.asked);
        let least = self.date + since_heard;
        let most = self.date + Duration::from_secs(1) + since_asked;
        [difference(least, wall).0, difference(most, wall).1]
    }
}

/// `one - other` in seconds, rounded down and up.
fn difference(one: Duration, other: Duration) -> (i64, i64) {
    let seconds = one.as_secs_f64() - other.as_secs_f64();
    (seconds.floor() as i64, seconds.ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn an_answer_has_a_date_unless_it_is_from_a_cache() {
        let date = "Tue, 14 Nov 2023 22:13:20 GMT";
        let expected = ServerDate { date: at(NOW as f64), asked: at(1.0), heard: at(2.0), heard_at: at(3.0) };
        for (pairs, found) in [
            (&[("date", date)][..], Some(expected)),
            (&[("date", date), ("age", "0")], None),
            (&[("date", date), ("age", "3600")], None),
            (&[("date", "yesterday")], None),
            (&[("date", "")], None),
            (&[], None),
        ] {
            assert_eq!(ServerDate::of(&headers(pairs), at(1.0), at(2.0), at(3.0)), found, "{pairs:?}");
        }
    }

    #[test]
    fn a_difference_has_the_bounds_of_the_round_trip_and_of_the_seconds_of_a_date() {
        let date = at(NOW as f64);
        let heard = |asked, heard| ServerDate { date, asked: at(asked), heard: at(heard), heard_at: date };
        let wall = |seconds: f64| at(NOW as f64 + seconds);
        for (date, (now, monotonic), expected) in [
            // The same clocks, at once and a minute later.
            (heard(10.0, 10.0), (wall(0.5), at(10.0)), [-1, 1]),
            (heard(10.0, 10.0), (wall(60.5), at(70.0)), [-1, 1]),
            // An answer that took twenty seconds.
            (heard(10.0, 30.0), (wall(0.0), at(30.0)), [0, 21]),
            // An hour behind, and ahead.
            (heard(10.0, 10.0), (wall(3600.0), at(10.0)), [-3600, -3599]),
            (heard(10.0, 10.0), (wall(-3600.0), at(10.0)), [3600, 3601]),
            // This machine's clock was corrected meanwhile.
            (heard(10.0, 10.0), (wall(0.0), at(10.0)), [0, 1]),
        ] {
            assert_eq!(date.ahead(now, monotonic), expected);
        }
    }

    #[test]
    fn a_date_from_before_a_suspension_or_a_set_clock_is_outdated() {
        let now = NOW as f64;
        let date = ServerDate { date: at(now), asked: at(10.0), heard: at(11.0), heard_at: at(now) };
        for (wall, monotonic, expected) in [
            (now, 11.0, false),
            (now + 60.0, 71.0, false),
            (now + 61.9, 71.0, false),
            // A suspended machine: the monotonic clock does not advance.
            (now + 28_800.0, 41.0, true),
            // The wall clock is set.
            (now + 3600.0, 12.0, true),
            (now - 3600.0, 12.0, true),
        ] {
            assert_eq!(date.is_outdated(at(wall), at(monotonic)), expected, "{wall} {monotonic}");
        }
    }
}
