//! Writes HTML.

/// A text as text in HTML, also within quotes.
pub(in crate::ui) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

/// A section with a heading, whose content is HTML already.
pub(in crate::ui) fn card(id: &str, title: &str, content: &str) -> String {
    format!(
        r#"<section class="card" aria-labelledby="{id}-title"><h2 id="{id}-title">{title}</h2>{content}</section>"#
    )
}

/// A failure that is read out.
pub(in crate::ui) fn failure(why: &str) -> String {
    format!(r#"<p class="failure" role="alert">{}</p>"#, escaped(why))
}

/// Something that is on its way.
pub(in crate::ui) const LOADING: &str = r#"<p class="waiting">Loading…</p>"#;

/// A point in time: how long ago, and exact.
pub(in crate::ui) fn moment(at: u64, now: u64) -> String {
    use crate::ui::format::{ago, time, timestamp};
    format!(r#"{}<small><time datetime="{}">{}</time></small>"#, ago(at, now), timestamp(at), time(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text() {
        assert_eq!(escaped(r#"<a href="x">&'"#), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
        assert!(failure("<b>").contains("&lt;b&gt;"));
    }
}
