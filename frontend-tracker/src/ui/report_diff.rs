//! Compares two reports value by value.
//!
//! Entries of maps and lists are compared by their names: queries and stages by name, browsers by pseudonym.
//! Samples are compared as a whole.

use std::collections::BTreeMap;

use headcount_shared::payload::{FieldMeaning, fields};
use serde_json::Value;

use super::{
    texts::{
        format::{age, time},
        statistics::LISTED,
    },
    value_units::value_in_units,
};

/// The most differences of one list or map that are named.
const MOST_OF_A_LIST: usize = 50;

/// The most characters of a value.
const VALUE_CHARACTERS: usize = 120;

/// The members by which an object in a list is known.
const KEYS: [&str; 3] = ["uuid", "id", "name"];

/// How two reports differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReportDifferences {
    /// The values that differ, in the order of the document.
    pub(super) named: Vec<ValueDifference>,
    /// How many more there are.
    pub(super) unnamed: usize,
    /// How many values are the same.
    pub(super) same: usize,
}

/// A value that is not the same in two reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ValueDifference {
    /// Its field, and in a map or a list the name of its entry.
    pub(super) path: String,
    /// What it was; `None` if it was not there.
    pub(super) before: Option<String>,
    /// What it is; `None` if it is not there any more.
    pub(super) now: Option<String>,
}

/// The values of both reports, by the place of their field in the document and their path. A value that is `None`
/// is an entry of a list, which is there and has no value.
type ValuePairs<'a> = BTreeMap<(usize, Vec<String>), [Option<Option<&'a Value>>; 2]>;

/// How the report `now` differs from the report `before`. Ages of times are those at `at`, in Unix seconds.
pub(super) fn compare(before: &Value, now: &Value, at: u64) -> ReportDifferences {
    let documented: Vec<String> = fields().into_iter().map(|field| field.path).collect();
    let mut pairs = ValuePairs::new();
    for (side, report) in [before, now].into_iter().enumerate() {
        collect_values(report, &mut |path, value| {
            let pair = pairs.entry((place_in(&documented, &path), path)).or_default();
            if let Some(place) = pair.get_mut(side) {
                *place = Some(value);
            }
        });
    }
    let mut differences = ReportDifferences::default();
    let mut list: (&[String], usize) = (&[], 0);
    for ((_, path), [old, new]) in &pairs {
        if old == new {
            differences.same += 1;
            continue;
        }
        let of_list = path.split_last().map_or(&[][..], |(_, of_list)| of_list);
        list = if list.0 == of_list { (of_list, list.1 + 1) } else { (of_list, 1) };
        if list.1 > MOST_OF_A_LIST {
            differences.unnamed += 1;
            continue;
        }
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let text = |value: Option<&Value>| {
            value.map_or_else(|| LISTED.to_owned(), |value| value_text(&names, value, at))
        };
        differences.named.push(ValueDifference {
            path: path.join("."),
            before: old.map(text),
            now: new.map(text),
        });
    }
    differences
}

/// Where a path is in the document; after it if it is not there.
fn place_in(documented: &[String], path: &[String]) -> usize {
    let is_it = |field: &String| {
        let mut names = path.iter();
        field.split('.').all(|wanted| names.next().is_some_and(|name| wanted == "*" || wanted == name))
    };
    documented.iter().position(is_it).unwrap_or(documented.len())
}

/// Tells every value of a report with its path.
fn collect_values<'a>(report: &'a Value, tell: &mut dyn FnMut(Vec<String>, Option<&'a Value>)) {
    let mut open = vec![(Vec::new(), report)];
    while let Some((path, value)) = open.pop() {
        let below = |name: &str| [path.as_slice(), &[name.to_owned()]].concat();
        match value {
            Value::Object(members) => {
                open.extend(members.iter().map(|(name, value)| (below(name), value)));
            }
            Value::Array(items) if !are_samples(&path) => {
                for (place, item) in items.iter().enumerate() {
                    match item {
                        Value::Object(members) => {
                            let key = KEYS.iter().find_map(|key| members.get(*key)?.as_str());
                            open.push((key.map_or_else(|| below(&place.to_string()), below), item));
                        }
                        Value::String(text) => tell(below(text), None),
                        other => tell(below(&other.to_string()), None),
                    }
                }
            }
            value => tell(path, Some(value)),
        }
    }
}

/// Whether the items of a list are measurements in their order and no names.
fn are_samples(path: &[String]) -> bool {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(FieldMeaning::of_path(&names), FieldMeaning::CoreSamples | FieldMeaning::ByteSamples)
}

