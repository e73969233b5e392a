//! Defines the page of each route of [`headcount_shared::routes::ROUTES`].
//!
//! Pages without content state what they will show and what is missing. No page links to them.

use headcount_shared::routes::ROUTES;
use leptos::prelude::*;
use leptos_router::{
    MatchNestedRoutes, NestedRoute,
    hooks::{use_location, use_params_map},
    path,
};

use super::{
    link::{InterfaceBase, Link},
    projects::{ApplicationPage, NodePage, Overview, ProjectPage},
    statistics::UsageStatistics,
    title::Title,
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

/// A page that has nothing to show yet.
#[component]
fn Pending(
    /// What it will show.
    shows: &'static str,
    /// What is missing for it.
    missing: &'static str,
) -> impl IntoView {
    view! {
        <section class="card pending" aria-label="State of this page">
            <p class="lead">"Nothing here yet."</p>
            <dl class="facts">
                <div>
                    <dt>"Will be shown"</dt>
                    <dd>{shows}</dd>
                </div>
                <div>
                    <dt>"Missing"</dt>
                    <dd>{missing}</dd>
                </div>
            </dl>
        </section>
    }
}

/// Links to the values that the last parameter of a page's route can have.
#[component]
fn Tabs(
    label: &'static str,
    /// How many segments the page's path has before the parameter.
    segments: usize,
    values: Vec<&'static str>,
) -> impl IntoView {
    let base = expect_context::<InterfaceBase>();
    let pathname = use_location().pathname;
    let page = Memo::new(move |_| base.page(&pathname.read(), segments));
    let links = move || {
        let link = |value: &'static str| {
            view! {
                <li>
                    <Link to=format!("{}/{value}", page.read())>{value}</Link>
                </li>
            }
        };
        values.iter().copied().map(link).collect_view()
    };
    view! {
        <nav class="tabs" aria-label=label>
            <ul>{links}</ul>
        </nav>
    }
}

#[component]
fn Welcome() -> impl IntoView {
    view! {
        <Title text="Welcome" />
        <p class="lead">"Headcount is running. It has no project with a Prometheus server yet."</p>
        <p>
            "A project is made with a request; api/openapi.json says how. See "
            <Link to="/usage-statistics">"what this installation reports"</Link> "."
        </p>
    }
}

#[component]
fn NewProject() -> impl IntoView {
    let tab = chosen("tab");
    view! {
        <Title text="New project" />
        <Tabs label="Settings of a new project" segments=2 values=values_of("/p/new/") />
        {move || tab.get().map(|tab| view! { <Tab tab=tab values=values_of("/p/new/") /> })}
        <Pending
            shows="A form for the project's name and the address of its Prometheus server."
            missing="The form. Until then a project is made with a request; api/openapi.json says how."
        />
    }
}

#[component]
fn Settings() -> impl IntoView {
    let tab = chosen("tab");
    let settings = "/p/:projectId/settings/";
    view! {
        <Title text="Settings" />
        <Tabs label="Settings" segments=3 values=values_of(settings) />
        {move || tab.get().map(|tab| view! { <Tab tab=tab values=values_of(settings) /> })}
        <Pending
            shows="The project's integrations, inspection thresholds, application categories and notifications."
            missing="The forms. Until then settings are changed with requests; api/openapi.json says how."
        />
        <p>"Usage statistics are switched on and off on " <Link to="/usage-statistics">"their own page"</Link> "."</p>
    }
}

/// The name of the open tab, or an error if there is no such tab.
#[component]
fn Tab(tab: String, values: Vec<&'static str>) -> impl IntoView {
    if values.contains(&tab.as_str()) {
        view! { <h2>{tab}</h2> }.into_any()
    } else {
        view! { <p class="failure" role="alert">{format!("There is no page “{tab}” here.")}</p> }.into_any()
    }
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

/// The closed list of values in the route that begins with `prefix` and has one.
fn values_of(prefix: &str) -> Vec<&'static str> {
    let lists = ROUTES.iter().filter(|route| route.starts_with(prefix));
    let list = lists.filter_map(|route| route.split_once('(')?.1.split_once(')')).next();
    list.map(|(values, _)| values.split('|').collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn tabs_are_the_values_of_the_route_table() {
        assert_eq!(values_of("/p/new/").first(), Some(&"prometheus"));
        assert!(values_of("/p/:projectId/app/").contains(&".NET"));
        assert_eq!(values_of("/p/:projectId/settings/").len(), 9);
        assert!(values_of("/welcome").is_empty());
    }
}
