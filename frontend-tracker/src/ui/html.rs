//! Writes HTML: texts that stay texts, and the parts that several pages have.

use headcount_shared::api::Severity;

use super::texts::{
    self,
    format::{age, ago, time, timestamp},
};

/// Something that is on its way.
pub(super) const LOADING: &str = texts::frame::LOADING_HTML;

/// Adds parts, which are HTML.
pub(super) fn push(html: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| html.push_str(part));
}

/// Adds a text, which stays one whatever is in it, also within quotes.
pub(super) fn push_text(html: &mut String, text: &str) {
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
}

/// A text as HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    push_text(&mut html, text);
    html
}

/// A section with a heading, whose content is HTML already.
pub(super) fn card(id: &str, title: &str, content: &str) -> String {
    format!(
        r#"<section class="card" aria-labelledby="{id}-title"><h2 id="{id}-title">{title}</h2>{content}</section>"#
    )
}

/// The name of a table, which only screen readers read, and its columns.
pub(super) fn table_head(name: &str, columns: &[&str]) -> String {
    let mut html = String::new();
    push(&mut html, &["<caption class=\"visually-hidden\">", name, "</caption><thead><tr>"]);
    for column in columns {
        push(&mut html, &["<th scope=\"col\">", column, "</th>"]);
    }
    html.push_str("</tr></thead>");
    html
}

/// A failure that is read out.
pub(super) fn failure(why: &str) -> String {
    [r#"<p class="failure" role="alert">"#, &escaped(why), "</p>"].concat()
}

/// A severity as a sign and a colour, beside a word for it.
pub(super) fn severity_badge(severity: Severity, word: &str) -> String {
    let (class, sign) = match severity {
        Severity::Ok | Severity::Info => ("good", "✓"),
        Severity::Warning => ("warn", "!"),
        Severity::Critical => ("bad", "✕"),
        Severity::Unknown => ("neutral", "?"),
    };
    ["<span class=\"badge ", class, "\"><span aria-hidden=\"true\">", sign, " </span>", word, "</span>"]
        .concat()
}

/// A failure that is read out, and the button that tries again to load `part`.
pub(super) fn failure_again(why: &str, part: &str) -> String {
    let again = texts::frame::TRY_AGAIN;
    failure(why)
        + &format!(
            r#"<p><button type="button" class="quiet" data-act="{AGAIN}" data-part="{part}">{again}</button></p>"#
        )
}

/// The `data-act` of the button that tries again to load its `data-part`.
pub(super) const AGAIN: &str = "again";

/// A point in time, in Unix seconds: how long ago, and exact.
pub(super) fn moment(at: u64, now: u64) -> String {
    beside_exact(&ago(at, now), at)
}

/// The same without the seconds of how long ago it was.
pub(super) fn coarse_moment(at: u64, now: u64) -> String {
    beside_exact(&age(at, now), at)
}

fn beside_exact(age: &str, at: u64) -> String {
    let (stamp, exact) = (timestamp(at), time(at));
    [age, r#" <time class="exact" datetime=""#, &stamp, r#"">"#, &exact, "</time>"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text_between_tags_and_in_attributes() {
        assert_eq!(escaped(r#"<a href="x">&'é"#), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;é");
        assert!(failure("<b>").contains("&lt;b&gt;"));
    }

    #[test]
    fn a_moment_is_relative_and_exact() {
        let shown = moment(1_678_113_877, 1_678_113_907);
        let exact = r#"<time class="exact" datetime="2023-03-06T14:44:37Z">6 Mar 2023, 14:44:37 UTC</time>"#;
        assert_eq!(shown, format!("30 s ago {exact}"));
    }
}
