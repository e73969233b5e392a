//! Lists the pages that the router has shown, to be compared with what is counted.
//!
//! The list does not use the route table: it compares the definitions that the router matches for a path with
//! those of one known path of each page.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::{
    MatchInterface, MatchNestedRoutes, MatchParams, RouteDefs, RouteMatchId, hooks::use_location,
};

use crate::{BASE, TABS, pages::pages};

/// A path of each page, and the key of the page.
const KNOWN: [(&str, &str); 9] = [
    ("/", "/"),
    ("/customers/new", "/customers/new"),
    ("/customers/1", "/customers/$id"),
    ("/customers/1/2", "/customers/$id/:tab"),
    ("/customers/1/orders/2", "/customers/$id/orders/$order"),
    ("/files", "/files"),
    ("/files/1", "/files/$path"),
    ("/about", "/about"),
    ("/1/about", "/$language/about"),
];

/// A path that redirects: no page is shown there.
const MOVED: &str = "/clients/1";

/// The pages that the router has settled on, by their keys.
pub(crate) fn shown() -> impl IntoView {
    let pathname = use_location().pathname;
    let (keys, set_keys) = signal(Vec::new());
    let settled = StoredValue::new(String::new());
    // The router has settled when the task has ended.
    let settle = move || {
        let now = pathname.get_untracked();
        if let Some(key) = key_of(&now)
            && now != settled.get_value()
        {
            settled.set_value(now);
            set_keys.write().push(key);
        }
    };
    Effect::new(move |_| {
        pathname.track();
        set_timeout(settle, Duration::ZERO);
    });
    view! { <ol id="shown">{move || keys.get().into_iter().map(|key| view! { <li>{key}</li> }).collect_view()}</ol> }
}

/// The key of the page that the router shows at `pathname`. `None` when it shows none.
fn key_of(pathname: &str) -> Option<String> {
    let routes = RouteDefs::new_with_base(pages(), BASE);
    let Some(shown) = taken(&routes, pathname) else { return Some("(unmatched)".to_owned()) };
    let is_shown =
        |path: &str| taken(&routes, &[BASE, path].concat()).is_some_and(|known| known.is_same(&shown));
    if is_shown(MOVED) {
        return None;
    }
    let (_, key) = KNOWN.into_iter().find(|(path, _)| is_shown(path))?;
    Some(key.replace(":tab", shown.tab()))
}

/// What the router matches for a path.
struct MatchedRoute {
    /// The definitions, the outermost first.
    definitions: Vec<RouteMatchId>,
    /// The parameters that are there.
    params: Vec<(String, String)>,
}

impl MatchedRoute {
    fn is_same(&self, other: &Self) -> bool {
        let names = |taken: &Self| taken.params.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        self.definitions == other.definitions && names(self) == names(other)
    }

    fn tab(&self) -> &str {
        let tab = self.params.iter().find(|(name, _)| name == "tab");
        tab.map(|(_, value)| value.as_str()).filter(|value| TABS.contains(value)).unwrap_or("other")
    }
}

fn taken<Routes: MatchNestedRoutes>(routes: &RouteDefs<Routes>, pathname: &str) -> Option<MatchedRoute> {
    let matched = routes.match_route(pathname)?;
    let params = matched.to_params().into_iter().filter(|(_, value)| !value.is_empty());
    let params = params.map(|(name, value)| (name.into_owned(), value)).collect();
    let mut definitions = Vec::new();
    add_definitions(matched, &mut definitions);
    Some(MatchedRoute { definitions, params })
}

fn add_definitions<Match: MatchInterface>(matched: Match, definitions: &mut Vec<RouteMatchId>) {
    definitions.push(matched.as_id());
    if let (_, Some(child)) = matched.into_view_and_child() {
        add_definitions(child, definitions);
    }
}
