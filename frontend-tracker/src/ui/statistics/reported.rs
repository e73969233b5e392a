//! Shows what was reported over the last 90 days, as the server draws it.

use leptos::prelude::*;

use super::{Shown, page_state::StatisticsState};
use crate::ui::texts::statistics;

#[component]
pub(super) fn Reported(desk: StatisticsState) -> impl IntoView {
    let history = Memo::new(move |_| desk.history.state.get());
    let here = |charts: String| {
        if charts.is_empty() {
            return view! { <p class="note">{statistics::NOTHING_TO_DRAW}</p> }.into_any();
        }
        view! { <div class="charts" inner_html=charts></div> }.into_any()
    };
    view! {
        <section class="card" aria-labelledby="reported-title">
            <h2 id="reported-title">{statistics::REPORTED}</h2>
            <p class="note">{statistics::REPORTED_ROWS}</p>
            {move || view! { <Shown fetched=history.get() here /> }}
        </section>
    }
}
