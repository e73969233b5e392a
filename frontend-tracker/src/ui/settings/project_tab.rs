//! The tab of the project itself: its name, and its end.

use leptos::prelude::*;

use super::{
    confirmation::Confirmation, form_fields::PROJECT_NAME, form_state::FormState, requests::send,
    settings_page::SettingsPage, stored_form::StoredForm,
};
use crate::ui::browser;

#[component]
pub(super) fn ProjectTab(page: SettingsPage) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="name-title">
            <h2 id="name-title">"Name"</h2>
            <p class="note">"Everything that belongs to the project stays. The name is in no report."</p>
            <StoredForm page path=String::new() id="project" fields=PROJECT_NAME is_stored=RwSignal::new(true) />
        </section>
        <section class="card" aria-labelledby="end-title">
            <h2 id="end-title">"Delete"</h2>
            <p>
                "What was observed of " <strong>{page.name()}</strong>
                ", its settings, rollouts, incidents and notifications are deleted. Reports that were sent stay as they are."
            </p>
            <DeleteProject page />
        </section>
    }
}

#[component]
fn DeleteProject(page: SettingsPage) -> impl IntoView {
    let form = FormState::new(page.api, "end", &[], &serde_json::Value::Null);
    let confirmed = Callback::new(move |()| {
        let request = send(page.api, "DELETE", page.address(""), None);
        form.run(Box::pin(request), Box::new(move |_| browser::open(&page.api.base())));
    });
    view! {
        <fieldset disabled=move || page.is_read_only.get()>
            <Confirmation
                id="delete-project".to_owned()
                action="Delete the project"
                question="It cannot be undone."
                confirmed
            />
        </fieldset>
        <super::form_view::Message form />
    }
}
