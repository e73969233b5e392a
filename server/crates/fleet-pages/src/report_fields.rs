//! Takes reports apart into fields, compares two of them field by field, and writes values for people.

use std::collections::BTreeMap;

use headcount_charts::{
    name_text,
    number_format::{bytes, cores, decimal, duration, grouped},
};
use headcount_shared::payload::{self, FieldMeaning};
use serde_json::{Number, Value};

use crate::time_text::{counted, short_utc};

/// The most characters of a value.
const VALUE_CHARACTERS: usize = 160;

/// The path of a field: names of members from the outside in.
pub(crate) type FieldPath<'a> = Vec<&'a str>;

/// What became of a field since the report before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FieldChange<'a> {
    /// Nothing, or there is no report before.
    Same,
    /// It had this value.
    Changed(&'a Value),
    /// It was not there.
    New,
    /// It is not there any more.
    Gone,
}

/// A field of a report, or of the report before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ComparedField<'a> {
    pub(crate) path: FieldPath<'a>,
    /// Its value; of a field that is gone, the one that it had.
    pub(crate) value: &'a Value,
    pub(crate) change: FieldChange<'a>,
}

/// All fields of a report, each with what became of it, in the order of the documented ones; others are last.
pub(crate) fn compare_reports<'a>(report: &'a Value, before: Option<&'a Value>) -> Vec<ComparedField<'a>> {
    let fields = fields_of(report);
    let mut compared = Vec::with_capacity(fields.len());
    let fields_before = before.map(fields_of);
    for (path, value) in &fields {
        let change = match fields_before.as_ref().map(|fields| fields.get(path)) {
            None => FieldChange::Same,
            Some(None) => FieldChange::New,
            Some(Some(old)) if old == value => FieldChange::Same,
            Some(Some(old)) => FieldChange::Changed(old),
        };
        compared.push(ComparedField { path: path.clone(), value, change });
    }
    let gone = fields_before.into_iter().flatten().filter(|(path, _)| !fields.contains_key(path));
    compared.extend(gone.map(|(path, value)| ComparedField { path, value, change: FieldChange::Gone }));
    let documented = payload::fields();
    let sections = payload::sections();
    compared.sort_by_cached_key(|field| {
        let section = field.path.first().copied().unwrap_or_default();
        let section = sections.iter().position(|(name, _)| *name == section).unwrap_or(sections.len());
        let place = documented.iter().position(|documented| begins_with(&field.path, &documented.path));
        (section, place.unwrap_or(documented.len()), field.path.clone())
    });
    compared
}

/// The values of a report that are no objects, and objects that are empty, by their paths.
fn fields_of(report: &Value) -> BTreeMap<FieldPath<'_>, &Value> {
    let mut fields = BTreeMap::new();
    let mut open = vec![(Vec::new(), report)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    let path = path.iter().copied().chain([name.as_str()]).collect();
                    open.push((path, value));
                }
            }
            value => {
                fields.insert(path, value);
            }
        }
    }
    fields
}

/// Whether a path begins with a pattern such as `performance.constructor.queries.*.failed`.
fn begins_with(path: &[&str], pattern: &str) -> bool {
    let mut names = path.iter();
    pattern.split('.').all(|wanted| names.next().is_some_and(|name| wanted == "*" || wanted == *name))
}

/// A value as people say it.
pub(crate) fn value_text(path: &[&str], value: &Value) -> String {
    match (FieldMeaning::of_path(path), value) {
        (FieldMeaning::Seconds, Value::Number(number)) => duration(real(number)),
        (FieldMeaning::UnixTime, Value::Number(number)) => match number.as_u64() {
            Some(0) => "no profile".to_owned(),
            Some(at) => short_utc(at),
            None => plain_text(value),
        },
        (FieldMeaning::CoreSamples, Value::Array(samples)) => samples_text(samples, cores),
        (FieldMeaning::ByteSamples, Value::Array(samples)) => samples_text(samples, bytes),
        (FieldMeaning::Browsers, Value::Array(browsers)) => counted(browsers.len() as u64, "browser"),
        (FieldMeaning::Profile, Value::String(text)) => match text.len() {
            0 => "no profile".to_owned(),
            length => format!("a profile, {} in base64", bytes(length_of(length))),
        },
        (_, value) => plain_text(value),
    }
}

