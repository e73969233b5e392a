//! How are kinds of destinations written?

use headcount_shared::payload::AlertingIntegration;

/// All kinds.
const KINDS: [AlertingIntegration; 5] = [
    AlertingIntegration::Opsgenie,
    AlertingIntegration::Pagerduty,
    AlertingIntegration::Slack,
    AlertingIntegration::Teams,
    AlertingIntegration::Webhook,
];

/// The word for a kind.
pub(super) const fn name(kind: AlertingIntegration) -> &'static str {
    match kind {
        AlertingIntegration::Opsgenie => "opsgenie",
        AlertingIntegration::Pagerduty => "pagerduty",
        AlertingIntegration::Slack => "slack",
        AlertingIntegration::Teams => "teams",
        AlertingIntegration::Webhook => "webhook",
    }
}

/// The kind that a text names. Later versions of Coroot put a colon and a channel behind it, which is left out here.
pub(super) fn kind(text: &str) -> Option<AlertingIntegration> {
    let word = text.split(':').next().unwrap_or_default();
    KINDS.into_iter().find(|kind| name(*kind) == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_known_without_its_channel() {
        for (text, expected) in [
            ("slack", Some(AlertingIntegration::Slack)),
            ("slack:#on-call:eu", Some(AlertingIntegration::Slack)),
            ("teams:ops", Some(AlertingIntegration::Teams)),
            ("email", None),
            ("", None),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
        assert!(KINDS.into_iter().all(|of| kind(name(of)) == Some(of)));
    }
}
