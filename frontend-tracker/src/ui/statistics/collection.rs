//! Shows the switch, and what switching off deletes.

use leptos::prelude::*;

use super::{Shown, forgetting, page_state::StatisticsState};
use crate::ui::answer::FetchState;

#[component]
pub(super) fn Collection(desk: StatisticsState) -> impl IntoView {
    let status = Memo::new(move |_| desk.status.with(FetchState::arrival));
    let here = move |()| view! { <Switch desk /> }.into_any();
    view! {
        <section class="card" aria-labelledby="collection-title">
            <h2 id="collection-title">"Collection"</h2>
            {move || view! { <Shown fetched=status.get() here /> }}
            {move || desk.switch_failure.get().map(|why| view! { <p class="failure" role="alert">{why}</p> })}
        </section>
    }
}

/// The switch element stays while its state changes, so that it keeps the focus.
#[component]
fn Switch(desk: StatisticsState) -> impl IntoView {
    let enabled =
        Memo::new(move |_| desk.status.with(|status| status.here().is_some_and(|status| status.enabled)));
    let disabled_by = Memo::new(move |_| {
        desk.status.with(|status| status.here().and_then(|status| status.disabled_by.clone()))
    });
    let state = move || if enabled.get() { "On" } else { "Off" };
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
                    <span id="switch-label">"Usage statistics"</span>
                    ": "
                    <strong>{state}</strong>
                </p>
                <p id="switch-meaning" class="note">
                    {move || meaning(enabled.get(), disabled_by.read().as_deref())}
                    {move || enabled.get().then(|| deleted(desk))}
                </p>
            </div>
        </div>
    }
}

/// What switching off would delete, as far as that is known.
fn deleted(desk: StatisticsState) -> Option<String> {
    desk.forgets.with(|forgets| forgets.here().map(|forgets| format!(" {}", forgetting::sentence(forgets))))
}

/// What the state of the switch means for the user.
fn meaning(enabled: bool, disabled_by: Option<&str>) -> String {
    match disabled_by {
        Some(by) => {
            format!("Switched off for this run by {by}. Start the server without it to collect again.")
        }
        None if enabled => {
            "Counts and reports are being made. Switching off deletes what was observed and counted and did not leave, \
             and the charts of what was reported. Settings and reports that left stay."
                .to_owned()
        }
        None => "Nothing is counted or sent. This is remembered across restarts.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::meaning;

    #[test]
    fn what_switched_it_off_is_told_before_all_else() {
        let text = meaning(false, Some("DO_NOT_TRACK=1"));
        assert!(text.starts_with("Switched off for this run by DO_NOT_TRACK=1."), "{text}");
        assert_ne!(meaning(true, None), meaning(false, None));
    }
}
