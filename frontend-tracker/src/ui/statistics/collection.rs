//! The switch.

use headcount_shared::api::Status;
use leptos::prelude::*;

use super::{Shown, desk::Desk};
use crate::ui::answer::sentence;

#[component]
pub(super) fn Collection(desk: Desk) -> impl IntoView {
    let here = move |status: Status| view! { <Switch desk status /> }.into_any();
    view! {
        <section class="card" aria-labelledby="collection-title">
            <h2 id="collection-title">"Collection"</h2>
            {move || view! { <Shown fetched=desk.status.get() here /> }}
            {move || desk.switch_failure.get().map(|why| view! { <p class="failure" role="alert">{why}</p> })}
        </section>
    }
}

#[component]
fn Switch(desk: Desk, status: Status) -> impl IntoView {
    let Status { enabled, disabled_by, .. } = status;
    let is_forced = disabled_by.is_some();
    let state = if enabled { "On" } else { "Off" };
    let meaning = match &disabled_by {
        Some(by) => {
            format!("Switched off for this run: {} Change that and restart to collect again.", sentence(by))
        }
        None if enabled => {
            "Counts and reports are being made. Switching off forgets what was counted.".to_owned()
        }
        None => "Nothing is counted, kept or sent. This is remembered across restarts.".to_owned(),
    };
    view! {
        <div class="switch-row">
            <button
                type="button"
                role="switch"
                class="switch"
                aria-checked=enabled.to_string()
                aria-labelledby="switch-label"
                aria-describedby="switch-meaning"
                disabled=move || is_forced || desk.is_switching.get()
                on:click=move |_| desk.switch(!enabled)
            >
                <span class="knob" aria-hidden="true"></span>
            </button>
            <div>
                <p id="switch-label" class="switch-label">"Usage statistics: " <strong>{state}</strong></p>
                <p id="switch-meaning" class="note">{meaning}</p>
            </div>
        </div>
    }
}
