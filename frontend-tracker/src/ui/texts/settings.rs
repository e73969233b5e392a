//! Texts of the settings of a project, except for the labels of fields.

use headcount_shared::api::Severity;

use super::format;

pub(in crate::ui) const SETTINGS: &str = "Settings";
/// The tabs: the value in the path, and the name. The first is that of the project itself.
pub(in crate::ui) const TABS: [(&str, &str); 6] = [
    ("", "Project"),
    ("prometheus", "Prometheus"),
    ("clickhouse", "ClickHouse"),
    ("inspections", "Inspections"),
    ("applications", "Categories"),
    ("notifications", "Notifications"),
];
pub(in crate::ui) const SWITCHED_ELSEWHERE: &str = "Usage statistics are switched on and off on ";
pub(in crate::ui) const OWN_PAGE: &str = "their own page";
pub(in crate::ui) const NOTHING_CHANGES: &str = "Nothing can be changed here.";
pub(in crate::ui) const NO_PROJECT: &str = "There is no project at this address.";

/// There is no such tab.
pub(in crate::ui) fn no_tab(tab: &str) -> String {
    format!("There is no tab “{tab}” in this product.")
}

pub(in crate::ui) const NAME: &str = "Name";
pub(in crate::ui) const NAME_NOTE: &str =
    "Everything that belongs to the project stays. The name is in no report.";
pub(in crate::ui) const END: &str = "Delete";
pub(in crate::ui) const ASK_END: &str = "Delete the project…";
pub(in crate::ui) const END_QUESTION: &str = "It cannot be undone.";
pub(in crate::ui) const DELETE: &str = "Delete the project";
pub(in crate::ui) const SPARE: &str = "Keep";

/// What is deleted with a project, whose name is HTML.
pub(in crate::ui) fn end_html(name: &str) -> String {
    format!(
        "What was observed of {name}, its settings, rollouts, incidents and notifications are \
         deleted. Reports that were sent stay as they are."
    )
}

pub(in crate::ui) const PROMETHEUS: &str = "Prometheus";
pub(in crate::ui) const PROMETHEUS_NOTE: &str = "It is asked for the metrics of coroot-node-agent, kube-state-metrics \
     and exporters. Nothing is written to it.";
pub(in crate::ui) const PROMETHEUS_REMOVAL: &str =
    "Everything that was observed of this project is deleted with it.";
pub(in crate::ui) const CLICKHOUSE: &str = "ClickHouse";
pub(in crate::ui) const CLICKHOUSE_NOTE: &str = "This program stores the access and connects to nothing. That there is \
     one is in reports; where it is, is not.";
pub(in crate::ui) const CLICKHOUSE_REMOVAL: &str =
    "Programs on the same settings have no access to it any more.";
pub(in crate::ui) const CATEGORIES: &str = "Categories of applications";
pub(in crate::ui) const CATEGORIES_NOTE_HTML: &str = "An application belongs to the category with a pattern that matches \
     its namespace and name. Categories such as <code>monitoring</code> and <code>control-plane</code> have patterns of \
     their own besides; applications in them are not counted. A report has the number of categories here, and no name.";

pub(in crate::ui) const OBSERVED: &str = "What is observed";
pub(in crate::ui) const NODES_ALONE: &str =
    "Nodes are known. Applications appear when they are connected to each other.";
pub(in crate::ui) const NUMBERS_ARE_HERE: &str = "The numbers are here. They are refreshed with every round.";
pub(in crate::ui) const PIECES_HERE: &str = "Pieces of the past that are here";
pub(in crate::ui) const QUERIES_ANSWERED: &str = "Queries answered";
pub(in crate::ui) const PIECES: &str = "Pieces of the past";
pub(in crate::ui) const FAILED: &str = "Failed";
pub(in crate::ui) const COUNTED_AS_IN_REPORTS: &str = "Applications and instances are counted as in reports: \
     not those of the categories monitoring and control-plane, and not those that are connected to no other. \
     The page of the project lists them all.";