/// A value for people, and as it is in the report where that is short.
fn value_text(path: &[&str], value: &Value, at: u64) -> String {
    if FieldMeaning::of_path(path) == FieldMeaning::UnixTime
        && let Some(seconds) = value.as_u64().filter(|seconds| *seconds > 0)
    {
        return format!("{seconds} ({}, {})", age(seconds, at), time(seconds));
    }
    match (value, value_in_units(path, value)) {
        (Value::Number(exact), Some(said)) => format!("{exact} ({said})"),
        (_, Some(said)) => said,
        (exact, None) => shortened(exact.to_string()),
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(VALUE_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Path, value before, and value now.
    fn differences(before: &Value, now: &Value) -> Vec<(String, Option<String>, Option<String>)> {
        let compared = compare(before, now, 1_678_113_907);
        assert_eq!(compared.unnamed, 0);
        compared.named.into_iter().map(|one| (one.path, one.before, one.now)).collect()
    }

    fn one(path: &str, before: Option<&str>, now: Option<&str>) -> (String, Option<String>, Option<String>) {
        let text = |text: &str| text.replace('_', "\u{202f}");
        (path.to_owned(), before.map(text), now.map(text))
    }

    #[test]
    fn every_kind_of_value_is_compared_by_its_own_name() {
        let before = json!({
            "infra": {"nodes": 3, "projects": 1},
            "ux": {"users": ["b", "a"], "page_views": {"/a": 1}, "audit_time_avg": 0.25},
            "performance": {
                "constructor": {
                    "stages": {"query": 0.02},
                    "queries": {"node_info": {"failed": false, "metrics_count": 4}, "up": {"failed": false}}
                },
                "memory_usage": [1024, 2048]
            },
            "profile": {"from": 1_678_113_877, "cpu": "...."}
        });
        let now = json!({
            "infra": {"nodes": 4, "projects": 1},
            "ux": {"users": ["a", "c"], "page_views": {"/b": 2}, "audit_time_avg": 0.25},
            "performance": {
                "constructor": {
                    "stages": {"query": 0.04},
                    "queries": {"node_info": {"failed": true, "metrics_count": 4}}
                },
                "memory_usage": [1024, 4096]
            },
            "profile": {"from": 1_678_113_878, "cpu": "..."}
        });
        assert_eq!(
            differences(&before, &now),
            [
                one("infra.nodes", Some("3"), Some("4")),
                one("ux.users.b", Some("listed"), None),
                one("ux.users.c", None, Some("listed")),
                one("ux.page_views./a", Some("1"), None),
                one("ux.page_views./b", None, Some("2")),
                one("performance.constructor.stages.query", Some("0.02 (20_ms)"), Some("0.04 (40_ms)")),
                one("performance.constructor.queries.node_info.failed", Some("false"), Some("true")),
                one("performance.constructor.queries.up.failed", Some("false"), None),
                (
                    "performance.memory_usage".to_owned(),
                    Some("2 samples: 1.5\u{202f}KiB on average, at most 2\u{202f}KiB".to_owned()),
                    Some("2 samples: 2.5\u{202f}KiB on average, at most 4\u{202f}KiB".to_owned())
                ),
                (
                    "profile.from".to_owned(),
                    Some("1678113877 (less than a minute ago, 6 Mar 2023, 14:44:37 UTC)".to_owned()),
                    Some("1678113878 (less than a minute ago, 6 Mar 2023, 14:44:38 UTC)".to_owned())
                ),
                one("profile.cpu", Some("a profile, 4_B in base64"), Some("a profile, 3_B in base64")),
            ]
        );
    }

    #[test]
    fn the_order_of_a_list_is_no_difference_and_equal_reports_have_none() {
        let (one, other) =
            (json!({"stack": {"clouds": ["a", "b"]}}), json!({"stack": {"clouds": ["b", "a"]}}));
        assert_eq!(compare(&one, &other, 0), ReportDifferences { same: 2, ..ReportDifferences::default() });
    }

    #[test]
    fn the_first_entry_of_a_map_or_a_list_is_one_difference() {
        for (before, now, path) in [
            (json!({"ux": {"page_views": {}}}), json!({"ux": {"page_views": {"/": 1}}}), "ux.page_views./"),
            (json!({"ux": {"users": []}}), json!({"ux": {"users": ["a"]}}), "ux.users.a"),
        ] {
            let found = differences(&before, &now);
            assert_eq!(found.iter().map(|(path, ..)| path.as_str()).collect::<Vec<_>>(), [path]);
        }
    }

    #[test]
    fn objects_in_lists_are_known_by_their_ids() {
        let before = json!({"own": [{"id": "x", "n": 1}, {"id": "y", "n": 1}, {"n": 1}]});
        let now = json!({"own": [{"id": "y", "n": 2}, {"id": "x", "n": 1}, {"n": 3}]});
        assert_eq!(
            differences(&before, &now),
            [one("own.2.n", Some("1"), Some("3")), one("own.y.n", Some("1"), Some("2"))]
        );
    }

    #[test]
    fn of_a_long_list_some_differences_are_named_and_the_others_counted() {
        let users: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
        let compared = compare(
            &json!({"ux": {"users": []}, "infra": {"nodes": 1}}),
            &json!({"ux": {"users": users}}),
            0,
        );
        assert_eq!((compared.named.len(), compared.unnamed), (MOST_OF_A_LIST + 1, 10_000 - MOST_OF_A_LIST));
    }

    #[test]
    fn a_long_text_is_cut() {
        let compared = compare(&json!({"a": "é".repeat(500)}), &json!({"a": "é"}), 0);
        let before = compared.named[0].before.as_ref().map(|text| text.chars().count());
        assert_eq!(before, Some(VALUE_CHARACTERS + 1));
    }
}
