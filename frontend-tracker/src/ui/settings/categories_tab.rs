//! The tab of application categories.

use leptos::prelude::*;

use super::{form_fields::CATEGORIES, settings_page::SettingsPage, stored_form::StoredForm};

#[component]
pub(super) fn CategoriesTab(page: SettingsPage) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="categories-title">
            <h2 id="categories-title">"Categories of applications"</h2>
            <p class="note">
                "An application belongs to the category with a pattern that matches its namespace and name. Categories such as "
                <code>"monitoring"</code> " and " <code>"control-plane"</code>
                " have patterns of their own besides; applications in them are not counted. A report has the number of "
                "categories here, and no name."
            </p>
            <StoredForm page path="categories".to_owned() id="categories" fields=CATEGORIES is_stored=RwSignal::new(true) />
        </section>
    }
}
