//! Renders the page of a server on which usage statistics are off for the whole run. It is public, works
//! without script, and names what switched them off.

use headcount_web::document::{HtmlDocument, escaped, plain_header};

/// The page. `base` needs no escaping: see [`BasePath`](crate::config::BasePath).
pub(super) fn html(base: &str, by: &str) -> String {
    let by = escaped(by);
    let header = plain_header(base);
    let body = format!(
        r#"{header}
<main id="main">
<h1>Anonymous usage statistics</h1>
<section class="card" aria-labelledby="collection-title">
<h2 id="collection-title">Collection</h2>
<p>Usage statistics: <strong>Off</strong></p>
<p class="note">Switched off for this run by <code>{by}</code>. Nothing is counted, observed, stored or sent. To collect again,
start the server without it.</p>
</section>
</main>"#
    );
    let title = "Usage statistics are off – Headcount";
    HtmlDocument { base, title, stylesheet: "style.css", head: "", body: &body }.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_off_and_by_what_and_has_no_script() {
        let html = html("/coroot/", "DO_NOT_TRACK");
        assert!(html.contains("<strong>Off</strong>") && html.contains("<code>DO_NOT_TRACK</code>"));
        assert!(html.contains(r#"href="/coroot/static/style.css""#));
        for other in ["<script", "preload", "tracker"] {
            assert!(!html.contains(other), "{other}");
        }
    }

    #[test]
    fn what_switched_them_off_is_text() {
        assert!(html("/", "a <b> & c").contains("<code>a &lt;b&gt; &amp; c</code>"));
    }
}
