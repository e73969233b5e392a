//! Renders the message for browsers that cannot run the web interface: without WebAssembly or JavaScript, or
//! too old.
//!
//! It is in every page. `ui.js` removes it before it starts the interface, and restores it if that fails.
//! With scripts, `style.css` shows it only if `ui.js` has not loaded within some seconds.

use headcount_shared::delivery::DELIVERY_HEADERS;

/// What a report holds, after the words that begin the sentence.
const CONTENT: &str = "a random id of this installation, the version, and the kind of the settings database; which \
     integrations are set up, which kinds of alerting, how many application categories, and which thresholds of inspections \
     are overridden how often; which kinds of clouds and services there are; how many projects, nodes, applications, instances \
     and rollouts, and what rollouts changed; which kinds of pages were opened, in which display sizes, and by which browsers, \
     under pseudonyms; how many notifications were sent to which kinds of destinations; how long this program and its queries \
     take, what it costs, and profiles of it. No names of people, projects, applications or hosts, and no addresses.";

/// The element. `base` needs no escaping: see [`BasePath`](crate::config::BasePath).
pub(super) fn html(base: &str, is_on: bool) -> String {
    let (state, content) = if is_on {
        ("On", "Reports about this installation. A report holds")
    } else {
        ("Off", "Nothing, while usage statistics are off. While they are on, a report holds")
    };
    let headers = DELIVERY_HEADERS.iter().map(|header| format!("<code>{}</code>", header.name));
    let headers = headers.collect::<Vec<_>>().join(", ");
    let rest = if is_on { while_on(base) } else { while_off(base) };
    format!(
        r#"<div id="plain" role="main">
<h1>Anonymous usage statistics</h1>
<p>Usage statistics: <strong>{state}</strong></p>
<p class="note">The pages of this server need scripts and WebAssembly, which did not start here. This page does without.</p>
<h2>What is sent</h2>
<p>{content} {CONTENT}</p>
<p>A report is one HTTP request, with no other headers than {headers}.</p>
{rest}
</div>"#
    )
}

/// Where reports are and how to switch them off.
fn while_on(base: &str) -> String {
    format!(
        r#"<h2>Where the report is</h2>
<ul>
<li><a href="{base}api/usage-statistics/preview">The report as it would be sent now</a></li>
<li><a href="{base}api/usage-statistics/reports">The reports that wait or were sent</a>; each is at that address with
<code>/</code> and its <code>id</code> behind it</li>
<li><a href="{base}api/usage-statistics">Where reports go, and when the next one does</a></li>
</ul>
<h2>How to switch it off</h2>
<p>Start the server with <code>--disable-usage-statistics</code>, or with <code>DISABLE_USAGE_STATISTICS=1</code> or
<code>DO_NOT_TRACK=1</code> in its environment. While it runs, <code>PUT {base}api/usage-statistics</code> with
<code>{{"enabled":false}}</code> and the administrator's token switches it off, and that is remembered.</p>"#
    )
}

/// Where reports are that left before, and how to switch them on.
fn while_off(base: &str) -> String {
    format!(
        r#"<h2>Where the reports are</h2>
<ul>
<li><a href="{base}api/usage-statistics/reports">The reports that left before</a>; each is at that address with
<code>/</code> and its <code>id</code> behind it</li>
<li><a href="{base}api/usage-statistics">Where reports would go</a></li>
</ul>
<h2>How to switch it on</h2>
<p><code>PUT {base}api/usage-statistics</code> with <code>{{"enabled":true}}</code> and the administrator's token switches it on, and
that is remembered. A server that is started with <code>--disable-usage-statistics</code>, or with
<code>DISABLE_USAGE_STATISTICS=1</code> or <code>DO_NOT_TRACK=1</code> in its environment, stays off for the whole run.</p>"#
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
            "Reports about this installation. A report holds a random id of this installation, ",
            "<code>deletion-commitment</code>",
            r#"href="/coroot/api/usage-statistics/preview""#,
            r#"href="/coroot/api/usage-statistics/reports""#,
            "<code>--disable-usage-statistics</code>",
            "<code>DO_NOT_TRACK=1</code>",
            r#"<code>{"enabled":false}</code>"#,
        ] {
            assert!(html.contains(said), "{said}");
        }
    }

    #[test]
    fn while_off_it_says_how_to_switch_on_and_leads_to_what_answers() {
        let html = html("/coroot/", false);
        for said in [
            "<strong>Off</strong>",
            "Nothing, while usage statistics are off. While they are on, a report holds a random id",
            r#"href="/coroot/api/usage-statistics/reports""#,
            r#"<code>{"enabled":true}</code>"#,
        ] {
            assert!(html.contains(said), "{said}");
        }
        assert!(!html.contains("preview") && !html.contains("How to switch it off"), "{html}");
    }

    #[test]
    fn it_needs_no_script_and_no_style_of_its_own() {
        for (other, is_on) in [("<script", true), ("style=", true), ("onclick", false), ("<script", false)] {
            assert!(!html("/", is_on).contains(other), "{other}");
        }
    }
}
