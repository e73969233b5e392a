//! Tests that invalid values are set aside, and nothing else.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

const UUID: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";

fn documented() -> Value {
    serde_json::from_str(include_str!("../../../../../shared/tests/payload.json")).unwrap()
}

/// The documented report with other values at some places.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut report = documented();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        report.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    report
}

/// The leaves of a JSON value by their JSON pointers.
fn leaves(value: &Value, pointer: &str, found: &mut BTreeMap<String, Value>) {
    let below = |name: &str| format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| leaves(value, &below(name), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| leaves(item, &below(&at.to_string()), found));
        }
        leaf => {
            found.insert(pointer.to_owned(), leaf.clone());
        }
    }
}

#[test]
fn the_documented_report_is_read_whole() {
    let validated = validate(documented()).unwrap();
    assert_eq!(validated.set_aside.total(), 0);
    assert!(validated.names_database);
    assert_eq!(serde_json::to_value(validated.payload).unwrap(), documented());
}

#[test]
fn a_report_without_a_usable_instance_is_no_report() {
    let cases = [
        (json!([]), InvalidReport::NotAnObject),
        (json!("text"), InvalidReport::NotAnObject),
        (Value::Null, InvalidReport::NotAnObject),
        (json!({}), InvalidReport::NoInstance),
        (json!({"instance": null}), InvalidReport::NoInstance),
        (json!({"instance": UUID}), InvalidReport::NoInstance),
        (json!({"instance": [UUID]}), InvalidReport::NoInstance),
        (json!({"instance": {}}), InvalidReport::NoInstance),
        (json!({"instance": {"uuid": null}}), InvalidReport::NoInstance),
        (json!({"instance": {"uuid": 7}}), InvalidReport::NoInstance),
        (json!({"instance": {"uuid": ""}}), InvalidReport::NotAUuid),
        (json!({"instance": {"uuid": "4423595b"}}), InvalidReport::NotAUuid),
        (json!({"instance": {"uuid": Uuid::nil().to_string()}}), InvalidReport::NilUuid),
    ];
    for (report, unusable) in cases {
        assert_eq!(validate(report.clone()), Err(unusable), "{report}");
    }
}

#[test]
fn an_instance_is_enough() {
    let validated = validate(json!({"instance": {"uuid": UUID}})).unwrap();
    assert_eq!(validated.payload, bare(UUID.parse().unwrap()));
    assert_eq!((validated.set_aside.total(), validated.names_database), (0, false));
}

