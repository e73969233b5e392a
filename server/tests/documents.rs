//! What the documents say of the source, held against the source.

use std::{collections::BTreeSet, fs, path::Path};

use headcount_shared::payload::fields;

#[test]
fn the_page_on_sources_has_every_field_of_a_report_once_and_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("../docs/sources.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix("` |"));
    let listed: Vec<&str> = rows
        .map(|row| {
            let (field, file) = (row.split('`').next().unwrap(), row.rsplit('`').next().unwrap());
            assert!(root.join("src").join(file).is_file(), "{field} comes from {file}, which does not exist");
            field
        })
        .collect();
    let expected: BTreeSet<String> = fields().into_iter().map(|field| field.path).collect();
    assert_eq!(listed.iter().map(|field| (*field).to_owned()).collect::<BTreeSet<_>>(), expected);
    assert_eq!(listed.len(), expected.len());
}
