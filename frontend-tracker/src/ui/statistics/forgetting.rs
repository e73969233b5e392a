//! Describes what switching off would delete.

use headcount_shared::api::WouldForget;

/// What would be deleted now, as a sentence.
pub(super) fn sentence(forgets: &WouldForget) -> String {
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
        Some((only, [])) => format!("Now that is {only}, and what Prometheus said."),
        Some((last, others)) => {
            format!("Now that is {}, {last}, and what Prometheus said.", others.join(", "))
        }
    };
    deleted + &kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_whose_answer_is_outstanding_is_kept() {
        let forgets = WouldForget { unknown_reports: 1, ..WouldForget::default() };
        assert!(
            sentence(&forgets).ends_with(" 1 report whose answer is outstanding is kept and not sent again.")
        );
    }

    #[test]
    fn what_there_is_is_said_and_nothing_else() {
        let nothing = WouldForget::default();
        assert_eq!(sentence(&nothing), "There is nothing to delete now but what Prometheus said.");
        let one = WouldForget { page_views: 1, browsers: 1, ..nothing };
        assert_eq!(sentence(&one), "Now that is 1 page view, and what Prometheus said.");
        let more = WouldForget { rollouts: 2, facts: 3, ..one };
        assert_eq!(
            sentence(&more),
            "Now that is 1 page view, 2 rollouts, 3 facts to be counted, and what Prometheus said."
        );
    }
}
