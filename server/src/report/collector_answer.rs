//! Classifies the answer to a report.
//!
//! Only a collector can confirm a report. Proxies, firewalls, portals and login pages answer, too. If an
//! answer does not look like a collector's, the report waits.

use std::{fmt, time::Duration};

use headcount_outbound::{
    answer_head::{asked_wait, is_success},
    backoff::pause_after,
};

/// The longest answer that is read, in bytes. That of a collector has less than a hundred.
pub const ANSWER_BYTES: usize = 64 * 1024;

/// The longest wait that a collector can request.
const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The shortest wait after a failure.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// The wait after the first failure, unless reports are made faster than that.
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// An HTTP answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectorAnswer {
    /// The status.
    pub status: u16,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The first [`ANSWER_BYTES`] of the body; empty if [`needs_body`] is `false` for the status.
    pub body: Vec<u8>,
    /// Whether the body is longer than that.
    pub is_longer: bool,
}

/// What to do with a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The collector has it.
    Delivered,
    /// The collector will never accept it.
    Refused,
    /// Try again; if `wait` was requested, no earlier.
    Later {
        /// The value of `Retry-After`.
        wait: Option<Duration>,
        /// Why.
        why: NotDelivered,
    },
}

/// Why an answer neither confirms nor refuses the report. The text names no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDelivered {
    /// The status comes from something between here and the collector, or is temporary.
    Status(u16),
    /// The status would decide, but the answer is an HTML page.
    Html(u16),
    /// A success, but the answer is neither empty nor a JSON object.
    NotJson(u16),
}

impl fmt::Display for NotDelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the answer has status {status}"),
            Self::Html(status) => {
                write!(f, "the answer with status {status} is HTML: it does not come from a collector")
            }
            Self::NotJson(status) => write!(
                f,
                "the answer with status {status} is neither empty nor a JSON object: it does not come from a collector"
            ),
        }
    }
}

/// Whether the body of an answer with this status must be read before it can be classified.
#[must_use]
pub const fn needs_body(status: u16) -> bool {
    is_success(status) || is_verdict(status)
}

/// Classifies an answer that came at `now`, a time since the Unix epoch.
#[must_use]
pub fn judge(answer: &CollectorAnswer, now: Duration) -> DeliveryOutcome {
    let status = answer.status;
    let later = |why| {
        let wait = asked_wait(answer.retry_after.as_deref(), now, LONGEST_ASKED_WAIT);
        DeliveryOutcome::Later { wait, why }
    };
    if !needs_body(status) {
        return later(NotDelivered::Status(status));
    }
    if is_success(status) && is_of_a_collector(answer) {
        return DeliveryOutcome::Delivered;
    }
    if is_html(answer) {
        return later(NotDelivered::Html(status));
    }
    if is_verdict(status) { DeliveryOutcome::Refused } else { later(NotDelivered::NotJson(status)) }
}

/// Whether an answer says that what the installation sent is deleted. Any server can answer with 410, so it
/// counts only if the installation has asked for that itself.
#[must_use]
pub const fn is_deleted(answer: &CollectorAnswer, has_asked: bool) -> bool {
    has_asked && answer.status == 410
}

/// Whether a collector answers with this status to a report that it will never accept.
const fn is_verdict(status: u16) -> bool {
    matches!(status, 400 | 413 | 415 | 422)
}

/// An empty body, or any JSON object.
fn is_of_a_collector(answer: &CollectorAnswer) -> bool {
    let is_object =
        || serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&answer.body).is_ok();
    !answer.is_longer && (answer.body.is_empty() || is_object())
}

/// Checks the body, too: pages come with any content type, and without one.
fn is_html(answer: &CollectorAnswer) -> bool {
    let content_type = answer.content_type.as_deref().unwrap_or_default().to_ascii_lowercase();
    let is_typed =
        ["text/html", "application/xhtml"].iter().any(|html| content_type.trim_start().starts_with(html));
    let body = answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer.body);
    // Neither JSON nor a sentence begins like that.
    is_typed || body.trim_ascii_start().starts_with(b"<")
}

