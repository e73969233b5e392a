//! Shows what was reported over the last 90 days, as the server draws it.

use leptos::prelude::*;

use super::{Shown, page_state::StatisticsState};

#[component]
pub(super) fn Reported(desk: StatisticsState) -> impl IntoView {
    let history = Memo::new(move |_| desk.history.get());
    let here = |charts: String| {
        if charts.is_empty() {
            return view! { <p class="note">"No report was delivered yet, so there is nothing to draw."</p> }
                .into_any();
        }
        view! { <div class="charts" inner_html=charts></div> }.into_any()
    };
    view! {
        <section class="card" aria-labelledby="reported-title">
            <h2 id="reported-title">"What was reported over time"</h2>
            <p class="note">
                "The server keeps a row of numbers of each report that was delivered, for 90 days: no browser, no "
                "profile, no name. Switching usage statistics off deletes them."
            </p>
            {move || view! { <Shown fetched=history.get() here /> }}
        </section>
    }
}
