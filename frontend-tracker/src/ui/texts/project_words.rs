//! Words about what is observed of projects, and the columns of their tables.

use headcount_charts::number_format::grouped;
use headcount_shared::api::{
    ChartMark, ChartMarkKind, CheckView, ObservationState, ObservationStatus, ObservedNumbers, ProjectHealth,
    StatusCounts,
};

/// The parts of an application's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) struct ApplicationName<'i> {
    /// The namespace; empty if it has none.
    pub(in crate::ui) namespace: &'i str,
    pub(in crate::ui) kind: &'i str,
    pub(in crate::ui) name: &'i str,
}

impl<'i> ApplicationName<'i> {
    /// The parts of `namespace:kind:name`.
    pub(in crate::ui) fn of(id: &'i str) -> Self {
        let (namespace, rest) = id.split_once(':').unwrap_or(("", id));
        let (kind, name) = rest.split_once(':').unwrap_or(("", rest));
        Self { namespace: if namespace == "_" { "" } else { namespace }, kind: kind_words(kind), name }
    }

    /// What it is, in a phrase: `Deployment in shop`.
    pub(in crate::ui) fn phrase(self) -> String {
        match self.namespace {
            "" => self.kind.to_owned(),
            namespace => format!("{} in {namespace}", self.kind),
        }
    }
}

/// A kind as people name it.
fn kind_words(kind: &str) -> &str {
    match kind {
        "Unknown" => "Container",
        "ExternalService" => "External service",
        "DatabaseCluster" => "Database cluster",
        "DockerSwarmService" => "Docker Swarm service",
        "ElasticacheCluster" => "ElastiCache cluster",
        "NomadJobGroup" => "Nomad job group",
        "SparkApplication" => "Spark application",
        "StaticPods" => "Static pods",
        kind => kind,
    }
}

/// What the observation of a project lacks, as sentences; empty if nothing.
pub(in crate::ui) fn observation_sentences(status: &ObservationStatus) -> Vec<String> {
    let is_known = is_known(status);
    let mut sentences = Vec::new();
    match status.state {
        ObservationState::NoPrometheus => {
            sentences.push("This project has no Prometheus server yet, so nothing is observed.".to_owned());
        }
        ObservationState::Off => {
            sentences.push("This server observes nothing while usage statistics are off.".to_owned());
        }
        ObservationState::ObservedByProduct => sentences
            .push("The product reports what it observes itself, so this server observes no project.".to_owned()),
        ObservationState::NotObserved => sentences.push(
            "This server does not observe the project: it is about to begin, or another server with the same settings does."
                .to_owned(),
        ),
        ObservationState::Filling if status.failure.is_none() => {
            let shown = if is_known { "What is shown is not complete yet." } else { NOTHING_KNOWN };
            sentences.push(format!(
                "The first answers are being fetched: {} of {} queries have one. {shown}",
                status.answered_queries, status.queries
            ));
        }
        ObservationState::Filling | ObservationState::Observed => {}
    }
    if let Some(failure) = &status.failure {
        let shown = if is_known { "What is shown is from its last answer." } else { NOTHING_KNOWN };
        sentences.push(format!("Its Prometheus server fails: {failure}. {shown}"));
    } else if status.failed_query_count > 0 {
        let names = status.failed_queries.join(", ");
        let more = match status.failed_query_count as usize - status.failed_queries.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        sentences.push(format!(
            "{} of {} queries fail{}: {names}{more}.",
            status.failed_query_count,
            status.queries,
            answered_before(status)
        ));
    } else if sentences.is_empty() && !is_known {
        sentences.push(NOTHING_KNOWN.to_owned());
    }
    let has_nothing = |found: &ObservedNumbers| found.nodes == 0 && !found.node_agent;
    if is_known && status.failure.is_none() && status.found.as_ref().is_some_and(has_nothing) {
        sentences.push("Prometheus answers, but no coroot-node-agent was seen in the last hour.".to_owned());
    }
    sentences
}

/// Where nothing was ever answered.
const NOTHING_KNOWN: &str = "Nothing was answered yet, so nothing is known of its applications and nodes.";

/// Whether anything was ever answered. Otherwise nothing is known, and no number means zero.
pub(in crate::ui) const fn is_known(status: &ObservationStatus) -> bool {
    status.answered_at.is_some()
}

