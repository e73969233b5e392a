//! Numbers the texts of a profile.

use std::collections::HashMap;

/// Texts by number, each stored once. Number 0 is the empty text, as the format requires.
#[derive(Debug)]
pub(super) struct StringTable {
    table: Vec<String>,
    ids: HashMap<String, i64>,
}

impl Default for StringTable {
    fn default() -> Self {
        let mut strings = Self { table: Vec::new(), ids: HashMap::new() };
        strings.id("");
        strings
    }
}

impl StringTable {
    /// The number of `text`; adds it if it is new.
    pub(super) fn id(&mut self, text: &str) -> i64 {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        let id = i64::try_from(self.table.len()).unwrap_or(0);
        self.table.push(text.to_owned());
        self.ids.insert(text.to_owned(), id);
        id
    }

    /// All texts, each at its number.
    pub(super) fn into_table(self) -> Vec<String> {
        self.table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_and_the_empty_one_is_first() {
        let mut strings = StringTable::default();
        assert_eq!([strings.id("a"), strings.id("b"), strings.id("a"), strings.id("")], [1, 2, 1, 0]);
        assert_eq!(strings.into_table(), ["", "a", "b"]);
    }
}
