//! Shows the report as it would be sent now.

use leptos::prelude::*;

use super::{document_view::DocumentView, page_state::StatisticsState, this_browser::ThisBrowser};

#[component]
pub(super) fn Preview(desk: StatisticsState) -> impl IntoView {
    let is_on = desk.is_on();
    Effect::new(move || {
        if is_on.get() == Some(true) && desk.preview.source.with_untracked(Option::is_none) {
            desk.load_preview();
        }
    });
    view! {
        <section class="card" aria-labelledby="preview-title">
            <h2 id="preview-title">"The next report"</h2>
            {move || match is_on.get() {
                Some(false) => {
                    view! { <p class="lead">"Nothing would be sent: usage statistics are off."</p> }.into_any()
                }
                _ => view! { <Current desk /> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Current(desk: StatisticsState) -> impl IntoView {
    let is_waiting = desk.preview.is_loading;
    view! {
        <p class="note">
            "Looking changes nothing: the report is put together as it would be sent now, and nothing is sent."
        </p>
        <p>
            <button type="button" disabled=is_waiting on:click=move |_| desk.load_preview()>"Refresh the preview"</button>
        </p>
        <div aria-busy=move || is_waiting.get().to_string()>
            <DocumentView desk cell=desk.preview id="preview-profile" />
        </div>
        <ThisBrowser desk />
    }
}
