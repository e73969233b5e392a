//! Checks the rules of this repository that the compiler does not check.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Adds the files with an extension in `dir` and below to `found`, without built or installed ones.
fn add_files(dir: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let is_ours = ["target", "dist", "node_modules"].iter().all(|name| !path.ends_with(name));
            if is_ours {
                add_files(&path, extension, found);
            }
        } else if path.extension().is_some_and(|its| its == extension) {
            found.push(path);
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every source file of the workspace.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for package in ["charts", "shared", "visual-style", "frontend-tracker", "server", "e2e"] {
        add_files(&root().join(package), "rs", &mut found);
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
fn no_module_header_is_a_question() {
    for path in sources() {
        let source = fs::read_to_string(&path).unwrap();
        let header = source.lines().map_while(|line| line.strip_prefix("//! "));
        let header = header.collect::<Vec<_>>().join(" ");
        assert!(!header.trim_end().ends_with('?'), "{}: {header}", path.display());
    }
}

/// A source file without its tests.
fn production_part(source: &str) -> &str {
    source.split("#[cfg(test)]\nmod tests {").next().unwrap_or(source)
}

#[test]
fn work_on_threads_is_waited_for_without_what_a_panic_in_it_says() {
    // They show no error at all.
    let exempt =
        ["server/crates/profiler/src/code_pages.rs", "server/crates/collector/src/simulated_store.rs"];
    let mut found = 0;
    for path in sources() {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let is_production = name.contains("/src/") && !name.starts_with("e2e") && !name.ends_with("tests.rs");
        if !is_production || name.contains("/tests/") || exempt.contains(&name) {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let dense: String = production_part(&source).split_whitespace().collect();
        let mut before_each: Vec<_> = dense.split("spawn_blocking(").collect();
        // It is before none.
        before_each.pop();
        for before in before_each {
            let is_joined = ["", "task::", "tokio::task::", "self.work."]
                .iter()
                .any(|from| before.ends_with(&format!("joined({from}")));
            assert!(is_joined, "{name}: wait for it with headcount_platform::joined");
            found += 1;
        }
    }
    assert!(found > 20, "only {found} are found");
}

/// The name of the type that a line defines, if it defines one. Associated types are indented, and define
/// none.
fn defined_type(line: &str) -> Option<&str> {
    let words = line.split_whitespace();
    let mut words = words.skip_while(|word| word.starts_with("pub") || *word == "unsafe");
    let is_type = match words.next()? {
        "struct" | "enum" | "trait" | "union" => true,
        "type" => !line.starts_with(' '),
        _ => false,
    };
    let name = words.next().filter(|name| is_type && name.starts_with(char::is_uppercase))?;
    name.split(|char: char| !char.is_alphanumeric()).next()
}

#[test]
fn no_type_name_is_defined_twice_in_a_package() {
    let root = root();
    for package in ["charts", "shared", "frontend-tracker", "server", "e2e"] {
        let mut files = Vec::new();
        add_files(&root.join(package), "rs", &mut files);
        let mut defined = BTreeMap::new();
        for path in files {
            let source = fs::read_to_string(&path).unwrap();
            for name in source.lines().filter_map(defined_type) {
                if let Some(before) = defined.insert(name.to_owned(), path.clone()) {
                    panic!("{name} is defined in {} and in {}", before.display(), path.display());
                }
            }
        }
        assert!(defined.len() > 20, "only {} types were found in {package}", defined.len());
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

/// Which other modules of the server a module may name.
const MAY_USE: [(&str, &[&str]); 4] = [
    ("browsers", &[]),
    ("notifications", &["metrics"]),
    ("store", &["notifications"]),
    ("report", &["browsers", "metrics", "store"]),
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

/// The modules in `use crate::…` and other paths that begin with `crate::`.
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
    let document = fs::read_to_string(root().join("docs/coroot-compatibility.md")).unwrap();
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

/// The documents for people: those at the root, in `docs`, for the public host, and that of the package for
/// npm.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![root().join("frontend-tracker/npm/README.md")];
    for folder in ["docs", ".github"] {
        add_files(&root().join(folder), "md", &mut found);
    }
    let at_root = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    found.extend(at_root.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    assert!(found.len() > 10, "only {} documents were found", found.len());
    found
}

/// The lines of a document that are outside of its blocks of code.
fn prose(document: &str) -> Vec<&str> {
    let mut in_code = false;
    let lines = document.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    });
    lines.collect()
}

/// The targets of the links in a document.
fn link_targets(document: &str) -> Vec<String> {
    let text = prose(document).join("\n");
    text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned()).collect()
}

/// The anchors of the headings of a document, as its public host makes them.
fn anchors(document: &str) -> BTreeSet<String> {
    let headings = prose(document).into_iter().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_in_a_document_leads_to_a_file_and_a_heading_that_exist() {
    let mut count = 0;
    for path in documents() {
        let document = fs::read_to_string(&path).unwrap();
        for target in link_targets(&document) {
            if target.contains("://") {
                continue;
            }
            count += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(file.exists(), "{} links to {target}, which does not exist", path.display());
            if !anchor.is_empty() {
                let linked = fs::read_to_string(&file).unwrap();
                assert!(
                    anchors(&linked).contains(anchor),
                    "{}: {target} has no such heading",
                    path.display()
                );
            }
        }
    }
    assert!(count > 50, "only {count} links were found");
}

#[test]
fn every_path_that_a_document_names_exists() {
    let mut count = 0;
    for path in documents() {
        let document = fs::read_to_string(&path).unwrap();
        let text = prose(&document).join("\n");
        for name in text.split('`').skip(1).step_by(2) {
            let is_path =
                ["charts/", "server/", "shared/", "frontend-tracker/", "e2e/", "docs/", ".ci/", ".github/"]
                    .iter()
                    .any(|folder| name.starts_with(folder));
            // Built files exist in some checkouts only, and a pattern is not a path.
            if is_path && !name.contains("/dist") && !name.contains(['*', '<', '{', ' ']) {
                count += 1;
                assert!(root().join(name).exists(), "{} names {name}, which does not exist", path.display());
            }
        }
    }
    assert!(count > 20, "only {count} paths were found");
}

#[test]
fn the_readme_fits_on_a_hundred_lines_and_says_first_who_receives_reports() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 100, "{} lines", readme.lines().count());
    let second = readme.split("\n\n").filter(|paragraph| !paragraph.starts_with('#')).nth(1).unwrap();
    assert!(second.contains("https://coroot.com/ce/usage-statistics"), "{second}");
    assert!(second.contains("--collector-url"), "{second}");
}

#[test]
fn the_public_host_tests_the_oldest_compiler_that_cargo_toml_names() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, rest) = manifest.split_once("rust-version = \"").unwrap();
    let version = rest.split('"').next().unwrap();
    let workflow = fs::read_to_string(root().join(".github/workflows/ci.yml")).unwrap();
    assert!(workflow.contains(&format!("rust:{version}-")), "{version} is not tested");
    let guide = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    assert!(
        guide.contains(&format!("{version} or later")),
        "CONTRIBUTING.md has another version than {version}"
    );
}
