//! The tab of Prometheus: the form, the test of a connection, and how far the observation is.

use leptos::prelude::*;

use super::{
    form_fields::PROMETHEUS,
    observation_view::ObservationView,
    settings_page::SettingsPage,
    stored_form::{FormTest, StoredForm},
};

#[component]
pub(super) fn PrometheusTab(page: SettingsPage) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="prometheus-title">
            <h2 id="prometheus-title">"Prometheus"</h2>
            <p class="note">
                "It is asked for the metrics of coroot-node-agent, kube-state-metrics and exporters. Nothing is written to it."
            </p>
            <StoredForm
                page
                path="prometheus".to_owned()
                id="prometheus"
                fields=PROMETHEUS
                is_stored=RwSignal::new(page.has("prometheus"))
                test=FormTest::Typed("Test the connection")
                removal="Everything that was observed of this project is deleted with it."
            />
        </section>
        <ObservationView api=page.api address=page.address("observation") />
    }
}
