//! Reads the status and the header `Retry-After` of answers.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Whether a status is one of success, 2xx.
#[must_use]
pub const fn is_success(status: u16) -> bool {
    matches!(status, 200..=299)
}

/// The value of `Retry-After`; `None` if it is missing or not text.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<String> {
    headers.get(RETRY_AFTER)?.to_str().ok().map(str::to_owned)
}

/// The wait that the header `Retry-After` requests at `now` (time since the Unix epoch): seconds or a date (RFC
/// 9110, section 10.2.3), at most `longest`. A date in the past requests zero. `None` for any other value, and
/// without one.
#[must_use]
pub fn asked_wait(retry_after: Option<&str>, now: Duration, longest: Duration) -> Option<Duration> {
    let value = retry_after?.trim();
    let wait = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            date.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(now)
        }
    };
    Some(wait.min(longest))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn only_statuses_of_2xx_are_a_success() {
        let successes: Vec<u16> = (0..1000).filter(|status| is_success(*status)).collect();
        assert_eq!(successes, (200..300).collect::<Vec<_>>());
    }

    #[test]
    fn a_header_that_is_no_text_counts_as_missing() {
        assert_eq!(retry_after(&HeaderMap::new()), None);
        for (value, expected) in [(&b"120"[..], Some("120")), (b"", Some("")), (b"\xff", None)] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_bytes(value).unwrap())]);
            assert_eq!(retry_after(&headers).as_deref(), expected);
        }
    }

    #[test]
    fn seconds_and_dates_are_understood_and_bounded() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = Duration::from_secs(784_111_777);
        for (value, expected) in [
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("120", Some(120)),
            ("99999999999", Some(24 * 3600)),
            ("Sun, 06 Nov 1994 08:50:00 GMT", Some(23)),
            ("Sunday, 06-Nov-94 08:50:00 GMT", Some(23)),
            ("Sun Nov  6 08:50:00 1994", Some(23)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Fri, 01 Jan 2100 00:00:00 GMT", Some(24 * 3600)),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("99999999999999999999999999", None),
        ] {
            let longest = Duration::from_secs(24 * 3600);
            assert_eq!(asked_wait(Some(value), now, longest), expected.map(Duration::from_secs), "{value}");
        }
        assert_eq!(asked_wait(None, now, now), None);
    }
}
