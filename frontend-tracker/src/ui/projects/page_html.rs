//! Writes the parts of the pages that only show something, as HTML.
//!
//! Texts are escaped, and links begin with the path that the interface is served under.

use headcount_charts::number_format;
use headcount_shared::api::{
    ApplicationView, ChartMark, CheckView, NodeView, ObservationState, ObservationStatus, ProjectGlance,
    ProjectHealth, ReportView, Severity, StatusCounts,
};

use super::table_rows::{ColumnKind, PAGE_ROWS, TableCell, TableColumn, TableRow, TableRows};
use crate::ui::{
    html::{escaped, moment, severity_badge},
    page_paths::{application_page, project_page, segment, settings_page},
    texts::{
        project_words::{
            ApplicationName, health_sentence, is_known, mark_words, observation_sentences, report_title,
            threshold_origin,
        },
        projects, settings,
        threshold_text::{measured_text, threshold_text},
    },
};

fn link(base: &str, page: &str, text: &str) -> String {
    ["<a href=\"", base, &escaped(page), "\">", &escaped(text), "</a>"].concat()
}

fn paragraph(class: &str, text: &str) -> String {
    ["<p class=\"", class, "\">", &escaped(text), "</p>"].concat()
}

/// How much of a list is left out, if anything is.
pub(super) fn more_html(more: u64) -> String {
    if more == 0 { String::new() } else { paragraph("note", &projects::left_out(more)) }
}

/// A status as a word with a sign and a colour.
fn badge(severity: Severity) -> String {
    severity_badge(severity, projects::status_word(severity))
}

/// Names with their values.
fn facts_html(facts: &[(&str, String)]) -> String {
    let fact = |(name, value): &(&str, String)| {
        ["<div><dt>", name, "</dt><dd>", &escaped(value), "</dd></div>"].concat()
    };
    ["<dl class=\"facts\">", &facts.iter().map(fact).collect::<String>(), "</dl>"].concat()
}

/// How fresh and how complete the observation of a project is.
pub(super) fn observation_html(base: &str, project: &str, status: &ObservationStatus, now: u64) -> String {
    let mut html: String =
        observation_sentences(status).iter().map(|sentence| paragraph("notice", sentence)).collect();
    if let Some(text) = prometheus_link(status) {
        let settings = settings_page(project) + "/prometheus";
        html.push_str(&["<p>", &link(base, &settings, text), "</p>"].concat());
    }
    if let Some(at) = status.answered_at {
        let fresh = moment(at.into(), now);
        html.push_str(&["<p class=\"fresh\">", projects::NEWEST_DATA, &fresh, "</p>"].concat());
    }
    html
}

/// The text of the link to the settings of a Prometheus server, if that is where to look.
fn prometheus_link(status: &ObservationStatus) -> Option<&'static str> {
    let has_failed = status.failure.is_some() || status.failed_query_count > 0;
    match status.state {
        ObservationState::NoPrometheus => Some(projects::SET_PROMETHEUS),
        _ if has_failed && !is_known(status) => Some(projects::PROMETHEUS_SETTINGS),
        _ => None,
    }
}

/// The cards of all projects: first those that fail, or of which nothing is known.
pub(super) fn overview_html(base: &str, projects: &[ProjectGlance], now: u64) -> String {
    if projects.is_empty() {
        let first = link(base, "/p/new/prometheus", projects::FIRST_PROJECT);
        let content = [projects::NO_PROJECT, &first, "."].concat();
        return section_html(projects::PROJECTS, &["<p>", &content, "</p>"].concat());
    }
    let cards = |is_well: bool| {
        let chosen = projects.iter().filter(move |project| project_is_well(project) == is_well);
        chosen.map(|project| project_card(base, project, now)).collect::<String>()
    };
    let another = link(base, "/p/new/prometheus", projects::ANOTHER_PROJECT);
    [&cards(false), &cards(true), "<p>", &another, "</p>"].concat()
}

