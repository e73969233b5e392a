//! Says how to switch usage statistics off without this page, in texts to copy.

use leptos::{prelude::*, task::spawn_local};

use super::html_part::{HtmlPart, PressedButton};
use crate::ui::{
    browser,
    html::{escaped, push},
};

/// A way to switch off.
struct WayOff {
    /// The id of its text in the page.
    id: &'static str,
    title: &'static str,
    text: &'static str,
}

static WAYS: [WayOff; 6] = [
    WayOff { id: "off-flag", title: "Flag", text: "headcount serve --disable-usage-statistics" },
    WayOff { id: "off-variable", title: "Environment", text: "DISABLE_USAGE_STATISTICS=1 headcount serve" },
    WayOff { id: "off-everywhere", title: "For all programs that obey it", text: "export DO_NOT_TRACK=1" },
    WayOff { id: "off-file", title: "File that --config names", text: "disable-usage-statistics = true" },
    WayOff { id: "off-docker", title: "Docker", text: "docker run -e DISABLE_USAGE_STATISTICS=1 …" },
    WayOff {
        id: "off-kubernetes",
        title: "Kubernetes, in the container",
        text: "env:\n  - name: DISABLE_USAGE_STATISTICS\n    value: \"1\"",
    },
];

#[component]
pub(super) fn SwitchOff() -> impl IntoView {
    let copied = RwSignal::new(String::new());
    let html = Memo::new(move |_| copied.with(|copied| ways_html(copied)));
    let press = move |(_, id): PressedButton<'_>| {
        if let Some(WayOff { id, text, .. }) = WAYS.iter().find(|way| way.id == id) {
            spawn_local(async move {
                if browser::copy(id, text).await {
                    copied.try_set((*id).to_owned());
                    browser::focus_soon([id, "-copy"].concat());
                }
            });
        }
    };
    view! {
        <section class="card" aria-labelledby="off-title">
            <h2 id="off-title">"Switch it off without this page"</h2>
            <p class="note">
                "Any one of these is enough, for the whole run: nothing is counted, stored or sent. Whatever says off "
                "wins over whatever says on."
            </p>
            <HtmlPart html press=Box::new(press) />
        </section>
    }
}

/// The ways as HTML, of which one was copied.
fn ways_html(copied: &str) -> String {
    let mut html = String::new();
    for WayOff { id, title, text } in &WAYS {
        let label = if *id == copied { "Copied" } else { "Copy" };
        push(
            &mut html,
            &[
                "<div class=\"copyable\"><p id=\"",
                id,
                "-title\">",
                title,
                "</p><pre id=\"",
                id,
                "\" tabindex=\"0\" role=\"group\" aria-labelledby=\"",
                id,
                "-title\">",
                &escaped(text),
                "</pre><button type=\"button\" class=\"quiet\" id=\"",
                id,
                "-copy\" data-act=\"copy\" data-of=\"",
                id,
                "\" aria-describedby=\"",
                id,
                "-title\">",
                label,
                "</button></div>",
            ],
        );
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_has_the_same_names() {
        let manual = include_str!("../../../../docs/operating.md");
        for WayOff { text, .. } in &WAYS {
            for line in text.lines() {
                assert!(manual.contains(line.trim_start_matches("export ")), "{line}");
            }
        }
    }

    #[test]
    fn each_way_has_its_text_and_a_button() {
        let html = ways_html("off-docker");
        assert_eq!(
            (html.matches("data-act=\"copy\"").count(), html.matches(">Copied<").count()),
            (WAYS.len(), 1)
        );
        assert!(html.contains("value: &quot;1&quot;</pre>"), "{html}");
    }
}
