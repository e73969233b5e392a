//! The page of a server on which usage statistics are off for the whole run. It is public, works without script, and says what
//! switched them off.

/// The page. `base` needs no escaping: see [`BasePath`](crate::config::BasePath).
pub(super) fn html(base: &str, by: &str) -> String {
    let by = escaped(by);
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Usage statistics are off – Headcount</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{base}static/style.css">
</head>
<body>
<main id="main">
<h1>Anonymous usage statistics</h1>
<section class="card" aria-labelledby="collection-title">
<h2 id="collection-title">Collection</h2>
<p>Usage statistics: <strong>Off</strong></p>
<p class="note">Switched off for this run by <code>{by}</code>. Nothing is counted, observed, stored or sent. To collect again,
start the server without it.</p>
</section>
</main>
</body>
</html>
"#
    )
}

/// Text as it stands in an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
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