/// What queries that fail answered before, as the end of a sentence; empty if it is not known.
const fn answered_before(status: &ObservationStatus) -> &'static str {
    match status.queries.saturating_sub(status.answered_queries) {
        0 => ", and what they answered before is shown",
        unanswered if unanswered < status.failed_query_count => {
            ", and what some of them answered before is shown"
        }
        _ if matches!(status.state, ObservationState::Observed) => ", and none of them was answered before",
        _ => "",
    }
}

/// How the applications of a project are, in a sentence.
pub(in crate::ui) fn health_sentence(health: &ProjectHealth) -> String {
    let StatusCounts { critical, warning, ok, unknown } = health.applications;
    let all = critical + warning + ok + unknown;
    let failing = critical + warning;
    let state = match (all, failing) {
        (0, _) => "No application was seen within the last hour.".to_owned(),
        (_, 0) if unknown == 0 => format!("{} healthy.", applications(all, "is", "are all")),
        (_, 0) => format!(
            "{} healthy, and nothing is known of {}.",
            applications(ok, "is", "are"),
            grouped(unknown.into())
        ),
        _ => {
            let fail = if failing == 1 { "fails" } else { "fail" };
            let counts: Vec<String> = [(critical, "critical"), (warning, "with a warning")]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, words)| format!("{} {words}", grouped(count.into())))
                .collect();
            format!(
                "{} of {} {fail}: {}.",
                grouped(failing.into()),
                applications(all, "", "").trim_end(),
                counts.join(", ")
            )
        }
    };
    match health.open_incidents {
        0 => state,
        1 => format!("{state} 1 incident is open."),
        open => format!("{state} {} incidents are open.", grouped(open.into())),
    }
}

/// A number of applications with a verb.
fn applications(count: u32, one: &str, many: &str) -> String {
    let (noun, verb) = if count == 1 { ("application", one) } else { ("applications", many) };
    format!("{} {noun} {verb}", grouped(count.into()))
}

/// The title of a report.
pub(in crate::ui) fn report_title(name: &str) -> &str {
    match name {
        "SLO" => "Service levels",
        "Net" => "Network",
        "Postgres" => "PostgreSQL",
        "Mysql" => "MySQL",
        "Mongodb" => "MongoDB",
        "Deployments" => "Rollouts",
        name => name,
    }
}

/// Whose threshold it is.
pub(in crate::ui) fn threshold_origin(check: &CheckView) -> &'static str {
    match (&check.inspection.set, check.set_for_project) {
        (Some(_), _) => "set for this application",
        (None, Some(_)) => "set for the project",
        (None, None) => "the default",
    }
}

/// An event in words, without its time.
pub(in crate::ui) fn mark_words(mark: &ChartMark) -> String {
    let what = match mark.kind {
        ChartMarkKind::Rollout => "Rollout of",
        ChartMarkKind::IncidentOpened => "Incident began:",
        ChartMarkKind::IncidentResolved => "Incident ended:",
    };
    format!("{what} {}", mark.label)
}

/// The columns of applications.
pub(in crate::ui) const APPLICATION_COLUMNS: [&str; 8] =
    ["Application", "Status", "Found", "Namespace", "Kind", "Category", "Services", "Instances"];

/// The columns of nodes.
pub(in crate::ui) const NODE_COLUMNS: [&str; 9] =
    ["Node", "CPU", "Memory", "Cores", "Memory size", "Up for", "Instances", "Zone", "Machine"];

/// The columns of the applications on a node.
pub(in crate::ui) const NODE_APPLICATION_COLUMNS: [&str; 5] =
    ["Application", "Status", "Namespace", "Kind", "Instances here"];

/// The columns of instances.
pub(in crate::ui) const INSTANCE_COLUMNS: [&str; 4] = ["Instance", "State", "Node", "Containers"];

