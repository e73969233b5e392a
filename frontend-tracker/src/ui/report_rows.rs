//! Folds a report into rows: each field with its value and its explanation from the source.
//!
//! Every member of the report is in some row. A member without an explanation should not exist, and its row
//! states that.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use headcount_shared::{
    breakpoint::Breakpoint,
    payload::{FieldMeaning, PayloadField, fields, sections},
};
use serde_json::{Map, Value};

use super::{
    texts::{
        format,
        report_content::{self, UNEXPLAINED},
    },
    value_units::{file_size, samples, value_in_units},
};

/// One section of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportSection {
    /// Its name.
    pub(super) name: String,
    /// Its content.
    pub(super) explanation: String,
    /// Its fields.
    pub(super) rows: Vec<FieldRow>,
}

/// One field of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldRow {
    /// Its path.
    pub(super) path: String,
    /// Its content.
    pub(super) value: ShownValue,
    /// The explanation of the field.
    pub(super) explanation: String,
    /// The members of its entries, each with its explanation.
    pub(super) members: Vec<(String, String)>,
}

/// The names of the members that each entry of a map has, in the order of the document, with their explanations.
type EntryMembers = [(String, String)];

/// A value as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ShownValue {
    /// The report lacks the field.
    Absent,
    /// A value for one line.
    Line {
        /// As it is in the report.
        exact: String,
        /// In the units of people, where those say more.
        in_units: Option<String>,
    },
    /// A point in time, in Unix seconds.
    Moment(u64),
    /// A list or a map: what it has, and the entries.
    Block {
        /// How many entries, or what samples say together.
        summary: String,
        /// The entries as JSON. Those with a unit have a comment with their value for people.
        json: String,
    },
    /// A profile, which is shown as a file.
    Profile {
        /// Its size, and the time that it covers.
        summary: String,
        /// The gzipped pprof file; empty when there is no profile.
        file: Vec<u8>,
    },
}

/// The sections of `report`, in the order of the document; unknown ones come last.
pub(super) fn fold(report: &Value) -> Vec<ReportSection> {
    let fields = fields();
    let known = sections();
    let mut folded: Vec<ReportSection> = known
        .iter()
        .map(|(name, explanation)| ReportSection {
            name: (*name).to_owned(),
            explanation: (*explanation).to_owned(),
            rows: rows_of(name, report, &fields),
        })
        .collect();
    let unknown = members_of(report).filter(|(name, _)| !known.iter().any(|(known, _)| known == name));
    folded.extend(unknown.map(|(name, value)| ReportSection {
        name: name.clone(),
        explanation: UNEXPLAINED.to_owned(),
        rows: vec![unexplained(name, value)],
    }));
    folded
}

/// The rows of the section `name`: its explained fields, then all other members.
fn rows_of(name: &str, report: &Value, fields: &[PayloadField]) -> Vec<FieldRow> {
    let prefix = format!("{name}.");
    let explained: Vec<&PayloadField> =
        fields.iter().filter(|field| field.path.starts_with(&prefix)).collect();
    let mut rows: Vec<FieldRow> = explained
        .iter()
        .filter(|field| !field.path.contains(".*."))
        .map(|field| {
            let members = entry_members(&field.path, &explained);
            FieldRow {
                path: field.path.clone(),
                value: shown(&field.path, value_at(report, &field.path), &members, report),
                explanation: field.explanation.clone(),
                members,
            }
        })
        .collect();
    let paths: BTreeSet<&str> = explained.iter().map(|field| field.path.as_str()).collect();
    if let Some(section) = report.get(name) {
        collect_unexplained(name, section, &paths, &mut rows);
    }
    rows
}

/// The explained members of each entry of the map at `path`.
fn entry_members(path: &str, explained: &[&PayloadField]) -> Vec<(String, String)> {
    let prefix = format!("{path}.*.");
    let members = explained.iter().filter_map(|field| {
        field.path.strip_prefix(&prefix).map(|name| (name.to_owned(), field.explanation.clone()))
    });
    members.collect()
}

