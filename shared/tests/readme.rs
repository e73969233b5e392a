//! The README says what is collected, in the words of the source.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use headcount_shared::{delivery, payload};

/// What stands between two marks of the README.
fn between(begin: &str, end: &str) -> &'static str {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once(begin).expect("the table begins with a mark");
    let (table, _) = rest.split_once(end).expect("the table ends with a mark");
    table.trim()
}

#[test]
fn the_table_of_the_readme_is_the_one_in_the_source() {
    let table = between("<!-- fields -->\n", "<!-- /fields -->");
    assert_eq!(table, payload::markdown_table().trim(), "`make readme` brings it up to date");
}

#[test]
fn the_headers_in_the_readme_are_those_in_the_source() {
    let table = between("<!-- headers -->\n", "<!-- /headers -->");
    assert_eq!(table, delivery::markdown_table().trim(), "`make readme` brings it up to date");
}
