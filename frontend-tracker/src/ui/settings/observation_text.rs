//! Says and writes how far the observation of a project is.

use headcount_shared::api::{ObservationProgress, ObservedNumbers};

use super::html::card;
use crate::ui::{answer::sentence, format};

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ObservationStage {
    /// It is not observed here.
    Not,
    /// The first round of queries is under way.
    First,
    /// Prometheus does not answer.
    Failing,
    /// Numbers are here.
    Here,
}

impl ObservationStage {
    /// The stage of an observation.
    const fn of(progress: &ObservationProgress) -> Self {
        match progress {
            ObservationProgress { not_observed: Some(_), .. } => Self::Not,
            ObservationProgress { prometheus_failure: Some(_), .. } => Self::Failing,
            ObservationProgress { found: Some(_), .. } => Self::Here,
            _ => Self::First,
        }
    }
}

/// The stage in a sentence.
pub(super) fn stage_sentence(progress: &ObservationProgress) -> String {
    match ObservationStage::of(progress) {
        ObservationStage::Not => sentence(progress.not_observed.as_deref().unwrap_or_default()),
        ObservationStage::Failing => sentence(progress.prometheus_failure.as_deref().unwrap_or_default()),
        ObservationStage::First => "The first answers of Prometheus are arriving.".to_owned(),
        ObservationStage::Here => found_sentence(progress.found.as_ref()),
    }
}

fn found_sentence(found: Option<&ObservedNumbers>) -> String {
    match found {
        Some(found) if found.nodes == 0 && !found.node_agent => {
            "Prometheus answers, but no coroot-node-agent was seen in the last hour.".to_owned()
        }
        Some(found) if found.applications == 0 => {
            "Nodes are known. Applications appear when they are connected to each other.".to_owned()
        }
        _ => "The numbers are here. They are refreshed with every round.".to_owned(),
    }
}

/// The section before anything is known.
pub(in crate::ui) fn observation_card() -> String {
    let content = r#"<p role="status" class="lead" id="observation-said">Loading…</p>
<p class="failure" role="alert" id="observation-failure"></p><div id="observation-rows"></div>"#;
    card("observation", "What is observed", content)
}

/// The numbers, with a bar while the first ones arrive.
pub(super) fn observation_html(progress: &ObservationProgress) -> String {
    let stage = ObservationStage::of(progress);
    if stage == ObservationStage::Not {
        return String::new();
    }
    let bar = if stage == ObservationStage::First {
        format!(
            r#"<progress aria-label="Pieces of the past that are here" max="{}" value="{}"></progress>"#,
            progress.missing_spans.max(1),
            progress.filled_spans
        )
    } else {
        String::new()
    };
    let row = |(name, number): (&str, String)| format!("<div><dt>{name}</dt><dd>{number}</dd></div>");
    let rows: String = number_rows(progress).into_iter().map(row).collect();
    format!(r#"{bar}<dl class="facts">{rows}</dl>"#)
}

/// The numbers with their names.
fn number_rows(progress: &ObservationProgress) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("Queries answered", format!("{} of {}", progress.answered, progress.queries)),
        ("Pieces of the past", format!("{} of {}", progress.filled_spans, progress.missing_spans)),
    ];
    if progress.failed > 0 {
        rows.push(("Failed", format::count(progress.failed, "query", "queries")));
    }
    if let Some(found) = &progress.found {
        rows.push(("Nodes", found.nodes.to_string()));
        rows.push(("Applications", found.applications.to_string()));
        rows.push(("Instances", found.instances.to_string()));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_before_what_is_here() {
        let first = ObservationProgress { queries: 100, answered: 3, ..ObservationProgress::default() };
        let here = ObservationProgress {
            found: Some(ObservedNumbers { nodes: 2, applications: 1, ..ObservedNumbers::default() }),
            ..first.clone()
        };
        let failing = ObservationProgress {
            prometheus_failure: Some("Prometheus answers 405".to_owned()),
            ..here.clone()
        };
        let not =
            ObservationProgress { not_observed: Some("it has no Prometheus".to_owned()), ..failing.clone() };
        for (progress, stage, said) in [
            (first, ObservationStage::First, "The first answers"),
            (here, ObservationStage::Here, "The numbers are here."),
            (failing, ObservationStage::Failing, "Prometheus answers 405."),
            (not, ObservationStage::Not, "It has no Prometheus."),
        ] {
            assert_eq!(ObservationStage::of(&progress), stage);
            assert!(stage_sentence(&progress).starts_with(said), "{}", stage_sentence(&progress));
        }
    }

    #[test]
    fn a_prometheus_without_a_node_agent_is_told_from_one_without_connections() {
        let found = |nodes, node_agent| ObservedNumbers { nodes, node_agent, ..ObservedNumbers::default() };
        assert!(found_sentence(Some(&found(0, false))).contains("no coroot-node-agent"));
        assert!(found_sentence(Some(&found(3, true))).contains("connected to each other"));
    }

    #[test]
    fn a_bar_shows_only_the_first_answers() {
        let first =
            ObservationProgress { missing_spans: 9, filled_spans: 4, ..ObservationProgress::default() };
        let here = ObservationProgress { found: Some(ObservedNumbers::default()), ..first.clone() };
        assert!(observation_html(&first).contains(r#"max="9" value="4""#));
        assert!(!observation_html(&here).contains("<progress"));
        let not = ObservationProgress { not_observed: Some("off".to_owned()), ..first };
        assert_eq!(observation_html(&not), "");
    }

    #[test]
    fn numbers_are_shown_once_they_are_known() {
        let names = |progress: &ObservationProgress| {
            number_rows(progress).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let first = ObservationProgress { failed: 1, ..ObservationProgress::default() };
        assert_eq!(names(&first), ["Queries answered", "Pieces of the past", "Failed"]);
        let here = ObservationProgress { found: Some(ObservedNumbers::default()), ..first };
        assert_eq!(names(&here)[3..], ["Nodes", "Applications", "Instances"]);
    }
}
