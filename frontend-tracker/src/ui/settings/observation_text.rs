//! Says and writes how far the observation of a project is.

use serde_json::Value;

use crate::ui::html::{card, escaped};
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
    fn of(progress: &Value) -> Self {
        if !progress["not_observed"].is_null() {
            Self::Not
        } else if !progress["prometheus_failure"].is_null() {
            Self::Failing
        } else if progress["found"].is_null() {
            Self::First
        } else {
            Self::Here
        }
    }
}

/// The stage of an [`ObservationProgress`](headcount_shared::api::ObservationProgress) in a sentence.
pub(super) fn stage_sentence(progress: &Value) -> String {
    let told = |member: &str| sentence(progress[member].as_str().unwrap_or_default());
    match ObservationStage::of(progress) {
        ObservationStage::Not => told("not_observed"),
        ObservationStage::Failing => told("prometheus_failure"),
        ObservationStage::First => "The first answers of Prometheus are arriving.".to_owned(),
        ObservationStage::Here => found_sentence(&progress["found"]).to_owned(),
    }
}

fn found_sentence(found: &Value) -> &'static str {
    if found["nodes"] == 0 && found["node_agent"] != true {
        "Prometheus answers, but no coroot-node-agent was seen in the last hour."
    } else if found["applications"] == 0 {
        "Nodes are known. Applications appear when they are connected to each other."
    } else {
        "The numbers are here. They are refreshed with every round."
    }
}

/// The section before anything is known.
pub(in crate::ui) fn observation_card() -> String {
    let content = r#"<p role="status" class="lead" id="observation-said">Loading…</p>
<p class="failure" role="alert" id="observation-failure"></p><div id="observation-rows"></div>"#;
    card("observation", "What is observed", content)
}

/// The numbers, with a bar while the first ones arrive.
pub(super) fn observation_html(progress: &Value) -> String {
    let stage = ObservationStage::of(progress);
    if stage == ObservationStage::Not {
        return String::new();
    }
    let number = |member: &str| escaped(&progress[member].to_string());
    let mut html = String::new();
    if stage == ObservationStage::First && progress["missing_spans"] != 0 {
        html += &format!(
            r#"<progress aria-label="Pieces of the past that are here" max="{}" value="{}"></progress>"#,
            number("missing_spans"),
            number("filled_spans")
        );
    }
    html += r#"<dl class="facts">"#;
    let mut row = |name: &str, value: String| html += &format!("<div><dt>{name}</dt><dd>{value}</dd></div>");
    row("Queries answered", format!("{} of {}", number("answered"), number("queries")));
    row("Pieces of the past", format!("{} of {}", number("filled_spans"), number("missing_spans")));
    if let Some(failed) = progress["failed"].as_u64().filter(|failed| *failed > 0) {
        row("Failed", format::count(failed, "query", "queries"));
    }
    let found = &progress["found"];
    for (member, name) in [("nodes", "Nodes"), ("applications", "Applications"), ("instances", "Instances")] {
        if let Some(count) = found[member].as_u64() {
            row(name, count.to_string());
        }
    }
    html + "</dl>"
}

#[cfg(test)]
mod tests {
    use headcount_shared::api::{ObservationProgress, ObservedNumbers};

    use super::*;

    fn json(progress: &ObservationProgress) -> Value {
        serde_json::to_value(progress).unwrap()
    }

    fn numbers(nodes: u64, applications: u64, node_agent: bool) -> Option<ObservedNumbers> {
        Some(ObservedNumbers { nodes, applications, node_agent, ..ObservedNumbers::default() })
    }

    #[test]
    fn what_is_wrong_is_said_before_what_is_here() {
        let first = ObservationProgress { queries: 100, answered: 3, ..ObservationProgress::default() };
        let here = ObservationProgress { found: numbers(2, 1, true), ..first.clone() };
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
            let progress = json(&progress);
            assert_eq!(ObservationStage::of(&progress), stage);
            assert!(stage_sentence(&progress).starts_with(said), "{}", stage_sentence(&progress));
        }
    }

    #[test]
    fn a_prometheus_without_a_node_agent_is_told_from_one_without_connections() {
        let said =
            |found| stage_sentence(&json(&ObservationProgress { found, ..ObservationProgress::default() }));
        assert!(said(numbers(0, 0, false)).contains("no coroot-node-agent"));
        assert!(said(numbers(3, 0, true)).contains("connected to each other"));
    }

    #[test]
    fn a_bar_shows_only_the_first_answers() {
        let first =
            ObservationProgress { missing_spans: 9, filled_spans: 4, ..ObservationProgress::default() };
        let here = ObservationProgress { found: numbers(0, 0, false), ..first.clone() };
        assert!(observation_html(&json(&first)).contains(r#"max="9" value="4""#));
        assert!(!observation_html(&json(&here)).contains("<progress"));
        let not = ObservationProgress { not_observed: Some("off".to_owned()), ..first };
        assert_eq!(observation_html(&json(&not)), "");
    }

    #[test]
    fn numbers_are_shown_once_they_are_known() {
        let names = |progress: &ObservationProgress| {
            let html = observation_html(&json(progress));
            let terms = html.split("<dt>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
            terms.collect::<Vec<_>>()
        };
        let first = ObservationProgress { failed: 1, ..ObservationProgress::default() };
        assert_eq!(names(&first), ["Queries answered", "Pieces of the past", "Failed"]);
        let here = ObservationProgress { found: numbers(0, 0, false), ..first };
        assert_eq!(names(&here)[3..], ["Nodes", "Applications", "Instances"]);
    }
}
