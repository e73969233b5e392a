//! Tests that the payload is exactly the documented one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use headcount_shared::payload::{Payload, fields, sections};
use serde_json::Value;

const DOCUMENTED: &str = include_str!("payload.json");

fn documented() -> Value {
    serde_json::from_str(DOCUMENTED).unwrap()
}

/// The paths of all leaves; the keys of the maps in `maps` become `*`.
fn leaves(value: &Value, path: &str, maps: &[&str], found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                let name = if maps.contains(&path) { "*" } else { name };
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                leaves(value, &path, maps, found);
            }
        }
        _ => {
            found.insert(path.strip_suffix(".*").unwrap_or(path).to_owned());
        }
    }
}

const MAPS: [&str; 7] = [
    "integration.inspection_overrides",
    "infra.deployment_summaries",
    "ux.users_by_screen_size",
    "ux.page_views",
    "ux.sent_notifications",
    "performance.constructor.stages",
    "performance.constructor.queries",
];

#[test]
fn the_documented_payload_parses_and_serialises_back_equal() {
    let payload: Payload = serde_json::from_str(DOCUMENTED).unwrap();
    assert_eq!(serde_json::to_value(&payload).unwrap(), documented());
}

#[test]
fn the_sections_are_written_in_the_documented_order() {
    let payload: Payload = serde_json::from_str(DOCUMENTED).unwrap();
    let text = serde_json::to_string(&payload).unwrap();
    let places: Vec<_> = sections()
        .iter()
        .map(|(name, _)| text.find(&format!("\"{name}\":{{")).expect("a section is written"))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn every_documented_leaf_is_a_field_with_an_explanation() {
    let mut documented_leaves = BTreeSet::new();
    leaves(&documented(), "", &MAPS, &mut documented_leaves);
    let explained: BTreeSet<String> = fields()
        .into_iter()
        .filter(|field| {
            field.path != "integration.inspection_overrides"
                && field.path != "performance.constructor.queries"
        })
        .map(|field| field.path)
        .collect();
    assert_eq!(explained, documented_leaves);
    for field in fields() {
        assert!(field.explanation.ends_with('.') && field.explanation.len() > 20, "{field:?}");
    }
}

#[test]
fn a_report_of_coroot_is_understood() {
    let mut report = documented();
    let stack = report["stack"].as_object_mut().unwrap();
    let instrumented = stack.remove("instrumented_service").unwrap();
    stack.insert("instrumented_services".to_owned(), instrumented);
    stack.insert("clouds".to_owned(), Value::Null);
    report["performance"]["cpu_usage"] = Value::Null;
    report["infra"]["cpu_cores"] = 40.into();
    report["integration"]["kube_state_metrics"] = Value::Null;

    let payload: Payload = serde_json::from_value(report).unwrap();
    assert_eq!(payload.stack.instrumented_service, ["postgres", "redis"]);
    assert!(payload.stack.clouds.is_empty());
    assert!(payload.performance.cpu_usage.is_empty());
    assert_eq!(payload.integration.kube_state_metrics, None);
}

#[test]
fn a_report_needs_nothing_but_an_instance() {
    let payload: Payload =
        serde_json::from_str(r#"{"instance":{"uuid":"4423595b-9d97-4e01-a19f-8e3d60c83b2a"}}"#).unwrap();
    assert_eq!(payload.infra.nodes, 0);
    assert!(serde_json::from_str::<Payload>("{}").is_err());
}
