//! Escapes line ends inside the texts of JSON.

use serde::de::IgnoredAny;

/// `text`; if it is invalid JSON only because its texts contain line ends and tabs, the JSON with these
/// escaped.
pub(super) fn with_line_ends_in_texts(text: String) -> String {
    if is_json(&text) {
        return text;
    }
    let escaped = escaped(&text);
    if is_json(&escaped) { escaped } else { text }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let (mut inside, mut after_backslash) = (false, false);
    for character in text.chars() {
        match character {
            '\n' if inside => escaped.push_str("\\n"),
            '\r' if inside => escaped.push_str("\\r"),
            '\t' if inside => escaped.push_str("\\t"),
            _ => escaped.push(character),
        }
        inside ^= character == '"' && !after_backslash;
        after_backslash = inside && character == '\\' && !after_backslash;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_line_ends_in_the_texts_of_json_are_escaped() {
        for (text, expected) in [
            ("{\n\"a\": \"x\ny\r\n\tz\"\n}", "{\n\"a\": \"x\\ny\\r\\n\\tz\"\n}"),
            ("{\"a\": \"\\\"\n\\\\\"}", "{\"a\": \"\\\"\\n\\\\\"}"),
            ("{\n\"a\": 1}", "{\n\"a\": 1}"),
            ("he said \"a\nb\"", "he said \"a\nb\""),
            ("plain\ntext", "plain\ntext"),
            ("", ""),
        ] {
            assert_eq!(with_line_ends_in_texts(text.to_owned()), expected);
        }
    }
}
