//! Writes the tab of inspections: their thresholds, each of which the project can override.

use serde_json::Value;

use crate::ui::html::{LOADING, card, escaped};
use crate::ui::threshold_text::{OverrideKind, number_text, threshold_text, typed_unit, unit_of};

/// The tab before its inspections are here.
pub(super) fn inspections_tab() -> String {
    let content = format!(
        r#"<p class="note">They apply to all applications of the project. One that is set for an application itself comes before. A
report has how many there are of each inspection, and no threshold.</p>
<p role="status" class="done" id="inspections-said"></p><div id="inspections">{LOADING}</div>"#
    );
    card("inspections", "Thresholds of inspections", &content)
}

/// The table of the inspections in an answer.
pub(super) fn inspection_table(answer: &Value, is_read_only: bool) -> String {
    let inspections = answer["inspections"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: String = inspections
        .iter()
        .map(|inspection| format!(r#"<tr id="row-{}">{}</tr>"#, id(inspection), inspection_cells(inspection)))
        .collect();
    let disabled = if is_read_only { " disabled" } else { "" };
    format!(
        r#"<fieldset{disabled}><div class="scroll" role="region" tabindex="0" aria-label="Inspections"><table>
<caption class="visually-hidden">Inspections with their thresholds</caption>
<thead><tr><th scope="col">Inspection</th><th scope="col">Default</th><th scope="col">In force</th><th scope="col">For this project</th></tr></thead>
<tbody>{rows}</tbody></table></div></fieldset>"#
    )
}

/// The id of an inspection.
pub(super) fn id(inspection: &Value) -> String {
    escaped(inspection["id"].as_str().unwrap_or_default())
}

/// The cells of an inspection, with the form of its threshold.
pub(super) fn inspection_cells(inspection: &Value) -> String {
    let (id, unit) = (id(inspection), unit_of(&inspection["unit"]));
    let threshold = |member: &str| threshold_text(inspection[member].as_f64(), unit);
    let (default, in_force) = (threshold("default"), threshold("in_force"));
    let editor = if OverrideKind::of(&id) == OverrideKind::Threshold {
        editor(&id, typed_unit(unit), &inspection["set"])
    } else {
        r#"<small>An objective, which is set for an application</small>"#.to_owned()
    };
    format!(r#"<th scope="row"><code>{id}</code></th><td>{default}</td><td>{in_force}</td><td>{editor}</td>"#)
}

fn editor(id: &str, unit: &str, set: &Value) -> String {
    let typed = number_text(&set["threshold"]);
    let in_unit = if unit.is_empty() { String::new() } else { format!(" in {unit}") };
    let reset = if set.is_null() {
        String::new()
    } else {
        format!(
            r#"<button type="button" class="quiet" data-do="reset-threshold" aria-label="Reset {id}">Reset</button>"#
        )
    };
    format!(
        r#"<form class="threshold" data-do="set-threshold" data-inspection="{id}" novalidate>
<input type="text" inputmode="decimal" size="6" autocomplete="off" id="{id}-threshold" value="{typed}" aria-label="Threshold of {id}{in_unit}" aria-describedby="{id}-error">
<span>{unit}</span><button type="submit" class="quiet" aria-label="Set {id}">Set</button>{reset}
<span class="field-error" role="alert" id="{id}-error"></span></form>"#
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_set_can_be_reset() {
        let inspection = |set: Value| {
            json!({
                "id": "CPUNode", "unit": "percent", "default": 80.0, "in_force": 70.5, "set": set,
            })
        };
        let set = inspection_cells(&inspection(json!({"threshold": 70.5})));
        assert!(set.contains("value=\"70.5\"") && set.contains("Reset CPUNode"), "{set}");
        assert!(
            set.contains("Threshold of CPUNode in percent") && set.contains("<span>percent</span>"),
            "{set}"
        );
        assert!(set.contains("<td>80 %</td><td>70.5 %</td>"), "{set}");
        let not = inspection_cells(&inspection(Value::Null));
        assert!(not.contains("value=\"\"") && !not.contains("Reset"), "{not}");
    }

    #[test]
    fn objectives_have_no_field() {
        let objective =
            json!({"id": "SLOLatency", "unit": "percent", "default": 99.0, "in_force": 99.0, "set": null});
        assert!(!inspection_cells(&objective).contains("<form"));
    }
}
