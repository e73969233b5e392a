//! Says in words what is observed of projects, and splits and writes names and values.

use headcount_charts::number_format::grouped;
use headcount_shared::api::{
    ApplicationRow, ApplicationView, ChartMark, ChartMarkKind, CheckView, NodeRow, NodeView,
    ObservationState, ObservationStatus, ProjectHealth, StatusCounts,
};

use super::table_rows::{CellUnit, ColumnKind, TableCell, TableColumn, TableRow};
use crate::ui::page_paths::{application_page, node_page};

/// The parts of an application's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ApplicationName<'i> {
    /// The namespace; empty if it has none.
    pub(super) namespace: &'i str,
    pub(super) kind: &'i str,
    pub(super) name: &'i str,
}

impl<'i> ApplicationName<'i> {
    /// The parts of `namespace:kind:name`.
    pub(super) fn of(id: &'i str) -> Self {
        let (namespace, rest) = id.split_once(':').unwrap_or(("", id));
        let (kind, name) = rest.split_once(':').unwrap_or(("", rest));
        Self { namespace: if namespace == "_" { "" } else { namespace }, kind: kind_words(kind), name }
    }

    /// What it is, in a phrase: `Deployment in shop`.
    pub(super) fn phrase(self) -> String {
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
pub(super) fn observation_sentences(status: &ObservationStatus) -> Vec<String> {
    let mut sentences = Vec::new();
    match status.state {
        ObservationState::NoPrometheus => {
            sentences.push("This project has no Prometheus server yet, so nothing is observed.".to_owned());
        }
        ObservationState::NotObserved => sentences.push(
            "This server does not observe the project: it is about to begin, or another server with the same settings does."
                .to_owned(),
        ),
        ObservationState::Filling if status.failure.is_none() => sentences.push(format!(
            "The first answers are being fetched: {} of {} queries have one. What is shown is not complete yet.",
            status.answered_queries, status.queries
        )),
        ObservationState::Filling | ObservationState::Observed => {}
    }
    if let Some(failure) = &status.failure {
        let stays = match status.answered_at {
            Some(_) => " What is shown is from its last answer.",
            None => "",
        };
        sentences.push(format!("Its Prometheus server fails: {failure}.{stays}"));
    } else if status.failed_query_count > 0 {
        let names = status.failed_queries.join(", ");
        let more = match status.failed_query_count as usize - status.failed_queries.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        sentences.push(format!(
            "{} of {} queries fail, and what they answered before is shown: {names}{more}.",
            status.failed_query_count, status.queries
        ));
    }
    sentences
}

/// How the applications of a project are, in a sentence.
pub(super) fn health_sentence(health: &ProjectHealth) -> String {
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
        1 => format!("{state} One incident is open."),
        open => format!("{state} {} incidents are open.", grouped(open.into())),
    }
}

/// A number of applications with a verb.
fn applications(count: u32, one: &str, many: &str) -> String {
    let (noun, verb) = if count == 1 { ("application", one) } else { ("applications", many) };
    format!("{} {noun} {verb}", grouped(count.into()))
}

/// The title of a report.
pub(super) fn report_title(name: &str) -> &str {
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
pub(super) fn threshold_origin(check: &CheckView) -> &'static str {
    match (&check.inspection.set, check.set_for_project) {
        (Some(_), _) => "set for this application",
        (None, Some(_)) => "set for the project",
        (None, None) => "the default",
    }
}

/// An event in words, without its time.
pub(super) fn mark_words(mark: &ChartMark) -> String {
    let what = match mark.kind {
        ChartMarkKind::Rollout => "Rollout of",
        ChartMarkKind::IncidentOpened => "Incident opened:",
        ChartMarkKind::IncidentResolved => "Incident resolved:",
    };
    format!("{what} {}", mark.label)
}

/// The columns of applications.
pub(super) const APPLICATION_COLUMNS: &[TableColumn] = &[
    TableColumn { title: "Application", kind: ColumnKind::Texts },
    TableColumn { title: "Status", kind: ColumnKind::Statuses },
    TableColumn { title: "Why", kind: ColumnKind::Sentences },
    TableColumn { title: "Namespace", kind: ColumnKind::Texts },
    TableColumn { title: "Kind", kind: ColumnKind::Texts },
    TableColumn { title: "Category", kind: ColumnKind::Texts },
    TableColumn { title: "Services", kind: ColumnKind::Texts },
    TableColumn { title: "Instances", kind: ColumnKind::Numbers },
];

/// The row of an application.
pub(super) fn application_row(project: &str, row: ApplicationRow) -> TableRow {
    let ApplicationName { namespace, kind, name } = ApplicationName::of(&row.id);
    let text = |text: &str| TableCell::Text(text.to_owned());
    let cells = vec![
        text(name),
        TableCell::Status(row.status),
        TableCell::Text(row.why.unwrap_or_default()),
        text(namespace),
        text(kind),
        TableCell::Text(row.category.unwrap_or_else(|| "application".to_owned())),
        TableCell::Text(row.types.join(", ")),
        TableCell::Number(Some(row.instances as f32), CellUnit::Count),
    ];
    let link = application_page(project, &row.id);
    TableRow::new(row.id, Some(link), cells)
}

/// The columns of nodes.
pub(super) const NODE_COLUMNS: &[TableColumn] = &[
    TableColumn { title: "Node", kind: ColumnKind::Texts },
    TableColumn { title: "CPU", kind: ColumnKind::Numbers },
    TableColumn { title: "Memory", kind: ColumnKind::Numbers },
    TableColumn { title: "Cores", kind: ColumnKind::Numbers },
    TableColumn { title: "Memory size", kind: ColumnKind::Numbers },
    TableColumn { title: "Up for", kind: ColumnKind::Numbers },
    TableColumn { title: "Instances", kind: ColumnKind::Numbers },
    TableColumn { title: "Zone", kind: ColumnKind::Texts },
    TableColumn { title: "Machine", kind: ColumnKind::Texts },
];

/// The row of a node.
pub(super) fn node_row(project: &str, row: NodeRow) -> TableRow {
    let cells = vec![
        TableCell::Text(row.name.clone()),
        TableCell::Number(row.cpu_percent, CellUnit::Percent),
        TableCell::Number(row.memory_percent, CellUnit::Percent),
        TableCell::Number(row.cpu_cores, CellUnit::Count),
        TableCell::Number(row.memory_bytes, CellUnit::Bytes),
        TableCell::Number(row.uptime_s, CellUnit::Seconds),
        TableCell::Number(Some(row.instances as f32), CellUnit::Count),
        TableCell::Text([row.provider, row.zone].into_iter().flatten().collect::<Vec<_>>().join(" ")),
        TableCell::Text(row.instance_type.unwrap_or_default()),
    ];
    let link = node_page(project, &row.name);
    TableRow::new(row.name, Some(link), cells)
}

/// The columns of the applications on a node.
pub(super) const NODE_APPLICATION_COLUMNS: &[TableColumn] = &[
    TableColumn { title: "Application", kind: ColumnKind::Texts },
    TableColumn { title: "Status", kind: ColumnKind::Statuses },
    TableColumn { title: "Namespace", kind: ColumnKind::Texts },
    TableColumn { title: "Kind", kind: ColumnKind::Texts },
    TableColumn { title: "Instances here", kind: ColumnKind::Numbers },
];

/// The rows of the applications on a node.
pub(super) fn node_application_rows(project: &str, view: &NodeView) -> Vec<TableRow> {
    let rows = view.applications.iter().map(|of| {
        let ApplicationName { namespace, kind, name } = ApplicationName::of(&of.id);
        let text = |text: &str| TableCell::Text(text.to_owned());
        let cells = vec![
            text(name),
            TableCell::Status(of.status),
            text(namespace),
            text(kind),
            TableCell::Number(Some(of.instances as f32), CellUnit::Count),
        ];
        TableRow::new(of.id.clone(), Some(application_page(project, &of.id)), cells)
    });
    rows.collect()
}

/// The columns of instances.
pub(super) const INSTANCE_COLUMNS: &[TableColumn] = &[
    TableColumn { title: "Instance", kind: ColumnKind::Texts },
    TableColumn { title: "State", kind: ColumnKind::Texts },
    TableColumn { title: "Node", kind: ColumnKind::Texts },
    TableColumn { title: "Containers", kind: ColumnKind::Numbers },
];

/// The rows of the instances of an application.
pub(super) fn instance_rows(view: &ApplicationView) -> Vec<TableRow> {
    let row = |of: &headcount_shared::api::InstanceRow| {
        let state = match (of.is_gone, of.phase.as_deref(), of.is_ready) {
            (true, ..) => "ended".to_owned(),
            (false, Some("Running"), Some(true)) => "running, ready".to_owned(),
            (false, Some("Running"), _) => "running, not ready".to_owned(),
            (false, Some(phase), _) => phase.to_lowercase(),
            (false, None, _) => String::new(),
        };
        let cells = vec![
            TableCell::Text(of.name.clone()),
            TableCell::Text(state),
            TableCell::Text(of.node.clone().unwrap_or_default()),
            TableCell::Number(Some(of.containers as f32), CellUnit::Count),
        ];
        TableRow::new(format!("{} {}", of.name, of.node.as_deref().unwrap_or_default()), None, cells)
    };
    view.instances.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use headcount_shared::api::Severity;

    use super::*;

    fn status(state: ObservationState) -> ObservationStatus {
        ObservationStatus {
            state,
            answered_at: Some(1),
            failure: None,
            queries: 132,
            answered_queries: 40,
            failed_queries: Vec::new(),
            failed_query_count: 0,
        }
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
        let failing = ObservationStatus { failure, ..status(ObservationState::Filling) };
        let said =
            "Its Prometheus server fails: Prometheus answers 405. What is shown is from its last answer.";
        assert_eq!(observation_sentences(&failing), [said]);
        let some = ObservationStatus {
            failed_queries: vec!["up".to_owned(), "node_info".to_owned()],
            failed_query_count: 5,
            ..status(ObservationState::Observed)
        };
        let said = "5 of 132 queries fail, and what they answered before is shown: up, node_info and 3 more.";
        assert_eq!(observation_sentences(&some), [said]);
    }

    #[test]
    fn health_is_a_sentence() {
        let sentence = |critical, warning, ok, unknown, open_incidents| {
            let applications = StatusCounts { critical, warning, ok, unknown };
            health_sentence(&ProjectHealth { applications, nodes: 1, open_incidents, failing: Vec::new() })
        };
        assert_eq!(sentence(0, 0, 0, 0, 0), "No application was seen within the last hour.");
        assert_eq!(sentence(0, 0, 1, 0, 0), "1 application is healthy.");
        assert_eq!(sentence(0, 0, 12, 0, 1), "12 applications are all healthy. One incident is open.");
        assert_eq!(sentence(0, 0, 1, 2, 0), "1 application is healthy, and nothing is known of 2.");
        assert_eq!(
            sentence(1, 2, 7, 0, 3),
            "3 of 10 applications fail: 1 critical, 2 with a warning. 3 incidents are open."
        );
        assert_eq!(sentence(0, 1, 0, 0, 0), "1 of 1 application fails: 1 with a warning.");
    }

    #[test]
    fn an_event_is_a_phrase() {
        let mark = ChartMark { at: 1, kind: ChartMarkKind::Rollout, label: "cart-7f9".to_owned() };
        assert_eq!(mark_words(&mark), "Rollout of cart-7f9");
    }

    #[test]
    fn an_application_and_a_node_are_rows_with_their_pages() {
        let row = application_row(
            "p",
            ApplicationRow {
                id: "shop:Deployment:cart".to_owned(),
                status: Severity::Warning,
                category: None,
                types: vec!["java".to_owned(), "nginx".to_owned()],
                instances: 2,
                desired: None,
                why: None,
            },
        );
        let texts: Vec<String> = row.cells.iter().map(TableCell::text).collect();
        assert_eq!(texts, ["cart", "warning", "", "shop", "Deployment", "application", "java, nginx", "2"]);
        assert_eq!(
            (texts.len(), row.link.as_deref()),
            (APPLICATION_COLUMNS.len(), Some("/p/p/app/shop:Deployment:cart"))
        );
        let node = NodeRow {
            name: "n1".to_owned(),
            has_agent: true,
            cpu_percent: Some(12.5),
            memory_percent: None,
            cpu_cores: Some(8.0),
            memory_bytes: None,
            uptime_s: None,
            instances: 3,
            provider: Some("aws".to_owned()),
            zone: Some("eu-1a".to_owned()),
            instance_type: None,
        };
        let row = node_row("p", node);
        assert_eq!((row.cells.len(), row.cells[7].text().as_str()), (NODE_COLUMNS.len(), "aws eu-1a"));
    }
}
