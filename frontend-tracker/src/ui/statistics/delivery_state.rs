//! Says in one sentence how the delivery of reports goes.

use headcount_shared::api::Status;

use crate::ui::{answer::sentence, format};

/// The state of the delivery at `now`, in Unix seconds.
pub(super) fn state_sentence(status: &Status, now: u64) -> String {
    if !status.enabled {
        return match &status.disabled_by {
            Some(by) => format!("Nothing is sent: usage statistics are switched off for this run by {by}."),
            None => "Nothing is sent: usage statistics are off.".to_owned(),
        };
    }
    let waiting = status.queued;
    match (&status.last_failure, status.last_delivered_at) {
        (Some(why), _) if waiting > 0 => format!(
            "{} {} until the collector takes {}. {}",
            format::count(waiting, "report waits", "reports wait"),
            if waiting == 1 { "and is sent again" } else { "and are sent again" },
            if waiting == 1 { "it" } else { "them" },
            sentence(why)
        ),
        (Some(why), _) => format!("The last report was not taken, and none waits. {}", sentence(why)),
        (None, _) if waiting > 0 => {
            format!("{} on the way to the collector.", format::count(waiting, "report is", "reports are"))
        }
        (None, Some(at)) => {
            format!("Everything was delivered: the collector took the last report {}.", format::ago(at, now))
        }
        (None, None) => "No report was due since the start, and none waits.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_the_delivery_has_its_sentence() {
        let on = || Status { enabled: true, ..Status::default() };
        let failed = || Some("the collector answers 503".to_owned());
        let cases = [
            (Status::default(), "Nothing is sent: usage statistics are off."),
            (
                Status { disabled_by: Some("DO_NOT_TRACK=1".to_owned()), queued: 3, ..Status::default() },
                "Nothing is sent: usage statistics are switched off for this run by DO_NOT_TRACK=1.",
            ),
            (on(), "No report was due since the start, and none waits."),
            (Status { queued: 1, ..on() }, "1 report is on the way to the collector."),
            (
                Status { queued: 2, last_delivered_at: Some(40), ..on() },
                "2 reports are on the way to the collector.",
            ),
            (
                Status { queued: 1, last_failure: failed(), ..on() },
                "1 report waits and is sent again until the collector takes it. The collector answers 503.",
            ),
            (
                Status { queued: 2, last_failure: failed(), last_delivered_at: Some(40), ..on() },
                "2 reports wait and are sent again until the collector takes them. The collector answers 503.",
            ),
            (
                Status {
                    last_failure: Some("the collector refused a report with status 422".to_owned()),
                    ..on()
                },
                "The last report was not taken, and none waits. The collector refused a report with status 422.",
            ),
            (
                Status { last_delivered_at: Some(40), ..on() },
                "Everything was delivered: the collector took the last report 1 min 00 s ago.",
            ),
        ];
        for (status, text) in cases {
            assert_eq!(state_sentence(&status, 100), text);
        }
    }
}
