//! Removes values from a report that no report of this program can contain, before its counts are stored.
//!
//! The report itself is stored byte for byte for a limited time. Its counts are stored for longer, so a
//! sender must not be able to put more into them than a real report ever has: names are short, lists and maps
//! have few entries.

use std::collections::BTreeMap;

use headcount_shared::{
    limits::{
        BROWSERS_PER_REPORT, NAME_BYTES, NAMES_PER_REPORT, PAGE_KEY_BYTES, PAGES_PER_REPORT, PROCESS_SAMPLES,
        VERSION_BYTES,
    },
    payload::{AlertingIntegration, Payload},
};

use super::{intake_entry::SetAsideField, set_aside::SetAsideCounts};

/// Removes impossible values from `payload`. Returns the numbers of removed values.
pub(super) fn keep_within_bounds(payload: &mut Payload) -> SetAsideCounts {
    let Payload { instance, integration, stack, infra, ux, performance, profile: _ } = payload;
    let is_long = instance.version.len() > VERSION_BYTES;
    if is_long {
        instance.version.clear();
    }
    let constructor = &mut performance.constructor;
    let alerting = &mut integration.alerting_integrations;
    let removed = [
        ("instance.version", u64::from(is_long)),
        ("integration.inspection_overrides", bound_names_of(&mut integration.inspection_overrides)),
        ("integration.alerting_integrations", bound_list(alerting, AlertingIntegration::ALL.len())),
        ("stack.clouds", bound_names(&mut stack.clouds)),
        ("stack.services", bound_names(&mut stack.services)),
        ("stack.instrumented_service", bound_names(&mut stack.instrumented_service)),
        ("infra.deployment_summaries", bound_names_of(&mut infra.deployment_summaries)),
        ("ux.users", bound_list(&mut ux.users, BROWSERS_PER_REPORT)),
        ("ux.page_views", bound_map(&mut ux.page_views, PAGES_PER_REPORT, PAGE_KEY_BYTES)),
        ("performance.constructor.stages", bound_names_of(&mut constructor.stages)),
        ("performance.constructor.queries", bound_names_of(&mut constructor.queries)),
        ("performance.cpu_usage", bound_list(&mut performance.cpu_usage, PROCESS_SAMPLES)),
        ("performance.memory_usage", bound_list(&mut performance.memory_usage, PROCESS_SAMPLES)),
    ];
    let mut set_aside = SetAsideCounts::default();
    for (field, count) in removed {
        set_aside.add(SetAsideField::named(field).unwrap_or(SetAsideField::OTHER), count);
    }
    set_aside
}

/// Retains the first entries of a map with names as keys.
fn bound_names_of<V>(map: &mut BTreeMap<String, V>) -> u64 {
    bound_map(map, NAMES_PER_REPORT, NAME_BYTES)
}

/// Retains the first `most` entries whose keys have at most `key_bytes` bytes.
fn bound_map<V>(map: &mut BTreeMap<String, V>, most: usize, key_bytes: usize) -> u64 {
    let before = map.len();
    let mut left = most;
    map.retain(|key, _| {
        let keep = left > 0 && key.len() <= key_bytes;
        left -= usize::from(keep);
        keep
    });
    (before - map.len()) as u64
}

/// Retains the first names that are short enough.
fn bound_names(names: &mut Vec<String>) -> u64 {
    let before = names.len();
    names.retain(|name| name.len() <= NAME_BYTES);
    names.truncate(NAMES_PER_REPORT);
    (before - names.len()) as u64
}

