//! The README says what is collected, in the words of the source.

use headcount_shared::payload::markdown_table;

#[test]
fn the_table_of_the_readme_is_the_one_in_the_source() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("<!-- fields -->\n").expect("the table begins with a mark");
    let (table, _) = rest.split_once("<!-- /fields -->").expect("the table ends with a mark");
    assert_eq!(table.trim(), markdown_table().trim(), "`make readme` brings it up to date");
}
