//! Says and writes how far the observation of a project is.

use headcount_shared::api::{ObservationState, ObservationStatus};

use crate::ui::{
    html::card,
    texts::{
        frame::LOADING,
        project_words::{is_known, observation_sentences},
        projects, settings,
    },
};

/// How far it is, in sentences.
pub(super) fn progress_text(status: &ObservationStatus) -> String {
    let lacking = observation_sentences(status);
    if !lacking.is_empty() {
        return lacking.join(" ");
    }
    let is_alone = status.found.as_ref().is_some_and(|found| found.applications == 0);
    let text = if is_alone { settings::NODES_ALONE } else { settings::NUMBERS_ARE_HERE };
    text.to_owned()
}

/// The section before anything is known.
pub(in crate::ui) fn observation_card() -> String {
    let content = format!(
        r#"<p role="status" class="lead" id="observation-said">{LOADING}</p>
<p class="failure" role="alert" id="observation-failure"></p><div id="observation-rows"></div>"#
    );
    card("observation", settings::OBSERVED, &content)
}

/// The numbers, with a bar while the first ones arrive.
pub(super) fn progress_html(status: &ObservationStatus) -> String {
    let is_filling = status.state == ObservationState::Filling;
    if !is_filling && status.state != ObservationState::Observed {
        return String::new();
    }
    let (missing, filled) = (status.missing_spans, status.filled_spans);
    let mut html = String::new();
    if is_filling && missing != 0 {
        html += &format!(
            r#"<progress aria-label="{}" max="{missing}" value="{filled}"></progress>"#,
            settings::PIECES_HERE
        );
    }
    html += r#"<dl class="facts">"#;
    let mut row = |name: &str, value: String| html += &format!("<div><dt>{name}</dt><dd>{value}</dd></div>");
    row(settings::QUERIES_ANSWERED, settings::of(status.answered_queries, status.queries));
    row(settings::PIECES, settings::of(filled, missing));
    if status.failed_query_count > 0 {
        row(settings::FAILED, settings::queries(status.failed_query_count));
    }
    let found = status.found.as_ref().filter(|_| is_known(status));
    if let Some(found) = found {
        row(projects::NODES, found.nodes.to_string());
        row(projects::APPLICATIONS, found.applications.to_string());
        row(projects::INSTANCES, found.instances.to_string());
    }
    html += "</dl>";
    if found.is_some() {
        html += &format!(r#"<p class="note">{}</p>"#, settings::COUNTED_AS_IN_REPORTS);
    }
    html
}

#[cfg(test)]
mod tests {
    use headcount_shared::api::ObservedNumbers;

    use super::*;

    fn status(state: ObservationState, found: Option<(u32, u32)>) -> ObservationStatus {
        let found = found.map(|(nodes, applications)| ObservedNumbers {
            nodes,
            applications,
            node_agent: true,
            ..ObservedNumbers::default()
        });
        let (answered_at, missing_spans, filled_spans) = (Some(1), 9, 4);
        ObservationStatus {
            state,
            answered_at,
            found,
            missing_spans,
            filled_spans,
            ..ObservationStatus::default()
        }
    }

    #[test]
    fn what_is_lacking_is_said_before_what_is_here() {
        let failure = Some("Prometheus answers 405".to_owned());
        let failing = ObservationStatus { failure, ..status(ObservationState::Observed, Some((2, 1))) };
        for (status, said) in [
            (status(ObservationState::Filling, None), "The first answers"),
            (status(ObservationState::Observed, Some((2, 1))), "The numbers are here."),
            (status(ObservationState::Observed, Some((3, 0))), "Nodes are known."),
            (failing, "Its Prometheus server fails: Prometheus answers 405."),
            (status(ObservationState::NoPrometheus, None), "This project has no Prometheus server yet"),
        ] {
            let text = progress_text(&status);
            assert!(text.starts_with(said), "{text}");
        }
    }

    #[test]
    fn a_bar_shows_only_the_first_answers() {
        let html = progress_html(&status(ObservationState::Filling, None));
        assert!(html.contains(r#"max="9" value="4""#), "{html}");
        let here = progress_html(&status(ObservationState::Observed, Some((0, 0))));
        assert!(!here.contains("<progress"), "{here}");
        for state in [ObservationState::NoPrometheus, ObservationState::Off, ObservationState::NotObserved] {
            assert_eq!(progress_html(&status(state, None)), "");
        }
    }

    #[test]
    fn numbers_are_shown_once_they_are_known() {
        let names = |status: &ObservationStatus| {
            let html = progress_html(status);
            let terms = html.split("<dt>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
            terms.collect::<Vec<_>>()
        };
        let first = ObservationStatus { failed_query_count: 1, ..status(ObservationState::Filling, None) };
        assert_eq!(names(&first), ["Queries answered", "Pieces of the past", "Failed"]);
        let here = status(ObservationState::Observed, Some((0, 0)));
        assert_eq!(names(&here)[2..], ["Nodes", "Applications", "Instances"]);
        assert!(progress_html(&here).contains("counted as in reports"));
        let unanswered = ObservationStatus { answered_at: None, ..here };
        assert_eq!(names(&unanswered), ["Queries answered", "Pieces of the past"]);
        assert!(!progress_html(&unanswered).contains("counted as in reports"));
    }
}
