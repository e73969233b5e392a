//! Renders the message for browsers that cannot run the web interface: without WebAssembly or JavaScript, or
//! too old.
//!
//! It is in every page. `ui.js` removes it before it starts the interface, and restores it if that fails.
//! With scripts, `style.css` shows it only if `ui.js` has not loaded within some seconds.

/// The element. `base` needs no escaping: see [`BasePath`](crate::config::BasePath).
pub(super) fn html(base: &str, is_on: bool) -> String {
    let state = if is_on { "On" } else { "Off" };
    format!(
        r#"<div id="plain" role="main">
<h1>Anonymous usage statistics</h1>
<p>Usage statistics: <strong>{state}</strong></p>
<p class="note">The pages of this server need WebAssembly, which this browser does not run. This one does without.</p>
<h2>What is sent</h2>
<p>Reports about this installation: its version; which integrations are set up; which kinds of clouds and services there are; how many
projects, nodes, applications and instances; which kinds of pages were opened, in which display sizes, by how many browsers; how
long this program takes, what it costs, and profiles of it. No names of projects, applications or hosts, no addresses,
and nothing that anyone wrote.</p>
<h2>Where the report is</h2>
<ul>
<li><a href="{base}api/usage-statistics/preview">The report as it would be sent now</a></li>
<li><a href="{base}api/usage-statistics/reports">The reports that wait or were sent</a>; each is at that address with
<code>/</code> and its <code>id</code> behind it</li>
<li><a href="{base}api/usage-statistics">Where reports go, and when the next one does</a></li>
</ul>
<h2>How to switch it off</h2>
<p>Start the server with <code>--disable-usage-statistics</code>, or with <code>DISABLE_USAGE_STATISTICS=1</code> or
<code>DO_NOT_TRACK=1</code> in its environment. While it runs, <code>PUT {base}api/usage-statistics</code> with
<code>{{"enabled":false}}</code> and the administrator's token does the same, and it is remembered.</p>
</div>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_sent_where_the_report_is_and_how_to_switch_off() {
        let html = html("/coroot/", true);
        for said in [
            "<strong>On</strong>",
            "What is sent",
            r#"href="/coroot/api/usage-statistics/preview""#,
            r#"href="/coroot/api/usage-statistics/reports""#,
            "<code>--disable-usage-statistics</code>",
            "<code>DO_NOT_TRACK=1</code>",
            r#"<code>{"enabled":false}</code>"#,
        ] {
            assert!(html.contains(said), "{said}");
        }
        assert!(super::html("/", false).contains("<strong>Off</strong>"));
    }

    #[test]
    fn it_needs_no_script_and_no_style_of_its_own() {
        for other in ["<script", "style=", "onclick"] {
            assert!(!html("/", true).contains(other), "{other}");
        }
    }
}
