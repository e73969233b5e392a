//! Shows the form of settings that are stored at one address: reads, sets, tests and removes them.

use leptos::{prelude::*, task::spawn_local};
use serde_json::Value;

use super::{
    confirmation::Confirmation,
    form_fields::FormField,
    form_state::{FormMessage, FormState},
    form_view::FormView,
    requests::send,
    settings_page::SettingsPage,
};
use crate::ui::answer::FetchState;

/// The test of what a form configures.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) enum FormTest {
    /// What was typed is tested.
    Typed(&'static str),
    /// What is stored is tested.
    Stored(&'static str),
}

/// The form of the settings at `path`, below the project.
#[component]
pub(in crate::ui) fn StoredForm(
    page: SettingsPage,
    /// The address of the settings, below that of the project; empty for the project itself.
    path: String,
    /// The beginning of the ids of its elements.
    id: &'static str,
    fields: &'static [FormField],
    /// Whether there are such settings now.
    is_stored: RwSignal<bool>,
    #[prop(optional)] test: Option<FormTest>,
    /// What is lost with the settings, if they can be removed.
    #[prop(optional)]
    removal: Option<&'static str>,
) -> impl IntoView {
    let api = page.api;
    let address = StoredValue::new(page.address(&path));
    let form = FormState::new(api, id, fields, &Value::Null);
    let loaded = RwSignal::new(FetchState::Here(()));
    if is_stored.get_untracked() {
        loaded.set(FetchState::Waiting);
        spawn_local(async move {
            let answer = send(api, "GET", address.get_value(), None).await;
            let _closed = loaded.try_set(match answer {
                Ok(stored) => {
                    form.show(&stored);
                    FetchState::Here(())
                }
                Err(failure) => FetchState::Failed(failure.why),
            });
        });
    }
    let submit = Callback::new(move |()| {
        let Some(request) = form.request("") else { return };
        let then = move |stored: Value| {
            form.show(&stored);
            is_stored.set(true);
            form.say("Saved. It applies within seconds.");
        };
        form.run(Box::pin(send(api, "PUT", address.get_value(), Some(request.into()))), Box::new(then));
    });
    let remove = Callback::new(move |()| {
        let then = move |_| {
            form.show(&Value::Null);
            is_stored.set(false);
            form.say("Removed.");
        };
        form.run(Box::pin(send(api, "DELETE", address.get_value(), None)), Box::new(then));
    });
    let removal = move || {
        let question = removal.filter(|_| is_stored.get())?;
        let id = [id, "-remove"].concat();
        Some(view! { <Confirmation id action="Remove" question confirmed=remove /> })
    };
    let test = move || {
        let test = test?;
        let label = match test {
            FormTest::Typed(label) => label,
            FormTest::Stored(label) => Some(label).filter(|_| is_stored.get())?,
        };
        let run = move |_| run_test(form, [address.get_value().as_str(), "/test"].concat(), test);
        Some(view! {
            <button type="button" class="quiet" on:click=run>
                {label}
            </button>
        })
    };
    view! {
        {move || match loaded.get() {
            FetchState::Waiting => view! { <p class="waiting">"Loading…"</p> }.into_any(),
            FetchState::Failed(why) => view! { <p class="failure" role="alert">{why}</p> }.into_any(),
            FetchState::Here(()) => {
                view! {
                    <FormView form action="Save" read_only=page.is_read_only submit>
                        {test}
                        {removal}
                    </FormView>
                }
                    .into_any()
            }
        }}
    }
}

/// Sends a test to an address, and shows its sentence.
pub(in crate::ui) fn run_test(form: FormState, address: String, test: FormTest) {
    let body = match test {
        FormTest::Typed(_) => {
            // A new project is tested before it has a name.
            let Some(request) = form.request("name") else { return };
            Some(request.into())
        }
        FormTest::Stored(_) if form.is_changed.get_untracked() => {
            let why = "Save first: what is stored is tested, not what is typed.";
            form.message.set(Some(FormMessage::Failed(why.to_owned())));
            return;
        }
        FormTest::Stored(_) => None,
    };
    form.message.set(None);
    let then = move |answer: Value| {
        let sentence = answer["sentence"].as_str().unwrap_or_default().to_owned();
        let is_good = answer["accepted"] == true || answer["outcome"] == "ready";
        let message = if is_good { FormMessage::Done } else { FormMessage::Failed };
        form.message.set(Some(message(sentence)));
    };
    form.run(Box::pin(send(form.api, "POST", address, body)), Box::new(then));
}
