//! Shows what was reported over the last 90 days, as the server draws it.

use leptos::prelude::*;

use super::{Shown, page_state::StatisticsState};
use crate::ui::{
    answer::FetchState,
    html_box::{html_box, text_memo},
    texts::statistics,
};

#[component]
pub(super) fn Reported(desk: StatisticsState) -> impl IntoView {
    let arrival = Memo::new(move |_| desk.history.state.with(FetchState::arrival));
    let html = text_memo(move || {
        desk.history.state.with(|charts| charts.here().map(|charts| charts_html(charts))).unwrap_or_default()
    });
    let here = move |()| html_box("charts", html);
    view! {
        <section class="card" aria-labelledby="reported-title">
            <h2 id="reported-title">{statistics::REPORTED}</h2>
            <p class="note">{statistics::REPORTED_ROWS}</p>
            {move || view! { <Shown fetched=arrival.get() here /> }}
        </section>
    }
}

/// The charts, or that there is nothing to draw.
fn charts_html(charts: &str) -> String {
    if charts.is_empty() {
        return ["<p class=\"note\">", statistics::NOTHING_TO_DRAW, "</p>"].concat();
    }
    charts.to_owned()
}
