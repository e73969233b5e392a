//! Writes a text as a literal of a statement. Servers before 19.12 know no parameters.

/// The text in quotes, escaped, for the place of a value in a statement.
#[must_use]
pub fn sql_literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for character in text.chars() {
        match character {
            '\\' | '\'' => literal.extend(['\\', character]),
            '\0' => literal.push_str("\\0"),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_literal_is_escaped() {
        for (text, literal) in [
            ("", "''"),
            ("plain", "'plain'"),
            ("it's", r"'it\'s'"),
            (r"a\", r"'a\\'"),
            (r"\' OR 1", r"'\\\' OR 1'"),
            ("a\0b", r"'a\0b'"),
            ("ü\n", "'ü\n'"),
        ] {
            assert_eq!(sql_literal(text), literal);
        }
    }
}