/// The category of an application that has no other.
pub(in crate::ui) const USUAL_CATEGORY: &str = "application";
pub(in crate::ui) const ENDED: &str = "ended";
pub(in crate::ui) const READY: &str = "running, ready";
pub(in crate::ui) const NOT_READY: &str = "running, not ready";

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: ObservationState) -> ObservationStatus {
        let (answered_at, queries, answered_queries) = (Some(1), 132, 40);
        ObservationStatus { state, answered_at, queries, answered_queries, ..ObservationStatus::default() }
    }

    #[test]
    fn an_id_is_split_into_what_people_call_it() {
        let cart = ApplicationName::of("shop:Deployment:cart");
        assert_eq!((cart.name, cart.phrase()), ("cart", "Deployment in shop".to_owned()));
        let web = ApplicationName::of("_:Unknown:web:8080");
        assert_eq!((web.name, web.phrase()), ("web:8080", "Container".to_owned()));
    }

    #[test]
    fn what_an_observation_lacks_is_said() {
        assert!(observation_sentences(&status(ObservationState::Observed)).is_empty());
        let filling = observation_sentences(&status(ObservationState::Filling));
        assert!(filling[0].contains("40 of 132 queries"), "{filling:?}");
        let failure = Some("Prometheus answers 405".to_owned());
        let failing = ObservationStatus { failure: failure.clone(), ..status(ObservationState::Filling) };
        let said =
            "Its Prometheus server fails: Prometheus answers 405. What is shown is from its last answer.";
        assert_eq!(observation_sentences(&failing), [said]);
        let unknown = ObservationStatus { answered_at: None, ..failing };
        let said = "Its Prometheus server fails: Prometheus answers 405. Nothing was answered yet, so nothing \
             is known of its applications and nodes.";
        assert_eq!(observation_sentences(&unknown), [said]);
        let observed = |node_agent| {
            let found = Some(ObservedNumbers { node_agent, ..ObservedNumbers::default() });
            observation_sentences(&ObservationStatus { found, ..status(ObservationState::Observed) })
        };
        assert!(observed(false)[0].contains("no coroot-node-agent"));
        assert!(observed(true).is_empty());
        for (state, said) in [
            (ObservationState::NoPrometheus, "no Prometheus server"),
            (ObservationState::Off, "usage statistics are off"),
            (ObservationState::ObservedByProduct, "observes itself"),
            (ObservationState::NotObserved, "about to begin"),
        ] {
            assert!(observation_sentences(&status(state))[0].contains(said));
        }
    }

    #[test]
    fn of_queries_that_fail_it_is_said_whether_they_were_answered_before() {
        for (answered_queries, state, before) in [
            (132, ObservationState::Observed, ", and what they answered before is shown"),
            (131, ObservationState::Filling, ", and what some of them answered before is shown"),
            (127, ObservationState::Observed, ", and none of them was answered before"),
            (127, ObservationState::Filling, ""),
        ] {
            let failing = ObservationStatus {
                answered_queries,
                failed_queries: vec!["up".to_owned(), "node_info".to_owned()],
                failed_query_count: 5,
                ..status(state)
            };
            let said = format!("5 of 132 queries fail{before}: up, node_info and 3 more.");
            assert_eq!(observation_sentences(&failing).last(), Some(&said));
        }
    }

    #[test]
    fn where_nothing_was_answered_nothing_is_said_to_be_there() {
        for state in [ObservationState::Filling, ObservationState::Observed] {
            let found = Some(ObservedNumbers::default());
            let nothing = ObservationStatus { answered_at: None, found, ..status(state) };
            let said = observation_sentences(&nothing);
            assert!(said.len() == 1 && said[0].ends_with(NOTHING_KNOWN), "{said:?}");
        }
    }

    #[test]
    fn health_is_a_sentence() {
        let sentence = |critical, warning, ok, unknown, open_incidents| {
            let applications = StatusCounts { critical, warning, ok, unknown };
            health_sentence(&ProjectHealth { applications, nodes: 1, open_incidents, failing: Vec::new() })
        };
        assert_eq!(sentence(0, 0, 0, 0, 0), "No application was seen within the last hour.");
        assert_eq!(sentence(0, 0, 1, 0, 0), "1 application is healthy.");
        assert_eq!(sentence(0, 0, 12, 0, 1), "12 applications are all healthy. 1 incident is open.");
        assert_eq!(sentence(0, 0, 1, 2, 0), "1 application is healthy, and nothing is known of 2.");
        assert_eq!(
            sentence(1, 2, 7, 0, 3),
            "3 of 10 applications fail: 1 critical, 2 with a warning. 3 incidents are open."
        );
        assert_eq!(sentence(0, 1, 0, 0, 0), "1 of 1 application fails: 1 with a warning.");
    }

    #[test]
    fn an_event_is_a_phrase() {
        for (kind, label, words) in [
            (ChartMarkKind::Rollout, "cart-7f9", "Rollout of cart-7f9"),
            (
                ChartMarkKind::IncidentOpened,
                "missed levels (warning)",
                "Incident began: missed levels (warning)",
            ),
            (ChartMarkKind::IncidentResolved, "missed levels", "Incident ended: missed levels"),
        ] {
            assert_eq!(mark_words(&ChartMark { at: 1, kind, label: label.to_owned() }), words);
        }
    }
}
