//! Shows the settings of a project: a tab for each of its parts, and forms that explain what is wrong.
//!
//! The fields of all forms are data (`texts::form_fields`), from which their HTML (`form_html`) and their requests
//! (`form_values`) are made. What is typed stays until the server has accepted it; who leaves it is asked first.

pub(super) mod form_events;
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

use self::{settings_events::SettingsEvents, sheet::sheet};
use super::{
    api::ApiClient,
    link::{InterfaceBase, Link},
    location::OpenLocation,
    page_paths::PageKind,
    texts::settings,
    title::Title,
};

/// The page.
#[component]
pub(super) fn Settings() -> impl IntoView {
    let InterfaceBase(root) = expect_context::<InterfaceBase>();
    let address = expect_context::<OpenLocation>().page(PageKind::Settings);
    let events = SettingsEvents::new(expect_context::<ApiClient>(), root, address);
    view! {
        <Title text=settings::SETTINGS />
        {sheet(Rc::new(events))}
        <p>{settings::SWITCHED_ELSEWHERE} <Link to="/usage-statistics">{settings::OWN_PAGE}</Link> "."</p>
    }
}

#[cfg(test)]
mod tests {
    use headcount_shared::routes::{KeyPlaceholder, RouteTable};

    use crate::ui::texts::settings::TABS;

    #[test]
    fn every_tab_is_a_value_of_the_route_table() {
        let routes = RouteTable::of_the_interface();
        for (value, _) in TABS.into_iter().filter(|(value, _)| !value.is_empty()) {
            let key = routes.page_key(&format!("/p/abc/settings/{value}"), KeyPlaceholder::default());
            assert_eq!(key, format!("/p/$projectId/settings/{value}"));
        }
    }
}