/// A part of a page, with HTML as its content.
fn section_html(title: &str, content: &str) -> String {
    ["<section class=\"card\"><h2>", title, "</h2>", content, "</section>"].concat()
}

/// Whether a project is observed, and no application in it fails.
fn project_is_well(project: &ProjectGlance) -> bool {
    let ProjectGlance { observation, health, .. } = project;
    let fails = health.as_ref().is_some_and(|health| !health.failing.is_empty());
    is_known(observation) && observation.failure.is_none() && !fails
}

fn project_card(base: &str, project: &ProjectGlance, now: u64) -> String {
    let mut html = String::from("<section class=\"card\"><h2>");
    html.push_str(&link(base, &project_page(&project.id), &project.name));
    html.push_str("</h2>");
    let is_filling = project.observation.state == ObservationState::Filling;
    let is_empty = |health: &ProjectHealth| health.applications == StatusCounts::default();
    // Without answers, and while the first ones arrive, an application that is not seen says nothing.
    let says_nothing =
        |health: &ProjectHealth| !is_known(&project.observation) || (is_filling && is_empty(health));
    let health = project.health.as_ref().filter(|health| !says_nothing(health));
    if let Some(health) = health {
        html.push_str(&paragraph("", &health_sentence(health)));
        let rows = health.failing.iter().map(|of| {
            let name = ApplicationName::of(&of.id);
            let why = if of.why.is_empty() {
                name.phrase()
            } else {
                format!("{}, {}: {}", name.phrase(), report_title(&of.report), of.why)
            };
            let page = link(base, &application_page(&project.id, &of.id), name.name);
            ["<li>", &badge(of.status), " ", &page, " ", &escaped(&why), "</li>"].concat()
        });
        html.push_str(&list_html(rows));
    }
    html.push_str(&observation_html(base, &project.id, &project.observation, now));
    html.push_str("</section>");
    html
}

fn list_html(rows: impl Iterator<Item = String>) -> String {
    let rows: String = rows.collect();
    if rows.is_empty() { rows } else { ["<ul class=\"failing\">", &rows, "</ul>"].concat() }
}

/// How a project is observed, and its settings.
pub(super) fn project_html(base: &str, id: &str, status: &ObservationStatus, now: u64) -> String {
    let settings = link(base, &settings_page(id), projects::SETTINGS);
    let observation = observation_html(base, id, status, now);
    [&observation, "<p>", &settings, "</p>"].concat()
}

/// What an application is, and the tabs of its reports, of which `open` is shown.
pub(super) fn application_html(
    base: &str,
    project: &str,
    view: &ApplicationView,
    open: Option<&str>,
    now: u64,
) -> String {
    let name = ApplicationName::of(&view.id);
    let what = projects::application_in(&name.phrase(), &view.category, &view.types);
    let project_link = link(base, &project_page(project), &view.project);
    let observation = observation_html(base, project, &view.observation, now);
    let page = application_page(project, &view.id);
    let tab = |report: Option<&ReportView>| {
        let (to, text) = match report {
            Some(of) => (format!("{page}/{}", segment(&of.name)), report_title(&of.name)),
            None => (page.clone(), projects::SUMMARY),
        };
        let sign = report.map_or("", |of| projects::status_beside(of.status));
        let is_open = report.map(|of| of.name.as_str()) == open;
        let current = if is_open { "\" aria-current=\"page" } else { "" };
        let text = [&escaped(text), sign].concat();
        ["<li><a href=\"", base, &escaped(&to), current, "\">", &text, "</a></li>"].concat()
    };
    let tabs: String = [None].into_iter().chain(view.reports.iter().map(Some)).map(tab).collect();
    let tabs =
        ["<nav class=\"tabs\" aria-label=\"", projects::REPORTS, "\"><ul>", &tabs, "</ul></nav>"].concat();
    ["<p>", &badge(view.status), &escaped(&what), &project_link, "</p>", &observation, &tabs].concat()
}