/// How long to wait after the `failures`-th failure in a row: twice as long each time up to `interval`, the
/// time between reports, so that an unavailable collector costs one request per interval. `jitter` in 0..1
/// spreads that to between half and all of it. The wait is never shorter than `asked` by the collector.
#[must_use]
pub fn wait_after(failures: u32, interval: Duration, asked: Option<Duration>, jitter: f64) -> Duration {
    let pause = pause_after(failures, FIRST_WAIT.min(interval / 4), interval);
    let wait = pause.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
    wait.max(SHORTEST_WAIT).max(asked.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, content_type: &str, body: &str) -> CollectorAnswer {
        CollectorAnswer {
            status,
            content_type: (!content_type.is_empty()).then(|| content_type.to_owned()),
            body: body.as_bytes().to_vec(),
            ..CollectorAnswer::default()
        }
    }

    fn later(why: NotDelivered) -> DeliveryOutcome {
        DeliveryOutcome::Later { wait: None, why }
    }

    #[test]
    fn only_a_collector_can_say_that_it_has_a_report() {
        use NotDelivered::{Html, NotJson};
        for (status, content_type, body, outcome) in [
            (200, "application/json", r#"{"status":"stored"}"#, DeliveryOutcome::Delivered),
            (200, "application/json", r#"{"status":"duplicate"}"#, DeliveryOutcome::Delivered),
            (200, "", " {} \n", DeliveryOutcome::Delivered),
            (201, "text/plain", r#"{"anything":[1]}"#, DeliveryOutcome::Delivered),
            (200, "", "", DeliveryOutcome::Delivered),
            (202, "application/json", "", DeliveryOutcome::Delivered),
            (204, "", "", DeliveryOutcome::Delivered),
            (200, "text/html", "<!doctype html><title>Blocked</title>", later(Html(200))),
            (200, "text/html; charset=utf-8", "please sign in", later(Html(200))),
            (200, "Application/XHTML+xml", "x", later(Html(200))),
            (200, "", "\n <HTML><body>", later(Html(200))),
            (200, "application/json", "\u{feff}<html>", later(Html(200))),
            (200, "text/plain", "OK", later(NotJson(200))),
            (200, "application/json", "[]", later(NotJson(200))),
            (200, "application/json", "null", later(NotJson(200))),
            (200, "application/json", r#""stored""#, later(NotJson(200))),
            (200, "application/json", r#"{"status":"sto"#, later(NotJson(200))),
            (200, "application/json", r#"{} {}"#, later(NotJson(200))),
            (200, "", " ", later(NotJson(200))),
        ] {
            assert_eq!(
                judge(&answer(status, content_type, body), Duration::ZERO),
                outcome,
                "{status} {body}"
            );
        }
        let long = CollectorAnswer { is_longer: true, ..answer(200, "application/json", "{}") };
        assert_eq!(judge(&long, Duration::ZERO), later(NotJson(200)));
    }

    #[test]
    fn only_four_statuses_are_a_verdict_and_none_with_a_page_for_people() {
        for status in [400, 413, 415, 422] {
            for (content_type, body) in
                [("application/problem+json", r#"{"detail":"no"}"#), ("text/plain", "no"), ("", "")]
            {
                assert_eq!(
                    judge(&answer(status, content_type, body), Duration::ZERO),
                    DeliveryOutcome::Refused,
                    "{status}"
                );
            }
            for (content_type, body) in
                [("text/html", ""), ("", "<html>nginx</html>"), ("text/plain", "<?xml ?>")]
            {
                let outcome = judge(&answer(status, content_type, body), Duration::ZERO);
                assert_eq!(outcome, later(NotDelivered::Html(status)), "{status} {body}");
            }
        }
    }

    #[test]
    fn only_an_installation_that_has_asked_believes_that_it_is_deleted() {
        for (status, has_asked, deleted) in
            [(410, true, true), (410, false, false), (404, true, false), (200, true, false)]
        {
            assert_eq!(is_deleted(&answer(status, "", ""), has_asked), deleted, "{status} {has_asked}");
        }
    }

    #[test]
    fn every_other_status_is_about_the_way() {
        for status in (100..600).filter(|status| !(200..300).contains(status)) {
            if [400, 413, 415, 422].contains(&status) {
                continue;
            }
            for body in ["", "{}", "<html>"] {
                let outcome = judge(&answer(status, "application/json", body), Duration::ZERO);
                assert_eq!(outcome, later(NotDelivered::Status(status)), "{status} {body}");
            }
        }
    }

    #[test]
    fn a_wait_that_was_asked_for_is_passed_on() {
        let waits = |status, retry_after: &str| {
            let answer = CollectorAnswer {
                status,
                retry_after: Some(retry_after.to_owned()),
                ..CollectorAnswer::default()
            };
            match judge(&answer, Duration::ZERO) {
                DeliveryOutcome::Later { wait, .. } => wait,
                outcome => panic!("{outcome:?}"),
            }
        };
        for status in [429, 503, 403, 302] {
            assert_eq!(waits(status, "120"), Some(Duration::from_secs(120)), "{status}");
        }
        assert_eq!(waits(503, "soon"), None);
    }

    #[test]
    fn the_reason_names_the_status() {
        for why in [NotDelivered::Status(403), NotDelivered::Html(403), NotDelivered::NotJson(403)] {
            assert!(why.to_string().contains("status 403"), "{why}");
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

    proptest! {
        #[test]
        fn a_body_that_is_no_json_object_is_never_a_delivery(status in 200_u16..300, body: Vec<u8>) {
            let is_object = matches!(serde_json::from_slice(&body), Ok(serde_json::Value::Object(_)));
            let answer = CollectorAnswer { status, body, ..CollectorAnswer::default() };
            let delivered = judge(&answer, Duration::ZERO) == DeliveryOutcome::Delivered;
            prop_assert_eq!(delivered, answer.body.is_empty() || is_object);
        }
    }
}
