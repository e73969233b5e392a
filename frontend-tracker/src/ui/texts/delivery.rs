//! Texts about the delivery of reports, and about what switching off deletes of them.

use headcount_shared::api::{ReportState, Status, WouldForget};

use super::format;
use crate::ui::answer::sentence;

pub(in crate::ui) const DELIVERY: &str = "Delivery";
pub(in crate::ui) const REFRESH: &str = "Refresh";
pub(in crate::ui) const GOES_TO: &str = "Reports go to";
pub(in crate::ui) const NEXT: &str = "Next report";
pub(in crate::ui) const LAST_DELIVERED: &str = "Last delivered";
pub(in crate::ui) const LAST_FAILURE: &str = "Last failure";
pub(in crate::ui) const WAITING: &str = "Waiting";
pub(in crate::ui) const REFUSED: &str = "Refused";
pub(in crate::ui) const DROPPED: &str = "Dropped";
pub(in crate::ui) const PROMETHEUS: &str = "Prometheus";
pub(in crate::ui) const DATA_DIRECTORY: &str = "Data directory";
pub(in crate::ui) const LEFT_BY_COROOT: &str = "Left by Coroot";
pub(in crate::ui) const CPU_PROFILE: &str = "CPU profile";
pub(in crate::ui) const HEAP_PROFILE: &str = "Heap profile";
pub(in crate::ui) const NO_NEXT: &str = "none: usage statistics are off";
pub(in crate::ui) const NONE_DELIVERED: &str =
    "none since the server started or usage statistics were switched on";
const NONE_DUE: &str =
    "No report was due since the server started or usage statistics were switched on, and none waits.";
pub(in crate::ui) const NONE: &str = "none";

/// Why something is not available.
pub(in crate::ui) fn not_available(why: &str) -> String {
    format!("Not available. {}", sentence(why))
}

/// How a Prometheus fails. The overview says of which project.
pub(in crate::ui) fn prometheus_failure(what: &str) -> String {
    sentence(what) + " The overview shows the project."
}

/// How many reports there are.
pub(in crate::ui) fn reports(count: u64) -> String {
    format::count(count, "report", "reports")
}

/// How many events were not counted whole, and about how many browsers had no place.
pub(in crate::ui) fn dropped(events: u64, browsers: u64) -> String {
    if events == 0 {
        return "nothing".to_owned();
    }
    format!(
        "{} not counted whole since the last report, because a bound was reached; about {} without a place",
        format::count(events, "event was", "events were"),
        format::count(browsers, "browser was", "browsers were")
    )
}

/// What the state of a report means.
pub(in crate::ui) const fn state_meaning(state: ReportState) -> &'static str {
    match state {
        ReportState::Queued => "It waits for the collector, and leaves with exactly these bytes.",
        ReportState::Sent => "The collector has confirmed that it has exactly these bytes.",
        ReportState::Refused => "The collector refused it for good. It is not sent again.",
        ReportState::Unknown => {
            "Its bytes left, and usage statistics were switched off before the answer came. It is not sent again."
        }
    }
}

/// The name of a state.
pub(in crate::ui) const fn state_name(state: ReportState) -> &'static str {
    match state {
        ReportState::Queued => "queued",
        ReportState::Sent => "sent",
        ReportState::Refused => "refused",
        ReportState::Unknown => "unknown",
    }
}

/// The state of the delivery at `now`, in Unix seconds.
pub(in crate::ui) fn state_sentence(status: &Status, now: u64) -> String {
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
        (None, None) => NONE_DUE.to_owned(),
    }
}

/// What would be deleted now, as a sentence.
pub(in crate::ui) fn would_delete(forgets: &WouldForget) -> String {
    let counts = [
        (forgets.page_views, "page view", "page views"),
        (forgets.queued_reports, "report that waits", "reports that wait"),
        (forgets.damaged_reports, "damaged report", "damaged reports"),
        (forgets.rollouts, "rollout", "rollouts"),
        (forgets.incidents, "incident", "incidents"),
        (forgets.notifications, "notification", "notifications"),
        (forgets.facts, "fact to be counted", "facts to be counted"),
    ];
    let named: Vec<String> = counts
        .into_iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect();
    let kept = match forgets.unknown_reports {
        0 => String::new(),
        1 => " 1 report whose answer is outstanding is kept and not sent again.".to_owned(),
        many => format!(" {many} reports whose answers are outstanding are kept and not sent again."),
    };
    let deleted = match named.split_last() {
        None => "There is nothing to delete now but what Prometheus said.".to_owned(),
        Some((only, [])) => format!("Switching off now deletes {only}, and what Prometheus said."),
        Some((last, others)) => {
            format!("Switching off now deletes {}, {last}, and what Prometheus said.", others.join(", "))
        }
    };
    deleted + &kept
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
            (on(), NONE_DUE),
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

    #[test]
    fn a_report_whose_answer_is_outstanding_is_kept() {
        let forgets = WouldForget { unknown_reports: 1, ..WouldForget::default() };
        assert!(
            would_delete(&forgets)
                .ends_with(" 1 report whose answer is outstanding is kept and not sent again.")
        );
    }

    #[test]
    fn what_there_is_is_said_and_nothing_else() {
        let nothing = WouldForget::default();
        assert_eq!(would_delete(&nothing), "There is nothing to delete now but what Prometheus said.");
        let one = WouldForget { page_views: 1, browsers: 1, ..nothing };
        assert_eq!(would_delete(&one), "Switching off now deletes 1 page view, and what Prometheus said.");
        let more = WouldForget { rollouts: 2, facts: 3, ..one };
        assert_eq!(
            would_delete(&more),
            "Switching off now deletes 1 page view, 2 rollouts, 3 facts to be counted, and what Prometheus said."
        );
    }
}