/// What inspections found in all reports of an application.
pub(super) fn summary_html(base: &str, project: &str, view: &ApplicationView) -> String {
    let page = application_page(project, &view.id);
    let checks =
        view.reports.iter().flat_map(|report| report.checks.iter().map(move |check| (report, check)));
    let rows = checks.filter(|(_, check)| !check.message.is_empty()).map(|(report, check)| {
        let report = link(base, &format!("{page}/{}", segment(&report.name)), report_title(&report.name));
        let found = escaped(&format!(" {}: {}", check.title, check.message));
        ["<li>", &badge(check.status), " ", &report, &found, "</li>"].concat()
    });
    let list = list_html(rows);
    let list = if list.is_empty() { paragraph("", projects::NOTHING_FOUND) } else { list };
    section_html(projects::FOUND, &[list, paragraph("note", projects::STATUS_NOTE)].concat())
}

/// The status of an inspection. What was not measured is not called healthy.
fn check_badge(check: &CheckView) -> String {
    match check.status {
        Severity::Ok if check.value.is_none() && check.message.is_empty() => {
            severity_badge(Severity::Unknown, projects::NOT_MEASURED)
        }
        status => badge(status),
    }
}

/// The result of an inspection.
pub(super) fn check_html(check: &CheckView) -> String {
    let unit = check.inspection.unit;
    let threshold = threshold_text(Some(check.inspection.in_force.into()), unit);
    let threshold = match check.quick_s {
        Some(quick_s) => settings::within(&threshold, &number_format::duration(quick_s.into())),
        None => threshold,
    };
    let facts = [
        (projects::VALUE, measured_text(check.value.map(f64::from), unit)),
        (projects::THRESHOLD, format!("{threshold}, {}", threshold_origin(check))),
    ];
    let message = if check.message.is_empty() { String::new() } else { paragraph("found", &check.message) };
    let title = ["<h3>", &escaped(&check.title), "</h3>"].concat();
    let head = ["<div class=\"card-head\">", &title, &check_badge(check), "</div>"].concat();
    [head, message, facts_html(&facts)].concat()
}

/// What happened within the last hour.
pub(super) fn events_html(marks: &[ChartMark], now: u64) -> String {
    let rows = marks.iter().map(|mark| {
        ["<li>", &escaped(&mark_words(mark)), ", ", &moment(mark.at.into(), now), "</li>"].concat()
    });
    let list = list_html(rows);
    if list.is_empty() {
        return list;
    }
    section_html(projects::LAST_HOUR, &list)
}

/// What a node is.
pub(super) fn node_html(base: &str, project: &str, view: &NodeView, now: u64) -> String {
    let project_link = link(base, &project_page(project), &view.project);
    let observation = observation_html(base, project, &view.observation, now);
    let facts = facts_html(&node_facts(view));
    let card = section_html(projects::MACHINE, &facts);
    ["<p>", projects::NODE_IN, &project_link, "</p>", &observation, &card].concat()
}