/// The value at a pointer, what is left there (`None`: the default of the field), and the number of values
/// set aside.
#[test]
fn the_very_value_that_is_wrong_is_set_aside() {
    let cases = [
        ("/integration/prometheus", json!("yes"), json!(false), 1),
        ("/integration/kube_state_metrics", json!("maybe"), json!(null), 1),
        ("/integration/kube_state_metrics", json!(null), json!(null), 0),
        (
            "/integration/alerting_integrations",
            json!(["slack", "carrier-pigeon", 7, "teams"]),
            json!(["slack", "teams"]),
            2,
        ),
        ("/integration/inspection_overrides", json!([1, 2]), json!({}), 1),
        (
            "/integration/inspection_overrides",
            json!({"CPUNode": {"project_level": -1, "application_level": 2}, "Net": 5}),
            json!({"CPUNode": {"project_level": 0, "application_level": 2}}),
            2,
        ),
        ("/stack/clouds", json!(["aws", null, {"a": 1}, "gcp"]), json!(["aws", "gcp"]), 2),
        ("/stack/clouds", json!({"aws": true}), json!([]), 1),
        ("/stack/clouds", json!(null), json!([]), 0),
        ("/infra/nodes", json!({"a": {"b": [1, 2, 3]}}), json!(0), 1),
        ("/infra/nodes", json!(1.5), json!(0), 1),
        (
            "/infra/deployment_summaries",
            json!({"+Logs": 1, "-CPU": "many", "": 2}),
            json!({"+Logs": 1, "": 2}),
            1,
        ),
        ("/ux/users", json!([UUID, "#general", UUID, 5]), json!([UUID, UUID]), 2),
        ("/ux/users_by_screen_size", json!({"lg": 7, "huge": 1, "xs": []}), json!({"lg": 7}), 2),
        ("/ux/sent_notifications", json!({"slack:general": 4, "slack": 1}), json!({"slack": 1}), 1),
        ("/ux/page_views", json!({"/": 1, "/p/$projectId": -1}), json!({"/": 1}), 1),
        (
            "/ux",
            json!("nothing"),
            validate(json!({"instance": {"uuid": UUID}}))
                .map(|bare| serde_json::to_value(bare.payload.ux).unwrap())
                .unwrap(),
            1,
        ),
        ("/performance/cpu_usage", json!([0.5, null, "x", 1]), json!([0.5, 1.0]), 2),
        ("/performance/constructor", json!([]), json!({"stages": {}, "queries": {}}), 1),
        ("/performance/constructor", json!([{}, {}]), json!({"stages": {}, "queries": {}}), 1),
        ("/performance/constructor", json!(true), json!({"stages": {}, "queries": {}}), 1),
        (
            "/performance/constructor/queries",
            json!({"a": {"failed": 1, "query_time": 2, "metrics_count": 3}, "b": null}),
            json!({"a": {"failed": false, "query_time": 2.0, "metrics_count": 3}}),
            2,
        ),
        ("/profile/from", json!("yesterday"), json!(0), 1),
        ("/profile/cpu", json!(null), json!(""), 1),
        ("/instance/version", json!(7), json!(""), 1),
    ];
    for (pointer, sent, left, set_aside) in cases {
        let validated = validate(with(&[(pointer, sent.clone())])).unwrap();
        let mut expected = documented();
        *expected.pointer_mut(pointer).unwrap() = left;
        assert_eq!(serde_json::to_value(validated.payload).unwrap(), expected, "{pointer}: {sent}");
        assert_eq!(validated.set_aside.total(), set_aside, "{pointer}: {sent}");
    }
}

#[test]
fn several_wrong_values_are_set_aside_together() {
    let validated = validate(with(&[
        ("/infra/nodes", json!("many")),
        ("/ux/users", json!(["nobody"])),
        ("/profile", json!(0)),
        ("/instance/database_type", json!("mysql")),
    ]))
    .unwrap();
    assert_eq!(validated.set_aside.total(), 4);
    assert_eq!(validated.payload.infra.applications, 18);
    assert!(!validated.names_database);
}

#[test]
fn a_report_of_coroot_loses_nothing() {
    let mut report = with(&[
        ("/stack/clouds", json!(null)),
        ("/infra/deployment_summaries", json!(null)),
        ("/infra/kernel_versions", json!(["6.1"])),
        ("/performance/cpu_usage", json!(null)),
        ("/ux/users_by_theme", json!({"dark": 1})),
        ("/integration/node_agent_versions", json!(["1.0"])),
    ]);
    let stack = report["stack"].as_object_mut().unwrap();
    let plural = stack.remove("instrumented_service").unwrap();
    stack.insert("instrumented_services".to_owned(), plural);
    let validated = validate(report).unwrap();
    assert_eq!(validated.set_aside.total(), 0);
    assert_eq!(validated.payload.stack.instrumented_service, ["postgres", "redis"]);
}

#[test]
fn every_list_and_every_map_may_be_null() {
    let mut report = documented();
    let mut nulls = 0;
    for (section, members) in report.as_object_mut().unwrap() {
        for (name, member) in members.as_object_mut().unwrap() {
            let is_struct = section == "performance" && name == "constructor";
            if is_struct {
                *member = json!({ "stages": null, "queries": null });
            } else if member.is_array() || member.is_object() {
                *member = Value::Null;
                nulls += 1;
            }
        }
    }
    assert_eq!(nulls, 12);
    let validated = validate(report).unwrap();
    assert_eq!(validated.set_aside.total(), 0);
    assert!(
        validated.payload.ux.users.is_empty() && validated.payload.performance.constructor.queries.is_empty()
    );
}

