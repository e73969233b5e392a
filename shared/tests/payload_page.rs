//! Compares `docs/payload.md` with the source: its tables, and its example of a report.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use headcount_shared::{
    delivery,
    payload::{self, Payload},
};
use serde_json::Value;

/// The text between two marks of the page.
fn between(begin: &str, end: &str) -> &'static str {
    let page = include_str!("../../docs/payload.md");
    let (_, rest) = page.split_once(begin).expect("the first mark");
    let (text, _) = rest.split_once(end).expect("the second mark");
    text.trim()
}

#[test]
fn the_table_of_fields_is_the_one_in_the_source() {
    let table = between("<!-- fields -->\n", "<!-- /fields -->");
    assert_eq!(table, payload::markdown_table().trim(), "`make payload` brings it up to date");
}

#[test]
fn the_table_of_headers_is_the_one_in_the_source() {
    let table = between("<!-- headers -->\n", "<!-- /headers -->");
    assert_eq!(table, delivery::markdown_table().trim(), "`make payload` brings it up to date");
}

#[test]
fn the_example_is_a_report_with_every_field_and_no_other() {
    let example: Value = serde_json::from_str(between("```json\n", "```")).expect("the example is JSON");
    let report: Payload = serde_json::from_value(example.clone()).expect("the example is a report");
    assert_eq!(serde_json::to_value(report).expect("a report is JSON"), example);
}
