//! Says how to switch usage statistics off without this page, in texts to copy.

use leptos::{prelude::*, task::spawn_local};

use super::html_part::{HtmlPart, PressedButton};
use crate::ui::{
    browser,
    html::{escaped, push},
    texts::statistics::{self, WAYS_OFF},
};

/// The ids of the texts in the page.
const IDS: [&str; WAYS_OFF.len()] =
    ["off-flag", "off-variable", "off-everywhere", "off-file", "off-docker", "off-kubernetes"];

#[component]
pub(super) fn SwitchOff() -> impl IntoView {
    let copied = RwSignal::new(String::new());
    let html = Memo::new(move |_| copied.with(|copied| ways_html(copied)));
    let press = move |(_, id): PressedButton<'_>| {
        if let Some((id, (_, text))) = IDS.into_iter().zip(WAYS_OFF).find(|(own, _)| *own == id) {
            spawn_local(async move {
                if browser::copy(id, text).await {
                    copied.try_set(id.to_owned());
                    browser::focus_soon([id, "-copy"].concat());
                }
            });
        }
    };
    view! {
        <section class="card" aria-labelledby="off-title">
            <h2 id="off-title">{statistics::SWITCH_OFF}</h2>
            <p class="note">{statistics::ANY_IS_ENOUGH}</p>
            <HtmlPart html press=Box::new(press) />
        </section>
    }
}

/// The ways as HTML, of which one was copied.
fn ways_html(copied: &str) -> String {
    let mut html = String::new();
    for (id, (title, text)) in IDS.into_iter().zip(WAYS_OFF) {
        let label = if id == copied { statistics::COPIED } else { statistics::COPY };
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
    fn each_way_has_its_text_and_a_button() {
        let html = ways_html("off-docker");
        assert_eq!(
            (html.matches("data-act=\"copy\"").count(), html.matches(">Copied<").count()),
            (WAYS_OFF.len(), 1)
        );
        assert!(html.contains("value: &quot;1&quot;</pre>"), "{html}");
    }
}
