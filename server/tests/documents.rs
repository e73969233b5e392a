//! Compares the documents with the program: the sources of every field, the flags of every command, and the reports
//! that decide the status of an application.

use std::{collections::BTreeSet, fs, path::Path};

use clap::{Args, Command};
use headcount::config::{Collect, Serve};
use headcount_health::auditor::DECISIVE;
use headcount_shared::payload::fields;

#[test]
fn the_page_on_sources_has_every_field_of_a_report_once_and_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/sources.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix("` |"));
    let listed: Vec<&str> = rows
        .map(|row| {
            let (field, file) = (row.split('`').next().unwrap(), row.rsplit('`').next().unwrap());
            assert!(root.join(file).is_file(), "{field} comes from {file}, which does not exist");
            field
        })
        .collect();
    let expected: BTreeSet<String> = fields().into_iter().map(|field| field.path).collect();
    assert_eq!(listed.iter().map(|field| (*field).to_owned()).collect::<BTreeSet<_>>(), expected);
    assert_eq!(listed.len(), expected.len());
}

#[test]
fn the_manual_lists_every_flag_with_its_default_in_the_order_of_the_help() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
    let manual = fs::read_to_string(manual).unwrap();
    let commands = [
        ("serve", Serve::augment_args(Command::new("serve"))),
        ("collect", Collect::augment_args(Command::new("collect"))),
    ];
    for (name, command) in commands {
        let (_, rest) = manual.split_once(&format!("<!-- flags of {name} -->\n")).unwrap();
        let (table, _) = rest.split_once(&format!("<!-- /flags of {name} -->")).unwrap();
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `--"));
        let listed: Vec<(String, String)> = rows
            .map(|row| {
                let mut cells = row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
                (cells.next().unwrap(), cells.next().unwrap())
            })
            .collect();
        let shown = command.get_arguments().filter(|flag| !flag.is_hide_set());
        let expected: Vec<(String, String)> = shown
            .map(|flag| {
                let defaults: Vec<&str> =
                    flag.get_default_values().iter().map(|value| value.to_str().unwrap()).collect();
                (flag.get_long().unwrap().to_owned(), defaults.join(","))
            })
            .collect();
        assert_eq!(listed, expected, "the flags of {name}");
    }
}

#[test]
fn the_manual_and_the_interface_name_the_reports_that_decide_the_status_of_an_application() {
    let [first @ .., last] = DECISIVE.map(|name| match name {
        "SLO" => "service levels",
        "Instances" => "instances",
        "Postgres" => "PostgreSQL",
        name => name,
    });
    let named = format!("reports on {} and {last}", first.join(", "));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for path in ["docs/operating.md", "frontend-tracker/src/ui/texts/projects.rs"] {
        let text = fs::read_to_string(root.join(path)).unwrap();
        // A text of the source that goes on in the next line ends with a backslash.
        let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "\\").collect();
        assert!(words.join(" ").contains(&named), "{path} does not say: {named}");
    }
}
