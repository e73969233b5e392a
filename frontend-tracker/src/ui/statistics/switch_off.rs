//! Says how to switch usage statistics off without this page, in texts to copy.

use leptos::prelude::*;

use crate::ui::browser;

/// A way to switch off.
struct WayOff {
    /// The id of its text in the page.
    id: &'static str,
    title: &'static str,
    text: &'static str,
}

const WAYS: [WayOff; 6] = [
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
    let ways = WAYS.into_iter().map(|WayOff { id, title, text }| {
        let copied = RwSignal::new("");
        let copy = move |_| copied.set(if browser::copy(id, text) { "Copied" } else { "Selected: copy it" });
        view! {
            <div class="copyable">
                <p id=format!("{id}-title")>{title}</p>
                <pre id=id tabindex="0" role="group" aria-labelledby=format!("{id}-title")>{text}</pre>
                <button type="button" class="quiet" aria-describedby=format!("{id}-title") on:click=copy>"Copy"</button>
                <span class="note" role="status">{copied}</span>
            </div>
        }
    });
    view! {
        <section class="card" aria-labelledby="off-title">
            <h2 id="off-title">"Switch it off without this page"</h2>
            <p class="note">
                "Any one of these is enough, for the whole run: nothing is counted, stored or sent. Whatever says off wins over "
                "whatever says on."
            </p>
            {ways.collect_view()}
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_has_the_same_names() {
        let manual = include_str!("../../../../docs/operating.md");
        for WayOff { text, .. } in WAYS {
            for line in text.lines() {
                assert!(manual.contains(line.trim_start_matches("export ")), "{line}");
            }
        }
    }
}
