//! What do browsers write about their pages on their standard output?

/// The error or warning that a line of Firefox is, if it is one.
pub(super) fn firefox_error(line: &str) -> Option<String> {
    let kinds = ["console.error: ", "console.warn: ", "JavaScript error: ", "JavaScript warning: "];
    kinds.iter().any(|kind| line.starts_with(kind)).then(|| line.to_owned())
}

/// The error or warning that a line of WebKit is, if it is one.
pub(super) fn webkit_error(line: &str) -> Option<String> {
    let (_, message) = line.split_once("CONSOLE ")?;
    let level = message.split_whitespace().nth(1)?;
    ["ERROR", "WARN"].contains(&level).then(|| line.to_owned())
}
