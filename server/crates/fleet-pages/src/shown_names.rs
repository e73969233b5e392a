//! Shows names that strangers sent: versions, labels, keys of pages, functions.

use headcount_charts::name_text;
use headcount_fleet::name_table::OTHER;

use crate::time_text::listed;

/// The most characters of a name.
const MOST_CHARACTERS: usize = 240;

/// The most characters of a sentence.
const MOST_SENTENCE_CHARACTERS: usize = 1000;

/// How an address names the version of reports without one. An empty value there means that none was chosen.
const UNKNOWN_VERSION_VALUE: &str = "(unknown)";

/// How the version of reports without one is shown.
pub(crate) const UNKNOWN_VERSION: &str = "unknown version";

/// A name as text of a page: short, and without characters that change the text around it.
pub(crate) fn shown_name(name: &str) -> String {
    name_text(name, MOST_CHARACTERS)
}

/// A sentence that may have such names in it, or a note that somebody wrote.
pub(crate) fn shown_sentence(sentence: &str) -> String {
    name_text(sentence, MOST_SENTENCE_CHARACTERS)
}

/// A version as text of a page.
pub(crate) fn shown_version(version: &str) -> String {
    if version.is_empty() { UNKNOWN_VERSION.to_owned() } else { shown_name(version) }
}

/// A label of shares or distributions as text of a page. What is folded is told apart from what a chart adds
/// up because it has no more room.
pub(crate) fn shown_label(label: &str) -> String {
    if label == OTHER { "other, not told apart".to_owned() } else { shown_name(label) }
}

/// Tables of numbers as a part of a sentence, by their names in the API.
pub(crate) fn shown_tables(tables: &[String]) -> String {
    listed(&tables.iter().map(|table| table_words(table)).collect::<Vec<_>>())
}

/// What is in a table, in words; what is not listed is called like the table.
fn table_words(table: &str) -> String {
    let words = match table {
        "flags" => "integrations",
        "alerting" => "alerting integrations",
        "inspection_overrides" => "overridden inspection thresholds",
        "pages" => "views of single pages",
        "deployments" => "rollouts",
        "deployment_summaries" => "what rollouts changed",
        "cpu" => "CPU usage",
        "memory" => "memory usage",
        "stages" => "times of stages",
        "queries" => "times of queries",
        "query_series" => "result sizes of queries",
        "world_times" => "times to load and audit telemetry",
        other => return shown_name(&other.replace('_', " ")),
    };
    words.to_owned()
}

/// The value of a version in an address.
#[must_use]
pub fn version_value(version: &str) -> &str {
    if version.is_empty() { UNKNOWN_VERSION_VALUE } else { version }
}

/// The version that a value of an address names; `None` for an empty one, which names none.
#[must_use]
pub fn version_of_value(value: String) -> Option<String> {
    match value.as_str() {
        "" => None,
        UNKNOWN_VERSION_VALUE => Some(String::new()),
        _ => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_found_again_by_its_value() {
        for version in ["", "1.0", "other", "a b"] {
            assert_eq!(version_of_value(version_value(version).to_owned()), Some(version.to_owned()));
        }
        assert_eq!(version_of_value(String::new()), None);
    }

    #[test]
    fn tables_are_called_by_what_is_in_them() {
        let tables = ["queries", "screen_sizes", "world_times"].map(str::to_owned);
        let words = "times of queries, screen sizes and times to load and audit telemetry";
        assert_eq!(shown_tables(&tables), words);
    }

    #[test]
    fn names_change_no_text_around_them() {
        assert_eq!(shown_version("1.0\u{202e}x"), "1.0\u{fffd}x");
        assert_eq!(
            (shown_version(""), shown_label("")),
            ("unknown version".to_owned(), "(no name)".to_owned())
        );
        assert_eq!(
            (shown_label("other"), shown_name("other")),
            ("other, not told apart".to_owned(), "other".to_owned())
        );
    }
}
