//! The tab of ClickHouse.

use leptos::prelude::*;

use super::{form_fields::CLICKHOUSE, settings_page::SettingsPage, stored_form::StoredForm};

#[component]
pub(super) fn ClickhouseTab(page: SettingsPage) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="clickhouse-title">
            <h2 id="clickhouse-title">"ClickHouse"</h2>
            <p class="note">
                "This program stores the access and connects to nothing. That there is one is in reports; where it is, is not."
            </p>
            <StoredForm
                page
                path="clickhouse".to_owned()
                id="clickhouse"
                fields=CLICKHOUSE
                is_stored=RwSignal::new(page.has("clickhouse"))
                removal="Programs on the same settings have no access to it any more."
            />
        </section>
    }
}