/// Retains the first `most` items.
fn bound_list<T>(items: &mut Vec<T>, most: usize) -> u64 {
    let more = items.len().saturating_sub(most);
    items.truncate(most);
    more as u64
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    fn documented() -> Payload {
        serde_json::from_str(include_str!("../../../../shared/tests/payload.json")).unwrap()
    }

    /// The documented report with another value at one place.
    fn with(pointer: &str, value: Value) -> Payload {
        let mut report = serde_json::to_value(documented()).unwrap();
        *report.pointer_mut(pointer).unwrap() = value;
        serde_json::from_value(report).unwrap()
    }

    fn map_of(names: impl Iterator<Item = String>, value: &Value) -> Value {
        names.map(|name| (name, value.clone())).collect::<Map<_, _>>().into()
    }

    #[test]
    fn the_documented_report_is_kept_whole() {
        let mut payload = documented();
        assert_eq!(keep_within_bounds(&mut payload).total(), 0);
        assert_eq!(payload, documented());
    }

    #[test]
    fn what_fits_stays_and_one_more_is_set_aside() {
        let query = json!({"failed": false, "query_time": 0.5, "metrics_count": 1});
        let overrides = json!({"project_level": 1, "application_level": 1});
        let maps = [
            ("/ux/page_views", PAGES_PER_REPORT, json!(1)),
            ("/infra/deployment_summaries", NAMES_PER_REPORT, json!(1)),
            ("/integration/inspection_overrides", NAMES_PER_REPORT, overrides),
            ("/performance/constructor/stages", NAMES_PER_REPORT, json!(0.5)),
            ("/performance/constructor/queries", NAMES_PER_REPORT, query),
        ];
        for (pointer, most, value) in maps {
            for more in [0, 1, 1000] {
                let names = (0..most + more).map(|at| at.to_string());
                let mut payload = with(pointer, map_of(names, &value));
                assert_eq!(
                    keep_within_bounds(&mut payload).total(),
                    more as u64,
                    "{pointer} and {more} more"
                );
                assert_eq!(keep_within_bounds(&mut payload).total(), 0, "{pointer}");
            }
        }
        let uuid = json!("20174a56-4a1e-41ca-a90d-b657d1fa873e");
        let lists = [
            ("/ux/users", BROWSERS_PER_REPORT, uuid),
            ("/stack/clouds", NAMES_PER_REPORT, json!("aws")),
            ("/stack/services", NAMES_PER_REPORT, json!("redis")),
            ("/stack/instrumented_service", NAMES_PER_REPORT, json!("redis")),
            ("/integration/alerting_integrations", AlertingIntegration::ALL.len(), json!("slack")),
            ("/performance/cpu_usage", PROCESS_SAMPLES, json!(0.5)),
            ("/performance/memory_usage", PROCESS_SAMPLES, json!(1)),
        ];
        for (pointer, most, value) in lists {
            for more in [0, 1, 1000] {
                let mut payload = with(pointer, vec![value.clone(); most + more].into());
                assert_eq!(
                    keep_within_bounds(&mut payload).total(),
                    more as u64,
                    "{pointer} and {more} more"
                );
            }
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_set_aside() {
        let query = json!({"failed": false, "query_time": 0.5, "metrics_count": 1});
        let cases = [
            ("/ux/page_views", PAGE_KEY_BYTES, json!(1)),
            ("/infra/deployment_summaries", NAME_BYTES, json!(1)),
            ("/performance/constructor/queries", NAME_BYTES, query),
        ];
        for (pointer, bytes, value) in cases {
            let names = ["x".repeat(bytes), "x".repeat(bytes + 1), "short".to_owned()];
            let mut payload = with(pointer, map_of(names.into_iter(), &value));
            assert_eq!(keep_within_bounds(&mut payload).total(), 1, "{pointer}");
        }
        let mut payload =
            with("/stack/clouds", json!(["x".repeat(NAME_BYTES), "x".repeat(NAME_BYTES + 1), "aws"]));
        assert_eq!(keep_within_bounds(&mut payload).total(), 1);
        assert_eq!(payload.stack.clouds, ["x".repeat(NAME_BYTES), "aws".to_owned()]);
    }

    #[test]
    fn a_version_is_short_or_set_aside() {
        let mut payload = with("/instance/version", json!("v".repeat(VERSION_BYTES)));
        assert_eq!(keep_within_bounds(&mut payload).total(), 0);
        let mut payload = with("/instance/version", json!("v".repeat(VERSION_BYTES + 1)));
        let removed: Vec<_> = keep_within_bounds(&mut payload).fields().collect();
        assert_eq!(removed, [(SetAsideField::named("instance.version").unwrap(), 1)]);
        assert_eq!(payload.instance.version, "");
    }
}
