//! Shows the report as it would be sent now.

use leptos::prelude::*;

use super::{
    Time, WithStatus, document_view::DocumentView, page_state::StatisticsState, this_browser::ThisBrowser,
};
use crate::ui::texts::{format, statistics};

#[component]
pub(super) fn Preview(desk: StatisticsState) -> impl IntoView {
    let is_on = desk.is_on();
    Effect::new(move || match is_on.get() {
        Some(true) if desk.preview.source.with_untracked(Option::is_none) => desk.load_preview(),
        // When they are on again, the next report is another one.
        Some(false) => desk.preview.clear(),
        _ => {}
    });
    let here = move || {
        let shown = move || match is_on.get() {
            Some(false) => view! { <p class="lead">{statistics::NOTHING_WOULD_BE_SENT}</p> }.into_any(),
            _ => view! { <Current desk /> }.into_any(),
        };
        shown.into_any()
    };
    view! {
        <section class="card" aria-labelledby="preview-title">
            <h2 id="preview-title">{statistics::NEXT_REPORT}</h2>
            <WithStatus desk here=Box::new(here) />
        </section>
    }
}

#[component]
fn Current(desk: StatisticsState) -> impl IntoView {
    let is_waiting = desk.preview.is_loading;
    let is_busy = move || is_waiting.get().to_string();
    // It is not disabled meanwhile, which would take the focus away.
    let refresh = move |_| {
        if !is_waiting.get_untracked() {
            desk.load_preview();
        }
    };
    view! {
        <p class="note">{statistics::LOOKING_CHANGES_NOTHING}</p>
        <div class="buttons">
            <button type="button" aria-busy=is_busy on:click=refresh>{statistics::REFRESH_PREVIEW}</button>
            <Age desk />
        </div>
        <div aria-busy=is_busy>
            <DocumentView desk cell=desk.preview id="preview-report" />
        </div>
        <ThisBrowser desk />
    }
}

/// How old the preview is.
#[component]
fn Age(desk: StatisticsState) -> impl IntoView {
    let at = Memo::new(move |_| {
        desk.preview.document.with(|document| document.as_ref().map(|document| document.answered_at))
    });
    move || {
        at.get().map(|at| {
            view! {
                <span class="note">
                    {move || statistics::put_together(&format::ago(at, desk.server_time()))}
                    <span class="exact"><Time unix_seconds=at /></span>
                </span>
            }
        })
    }
}
