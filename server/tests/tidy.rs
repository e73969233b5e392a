//! The rules of the house that a compiler does not know.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Every source file of the workspace.
fn sources() -> Vec<PathBuf> {
    fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("dist") {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for package in ["shared", "frontend-tracker", "server", "e2e"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(package), &mut found);
    }
    assert!(found.len() > 50, "only {} files were found", found.len());
    found
}

#[test]
fn every_file_says_in_its_first_line_what_it_answers() {
    for path in sources() {
        let source = fs::read_to_string(&path).unwrap();
        assert!(source.starts_with("//! "), "{}", path.display());
    }
}

#[test]
fn no_file_is_named_for_nothing() {
    for path in sources() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["utils", "util", "helpers", "helper", "common", "misc", "manager"].contains(&name),
            "{}",
            path.display()
        );
    }
}

/// Which other rooms a room of the server may name.
const MAY_USE: [(&str, &[&str]); 13] = [
    ("clock", &[]),
    ("descriptors", &[]),
    ("hex", &[]),
    ("peer_address", &[]),
    ("disk", &[]),
    ("outgoing", &[]),
    ("browsers", &["disk", "peer_address"]),
    ("process", &["clock"]),
    ("notifications", &["clock", "metrics", "outgoing", "world"]),
    ("settings", &["clock", "disk", "hex", "notifications", "outgoing", "world"]),
    ("collector", &["clock", "disk"]),
    ("world", &["clock", "disk", "metrics", "outgoing"]),
    ("report", &["browsers", "clock", "disk", "hex", "metrics", "outgoing", "process"]),
];

#[test]
fn rooms_use_only_what_the_architecture_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources().into_iter().filter(|path| path.to_str().unwrap().contains("/server/src/")) {
        let inside = path.to_str().unwrap().rsplit_once("/server/src/").unwrap().1.to_owned();
        let room = inside.split(['/', '.']).next().unwrap();
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == room) else { continue };
        let source = fs::read_to_string(root.join(&inside)).unwrap();
        for used in rooms_named_in(&source) {
            assert!(used == room || allowed.contains(&used.as_str()), "{inside} uses {used}");
        }
    }
}

/// The rooms in `use crate::…` and other paths that begin with `crate::`.
fn rooms_named_in(source: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for rest in source.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => rooms.push(first_name(rest)),
            Some(group) => {
                let (mut depth, mut start) = (0, 0);
                for (place, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => {
                            rooms.push(first_name(group.get(start..place).unwrap()));
                            break;
                        }
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            rooms.push(first_name(group.get(start..place).unwrap()));
                            start = place + 1;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    rooms.retain(|room| !room.is_empty());
    rooms
}

fn first_name(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

#[test]
fn rooms_are_found_in_every_form_of_import() {
    let source = "use crate::clock::Clock;\nuse crate::{\n    disk::{Disk, PART},\n    report,\n};\nfn f(x: crate::config::Serve) {}";
    assert_eq!(rooms_named_in(source), ["clock", "disk", "report", "config"]);
}

/// The names of all tests of the workspace.
fn tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for path in sources() {
        let source = fs::read_to_string(&path).unwrap();
        let mut is_test = false;
        for line in source.lines().map(str::trim) {
            let line = line.trim_start_matches("pub ").trim_start_matches("async ");
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            if let Some((name, arguments)) = line.strip_prefix("fn ").and_then(|rest| rest.split_once('(')) {
                // `on_both!` makes two tests of one function of a place.
                if is_test || arguments.starts_with("place)") {
                    tests.insert(name.to_owned());
                }
                is_test = false;
            }
        }
    }
    tests
}

/// The cells of the tables of a document, row by row.
fn rows(document: &str) -> Vec<Vec<&str>> {
    let lines = document.lines().filter(|line| line.starts_with('|'));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn every_difference_from_coroot_has_a_test_that_exists() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/coroot-compatibility.md");
    let document = fs::read_to_string(file).unwrap();
    let tests = tests();
    let rows = rows(&document);
    let differences = rows.iter().filter(|row| !matches!(row[0], "case" | "---"));
    let mut count = 0;
    for row in differences {
        count += 1;
        assert_eq!(row.len(), 5, "{row:?}");
        let named: Vec<&str> = row[4].split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test of: {}", row[0]);
        for name in named {
            assert!(tests.contains(name), "{name} is no test, and should be that of: {}", row[0]);
        }
    }
    assert!(count > 40, "only {count} differences were found");
}