/// Adds a row for everything at or below `path` that is neither an explained field nor an object that
/// contains some.
fn collect_unexplained(path: &str, value: &Value, explained: &BTreeSet<&str>, rows: &mut Vec<FieldRow>) {
    if explained.contains(path) {
        return;
    }
    let prefix = format!("{path}.");
    let holds_some = explained.iter().any(|known| known.starts_with(&prefix));
    if !holds_some || !value.is_object() {
        rows.push(unexplained(path, value));
        return;
    }
    for (name, value) in members_of(value) {
        collect_unexplained(&format!("{path}.{name}"), value, explained, rows);
    }
}

fn unexplained(path: &str, value: &Value) -> FieldRow {
    FieldRow {
        path: path.to_owned(),
        value: plain(value),
        explanation: UNEXPLAINED.to_owned(),
        members: Vec::new(),
    }
}

fn members_of(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn value_at<'a>(report: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(report, |value, name| value.get(name))
}

fn shown(path: &str, value: Option<&Value>, of_entries: &EntryMembers, report: &Value) -> ShownValue {
    let Some(value) = value else { return ShownValue::Absent };
    let names: Vec<&str> = path.split('.').collect();
    match (FieldMeaning::of_path(&names), value) {
        (FieldMeaning::UnixTime, Value::Number(number)) => match number.as_u64() {
            Some(seconds) if seconds > 0 => ShownValue::Moment(seconds),
            _ => of_names(&names, value, of_entries),
        },
        (FieldMeaning::Profile, Value::String(text)) => {
            let covered = if path == "profile.cpu" { covered(report) } else { None };
            profile(text, covered.as_deref())
        }
        _ => of_names(&names, value, of_entries),
    }
}

fn plain(value: &Value) -> ShownValue {
    of_names(&[], value, &[])
}

/// The value at a path of names, as it is shown.
fn of_names(names: &[&str], value: &Value, of_entries: &EntryMembers) -> ShownValue {
    match value {
        Value::Array(items) if items.is_empty() => line("[]"),
        Value::Object(members) if members.is_empty() => line("{}"),
        Value::Array(items) => {
            let summary = samples(FieldMeaning::of_path(names), items);
            block(summary.unwrap_or_else(|| entries(items.len())), list(items))
        }
        Value::Object(members) => block(entries(members.len()), map(names, members, of_entries)),
        scalar => ShownValue::Line { exact: scalar.to_string(), in_units: value_in_units(names, scalar) },
    }
}

fn line(text: &str) -> ShownValue {
    ShownValue::Line { exact: text.to_owned(), in_units: None }
}

const fn block(summary: String, json: String) -> ShownValue {
    ShownValue::Block { summary, json }
}

fn entries(count: usize) -> String {
    format::count(count as u64, "entry", "entries")
}

/// A list of values, several per line.
fn list(items: &[Value]) -> String {
    let items: Vec<String> = items.iter().map(Value::to_string).collect();
    format!("[{}]", items.join(", "))
}

/// A map at a path of names, one entry per line, each with its value for people as a comment. The order is that of
/// the report's bytes: display sizes by their width, members of entries as they are explained, all else by name.
fn map(names: &[&str], members: &Map<String, Value>, of_entries: &EntryMembers) -> String {
    let mut text = "{\n".to_owned();
    let entries = with_first(&Breakpoint::ALL.map(Breakpoint::as_str), members);
    for (at, (name, value)) in entries.into_iter().enumerate() {
        let comma = if at + 1 < members.len() { "," } else { "" };
        let names = [names, &[name.as_str()]].concat();
        let comment = entry_in_units(&names, value).map(|said| format!(" // {said}")).unwrap_or_default();
        text.push_str(&format!(
            "  {}: {}{comma}{comment}\n",
            Value::from(name.as_str()),
            entry_value(value, of_entries)
        ));
    }
    text + "}"
}