/// A part of a whole.
pub(in crate::ui) fn of(part: u32, whole: u32) -> String {
    format!("{part} of {whole}")
}

/// How many queries there are.
pub(in crate::ui) fn queries(count: u32) -> String {
    format::count(count.into(), "query", "queries")
}

pub(in crate::ui) const THRESHOLDS: &str = "Thresholds and objectives";
pub(in crate::ui) const THRESHOLDS_NOTE: &str = "They apply to all applications of the project. What is set for an \
     application itself, on its page, comes before. A report has how many there are of each inspection, and no threshold.";
pub(in crate::ui) const INSPECTIONS: &str = "Inspections";
pub(in crate::ui) const INSPECTIONS_CAPTION: &str = "Inspections with their thresholds";
pub(in crate::ui) const INSPECTION_COLUMNS: [&str; 5] =
    ["Inspection", "Default", "In force", "For this project", "For applications"];
pub(in crate::ui) const WITHIN: &str = "within";
pub(in crate::ui) const SECONDS: &str = "seconds";
pub(in crate::ui) const SET: &str = "Set";
pub(in crate::ui) const RESET: &str = "Reset";

/// How many more are left out of the table.
pub(in crate::ui) fn more_set(more: u64) -> String {
    format!("{more} more are set for applications.")
}

/// An objective with what is quick.
pub(in crate::ui) fn within(objective: &str, quick: &str) -> String {
    format!("{objective} within {quick}")
}

/// The name of the field of an inspection, by its title. `unit` is empty for a count.
pub(in crate::ui) fn field_of(is_objective: bool, inspection: &str, unit: &str) -> String {
    let called = if is_objective { "Objective" } else { "Threshold" };
    let unit = if unit.is_empty() { String::new() } else { format!(" in {unit}") };
    format!("{called} of {inspection}{unit}")
}

/// The names of the buttons of an inspection, by its title.
pub(in crate::ui) fn set_of(inspection: &str) -> [String; 2] {
    [format!("Set {inspection}"), format!("Reset {inspection}")]
}

/// What is in force for an inspection.
pub(in crate::ui) fn is_in_force(inspection: &str, value: &str) -> String {
    format!("{inspection}: {value} is in force.")
}

pub(in crate::ui) const LINKS: &str = "Links in messages";
pub(in crate::ui) const DESTINATIONS: &str = "Destinations";
pub(in crate::ui) const DESTINATIONS_NOTE: &str = "Each of them is told when an application begins to miss its \
     objectives, and when that is over. Reports have the kinds of destinations and how many notifications each \
     kind got, and nothing else of them.";
pub(in crate::ui) const DESTINATION_REMOVAL: &str = "Its settings and secrets are deleted.";
pub(in crate::ui) const CONFIGURED: &str = "configured";
pub(in crate::ui) const NOT_CONFIGURED: &str = "not configured";
pub(in crate::ui) const INCIDENTS: &str = "Incidents";
pub(in crate::ui) const INCIDENT_COLUMNS: [&str; 4] = ["Application", "Severity", "Began", "Ended"];
pub(in crate::ui) const NO_INCIDENT: &str = "There was no incident since usage statistics are on.";
pub(in crate::ui) const NOT_YET: &str = "not yet";
pub(in crate::ui) const NOTIFICATIONS: &str = "Notifications";
pub(in crate::ui) const NOTIFICATION_COLUMNS: [&str; 5] =
    ["Application", "State", "Destination", "Made", "Sent or dropped"];
pub(in crate::ui) const NO_NOTIFICATION: &str =
    "No notification was made since usage statistics are on. Tests are not listed.";
pub(in crate::ui) const WAITS: &str = "waits";

/// The caption of a table of records.
pub(in crate::ui) fn newest_first(title: &str) -> String {
    format!("{title}, the newest first, at most 100")
}

/// A severity of an incident or a notification.
pub(in crate::ui) const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Ok => "over",
        Severity::Info => "info",
        Severity::Unknown => "not known",
    }
}
