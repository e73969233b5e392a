//! Puts HTML together from parts and texts.

/// Adds parts, which are HTML.
pub(super) fn push(html: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| html.push_str(part));
}

/// Adds a text, which stays one whatever is in it.
pub(super) fn push_text(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
}

/// A text as HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::new();
    push_text(&mut html, text);
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text_between_tags_and_in_attributes() {
        assert_eq!(escaped("\"><b>&é"), "&quot;&gt;&lt;b&gt;&amp;é");
    }
}
