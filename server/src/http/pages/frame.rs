//! Renders what the page shows while the program of the web interface is on its way: the header, and that more is to
//! come.
//!
//! `ui.js` removes it when the interface is there, or cannot start. Without scripts, `style.css` leaves only the header.

use headcount_web::document::plain_header;

/// The element. `base` needs no escaping: see [`BasePath`](crate::config::BasePath).
pub(super) fn html(base: &str) -> String {
    let header = plain_header(base);
    format!(
        r#"<div id="frame">
{header}
<p class="waiting">Loading…</p>
</div>"#
    )
}
