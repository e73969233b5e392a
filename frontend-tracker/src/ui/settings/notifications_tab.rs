//! The tab of notifications: where they go, a test of each destination, and what happened and was sent.

use leptos::prelude::*;

use super::{
    form_fields::{BASE_URL, DESTINATIONS, DestinationFields},
    record_tables::{IncidentTable, NotificationTable},
    settings_page::SettingsPage,
    stored_form::{FormTest, StoredForm},
};

#[component]
pub(super) fn NotificationsTab(page: SettingsPage) -> impl IntoView {
    let destinations =
        DESTINATIONS.iter().map(|destination| view! { <Destination page destination /> }).collect_view();
    view! {
        <section class="card" aria-labelledby="links-title">
            <h2 id="links-title">"Links in messages"</h2>
            <StoredForm page path="integrations".to_owned() id="links" fields=BASE_URL is_stored=RwSignal::new(true) />
        </section>
        <section class="card" aria-labelledby="destinations-title">
            <h2 id="destinations-title">"Destinations"</h2>
            <p class="note">
                "Each of them is told when an application begins to miss its objectives, and when that is over. Reports have the "
                "kinds of destinations, and nothing else of them."
            </p>
            {destinations}
        </section>
        <IncidentTable page />
        <NotificationTable page />
    }
}

/// A destination, folded unless it is configured.
#[component]
fn Destination(page: SettingsPage, destination: &'static DestinationFields) -> impl IntoView {
    let kind = destination.kind.name();
    let is_stored = RwSignal::new(page.has_destination(kind));
    let state = move || if is_stored.get() { "configured" } else { "not configured" };
    let class = move || if is_stored.get() { "badge good" } else { "badge" };
    view! {
        <details class="section" open=is_stored.get_untracked()>
            <summary>
                <h3>{destination.title}</h3>
                " "
                <span class=class>{state}</span>
            </summary>
            <div class="unfolded">
                <StoredForm
                    page
                    path=format!("integrations/{kind}")
                    id=kind
                    fields=destination.fields
                    is_stored
                    test=FormTest::Stored("Send a test")
                    removal="Its settings and secrets are deleted."
                />
            </div>
        </details>
    }
}
