//! Parses stored kinds of destinations.

use headcount_shared::payload::AlertingIntegration;

/// The kind in a text. Later versions of Coroot append a colon and a channel, which is ignored.
pub(super) fn kind(text: &str) -> Option<AlertingIntegration> {
    let word = text.split(':').next().unwrap_or_default();
    AlertingIntegration::ALL.into_iter().find(|kind| kind.name() == word)
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
        assert!(AlertingIntegration::ALL.into_iter().all(|of| kind(of.name()) == Some(of)));
    }
}
