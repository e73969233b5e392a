//! Writes the tab of inspections: their thresholds and objectives, each of which the project can override.

use headcount_charts::number_format;
use serde_json::{Value, json};

use super::record_tables::application_link;
use crate::ui::{
    html::{LOADING, card, escaped, table_head},
    texts::{
        projects::QUICK_UP_TO,
        settings,
        threshold_text::{
            OverrideKind, QUICK_S, number_text, threshold_text, typed_threshold, typed_unit, unit_of,
        },
    },
};

/// The tab before its inspections are here.
pub(super) fn inspections_tab() -> String {
    let content = format!(
        r#"<p class="note">{}</p>
<p role="status" class="done" id="inspections-said"></p><div id="inspections">{LOADING}</div>"#,
        settings::THRESHOLDS_NOTE
    );
    card("inspections", settings::THRESHOLDS, &content)
}

/// The table of the inspections in an answer. `applications` is the beginning of the address of an
/// application.
pub(super) fn inspection_table(answer: &Value, applications: &str, is_read_only: bool) -> String {
    let rows: String = members(answer, "inspections")
        .map(|inspection| {
            let cells = inspection_cells(answer, inspection, applications);
            format!(r#"<tr id="row-{}">{cells}</tr>"#, id(inspection))
        })
        .collect();
    let disabled = if is_read_only { " disabled" } else { "" };
    let more = match answer["more_applications"].as_u64() {
        None | Some(0) => String::new(),
        Some(more) => format!(r#"<p class="note">{}</p>"#, settings::more_set(more)),
    };
    format!(
        r#"<fieldset{disabled}><div class="scroll" role="region" tabindex="0" aria-label="{}"><table>
{}<tbody>{rows}</tbody></table></div></fieldset>{more}"#,
        settings::INSPECTIONS,
        table_head(settings::INSPECTIONS_CAPTION, &settings::INSPECTION_COLUMNS)
    )
}

fn members<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    answer[name].as_array().into_iter().flatten()
}

/// The id of an inspection.
fn id(inspection: &Value) -> String {
    escaped(inspection["id"].as_str().unwrap_or_default())
}

/// What an inspection checks, as HTML.
fn title(inspection: &Value) -> String {
    escaped(inspection["title"].as_str().unwrap_or_default())
}

/// The cells of an inspection, with the form of its threshold.
pub(super) fn inspection_cells(answer: &Value, inspection: &Value, applications: &str) -> String {
    let id = id(inspection);
    let of_applications: String = members(answer, "applications")
        .filter(|of| of["inspection"] == inspection["id"])
        .map(|of| {
            let link = application_link(of, applications);
            format!("<div>{link} {}</div>", set_text(&of["set"], inspection))
        })
        .collect();
    format!(
        r#"<th scope="row">{}<small><code>{id}</code></small></th>{}{}{}{}"#,
        title(inspection),
        cell(1, &value_text(inspection, &inspection["default"], &Value::Null)),
        cell(2, &in_force_text(inspection)),
        cell(3, &editor(&id, inspection)),
        cell(4, &of_applications)
    )
}

/// A cell, with the name of its column for pages that are too narrow for columns.
fn cell(column: usize, content: &str) -> String {
    let name = settings::INSPECTION_COLUMNS.get(column).copied().unwrap_or_default();
    format!(r#"<td data-column="{name}">{content}</td>"#)
}

/// What is in force for the applications of the project without a value of their own.
pub(super) fn in_force_text(inspection: &Value) -> String {
    value_text(inspection, &inspection["in_force"], &inspection["set"]["objective_bucket_s"])
}

fn set_text(set: &Value, inspection: &Value) -> String {
    let number = if set["threshold"].is_null() { &set["objective_percent"] } else { &set["threshold"] };
    value_text(inspection, number, &set["objective_bucket_s"])
}

/// A threshold; of a latency with what is quick, which is the default if it is not known.
fn value_text(inspection: &Value, number: &Value, quick_s: &Value) -> String {
    let text = threshold_text(number.as_f64(), unit_of(&inspection["unit"]));
    if kind(inspection) != OverrideKind::Latency {
        return text;
    }
    let quick_s = quick_s.as_f64().unwrap_or(QUICK_S.into());
    settings::within(&text, &number_format::duration(quick_s))
}

fn kind(inspection: &Value) -> OverrideKind {
    OverrideKind::of(inspection["id"].as_str().unwrap_or_default())
}

fn editor(id: &str, inspection: &Value) -> String {
    let (kind, set, title) = (kind(inspection), &inspection["set"], title(inspection));
    let unit = typed_unit(unit_of(&inspection["unit"]));
    let is_objective = kind != OverrideKind::Threshold;
    let member = if is_objective { "objective_percent" } else { "threshold" };
    let field = |part: &str, label: &str, value: &str| {
        format!(
            r#"<input type="text" inputmode="decimal" size="6" autocomplete="off" id="{id}-{part}" value="{value}" aria-label="{label}" aria-describedby="{id}-error">"#
        )
    };
    let number =
        field("threshold", &settings::field_of(is_objective, &title, unit), &number_text(&set[member]));
    let quick = if kind == OverrideKind::Latency {
        let quick_s = &set["objective_bucket_s"];
        let typed = if quick_s.is_null() { QUICK_S.to_string() } else { number_text(quick_s) };
        format!(
            "<span>{}</span>{}<span>{}</span>",
            settings::WITHIN,
            field("quick", QUICK_UP_TO, &typed),
            settings::SECONDS
        )
    } else {
        String::new()
    };
    let [set_of, reset_of] = settings::set_of(&title);
    let reset = if set.is_null() {
        String::new()
    } else {
        format!(
            r#"<button type="button" class="quiet" data-act="reset-threshold" aria-label="{reset_of}">{}</button>"#,
            settings::RESET
        )
    };
    format!(
        r#"<form class="threshold" data-inspection="{id}" data-unit="{unit}" novalidate>{number}<span>{unit}</span>{quick}
<button type="submit" class="quiet" data-act="set-threshold" aria-label="{set_of}">{}</button>{reset}
<span class="field-error" role="alert" id="{id}-error"></span></form>"#,
        settings::SET
    )
}

/// The request that sets what was typed.
///
/// # Errors
/// What is wrong.
pub(super) fn override_of(id: &str, unit: &str, number: &str, quick: &str) -> Result<Value, &'static str> {
    let number = typed_threshold(number, unit)?;
    Ok(match OverrideKind::of(id) {
        OverrideKind::Threshold => json!({ "threshold": number }),
        OverrideKind::Availability => json!({ "objective_percent": number }),
        OverrideKind::Latency => {
            json!({ "objective_percent": number, "objective_bucket_s": typed_threshold(quick, "seconds")? })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspection(id: &str, set: &Value) -> Value {
        json!({"id": id, "title": "CPU of <nodes>", "unit": "percent", "default": 80.0, "in_force": 70.5,
            "set": set})
    }

    fn cells(inspection: &Value) -> String {
        inspection_cells(&json!({}), inspection, "/p/a/app/")
    }

    #[test]
    fn only_what_is_set_can_be_reset() {
        let set = cells(&inspection("CPUNode", &json!({"threshold": 70.5})));
        assert!(set.contains("value=\"70.5\"") && set.contains("<span>percent</span>"), "{set}");
        let called = "CPU of &lt;nodes&gt;";
        for name in ["Threshold of {} in percent", "Set {}", "Reset {}"] {
            assert!(set.contains(&name.replace("{}", called)), "{name} in {set}");
        }
        let head = [r#"<th scope="row">"#, called, "<small><code>CPUNode</code></small></th>"];
        assert!(set.contains(&head.concat()), "{set}");
        for cell in ["\"Default\">80 %</td>", "\"In force\">70.5 %</td>"] {
            assert!(set.contains(cell), "{set}");
        }
        let not = cells(&inspection("CPUNode", &Value::Null));
        assert!(not.contains("value=\"\"") && !not.contains("Reset"), "{not}");
    }

    #[test]
    fn an_objective_for_latency_says_what_is_quick() {
        let html = cells(&inspection("SLOLatency", &Value::Null));
        assert!(html.contains("\"Default\">80 % within 500\u{202f}ms</td>"), "{html}");
        assert!(html.contains("id=\"SLOLatency-quick\" value=\"0.5\""), "{html}");
        let set = json!({"objective_percent": 70.5, "objective_bucket_s": 1.0, "histogram_query": null});
        let html = cells(&inspection("SLOLatency", &set));
        assert!(html.contains("\"In force\">70.5 % within 1\u{202f}s</td>"), "{html}");
        assert!(html.contains("value=\"70.5\"") && html.contains("value=\"1\""), "{html}");
        assert!(!cells(&inspection("SLOAvailability", &Value::Null)).contains("-quick"));
    }

    #[test]
    fn what_is_set_for_an_application_leads_to_it() {
        let set = json!({"objective_percent": 95.0, "objective_bucket_s": 2.0});
        let cart = "shop:Deployment:<cart>";
        let of =
            |inspection: &str, set: Value| json!({"application": cart, "inspection": inspection, "set": set});
        let applications = [of("SLOLatency", set), of("CPUNode", json!({"threshold": 60.0}))];
        let answer = json!({ "applications": applications });
        let html = inspection_cells(&answer, &inspection("SLOLatency", &Value::Null), "/p/a/app/");
        assert!(html.contains("href=\"/p/a/app/shop:Deployment:%3Ccart%3E\""), "{html}");
        assert!(html.contains("</small> 95 % within 2\u{202f}s</div>") && !html.contains("60 %"), "{html}");
    }

    #[test]
    fn what_was_typed_is_the_override_of_its_inspection() {
        for (id, number, quick, expected) in [
            ("CPUNode", "70.5", "", Ok(json!({"threshold": 70.5}))),
            ("SLOAvailability", "99.5", "", Ok(json!({"objective_percent": 99.5}))),
            ("SLOLatency", "95", "0.25", Ok(json!({"objective_percent": 95.0, "objective_bucket_s": 0.25}))),
        ] {
            assert_eq!(override_of(id, "", number, quick), expected, "{id}");
        }
        assert!(override_of("CPUNode", "percent", "much", "").is_err());
        assert!(override_of("SLOLatency", "percent", "95", "soon").is_err());
    }
}
