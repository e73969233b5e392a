//! How are kinds of destinations written?

use headcount_shared::payload::AlertingIntegration;

/// The kind that a text names. Later versions of Coroot put a colon and a channel behind it, which is left out here.
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