/// What an entry says in the units of people; of an object, what its members say.
fn entry_in_units(names: &[&str], value: &Value) -> Option<String> {
    let Value::Object(members) = value else { return value_in_units(names, value) };
    let member =
        |(name, value): (&String, &Value)| value_in_units(&[names, &[name.as_str()]].concat(), value);
    let said: Vec<String> = members.iter().filter_map(member).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// The value of a map's entry on one line, its members in the order of `of_entries`.
fn entry_value(value: &Value, of_entries: &EntryMembers) -> String {
    match value {
        Value::Object(members) => {
            let explained: Vec<&str> = of_entries.iter().map(|(name, _)| name.as_str()).collect();
            let members: Vec<String> = with_first(&explained, members)
                .into_iter()
                .map(|(name, value)| format!("{}: {value}", Value::from(name.as_str())))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        other => other.to_string(),
    }
}

/// The members of an object: those of `names` first, in their order.
fn with_first<'v>(names: &[&str], members: &'v Map<String, Value>) -> Vec<(&'v String, &'v Value)> {
    let first = names.iter().filter_map(|name| members.get_key_value(*name));
    first.chain(members.iter().filter(|(name, _)| !names.contains(&name.as_str()))).collect()
}

/// How long the CPU profile of `report` covers.
fn covered(report: &Value) -> Option<String> {
    let from = value_at(report, "profile.from")?.as_u64()?;
    let to = value_at(report, "profile.to")?.as_u64()?;
    (from > 0 && to >= from).then(|| format::duration(to - from))
}

fn profile(text: &str, covered: Option<&str>) -> ShownValue {
    if text.is_empty() {
        return ShownValue::Profile { summary: report_content::NO_PROFILE.to_owned(), file: Vec::new() };
    }
    let encoded = file_size(text.len() as u64);
    let Ok(file) = STANDARD.decode(text) else {
        return ShownValue::Profile { summary: report_content::not_base64(&encoded), file: Vec::new() };
    };
    let decoded = file_size(file.len() as u64);
    ShownValue::Profile { summary: report_content::profile(&decoded, &encoded, covered), file }
}

#[cfg(test)]
mod tests {
    use headcount_shared::payload::Payload;

    use super::*;

    const DOCUMENTED: &str = include_str!("../../../shared/tests/payload.json");

    fn documented() -> Value {
        serde_json::from_str(DOCUMENTED).unwrap()
    }

    fn row(report: &Value, path: &str) -> FieldRow {
        let rows = fold(report).into_iter().flat_map(|section| section.rows);
        rows.into_iter().find(|row| row.path == path).expect("the report has a row for the path")
    }

    #[test]
    fn the_documented_report_folds_into_its_sections_in_order() {
        let names: Vec<String> = fold(&documented()).into_iter().map(|section| section.name).collect();
        assert_eq!(names, ["instance", "integration", "stack", "infra", "ux", "performance", "profile"]);
    }

    #[test]
    fn every_documented_field_has_one_row_with_its_explanation() {
        let rows: Vec<FieldRow> = fold(&documented()).into_iter().flat_map(|section| section.rows).collect();
        let paths: BTreeSet<&str> = rows.iter().map(|row| row.path.as_str()).collect();
        assert_eq!(paths.len(), rows.len());
        for field in fields().iter().filter(|field| !field.path.contains(".*.")) {
            assert!(paths.contains(field.path.as_str()), "{}", field.path);
        }
        for row in &rows {
            assert!(row.value != ShownValue::Absent && row.explanation != UNEXPLAINED, "{row:?}");
        }
    }

    #[test]
    fn values_read_as_json() {
        let report = documented();
        let cases = [
            ("instance.version", line("\"0.20.0\"")),
            ("integration.prometheus", line("true")),
            ("infra.nodes", line("10")),
            (
                "stack.clouds",
                ShownValue::Block {
                    summary: "3 entries".to_owned(),
                    json: r#"["aws", "hetzner", "ovh"]"#.to_owned(),
                },
            ),
            (
                "ux.page_views",
                ShownValue::Block {
                    summary: "2 entries".to_owned(),
                    json: "{\n  \"/p/$projectId\": 1,\n  \"/p/$projectId/app/$id/SLO\": 3\n}".to_owned(),
                },
            ),
            ("profile.from", ShownValue::Moment(1_678_113_877)),
        ];
        for (path, value) in cases {
            assert_eq!(row(&report, path).value, value, "{path}");
        }
    }

    #[test]
    fn a_value_with_a_unit_is_there_for_people_too() {
        let mut report = documented();
        report["infra"]["instances"] = 12_345.into();
        let in_units = |text: &str| Some(text.replace(' ', "\u{202f}"));
        let cases = [
            ("ux.world_load_time_avg", "0.053", in_units("53 ms")),
            ("infra.instances", "12345", in_units("12 345")),
            ("infra.nodes", "10", None),
        ];
        for (path, exact, in_units) in cases {
            assert_eq!(row(&report, path).value, ShownValue::Line { exact: exact.to_owned(), in_units });
        }
        let blocks = [
            ("performance.memory_usage", "2 samples: 25.8\u{202f}MiB on average", "[27086848, 27086848]"),
            (
                "performance.constructor.stages",
                "7 entries",
                "\"load_nodes\": 0.000139763, // 140\u{202f}µs\n",
            ),
            ("performance.constructor.queries", "2 entries", " // 12.9\u{202f}ms\n"),
        ];
        for (path, begins, has) in blocks {
            let ShownValue::Block { summary, json } = row(&report, path).value else { panic!("no block") };
            assert!(summary.starts_with(begins) && json.contains(has), "{path}: {summary}: {json}");
        }
    }

    #[test]
    fn the_members_of_a_maps_entries_are_explained_in_its_row() {
        let row = row(&documented(), "integration.inspection_overrides");
        let names: Vec<&str> = row.members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["project_level", "application_level"]);
        let ShownValue::Block { json, .. } = row.value else { panic!("a map is shown as a block") };
        let line = json.lines().find(|line| line.contains("CPUNode")).unwrap();
        assert_eq!(line, r#"  "CPUNode": { "project_level": 1, "application_level": 2 },"#);
    }

    #[test]
    fn entries_have_the_order_of_the_bytes() {
        let mut report = documented();
        report["ux"]["users_by_screen_size"] =
            serde_json::json!({"xxl": 1, "lg": 2, "md": 3, "sm": 4, "xl": 5, "xs": 6});
        let payload: Payload = serde_json::from_value(report.clone()).unwrap();
        let bytes = serde_json::to_string(&payload).unwrap();
        let report = serde_json::from_str(&bytes).unwrap();
        let paths = [
            ("ux", "users_by_screen_size"),
            ("ux", "page_views"),
            ("integration", "inspection_overrides"),
            ("performance.constructor", "queries"),
        ];
        for (section, name) in paths {
            let ShownValue::Block { json, .. } = row(&report, &format!("{section}.{name}")).value else {
                panic!("a map is shown as a block")
            };
            let without_comments = json.lines().map(|line| line.split(" // ").next().unwrap_or_default());
            let shown: String = without_comments.collect::<String>().replace(' ', "");
            assert!(bytes.contains(&format!("\"{name}\":{shown}")), "{shown}\n{bytes}");
        }
    }

    #[test]
    fn a_profile_is_summarised_and_can_be_saved() {
        let mut report = documented();
        report["profile"]["cpu"] = STANDARD.encode(vec![7; 3000]).into();
        report["profile"]["memory"] = "".into();
        let cpu = ShownValue::Profile {
            summary: "2.93\u{202f}KiB of gzipped pprof, 3.91\u{202f}KiB as base64, covers 16 min 40 s"
                .to_owned(),
            file: vec![7; 3000],
        };
        assert_eq!(row(&report, "profile.cpu").value, cpu);
        let none = ShownValue::Profile { summary: "none".to_owned(), file: Vec::new() };
        assert_eq!(row(&report, "profile.memory").value, none);
        report["profile"]["memory"] = "...".into();
        let ShownValue::Profile { summary, .. } = row(&report, "profile.memory").value else {
            panic!("not a profile")
        };
        assert_eq!(summary, "3\u{202f}B that are not base64");
    }

    #[test]
    fn a_missing_field_is_absent_not_empty() {
        let mut report = documented();
        report["infra"] = Value::Null;
        assert_eq!(row(&report, "infra.nodes").value, ShownValue::Absent);
    }

    #[test]
    fn a_member_without_an_explanation_is_shown_as_such() {
        let mut report = documented();
        report["infra"]["hosts"] = serde_json::json!(["a"]);
        report["performance"]["constructor"]["more"] = 1.into();
        report["extra"] = serde_json::json!({"deep": {"er": true}});
        for path in ["infra.hosts", "performance.constructor.more", "extra"] {
            assert_eq!(row(&report, path).explanation, UNEXPLAINED, "{path}");
        }
    }

    #[test]
    fn anything_that_is_no_report_folds_without_a_value() {
        for report in [Value::Null, serde_json::json!([1]), serde_json::json!("text")] {
            assert!(
                fold(&report)
                    .iter()
                    .flat_map(|section| &section.rows)
                    .all(|row| row.value == ShownValue::Absent)
            );
        }
    }
}
