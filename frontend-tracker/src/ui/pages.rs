//! Defines the page of each route of [`headcount_shared::routes::ROUTES`].

use leptos::prelude::*;
use leptos_router::{MatchNestedRoutes, NestedRoute, hooks::use_params_map, path};

use super::{
    link::Link,
    new_project::NewProject,
    projects::{ApplicationPage, NodePage, Overview, ProjectPage},
    settings::Settings,
    statistics::UsageStatistics,
    title::Title,
    welcome::Welcome,
};

/// The routes with their pages, in the order of the route table: the first match wins.
pub(super) fn table() -> impl MatchNestedRoutes + Clone + Send + 'static {
    (
        NestedRoute::new(path!("/"), Overview),
        NestedRoute::new(path!("/welcome"), Welcome),
        NestedRoute::new(path!("/usage-statistics"), UsageStatistics),
        NestedRoute::new(path!("/p/new/:tab?"), NewProject),
        NestedRoute::new(path!("/p/:projectId"), ProjectPage),
        NestedRoute::new(path!("/p/:projectId/app/:id/:report?"), ApplicationPage),
        NestedRoute::new(path!("/p/:projectId/node/:name"), NodePage),
        NestedRoute::new(path!("/p/:projectId/settings/:tab?"), Settings),
    )
}

/// The page of a path that no route matches.
#[component]
pub(super) fn NotFound() -> impl IntoView {
    view! {
        <Title text="Page not found" />
        <p class="lead">"There is no page at this address."</p>
        <p>
            <Link to="/">"Go to the overview"</Link>
        </p>
    }
}

/// The text of the route's parameter `name`, if it is there.
pub(super) fn chosen(name: &'static str) -> Memo<Option<String>> {
    let params = use_params_map();
    Memo::new(move |_| params.read().get(name))
}

#[cfg(test)]
mod tests {
    use headcount_shared::routes::ROUTES;
    use leptos_router::{MatchParams, RouteDefs};

    use super::*;
    use crate::leptos::templates;

    /// A route of the table as the router writes it: without the lists of values.
    fn without_values(route: &str) -> String {
        let parts = route.split('/').map(|part| match (part.split_once('('), part.strip_suffix('?')) {
            (Some((name, _)), Some(_)) => format!("{name}?"),
            (Some((name, _)), None) => name.to_owned(),
            (None, _) => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("/")
    }

    #[test]
    fn every_route_of_the_route_table_has_a_page_in_the_same_order() {
        assert_eq!(templates(&table()), ROUTES.map(without_values));
    }

    #[test]
    fn a_path_opens_the_page_under_whose_key_it_is_counted() {
        let pages = RouteDefs::new(table());
        let cases: [(&str, Option<&[&str]>); 12] = [
            ("/", Some(&[])),
            ("/welcome", Some(&[])),
            ("/usage-statistics", Some(&[])),
            ("/p/new", Some(&[])),
            ("/p/new/prometheus", Some(&["tab"])),
            ("/p/abc", Some(&["projectId"])),
            ("/p/abc/app/x", Some(&["projectId", "id"])),
            ("/p/abc/app/x/SLO", Some(&["projectId", "id", "report"])),
            ("/p/abc/node/n", Some(&["projectId", "name"])),
            ("/p/abc/settings", Some(&["projectId"])),
            ("/p/abc/settings/aws", Some(&["projectId", "tab"])),
            ("/p/abc/else", None),
        ];
        for (path, names) in cases {
            let matched = pages.match_route(path).map(|matched| matched.to_params());
            let found: Option<Vec<String>> = matched.map(|params| {
                params.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, _)| name.into()).collect()
            });
            assert_eq!(
                found,
                names.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
                "{path}"
            );
        }
    }
}
