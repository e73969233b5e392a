//! The English texts of the interface, in one place, ready for translation.
//!
//! Each file has the texts of a page, as constants, or as functions where a text holds a value. Counts are passed
//! to a function, because other languages order and bend words in other ways. `format` and `threshold_text` write and
//! read times and numbers as they are written in English. Texts are without HTML, except for those whose name ends in
//! `html`. A test finds sentences that are elsewhere.

pub(super) mod deletion;
pub(super) mod delivery;
pub(super) mod form_fields;
pub(super) mod format;
pub(super) mod forms;
pub(super) mod frame;
pub(super) mod new_project;
pub(super) mod project_words;
pub(super) mod projects;
pub(super) mod report_content;
pub(super) mod settings;
pub(super) mod statistics;
pub(super) mod threshold_text;

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    /// All files of the interface that have no texts.
    fn other_files() -> Vec<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui");
        let mut folders = vec![root.clone()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && path != root.join("texts") {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    files.push(path);
                }
            }
        }
        assert!(files.len() > 40, "{files:?}");
        files
    }

    /// The string literals of a file up to its tests, without those of comments and attributes. Texts of a `view!` are
    /// literals, too.
    fn literals(source: &str) -> Vec<String> {
        let source = source.split("#[cfg(test)]").next().unwrap();
        let code = source.lines().filter(|line| {
            let line = line.trim_start();
            !line.starts_with("//") && !line.contains("reason = ")
        });
        let code: String = code.flat_map(|line| [line, "\n"]).collect();
        let mut literals = Vec::new();
        let mut rest = code.as_str();
        while let Some((before, after)) = rest.split_once('"') {
            // The character `"`.
            if before.ends_with('\'') || before.ends_with("'\\") {
                rest = after;
                continue;
            }
            let is_raw = before.ends_with("r#");
            let mut end = 0;
            while let Some(found) = after.get(end..).unwrap().find('"') {
                end += found;
                let is_escaped =
                    after.get(..end).unwrap().chars().rev().take_while(|it| *it == '\\').count() % 2 == 1;
                let is_end =
                    if is_raw { after.get(end + 1..).unwrap().starts_with('#') } else { !is_escaped };
                if is_end {
                    break;
                }
                end += 1;
            }
            if !before.ends_with("class=") {
                literals.push(after.get(..end).unwrap().to_owned());
            }
            rest = after.get(end + 1..).unwrap();
        }
        literals
    }

    /// Literals that select elements.
    const SELECTORS: [&str; 3] = ["main form", "select, input, button", "input, textarea"];

    /// Whether a literal has two words in a row outside of tags and placeholders.
    fn is_text(literal: &str) -> bool {
        if SELECTORS.contains(&literal) {
            return false;
        }
        let mut words = String::new();
        let mut depth = 0_usize;
        for character in literal.chars() {
            match character {
                '<' | '{' => depth += 1,
                '>' | '}' => {
                    depth = depth.saturating_sub(1);
                    words.push_str(" . ");
                }
                other if depth == 0 => words.push(other),
                _ => {}
            }
        }
        let is_word = |word: &str| word.len() > 1 && word.chars().all(char::is_alphabetic);
        let words: Vec<&str> = words.split_whitespace().collect();
        words.windows(2).any(|pair| {
            let (one, other) = (pair[0], pair[1].trim_end_matches(['.', ',', ':', '?', '…']));
            is_word(one.trim_end_matches([',', ':'])) && is_word(other)
        })
    }

    #[test]
    fn texts_are_found_in_literals_and_tags_are_none() {
        let source = "let a = \"one two\";\n// \"three four\"\nlet b = '\"';
            let c = r#\"<a class=\"b c\">five six</a>\"#;\n#[cfg(test)] let d = \"seven eight\";";
        assert_eq!(literals(source), ["one two", "<a class=\"b c\">five six</a>"]);
        for (literal, is_one) in [
            ("one two", true),
            ("<p class=\"a b\">", false),
            ("<p>Loading it</p>", true),
            ("{} waits for it", true),
            ("api/usage-statistics", false),
            ("button[data-do] form", false),
            ("one", false),
        ] {
            assert_eq!(is_text(literal), is_one, "{literal}");
        }
    }

    #[test]
    fn all_texts_are_here() {
        let mut elsewhere = Vec::new();
        for file in other_files() {
            let source = fs::read_to_string(&file).unwrap();
            let texts = literals(&source).into_iter().filter(|literal| is_text(literal));
            elsewhere.extend(texts.map(|text| format!("{}: {text}", file.display())));
        }
        assert!(elsewhere.is_empty(), "{} texts: {elsewhere:#?}", elsewhere.len());
    }
}