/// A value as it is in the report; `None` of profiles, which say nothing to anybody.
pub(crate) fn exact_text(path: &[&str], value: &Value) -> Option<String> {
    if FieldMeaning::of_path(path) == FieldMeaning::Profile {
        return None;
    }
    Some(name_text(&value.to_string(), VALUE_CHARACTERS))
}

fn plain_text(value: &Value) -> String {
    match value {
        Value::Null => "not known".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.as_u64().map_or_else(|| decimal(real(number), 6), grouped),
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => name_text(text, VALUE_CHARACTERS),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Object(members) if members.is_empty() => "none".to_owned(),
        Value::Array(values) => {
            let texts: Vec<_> = values.iter().map(plain_text).collect();
            name_text(&texts.join(", "), VALUE_CHARACTERS)
        }
        Value::Object(_) => name_text(&value.to_string(), VALUE_CHARACTERS),
    }
}

/// What many samples say: their number, their mean and the largest one.
fn samples_text(samples: &[Value], unit: fn(f64) -> String) -> String {
    let values: Vec<f64> = samples.iter().filter_map(Value::as_f64).collect();
    let number = counted(samples.len() as u64, "sample");
    let Some(largest) = values.iter().copied().reduce(f64::max) else { return number };
    let mean = values.iter().sum::<f64>() / length_of(values.len());
    format!("{number}: {} on average, at most {}", unit(mean), unit(largest))
}

fn real(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

#[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
const fn length_of(length: usize) -> f64 {
    length as f64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changes(report: &Value, before: Option<&Value>) -> Vec<(String, FieldChange<'static>)> {
        let changed = compare_reports(report, before).into_iter().map(|field| {
            let change = match field.change {
                FieldChange::Changed(_) => FieldChange::Changed(&Value::Null),
                FieldChange::Same => FieldChange::Same,
                FieldChange::New => FieldChange::New,
                FieldChange::Gone => FieldChange::Gone,
            };
            (field.path.join("."), change)
        });
        changed.collect()
    }

    #[test]
    fn every_difference_of_two_reports_is_found() {
        let before = json!({"infra": {"nodes": 3, "projects": 1}, "ux": {"page_views": {"/a": 1}}});
        let report =
            json!({"infra": {"nodes": 4, "projects": 1}, "ux": {"page_views": {"/b": 1}}, "own": []});
        let named = |name: &str, change| (name.to_owned(), change);
        assert_eq!(
            changes(&report, Some(&before)),
            [
                named("infra.projects", FieldChange::Same),
                named("infra.nodes", FieldChange::Changed(&Value::Null)),
                named("ux.page_views./a", FieldChange::Gone),
                named("ux.page_views./b", FieldChange::New),
                named("own", FieldChange::New),
            ]
        );
        assert!(changes(&report, None).iter().all(|(_, change)| *change == FieldChange::Same));
        assert_eq!(changes(&report, Some(&report)), changes(&report, None));
    }

    #[test]
    fn values_are_in_the_units_of_people() {
        for (path, value, text) in [
            ("performance.constructor.stages.query", json!(0.022), "22\u{202f}ms"),
            ("performance.constructor.queries.node_info.query_time", json!(1.5), "1.5\u{202f}s"),
            ("performance.constructor.queries.node_info.failed", json!(false), "no"),
            ("performance.memory_usage", json!([1024, 2048]), "2 samples"),
            ("performance.cpu_usage", json!([]), "0 samples"),
            ("ux.users", json!(["a", "b"]), "2 browsers"),
            ("profile.from", json!(1_700_000_000), "14\u{a0}Nov\u{a0}2023, 22:13 UTC"),
            ("profile.cpu", json!("...."), "a profile, 4\u{202f}B in base64"),
            ("profile.memory", json!(""), "no profile"),
            ("infra.nodes", json!(12_345), "12\u{202f}345"),
            ("stack.clouds", json!(["aws", "gcp"]), "aws, gcp"),
            ("integration.kube_state_metrics", json!(null), "not known"),
            ("ux.page_views", json!({}), "none"),
            ("instance.version", json!("\u{202e}1"), "\u{fffd}1"),
        ] {
            let path: Vec<_> = path.split('.').collect();
            let said = value_text(&path, &value);
            assert!(said.starts_with(text), "{path:?}: {said}");
        }
        assert_eq!(exact_text(&["profile", "cpu"], &json!("....")), None);
        assert_eq!(exact_text(&["infra", "nodes"], &json!(12_345)), Some("12345".to_owned()));
    }
}
