//! Shows the settings of a project: a tab for each of its parts, and forms that explain what is wrong.
//!
//! The fields of all forms are data (`form_fields`), and one component shows them (`form_view`). What is typed stays
//! until the server has accepted it.

mod categories_tab;
mod clickhouse_tab;
mod confirmation;
pub(super) mod form_fields;
pub(super) mod form_state;
pub(super) mod form_values;
pub(super) mod form_view;
mod inspections_tab;
mod notifications_tab;
mod observation_text;
pub(super) mod observation_view;
mod project_tab;
mod prometheus_tab;
mod record_tables;
pub(super) mod requests;
mod settings_page;
pub(super) mod stored_form;
mod threshold_text;

use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::{use_location, use_params_map};
use serde_json::Value;

use self::{
    categories_tab::CategoriesTab, clickhouse_tab::ClickhouseTab, inspections_tab::InspectionsTab,
    notifications_tab::NotificationsTab, project_tab::ProjectTab, prometheus_tab::PrometheusTab,
    requests::send, settings_page::SettingsPage,
};
use super::{
    answer::FetchState,
    api::ApiClient,
    link::{InterfaceBase, Link},
    title::Title,
};

/// The tabs that there are: the value in the path, and the name. The first is that of the project itself.
const TABS: [(&str, &str); 6] = [
    ("", "Project"),
    ("prometheus", "Prometheus"),
    ("clickhouse", "ClickHouse"),
    ("inspections", "Inspections"),
    ("applications", "Categories"),
    ("notifications", "Notifications"),
];

/// The page.
#[component]
pub(super) fn Settings() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("projectId").unwrap_or_default());
    let tab = Memo::new(move |_| params.read().get("tab").unwrap_or_default());
    let api = expect_context::<ApiClient>();
    let loaded = RwSignal::new(FetchState::Waiting);
    Effect::new(move |_| {
        let id = id.get();
        loaded.set(FetchState::Waiting);
        spawn_local(async move {
            let found = load(api, &id).await;
            // Another page may be open by now.
            let _closed = loaded.try_set(found);
        });
    });
    let read_only = RwSignal::new(None::<String>);
    spawn_local(async move {
        let access = send(api, "GET", "api/settings".to_owned(), None).await.unwrap_or_default();
        let _closed = read_only.try_set(access["read_only"].as_str().map(super::answer::sentence));
    });
    let is_read_only = Signal::derive(move || read_only.read().is_some());
    let name = move || {
        loaded.with(|loaded| loaded.here().and_then(|project| Some(project["name"].as_str()?.to_owned())))
    };
    let shown = move || match loaded.get() {
        FetchState::Waiting => view! { <p class="waiting">"Loading…"</p> }.into_any(),
        FetchState::Failed(why) => view! { <p class="failure" role="alert">{why}</p> }.into_any(),
        FetchState::Here(project) => {
            let page = SettingsPage { api, project: StoredValue::new(project), is_read_only };
            (move || opened(page, &tab.get())).into_any()
        }
    };
    view! {
        <Title text="Settings" />
        {move || name().map(|name| view! { <p class="subject">{name}</p> })}
        <SettingsTabs />
        {move || read_only.get().map(|why| view! { <p class="notice">{why} " Nothing can be changed here."</p> })}
        {shown}
        <p>"Usage statistics are switched on and off on " <Link to="/usage-statistics">"their own page"</Link> "."</p>
    }
}

/// The project with `id`, or why it cannot be shown.
async fn load(api: ApiClient, id: &str) -> FetchState<Value> {
    match send(api, "GET", "api/projects".to_owned(), None).await {
        Err(failure) => FetchState::Failed(failure.why),
        Ok(mut answer) => {
            let projects = answer["projects"].as_array_mut().map(std::mem::take).unwrap_or_default();
            match projects.into_iter().find(|project| project["id"] == id) {
                Some(project) => FetchState::Here(project),
                None => FetchState::Failed("There is no project at this address.".to_owned()),
            }
        }
    }
}

fn opened(page: SettingsPage, tab: &str) -> AnyView {
    match tab {
        "" => view! { <ProjectTab page /> }.into_any(),
        "prometheus" => view! { <PrometheusTab page /> }.into_any(),
        "clickhouse" => view! { <ClickhouseTab page /> }.into_any(),
        "inspections" => view! { <InspectionsTab page /> }.into_any(),
        "applications" => view! { <CategoriesTab page /> }.into_any(),
        "notifications" => view! { <NotificationsTab page /> }.into_any(),
        other => {
            let why = format!("There is no tab “{other}” in this product.");
            view! { <p class="failure" role="alert">{why}</p> }.into_any()
        }
    }
}

#[component]
fn SettingsTabs() -> impl IntoView {
    let base = expect_context::<InterfaceBase>();
    let pathname = use_location().pathname;
    let page = Memo::new(move |_| base.page(&pathname.read(), 3));
    let links = move || {
        let link = |(value, name): (&'static str, &'static str)| {
            let slash = if value.is_empty() { "" } else { "/" };
            let to = [&page.read(), slash, value].concat();
            view! {
                <li>
                    <Link to>{name}</Link>
                </li>
            }
        };
        TABS.into_iter().map(link).collect_view()
    };
    view! {
        <nav class="tabs" aria-label="Settings">
            <ul>{links}</ul>
        </nav>
    }
}

#[cfg(test)]
mod tests {
    use headcount_shared::routes::{KeyPlaceholder, RouteTable};

    use super::TABS;

    #[test]
    fn every_tab_is_a_value_of_the_route_table() {
        let routes = RouteTable::of_the_interface();
        for (value, _) in TABS.into_iter().filter(|(value, _)| !value.is_empty()) {
            let key = routes.page_key(&format!("/p/abc/settings/{value}"), KeyPlaceholder::default());
            assert_eq!(key, format!("/p/$projectId/settings/{value}"));
        }
    }
}
