//! Texts of the pages about projects, applications and nodes.

use headcount_charts::number_format::grouped;
use headcount_shared::api::Severity;

pub(in crate::ui) const PROJECTS: &str = "Projects";
pub(in crate::ui) const NO_PROJECT: &str = "There is no project yet. ";
pub(in crate::ui) const FIRST_PROJECT: &str = "Make the first project";
pub(in crate::ui) const ANOTHER_PROJECT: &str = "Make another project";
pub(in crate::ui) const COUNTED_TOGETHER: &str =
    "What is counted of all projects together is on the page about ";
pub(in crate::ui) const USAGE_STATISTICS: &str = "usage statistics";

pub(in crate::ui) const PROJECT: &str = "Project";
pub(in crate::ui) const SETTINGS: &str = "Settings of this project";
pub(in crate::ui) const SET_PROMETHEUS: &str = "Set its Prometheus server";
pub(in crate::ui) const PROMETHEUS_SETTINGS: &str = "Settings of its Prometheus server";
pub(in crate::ui) const NEWEST_DATA: &str = "Newest data of Prometheus: ";
pub(in crate::ui) const APPLICATIONS: &str = "Applications";
pub(in crate::ui) const STATUS_NOTE: &str = "The status of an application is the worst of its reports on service \
     levels, instances, PostgreSQL and Redis. What other reports found does not change it.";
pub(in crate::ui) const NODES: &str = "Nodes";

pub(in crate::ui) const SUMMARY: &str = "Summary";
pub(in crate::ui) const REPORTS: &str = "Reports";
pub(in crate::ui) const INSTANCES: &str = "Instances";
pub(in crate::ui) const FOUND: &str = "What inspections found";
pub(in crate::ui) const NOTHING_FOUND: &str = "No inspection found anything.";
pub(in crate::ui) const NO_EXPORTER: &str = "No exporter monitors this database, so no inspection applies.";
pub(in crate::ui) const CHANGE_THRESHOLD: &str = "Change the threshold";
pub(in crate::ui) const VALUE: &str = "Value";
pub(in crate::ui) const THRESHOLD: &str = "Threshold";
pub(in crate::ui) const LAST_HOUR: &str = "Within the last hour";
pub(in crate::ui) const NO_CHART: &str = "This report looks at current values only, so there is no chart.";

pub(in crate::ui) const MACHINE: &str = "The machine";
pub(in crate::ui) const RUNS_ON_IT: &str = "What runs on it";
pub(in crate::ui) const NODE_IN: &str = "Node in project ";
pub(in crate::ui) const UNKNOWN_VERSION: &str = "of an unknown version";
pub(in crate::ui) const NO_AGENT: &str = "none";
/// What is known of a machine, in the order in which it is shown.
pub(in crate::ui) const MACHINE_FACTS: [&str; 10] = [
    "CPU usage",
    "Memory in use",
    "CPU cores",
    "Memory",
    "Up for",
    "Kernel",
    "Node agent",
    "Cloud",
    "Disks",
    "Network interfaces",
];

pub(in crate::ui) const GONE: &str = "gone";
pub(in crate::ui) const STATUS: &str = "Status";
/// What an inspection says that had nothing to look at.
pub(in crate::ui) const NOT_MEASURED: &str = "nothing was measured";

/// The words for any status, and for those that fail.
pub(in crate::ui) const ANY_STATUS: &str = "all";
pub(in crate::ui) const FAILING: &str = "warning or critical";

/// Why a page is older than it says.
pub(in crate::ui) fn not_refreshed(why: &str) -> String {
    format!("This page could not be refreshed: {why}")
}

/// How much of a list is left out.
pub(in crate::ui) fn left_out(more: u64) -> String {
    format!("{more} more are left out.")
}

/// Names, and how many more there are.
pub(in crate::ui) fn names(names: &[String], more: u32) -> String {
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    names.join(", ") + &more
}

/// An application, by its kind and name, its category and its software, before the name of its project.
pub(in crate::ui) fn application_in(phrase: &str, category: &str, types: &[String]) -> String {
    let types = if types.is_empty() { String::new() } else { format!(", runs {}", types.join(", ")) };
    format!(" {phrase}, category {category}{types}, in project ")
}

/// An application has no such report.
pub(in crate::ui) fn no_report(name: &str) -> String {
    format!("This application has no report “{name}”.")
}

/// The status of a report beside its name; empty if it is not bad.
pub(in crate::ui) const fn status_beside(status: Severity) -> &'static str {
    match status {
        Severity::Warning => " (warning)",
        Severity::Critical => " (critical)",
        Severity::Ok | Severity::Info | Severity::Unknown => "",
    }
}

/// A status as a word.
pub(in crate::ui) const fn status_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "unknown",
        Severity::Ok | Severity::Info => "healthy",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// There are none of these. `what` is in the plural, as in the functions below.
pub(in crate::ui) fn none_of(what: &str) -> String {
    format!("There are no {what}.")
}

/// No row matches what is searched for.
pub(in crate::ui) const NO_MATCH: &str = "Nothing matches.";

/// The button that shows more rows.
pub(in crate::ui) fn show_more(more: usize, left: usize) -> String {
    format!("Show {more} more of {}", grouped(left as u64))
}

/// The names of a table: of the part of the page, and of the table in it.
pub(in crate::ui) fn table_names(what: &str) -> [String; 2] {
    [format!("Table of {what}"), format!("All {what}")]
}

/// The name of the field that searches.
pub(in crate::ui) fn search(what: &str) -> String {
    format!("Search {what}")
}

/// How many rows match, of how many.
pub(in crate::ui) fn rows_shown(matching: usize, all: usize, what: &str) -> String {
    let [matching, all] = [matching, all].map(|count| grouped(count as u64));
    if matching == all { format!("{all} {what}.") } else { format!("{matching} of {all} {what}.") }
}

/// The button that takes new rows into a table; empty if nothing is new.
pub(in crate::ui) fn take_news(added: usize, gone: usize) -> String {
    match (added, gone) {
        (0, 0) => String::new(),
        (added, 0) => format!("Show {added} new"),
        (0, gone) => format!("Remove {gone} that are gone"),
        (added, gone) => format!("Show {added} new, remove {gone} that are gone"),
    }
}

pub(in crate::ui) const THRESHOLD_FOR: &str = "For";
pub(in crate::ui) const THIS_APPLICATION: &str = "this application";
pub(in crate::ui) const ALL_APPLICATIONS: &str = "all applications of the project";
pub(in crate::ui) const SAVE: &str = "Save";
pub(in crate::ui) const REMOVE_SET: &str = "Remove what is set";
pub(in crate::ui) const NOTHING_SET: &str = "Nothing is set for this application.";
pub(in crate::ui) const DONE: &str = "Done. The status follows within seconds.";
pub(in crate::ui) const OBJECTIVE: &str = "Objective in percent";
pub(in crate::ui) const QUICK_UP_TO: &str = "Quick is up to, in seconds";

/// The label of a threshold. `unit` is empty for a count.
pub(in crate::ui) fn threshold_in(unit: &str) -> String {
    if unit.is_empty() { THRESHOLD.to_owned() } else { format!("{THRESHOLD} in {unit}") }
}
