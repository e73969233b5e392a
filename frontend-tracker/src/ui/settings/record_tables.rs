//! Writes the tables of incidents, and of the notifications about them.

use serde_json::Value;

use crate::ui::html::{escaped, moment};
use crate::ui::page_paths::segment;

/// Kinds of records: the member with their list, the caption, the columns, and what is said without any.
const INCIDENTS: (&str, [&str; 4], &str) =
    ("Incidents", ["Application", "Severity", "Began", "Ended"], "There was no incident yet.");
const NOTIFICATIONS: (&str, [&str; 5], &str) = (
    "Notifications",
    ["Application", "State", "Destination", "Made", "Sent or dropped"],
    "No notification was made yet. Tests are not listed.",
);

/// The table of the incidents in an answer. `applications` is the beginning of the address of an application.
pub(super) fn incident_table(answer: &Value, applications: &str, now: u64) -> String {
    let row = |incident: &Value| {
        format!(
            "<tr>{}<td>{}</td><td>{}</td><td>{}</td></tr>",
            application(incident, applications),
            severity(&incident["severity"]),
            time(&incident["opened_at"], now, ""),
            time(&incident["resolved_at"], now, "not yet"),
        )
    };
    table(&answer["incidents"], INCIDENTS.0, &INCIDENTS.1, INCIDENTS.2, &row)
}

/// The table of the notifications in an answer.
pub(super) fn notification_table(answer: &Value, applications: &str, now: u64) -> String {
    let row = |notification: &Value| {
        format!(
            "<tr>{}<td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            application(notification, applications),
            severity(&notification["status"]),
            escaped(notification["destination"].as_str().unwrap_or_default()),
            time(&notification["timestamp"], now, ""),
            time(&notification["sent_at"], now, "waits"),
        )
    };
    table(&answer["notifications"], NOTIFICATIONS.0, &NOTIFICATIONS.1, NOTIFICATIONS.2, &row)
}

fn table(
    records: &Value,
    title: &str,
    columns: &[&str],
    empty: &str,
    row: &dyn Fn(&Value) -> String,
) -> String {
    let records = records.as_array().map(Vec::as_slice).unwrap_or_default();
    if records.is_empty() {
        return format!(r#"<p class="note">{empty}</p>"#);
    }
    let heads: String = columns.iter().map(|name| format!(r#"<th scope="col">{name}</th>"#)).collect();
    let rows: String = records.iter().map(row).collect();
    format!(
        r#"<div class="scroll" role="region" tabindex="0" aria-label="{title}"><table>
<caption class="visually-hidden">{title}, the newest first, at most 100</caption>
<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"#
    )
}

/// A link to the application of a record.
fn application(record: &Value, applications: &str) -> String {
    let id = record["application"].as_str().unwrap_or_default();
    let (place, name) = id.rsplit_once(':').unwrap_or(("", id));
    let (address, name, place) = (segment(id), escaped(name), escaped(place));
    format!(r#"<th scope="row"><a href="{applications}{address}">{name}</a><small>{place}</small></th>"#)
}

fn severity(of: &Value) -> String {
    let (class, text) = match of.as_str() {
        Some("critical") => (" bad", "critical"),
        Some("warning") => (" warn", "warning"),
        Some("ok") => (" good", "over"),
        Some("info") => ("", "info"),
        _ => ("", "not known"),
    };
    format!(r#"<span class="badge{class}">{text}</span>"#)
}

fn time(of: &Value, now: u64, none: &str) -> String {
    of.as_u64().map_or_else(|| none.to_owned(), |at| moment(at, now))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_leads_to_its_application_and_has_both_times() {
        let answer = json!({"incidents": [{
            "application": "shop:Deployment:<ñ/cart>", "severity": "critical", "opened_at": 1_700_000_000, "resolved_at": null,
        }]});
        let html = incident_table(&answer, "/p/abc/app/", 1_700_000_060);
        assert!(
            html.contains(r#"<a href="/p/abc/app/shop:Deployment:%3C%C3%B1%2Fcart%3E">&lt;ñ/cart&gt;</a>"#),
            "{html}"
        );
        assert!(
            html.contains("1 min 00 s ago <time class=\"exact\" datetime=\"2023-11-14T22:13:20Z\">"),
            "{html}"
        );
        assert!(html.contains("<td>not yet</td>"), "{html}");
    }

    #[test]
    fn without_records_that_is_said() {
        assert!(incident_table(&json!({"incidents": []}), "", 0).contains("no incident yet"));
        assert!(notification_table(&Value::Null, "", 0).contains("No notification"));
    }
}
