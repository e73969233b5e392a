//! Shows a button whose action is asked about once more before it is done.

use leptos::prelude::*;

use crate::ui::browser;

/// A button that asks before it acts.
#[component]
pub(in crate::ui) fn Confirmation(
    /// The id of the button.
    id: String,
    /// What the button does, such as "Remove".
    action: &'static str,
    /// What is lost.
    question: &'static str,
    confirmed: Callback<()>,
) -> impl IntoView {
    let is_asked = RwSignal::new(false);
    let answer_id = format!("{id}-answer");
    let focus = |id: String| request_animation_frame(move || browser::focus(&id));
    let view = move || {
        let (id, answer_id) = (id.clone(), answer_id.clone());
        if !is_asked.get() {
            let ask = move |_| {
                is_asked.set(true);
                focus(answer_id.clone());
            };
            return view! {
                <button type="button" id=id class="quiet" on:click=ask>
                    {action} "…"
                </button>
            }
            .into_any();
        }
        let question_id = format!("{id}-question");
        let keep = move |_| {
            is_asked.set(false);
            focus(id.clone());
        };
        let act = move |_| {
            is_asked.set(false);
            confirmed.run(());
        };
        view! {
            <span class="question" role="group" aria-labelledby=question_id.clone()>
                <span id=question_id.clone()>{question}</span>
                <button type="button" class="danger" on:click=act>
                    {action}
                </button>
                <button type="button" class="quiet" id=answer_id on:click=keep>
                    "Keep"
                </button>
            </span>
        }
        .into_any()
    };
    view! { {view} }
}
