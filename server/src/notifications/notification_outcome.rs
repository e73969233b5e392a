//! Classifies the answer of a destination: sent, try later, or refused.

use std::time::Duration;

use headcount_outbound::answer_head::{asked_wait, is_success};

use super::notification_request::NotificationAnswer;

/// The longest wait that a destination can ask for. Later than that, a notification is expired.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotificationOutcome {
    /// The destination accepted it.
    Sent {
        /// The destination's id of the conversation; empty if it has none.
        external_key: String,
    },
    /// The destination cannot accept it at the moment.
    Later {
        /// How long it asks to wait, at most an hour.
        after: Option<Duration>,
    },
    /// The destination refuses it, for this reason. It is retried like the others, since the operator may
    /// correct the configuration.
    Refused(&'static str),
}

/// Classifies an answer by its status alone. `now` is the time since the Unix epoch.
///
/// Redirects are not followed, since they may lead to another host.
pub(super) fn classify_status(
    answer: &NotificationAnswer,
    external_key: &str,
    now: Duration,
) -> NotificationOutcome {
    match answer.status {
        status if is_success(status) => NotificationOutcome::Sent { external_key: external_key.to_owned() },
        300..=399 => NotificationOutcome::Refused("it redirects to another address"),
        400 | 422 => {
            NotificationOutcome::Refused("it does not understand the request, or does not know the key")
        }
        401 | 403 => NotificationOutcome::Refused("it does not accept the key or the token"),
        404 | 410 => NotificationOutcome::Refused("there is nothing at its address"),
        413 => NotificationOutcome::Refused("the message is too large for it"),
        408 | 425 | 429 | 500..=599 => NotificationOutcome::Later { after: wait_asked_for(answer, now) },
        400..=499 => NotificationOutcome::Refused("it refuses the request"),
        _ => NotificationOutcome::Later { after: None },
    }
}

/// How long the destination asks to wait from `now`, at most an hour.
pub(super) fn wait_asked_for(answer: &NotificationAnswer, now: Duration) -> Option<Duration> {
    asked_wait(answer.retry_after.as_deref(), now, LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: Duration = Duration::from_secs(784_111_777);

    fn answer(status: u16, retry_after: Option<&str>) -> NotificationAnswer {
        NotificationAnswer { status, retry_after: retry_after.map(str::to_owned), body: Vec::new() }
    }

    #[test]
    fn the_status_decides() {
        for status in [200, 201, 202, 204] {
            let sent = NotificationOutcome::Sent { external_key: "key".to_owned() };
            assert_eq!(classify_status(&answer(status, None), "key", NOW), sent, "{status}");
        }
        for status in [301, 307, 400, 401, 403, 404, 405, 409, 410, 413, 418, 422] {
            let outcome = classify_status(&answer(status, Some("5")), "", NOW);
            assert!(matches!(outcome, NotificationOutcome::Refused(_)), "{status}");
        }
        for status in [101, 408, 425, 429, 500, 502, 503, 504, 599, 999] {
            assert_eq!(
                classify_status(&answer(status, None), "", NOW),
                NotificationOutcome::Later { after: None },
                "{status}"
            );
        }
    }

    #[test]
    fn a_destination_can_ask_for_an_hour_at_most() {
        for (text, expected) in [
            (" 120 ", Some(120)),
            ("99999999999", Some(3600)),
            ("Sun, 06 Nov 1994 08:51:37 GMT", Some(120)),
            ("Sat, 06 Nov 2094 08:00:00 GMT", Some(3600)),
            ("soon", None),
        ] {
            let after = expected.map(Duration::from_secs);
            assert_eq!(
                classify_status(&answer(429, Some(text)), "", NOW),
                NotificationOutcome::Later { after },
                "{text}"
            );
        }
    }
}
