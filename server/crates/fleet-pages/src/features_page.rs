//! Renders which features are in use, and which are not.

use headcount_charts::number_format::grouped;
use headcount_fleet::typed_report::IntegrationFlag;
use headcount_shared::{api::FleetSharesAnswer, payload::AlertingIntegration};
use maud::{Markup, html};

use crate::{
    answer_basis::{AnswerBasis, installations, mean_installations},
    page_filter::PageFilter,
    share_charts::{ShareTitles, share_bars, share_lines},
    shown_names::shown_version,
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
    /// What installations of the newest release use; `None` without one, or if a version was chosen.
    pub newest: Option<NewestRelease<'a>>,
}

/// What installations of a release use.
#[derive(Debug, Clone, Copy)]
pub struct NewestRelease<'a> {
    /// Its version.
    pub version: &'a str,
    /// Flags of integrations.
    pub flags: &'a FleetSharesAnswer,
    /// Kinds of alerting integrations.
    pub alerting: &'a FleetSharesAnswer,
}

/// A list of which every value is known, so that it can be said what nobody uses.
struct ClosedList<'a> {
    /// What a value is: `Integration`.
    kind: &'static str,
    values: Vec<&'static str>,
    answer: &'a FleetSharesAnswer,
    /// The same of the newest release.
    newest: Option<&'a FleetSharesAnswer>,
}

fn closed_lists<'a>(answers: &FeatureAnswers<'a>) -> [ClosedList<'a>; 3] {
    let alerting = || AlertingIntegration::ALL.map(AlertingIntegration::name).to_vec();
    let list = |kind, values, answer, newest| ClosedList { kind, values, answer, newest };
    let (flags, newest) = (IntegrationFlag::ALL.map(IntegrationFlag::label).to_vec(), answers.newest);
    [
        list("Integration", flags, answers.flags, newest.map(|newest| newest.flags)),
        list("Alerting integration", alerting(), answers.alerting, newest.map(|newest| newest.alerting)),
        list("Notifications to", alerting(), answers.notifications, None),
    ]
}

/// The page.
#[must_use]
pub fn features_page(filter: &PageFilter, answers: FeatureAnswers<'_>) -> Markup {
    let titles = |id, title, description, label, table| ShareTitles { id, title, description, label, table };
    html! {
        (unused_table(filter, &answers))
        (share_bars(titles("flags", "Integrations", "Installations in which the flag was on at any time of the day. kubernetes: containers of it were seen; application_categories: at least one is configured. The other names are fields of reports.", "Flag", "flags"), filter, answers.flags))
        (share_lines(titles("flags-over-time", "Integrations over time", "", "Flag", "flags"), filter, answers.flags))
        (share_bars(titles("alerting", "Alerting integrations", "Installations that are configured to send alerts there.", "Kind", "alerting"), filter, answers.alerting))
        (share_bars(titles("overrides", "Overridden inspection thresholds", "Installations that set a threshold of the inspection themselves.", "Inspection", "inspection_overrides"), filter, answers.inspection_overrides))
        (share_bars(titles("notifications", "Notifications", "Installations that sent notifications on the day.", "Destination", "notifications"), filter, answers.notifications))
        (share_bars(titles("rollouts", "What rollouts changed", "Installations with a rollout of an application that made this better (+) or worse (-).", "Change", "deployment_summaries"), filter, answers.deployment_summaries))
    }
}

