//! Shows the switch, and what switching off deletes.

use leptos::prelude::*;

use super::{WithStatus, page_state::StatisticsState};
use crate::ui::texts::{delivery::would_delete, frame::USAGE_STATISTICS, statistics};

#[component]
pub(super) fn Collection(desk: StatisticsState) -> impl IntoView {
    let here = move || view! { <Switch desk /> }.into_any();
    Effect::new(move |failed: Option<bool>| {
        let fails = desk.status.failure.with(Option::is_some);
        // A failure to switch is over once the server answers again.
        if failed == Some(true) && !fails {
            desk.switch_failure.set(None);
        }
        fails
    });
    view! {
        <section class="card" aria-labelledby="collection-title">
            <h2 id="collection-title">{statistics::COLLECTION}</h2>
            <WithStatus desk here=Box::new(here) />
            {move || desk.switch_failure.get().map(|why| view! { <p class="failure" role="alert">{why}</p> })}
        </section>
    }
}

/// The switch element stays while its state changes, so that it keeps the focus.
#[component]
fn Switch(desk: StatisticsState) -> impl IntoView {
    let is_on = desk.is_on();
    let enabled = Memo::new(move |_| is_on.get() == Some(true));
    let disabled_by = Memo::new(move |_| {
        desk.status.state.with(|status| status.here().and_then(|status| status.disabled_by.clone()))
    });
    let state = move || if enabled.get() { statistics::ON } else { statistics::OFF };
    view! {
        <div class="switch-row">
            <button
                type="button"
                role="switch"
                class="switch"
                aria-checked=move || enabled.get().to_string()
                aria-labelledby="switch-label"
                aria-describedby="switch-meaning"
                aria-busy=move || desk.is_switching.get().to_string()
                disabled=move || disabled_by.read().is_some()
                on:click=move |_| desk.switch(!enabled.get_untracked())
            >
                <span class="knob" aria-hidden="true"></span>
            </button>
            <div>
                <p class="switch-label">
                    <span id="switch-label">{USAGE_STATISTICS}</span>
                    ": "
                    <strong>{state}</strong>
                </p>
                <p id="switch-meaning" class="note">
                    {move || statistics::switch_meaning(enabled.get(), disabled_by.read().as_deref())}
                    {move || enabled.get().then(|| deleted(desk))}
                </p>
            </div>
        </div>
    }
}

/// What switching off would delete, as far as that is known.
fn deleted(desk: StatisticsState) -> Option<String> {
    desk.forgets.state.with(|forgets| forgets.here().map(|forgets| format!(" {}", would_delete(forgets))))
}
