//! Texts that all forms have.

pub(in crate::ui) const SAVE: &str = "Save";
pub(in crate::ui) const SAVED: &str = "Saved. It applies within seconds.";
pub(in crate::ui) const SAVED_BEFORE: &str = "Saved, except for what you typed since. Save again for that.";
pub(in crate::ui) const UNSAVED: &str = "What you typed is not saved. Leave it?";
pub(in crate::ui) const REMOVED: &str = "Removed.";
pub(in crate::ui) const SAVE_FIRST: &str = "Save first: what is stored is tested, not what is typed.";
pub(in crate::ui) const ONE_MOMENT: &str = "One moment…";
pub(in crate::ui) const TEST_CONNECTION: &str = "Test the connection";
pub(in crate::ui) const SEND_TEST: &str = "Send a test";
pub(in crate::ui) const NO_ANSWER: &str =
    "The server does not answer. What you typed is still here; try again.";
pub(in crate::ui) const SIGNED_OUT: &str = "You are signed out. Sign in in another tab, and try again here.";
pub(in crate::ui) const NEW_OR_STORED: &str = "Type the new one, or keep the stored one.";
pub(in crate::ui) const HEADER_NEEDS: &str = "Every header needs a name.";
pub(in crate::ui) const CATEGORY_NEEDS: &str = "Every category needs a name and a pattern.";

/// A field that must be filled is empty.
pub(in crate::ui) fn is_missing(label: &str) -> String {
    format!("{label} is missing.")
}

/// A field must have a whole number.
pub(in crate::ui) fn must_be_whole(label: &str) -> String {
    format!("{label} must be a whole number.")
}

/// A category is there twice.
pub(in crate::ui) fn category_twice(name: &str) -> String {
    format!("The category {name} is there twice.")
}

pub(in crate::ui) const ASK_REMOVAL: &str = "Remove…";
pub(in crate::ui) const REMOVE: &str = "Remove";
pub(in crate::ui) const SPARE: &str = "Keep";
pub(in crate::ui) const OPTIONAL: &str = " (optional)";
pub(in crate::ui) const STORED: &str = "Stored";
pub(in crate::ui) const REPLACE: &str = "Replace";
pub(in crate::ui) const WILL_BE_REMOVED: &str = "Will be removed when you save";
pub(in crate::ui) const KEEP_IT: &str = "Keep it";
pub(in crate::ui) const KEEP_STORED: &str = "Keep the stored one";
/// What stands in the field of a value that is stored.
pub(in crate::ui) const STORED_VALUE: &str = "stored";

/// Texts of the rows of a list in a form.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) struct RowTexts {
    /// The button that adds a row.
    pub(in crate::ui) add: &'static str,
    /// What the fields and the button of a row begin with, before its number: the name, the value, and removal.
    name: &'static str,
    value: &'static str,
    remove: &'static str,
    /// What the name of the value ends with.
    value_end: &'static str,
}

/// Texts of the names of a row: of its name, of its value, and of the button that removes it.
pub(in crate::ui) fn row_names(texts: RowTexts, number: usize) -> [String; 3] {
    let RowTexts { name, value, remove, value_end, .. } = texts;
    [format!("{name} {number}"), format!("{value} {number}{value_end}"), format!("{remove} {number}")]
}

pub(in crate::ui) const HEADER_ROWS: RowTexts = RowTexts {
    add: "Add a header",
    name: "Name of header",
    value: "Value of header",
    remove: "Remove header",
    value_end: "",
};
pub(in crate::ui) const CATEGORY_ROWS: RowTexts = RowTexts {
    add: "Add a category",
    name: "Name of category",
    value: "Patterns of category",
    remove: "Remove category",
    value_end: ", one a line",
};
