//! Shows the settings of a project: a tab for each of its parts, and forms that explain what is wrong.
//!
//! The fields of all forms are data (`form_fields`), from which their HTML (`form_html`) and their requests
//! (`form_values`) are made. What is typed stays until the server has accepted it.

pub(super) mod form_events;
pub(super) mod form_fields;
pub(super) mod form_html;
pub(super) mod form_values;
mod inspections_tab;
mod notifications_tab;
pub(super) mod observation_follow;
pub(super) mod observation_text;
mod project_tab;
mod record_tables;
pub(super) mod requests;
mod settings_events;
pub(super) mod sheet;

use std::rc::Rc;

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_params_map};

use self::{
    settings_events::{SettingsEvents, SettingsPlace},
    sheet::sheet,
};
use super::{
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
    let (params, pathname) = (use_params_map(), use_location().pathname);
    let base = expect_context::<InterfaceBase>();
    let root = base.0.clone();
    let place = Memo::new(move |_| SettingsPlace {
        project: params.read().get("projectId").unwrap_or_default(),
        tab: params.read().get("tab").unwrap_or_default(),
        page: [base.0.as_str(), &base.page(&pathname.read(), 3)].concat(),
    });
    let events = SettingsEvents::new(expect_context::<ApiClient>(), root, place);
    view! {
        <Title text="Settings" />
        {sheet(Rc::new(events))}
        <p>"Usage statistics are switched on and off on " <Link to="/usage-statistics">"their own page"</Link> "."</p>
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
