//! Writes the tables of incidents, and of the notifications about them.

use serde_json::Value;

use crate::ui::{
    html::{escaped, moment, severity_badge, table_head},
    page_paths::segment,
    projects::view_answers::severity_of,
    texts::{project_words::ApplicationName, settings},
};

/// The table of the incidents in an answer. `applications` is the beginning of the address of an application.
pub(super) fn incident_table(answer: &Value, applications: &str, now: u64) -> String {
    let row = |incident: &Value| {
        format!(
            "<tr>{}<td>{}</td><td>{}</td><td>{}</td></tr>",
            application(incident, applications),
            severity(&incident["severity"]),
            time(&incident["opened_at"], now, ""),
            time(&incident["resolved_at"], now, settings::NOT_YET),
        )
    };
    table(&answer["incidents"], settings::INCIDENTS, &settings::INCIDENT_COLUMNS, settings::NO_INCIDENT, &row)
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
            time(&notification["sent_at"], now, settings::WAITS),
        )
    };
    table(
        &answer["notifications"],
        settings::NOTIFICATIONS,
        &settings::NOTIFICATION_COLUMNS,
        settings::NO_NOTIFICATION,
        &row,
    )
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
    let head = table_head(&settings::newest_first(title), columns);
    let rows: String = records.iter().map(row).collect();
    format!(
        r#"<div class="scroll" role="group" tabindex="0" aria-label="{title}"><table>
{head}<tbody>{rows}</tbody></table></div>"#
    )
}

fn application(record: &Value, applications: &str) -> String {
    format!(r#"<th scope="row">{}</th>"#, application_link(record, applications))
}

/// A link to the application of a record. `applications` is the beginning of its address.
pub(super) fn application_link(record: &Value, applications: &str) -> String {
    let id = record["application"].as_str().unwrap_or_default();
    let name = ApplicationName::of(id);
    let (address, what) = (segment(id), escaped(&name.phrase()));
    format!(r#"<a href="{applications}{address}">{}</a><small>{what}</small>"#, escaped(name.name))
}

fn severity(of: &Value) -> String {
    let severity = severity_of(of);
    severity_badge(severity, settings::severity_word(severity))
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
    fn a_name_may_have_a_colon() {
        let link =
            application_link(&json!({"application": "external:ExternalService:api.example:443"}), "/app/");
        assert!(link.contains(">api.example:443</a><small>External service in external</small>"), "{link}");
    }

    #[test]
    fn without_records_that_is_said() {
        assert!(incident_table(&json!({"incidents": []}), "", 0).contains("no incident since"));
        assert!(notification_table(&Value::Null, "", 0).contains("No notification"));
    }
}