#[test]
fn of_two_spellings_one_is_read() {
    let cases = [
        (json!(["postgres"]), json!(["redis"]), vec!["postgres"], 1),
        (json!(["postgres"]), json!(null), vec!["postgres"], 0),
        (json!(null), json!(["redis"]), vec!["redis"], 0),
        (json!(null), json!(null), vec![], 0),
        (json!([7]), json!(["redis"]), vec![], 2),
    ];
    for (singular, plural, read, set_aside) in cases {
        let report =
            with(&[("/stack/instrumented_service", singular), ("/stack/instrumented_services", plural)]);
        let validated = validate(report).unwrap();
        assert_eq!(validated.payload.stack.instrumented_service, read);
        assert_eq!(validated.payload.stack.services, ["pgbouncer", "postgres", "redis"]);
        assert_eq!(validated.set_aside.total(), set_aside);
    }
}

#[test]
fn a_flood_of_wrong_values_takes_linear_time() {
    let mut users = vec![json!("nobody"); 50_000];
    users[25_000] = json!(UUID);
    let long_name = "x".repeat(1 << 20);
    let junk: Map<String, Value> = (0..20_000).map(|at| (at.to_string(), json!(0))).collect();
    let mut queries = Map::from_iter([(long_name, Value::Object(junk))]);
    queries["x".repeat(1 << 20).as_str()]["failed"] = json!("yes");
    let validated = validate(with(&[
        ("/ux/users", users.into()),
        ("/performance/constructor/queries", Value::Object(queries)),
    ]))
    .unwrap();
    assert_eq!(validated.payload.ux.users, [UUID.parse::<Uuid>().unwrap()]);
    assert_eq!(validated.set_aside.total(), 49_999 + 1);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z/$:é]{0,8}".prop_map(Value::from),
        Just(json!(UUID)),
        Just(json!("slack")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop_oneof!["[a-z$/]{0,6}", Just("nodes".to_owned()), Just("lg".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every place in the documented report but those that name the installation.
fn places() -> Vec<String> {
    fn collect(value: &Value, pointer: &str, found: &mut Vec<String>) {
        let Value::Object(members) = value else { return };
        for (name, value) in members {
            let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            collect(value, &pointer, found);
            found.push(pointer);
        }
    }
    let mut found = Vec::new();
    collect(&documented(), "", &mut found);
    found.retain(|pointer| pointer != "/instance" && pointer != "/instance/uuid");
    found
}

proptest! {
    #[test]
    fn whatever_is_wrong_the_other_fields_are_kept(
        pointer in prop::sample::select(places()),
        sent in any_json(),
    ) {
        let mut report = documented();
        *report.pointer_mut(&pointer).unwrap() = sent;
        let validated = validate(report).unwrap();
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        leaves(&documented(), "", &mut before);
        leaves(&serde_json::to_value(validated.payload).unwrap(), "", &mut after);
        for (leaf, value) in before {
            let touched = leaf == pointer || leaf.starts_with(&format!("{pointer}/"));
            prop_assert!(touched || after.get(&leaf) == Some(&value), "{leaf} after a change of {pointer}");
        }
    }

    #[test]
    fn any_json_is_judged(report in any_json(), section in any_json()) {
        prop_assert!(validate(report).is_err());
        let odd = json!({"instance": {"uuid": UUID, "database_type": section}, "ux": section, "infra": section});
        let validated = validate(odd).unwrap();
        prop_assert_eq!(validated.payload.instance.uuid.to_string(), UUID);
    }
}
