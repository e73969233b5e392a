//! Renders which features are in use, and which are not.

use headcount_fleet::typed_report::IntegrationFlag;
use headcount_shared::{api::FleetSharesAnswer, payload::AlertingIntegration};
use maud::{Markup, html};

use crate::{
    answer_basis::{installations, mean_installations},
    page_filter::PageFilter,
    share_charts::{ShareTitles, share_bars, share_lines},
};

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct FeatureAnswers<'a> {
    /// Flags of integrations.
    pub flags: &'a FleetSharesAnswer,
    /// Kinds of alerting integrations.
    pub alerting: &'a FleetSharesAnswer,
    /// Overridden inspections.
    pub inspection_overrides: &'a FleetSharesAnswer,
    /// Sent notifications.
    pub notifications: &'a FleetSharesAnswer,
    /// Changes that rollouts brought.
    pub deployment_summaries: &'a FleetSharesAnswer,
}

/// The page.
#[must_use]
pub fn features_page(filter: &PageFilter, answers: FeatureAnswers<'_>) -> Markup {
    let titles = |id, title, description, label| ShareTitles { id, title, description, label };
    let flags = IntegrationFlag::ALL.map(IntegrationFlag::label);
    let alerting = AlertingIntegration::ALL.map(AlertingIntegration::name);
    let unused: Vec<_> =
        unused_labels(answers.flags, &flags).chain(unused_labels(answers.alerting, &alerting)).collect();
    let asked = mean_installations(answers.flags);
    html! {
        @if asked > 0 && !unused.is_empty() {
            p.lead { "Of " (installations(asked)) " a day, none used in this time: " (unused.join(", ")) "." }
        }
        (share_bars(titles("flags", "Integrations", "Installations in which the flag was on at any time of the day.", "Flag"), answers.flags))
        (share_lines(titles("flags-over-time", "Integrations over time", "", "Flag"), filter, answers.flags))
        (share_bars(titles("alerting", "Alerting integrations", "", "Kind"), answers.alerting))
        (share_bars(titles("overrides", "Overridden inspections", "", "Inspection"), answers.inspection_overrides))
        (share_bars(titles("notifications", "Notifications", "Installations that sent notifications on the day.", "Destination"), answers.notifications))
        (share_bars(titles("rollouts", "What rollouts changed", "", "Change"), answers.deployment_summaries))
    }
}

/// The labels of a closed list that no installation has.
fn unused_labels<'a>(answer: &FleetSharesAnswer, all: &[&'a str]) -> impl Iterator<Item = &'a str> {
    let used = |label: &&str| {
        answer
            .labels
            .iter()
            .any(|share| share.label == **label && share.by_day.iter().any(|count| *count > 0))
    };
    all.iter().copied().filter(|label| !used(label)).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use headcount_shared::api::FleetShare;

    use super::*;
    use crate::{answer_basis::tests::shares, page_filter::tests::ten_days};

    #[test]
    fn features_without_users_are_named() {
        let used = FleetShare {
            label: "prometheus".to_owned(),
            share: 1.0,
            installations: 4.0,
            value: 0,
            by_day: vec![4],
            value_by_day: vec![0],
        };
        let flags = FleetSharesAnswer { labels: vec![used], ..shares(&[("2026-11-01", 4)]) };
        let empty = shares(&[("2026-11-01", 4)]);
        let answers = FeatureAnswers {
            flags: &flags,
            alerting: &empty,
            inspection_overrides: &empty,
            notifications: &empty,
            deployment_summaries: &empty,
        };
        let text = features_page(&ten_days(), answers).into_string();
        let (_, said) = text.split_once("none used in this time: ").unwrap();
        let said = said.split_once('.').unwrap().0;
        assert!(!said.contains("prometheus") && said.contains("slack"), "{said}");
        assert!(text.contains("Of 4 installations a day"), "{text}");
        let without_installations = shares(&[("2026-11-01", 0)]);
        let of_none = FeatureAnswers { flags: &without_installations, ..answers };
        assert!(!features_page(&ten_days(), of_none).into_string().contains("none used"));
    }
}