/// What is known of a node.
fn node_facts(view: &NodeView) -> Vec<(&'static str, String)> {
    let node = &view.node;
    let number = |value: Option<f32>, text: fn(f64) -> String| value.map(|value| text(f64::from(value)));
    let joined = |names: &[String], more| (!names.is_empty()).then(|| projects::names(names, more));
    let agent = match (&view.agent_version, node.has_agent) {
        (Some(version), _) => version.clone(),
        (None, true) => projects::UNKNOWN_VERSION.to_owned(),
        (None, false) => projects::NO_AGENT.to_owned(),
    };
    let cloud: Vec<&str> =
        [&node.provider, &node.zone, &node.instance_type].into_iter().filter_map(Option::as_deref).collect();
    let facts = [
        number(node.cpu_percent, |value| number_format::percent(value / 100.0)),
        number(node.memory_percent, |value| number_format::percent(value / 100.0)),
        number(node.cpu_cores, |cores| number_format::decimal(cores, 1)),
        number(node.memory_bytes, number_format::bytes),
        number(node.uptime_s, number_format::duration),
        view.kernel.clone(),
        Some(agent),
        (!cloud.is_empty()).then(|| cloud.join(", ")),
        joined(&view.disks, view.more_disks),
        joined(&view.interfaces, view.more_interfaces),
    ];
    projects::MACHINE_FACTS.into_iter().zip(facts).filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The rows of a table that are shown, with headings that sort it. `what` says what the rows are, in the plural.
pub(super) fn table_html(base: &str, what: &str, columns: &[TableColumn], rows: &TableRows) -> String {
    let (matching, all) = rows.counts();
    if all == 0 {
        return paragraph("note", &projects::none_of(what));
    }
    let heads: String =
        columns.iter().enumerate().map(|(place, column)| head_html(place, column, rows.sort())).collect();
    let shown = rows.shown();
    let left = matching - shown.len();
    let body: String = shown.into_iter().map(|row| row_html(base, columns, row)).collect();
    let more = match left {
        0 => String::new(),
        left => {
            let text = projects::show_more(left.min(PAGE_ROWS), left);
            ["<button type=\"button\" class=\"quiet more\" data-act=\"more\">", &text, "</button>"].concat()
        }
    };
    let nothing = if matching == 0 { paragraph("note", projects::NO_MATCH) } else { String::new() };
    let [region, caption] = projects::table_names(what);
    [
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" id=\"",
        &region_id(what),
        "\" aria-label=\"",
        &region,
        "\"><table><caption class=\"visually-hidden\">",
        &caption,
        "</caption><thead><tr>",
        &heads,
        "</tr></thead><tbody>",
        &body,
        "</tbody></table>",
        &nothing,
        "</div>",
        &more,
    ]
    .concat()
}

/// The id of the part of a page with a table.
pub(super) fn region_id(what: &str) -> String {
    [what, "-rows"].concat()
}

fn head_html(place: usize, column: &TableColumn, (sorted, is_descending): (usize, bool)) -> String {
    let (order, sign) = match (sorted == place, is_descending) {
        (false, _) => ("", ""),
        (true, true) => (" aria-sort=\"descending\"", " ▼"),
        (true, false) => (" aria-sort=\"ascending\"", " ▲"),
    };
    format!(
        "<th scope=\"col\"{}{order}><button type=\"button\" class=\"sort\" data-act=\"{place}\">{}<span aria-hidden=\"true\">{sign}</span></button></th>",
        class_of(column.kind),
        column.title
    )
}

fn row_html(base: &str, columns: &[TableColumn], row: &TableRow) -> String {
    let name = row.cells.first().map(TableCell::text).unwrap_or_default();
    let name = match &row.link {
        Some(page) => link(base, page, &name),
        None => escaped(&name),
    };
    let gone = if row.is_gone { [" <small>", projects::GONE, "</small>"].concat() } else { String::new() };
    let cells = columns.iter().zip(&row.cells).skip(1).map(|(column, cell)| {
        let text = match cell {
            TableCell::Status(severity) => badge(*severity),
            TableCell::Link(text, page) => link(base, page, text),
            cell => escaped(&cell.text()),
        };
        ["<td", class_of(column.kind), ">", &text, "</td>"].concat()
    });
    ["<tr><th scope=\"row\">", &name, &gone, "</th>", &cells.collect::<String>(), "</tr>"].concat()
}

const fn class_of(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Numbers => " class=\"n\"",
        ColumnKind::Sentences => " class=\"sentence\"",
        ColumnKind::Texts | ColumnKind::Statuses => "",
    }
}

#[cfg(test)]
mod tests {
    use headcount_shared::api::{FailingApplication, Inspection, Unit};

