//! Says how far the observation of a project is.

use headcount_shared::api::{ObservationProgress, ObservedNumbers};

use crate::ui::{answer::sentence, format};

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObservationStage {
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
    pub(super) const fn of(progress: &ObservationProgress) -> Self {
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

/// The numbers with their names.
pub(super) fn number_rows(progress: &ObservationProgress) -> Vec<(&'static str, String)> {
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