/// What no installation uses, and what none of the newest release does.
fn unused_table(filter: &PageFilter, answers: &FeatureAnswers<'_>) -> Markup {
    let asked = mean_installations(answers.flags);
    if asked == 0 {
        return html! {};
    }
    let lists = closed_lists(answers);
    let unused: Vec<_> = lists
        .iter()
        .flat_map(|list| {
            let of_all = mean_installations(list.answer);
            unused_labels(list.answer, &list.values).map(move |value| (value, list.kind, of_all))
        })
        .collect();
    let basis = AnswerBasis::of_shares(filter, answers.flags);
    html! {
        section.numbers aria-labelledby="unused" {
            h2 #unused { "What nobody uses" }
            p.note { (basis.text()) }
            @if unused.is_empty() {
                p.note { "Everything that could be used is in use somewhere." }
            } @else {
                div.scroll tabindex="0" role="group" aria-labelledby="unused" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Value" }
                                th scope="col" { "List" }
                                th.n scope="col" { "Installations" }
                            }
                        }
                        tbody {
                            @for (value, kind, of_all) in unused {
                                tr {
                                    th scope="row" { (value) }
                                    td { (kind) }
                                    td.n { "0 of " (grouped(of_all)) " a day" }
                                }
                            }
                        }
                    }
                }
            }
            (unused_since_release(answers.newest, &lists))
        }
    }
}

/// What is in use, but in no installation of the newest release: it may have broken it.
fn unused_since_release(newest: Option<NewestRelease<'_>>, lists: &[ClosedList<'_>]) -> Markup {
    let Some(release) = newest else { return html! {} };
    let lost: Vec<_> = lists
        .iter()
        .filter_map(|list| Some((list, list.newest?)))
        .flat_map(|(list, newest)| {
            let unused_by_all: Vec<_> = unused_labels(list.answer, &list.values).collect();
            unused_labels(newest, &list.values).filter(move |value| !unused_by_all.contains(value))
        })
        .collect();
    let of = mean_installations(release.flags);
    html! {
        @if of > 0 && !lost.is_empty() {
            p.note {
                "In use, but by none of " (installations(of)) " a day with the newest version, "
                (shown_version(release.version)) ": " (lost.join(", ")) "."
            }
        }
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

    fn used(labels: &[&str]) -> FleetSharesAnswer {
        let used = |label: &&str| FleetShare {
            label: (*label).to_owned(),
            share: 1.0,
            installations: 4.0,
            value: 0,
            by_day: vec![4],
            value_by_day: vec![0],
        };
        FleetSharesAnswer { labels: labels.iter().map(used).collect(), ..shares(&[("2026-11-01", 4)]) }
    }

    fn answers<'a>(flags: &'a FleetSharesAnswer, empty: &'a FleetSharesAnswer) -> FeatureAnswers<'a> {
        FeatureAnswers {
            flags,
            alerting: empty,
            inspection_overrides: empty,
            notifications: empty,
            deployment_summaries: empty,
            newest: None,
        }
    }

    #[test]
    fn features_without_users_have_rows_with_their_denominator() {
        let (flags, empty) = (used(&["prometheus"]), shares(&[("2026-11-01", 4)]));
        let text = features_page(&ten_days(), answers(&flags, &empty)).into_string();
        let (_, said) = text.split_once("What nobody uses").unwrap();
        let said = said.split_once("</section>").unwrap().0;
        assert!(!said.contains(">prometheus<"), "{said}");
        for list in ["Alerting integration", "Notifications to"] {
            let row = format!("<th scope=\"row\">slack</th><td>{list}</td><td class=\"n\">0 of 4 a day</td>");
            assert!(said.contains(&row), "{said}");
        }
        let of_none = shares(&[("2026-11-01", 0)]);
        let text = features_page(&ten_days(), answers(&of_none, &empty)).into_string();
        assert!(!text.contains("What nobody uses"), "{text}");
    }

    #[test]
    fn what_only_older_versions_use_is_said() {
        let (flags, empty) = (used(&["prometheus"]), shares(&[("2026-11-01", 4)]));
        let newest = NewestRelease { version: "2.0", flags: &empty, alerting: &empty };
        let with_release = FeatureAnswers { newest: Some(newest), ..answers(&flags, &empty) };
        let text = features_page(&ten_days(), with_release).into_string();
        let said = "by none of 4 installations a day with the newest version, 2.0: prometheus.";
        assert!(text.contains(said), "{text}");
    }
}