    use super::*;
    use crate::ui::projects::table_rows::CellUnit;

    fn status() -> ObservationStatus {
        ObservationStatus {
            state: ObservationState::Observed,
            answered_at: Some(1_678_113_877),
            queries: 1,
            answered_queries: 1,
            ..ObservationStatus::default()
        }
    }

    #[test]
    fn a_project_names_what_fails_and_leads_there() {
        let failing = FailingApplication {
            id: "shop:Deployment:cart".to_owned(),
            status: Severity::Critical,
            report: "SLO".to_owned(),
            why: "burns <fast>".to_owned(),
        };
        let health = ProjectHealth {
            applications: StatusCounts { critical: 1, warning: 0, ok: 2, unknown: 0 },
            nodes: 1,
            open_incidents: 0,
            failing: vec![failing],
        };
        let (id, name) = ("p 1".to_owned(), "shop & co".to_owned());
        let project = ProjectGlance { id, name, observation: status(), health: Some(health) };
        let html = overview_html("/base", &[project], 1_678_113_907);
        for part in [
            "<a href=\"/base/p/p%201\">shop &amp; co</a>",
            "1 of 3 applications fails: 1 critical.",
            "<a href=\"/base/p/p%201/app/shop:Deployment:cart\">cart</a>",
            "Deployment in shop, Service levels: burns &lt;fast&gt;",
            "30 s ago <time class=\"exact\" datetime=\"2023-03-06T14:44:37Z\">6 Mar 2023, 14:44:37 UTC</time>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(overview_html("", &[], 0).contains("<a href=\"/p/new/prometheus\">"));
    }

    fn glance(name: &str, observation: ObservationStatus) -> ProjectGlance {
        let applications = StatusCounts { ok: 1, ..StatusCounts::default() };
        let health = ProjectHealth { applications, nodes: 1, open_incidents: 0, failing: Vec::new() };
        ProjectGlance { id: name.to_owned(), name: name.to_owned(), observation, health: Some(health) }
    }

    #[test]
    fn a_project_without_any_answer_shows_no_number_and_where_to_look() {
        let failure = Some("it refuses connections".to_owned());
        let unanswered = ObservationStatus { answered_at: None, failure, ..status() };
        let html = project_card("/base", &glance("lost", unanswered), 0);
        for part in [
            "Its Prometheus server fails: it refuses connections. Nothing was answered yet",
            "<a href=\"/base/p/lost/settings/prometheus\">Settings of its Prometheus server</a>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("healthy") && !html.contains("fresh"), "{html}");
        let known = project_card("", &glance("shop", status()), 0);
        assert!(known.contains("healthy") && !known.contains("settings/prometheus"), "{known}");
    }

    #[test]
    fn projects_of_which_nothing_is_known_come_before_healthy_ones() {
        let unanswered = ObservationStatus { answered_at: None, ..status() };
        let [bank, lost, shop] = [("bank", status()), ("lost", unanswered), ("shop", status())]
            .map(|(name, observation)| glance(name, observation));
        let html = overview_html("", &[bank, lost, shop], 0);
        let places = ["lost", "bank", "shop"].map(|name| html.find(&format!("\"/p/{name}\"")));
        assert!(places[0].is_some() && places.is_sorted(), "{places:?}");
    }

    #[test]
    fn an_application_has_a_tab_for_each_of_its_reports() {
        let check = CheckView {
            inspection: Inspection {
                id: "CPUNode".to_owned(),
                title: "CPU usage of nodes".to_owned(),
                unit: Unit::Percent,
                default: 80.0,
                in_force: 70.0,
                set: None,
            },
            set_for_project: Some(70.0),
            quick_s: None,
            title: "CPU usage of nodes".to_owned(),
            status: Severity::Warning,
            value: Some(81.0),
            message: "a node is busy: <n>".to_owned(),
        };
        let shown = check_html(&check);
        for part in ["<dd>81 %</dd>", "<dd>70 %, set for the project</dd>", "a node is busy: &lt;n&gt;"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        let unmeasured =
            CheckView { status: Severity::Ok, value: None, message: String::new(), ..check.clone() };
        let shown = check_html(&unmeasured);
        assert!(shown.contains("neutral") && shown.contains("nothing was measured"), "{shown}");
        let healthy = check_html(&CheckView { value: Some(1.0), ..unmeasured });
        assert!(healthy.contains("healthy") && !healthy.contains("nothing was measured"), "{healthy}");
        let report = |name: &str, status, checks| ReportView { name: name.to_owned(), status, checks };
        let view = ApplicationView {
            project: "shop".to_owned(),
            observation: status(),
            id: "_:Unknown:web".to_owned(),
            status: Severity::Ok,
            category: "application".to_owned(),
            types: vec!["nginx".to_owned()],
            desired: None,
            instances: Vec::new(),
            more_instances: 0,
            reports: vec![
                report("CPU", Severity::Warning, vec![check]),
                report("Net", Severity::Ok, Vec::new()),
            ],
        };
        let html = application_html("", "p", &view, Some("CPU"), 0);
        assert_eq!(html.matches("<li>").count(), 3);
        for part in [
            "<a href=\"/p/p/app/_:Unknown:web/CPU\" aria-current=\"page\">CPU (warning)</a>",
            "<a href=\"/p/p/app/_:Unknown:web/Net\">Network</a>",
            "<a href=\"/p/p/app/_:Unknown:web\">Summary</a>",
            "Container, category application, runs nginx, in project ",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert_eq!((&*more_html(0), &*more_html(3)), ("", "<p class=\"note\">3 more are left out.</p>"));
        let summary = summary_html("", "p", &view);
        assert!(summary.contains("CPU usage of nodes: a node is busy: &lt;n&gt;"), "{summary}");
        assert!(summary.contains("The status of an application is the worst of"), "{summary}");
    }

    #[test]
    fn a_table_says_how_it_is_sorted_and_what_is_left() {
        const COLUMNS: &[TableColumn] = &[
            TableColumn { title: "Name", kind: ColumnKind::Texts },
            TableColumn { title: "Count", kind: ColumnKind::Numbers },
        ];
        let mut rows = TableRows::sorted_by(1, true);
        assert_eq!(table_html("", "things", COLUMNS, &rows), "<p class=\"note\">There are no things.</p>");
        let row = |number: u16| {
            let count = TableCell::Number(Some(f32::from(number)), CellUnit::Count);
            let cells = vec![TableCell::Text(format!("<{number}>")), count];
            TableRow::new(number.to_string(), (number == 129).then(|| "/x".to_owned()), cells)
        };
        rows.update((0..130).map(row).collect());
        let html = table_html("/b", "things", COLUMNS, &rows);
        assert_eq!(html.matches("<tr>").count(), 51);
        for part in [
            "<tbody><tr><th scope=\"row\"><a href=\"/b/x\">&lt;129&gt;</a></th><td class=\"n\">129</td></tr>",
            "<th scope=\"col\" class=\"n\" aria-sort=\"descending\">",
            "Show 50 more of 80",
        ] {
            assert!(html.contains(part), "{part}");
        }
        assert!(!html.contains("Nothing matches."));
        rows.update(vec![TableRow::new(
            "129".to_owned(),
            None,
            vec![TableCell::Text("a".to_owned()), TableCell::Link("b&".to_owned(), "/y".to_owned())],
        )]);
        let html = table_html("/b", "things", COLUMNS, &rows);
        assert!(html.contains("<td class=\"n\"><a href=\"/b/y\">b&amp;</a></td>"));
        rows.search_for("131");
        let html = table_html("/b", "things", COLUMNS, &rows);
        assert!(html.ends_with("<tbody></tbody></table><p class=\"note\">Nothing matches.</p></div>"));
    }
}
