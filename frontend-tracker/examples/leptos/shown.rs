//! What did the router show? A list on the page, to be compared with what is counted.
//!
//! It is made without the table that counts: the router says which of its definitions it takes for a path, and of each page
//! one path is known.

use leptos::prelude::*;
use leptos_router::{
    MatchInterface, MatchNestedRoutes, MatchParams, RouteDefs, RouteMatchId, hooks::use_location,
};

use crate::{BASE, TABS, pages::pages};

/// A path of each page, and the key of the page.
const KNOWN: [(&str, &str); 10] = [
    ("/", "/"),
    ("/customers/new", "/customers/new"),
    ("/customers/1", "/customers/$id"),
    ("/customers/1/2", "/customers/$id/:tab"),
    ("/customers/1/orders/2", "/customers/$id/orders/$order"),
    ("/clients/1", "/clients/$id"),
    ("/files", "/files"),
    ("/files/1", "/files/$path"),
    ("/about", "/about"),
    ("/1/about", "/$language/about"),
];

/// The pages that the router has settled on, by their keys.
pub(crate) fn shown() -> impl IntoView {
    let pathname = use_location().pathname;
    let (keys, set_keys) = signal(Vec::new());
    Effect::new(move |_| {
        let key = key_of(&pathname.read());
        set_keys.write().push(key);
    });
    view! { <ol id="shown">{move || keys.get().into_iter().map(|key| view! { <li>{key}</li> }).collect_view()}</ol> }
}

/// The key of the page that the router shows at `pathname`.
fn key_of(pathname: &str) -> String {
    let routes = RouteDefs::new_with_base(pages(), BASE);
    let Some(shown) = taken(&routes, pathname) else { return "(unmatched)".to_owned() };
    let is_shown =
        |path: &str| taken(&routes, &[BASE, path].concat()).is_some_and(|known| known.is_same(&shown));
    let known = KNOWN.into_iter().find(|(path, _)| is_shown(path));
    let key = known.map_or("a page that is not known", |(_, key)| key);
    key.replace(":tab", shown.tab())
}

/// What the router takes for a path.
struct Taken {
    /// The definitions, the outermost first.
    definitions: Vec<RouteMatchId>,
    /// The parameters that are there.
    params: Vec<(String, String)>,
}

impl Taken {
    fn is_same(&self, other: &Self) -> bool {
        let names = |taken: &Self| taken.params.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        self.definitions == other.definitions && names(self) == names(other)
    }

    fn tab(&self) -> &str {
        let tab = self.params.iter().find(|(name, _)| name == "tab");
        tab.map(|(_, value)| value.as_str()).filter(|value| TABS.contains(value)).unwrap_or("other")
    }
}

fn taken<Routes: MatchNestedRoutes>(routes: &RouteDefs<Routes>, pathname: &str) -> Option<Taken> {
    let matched = routes.match_route(pathname)?;
    let params = matched.to_params().into_iter().filter(|(_, value)| !value.is_empty());
    let params = params.map(|(name, value)| (name.into_owned(), value)).collect();
    let mut definitions = Vec::new();
    add_definitions(matched, &mut definitions);
    Some(Taken { definitions, params })
}

fn add_definitions<Match: MatchInterface>(matched: Match, definitions: &mut Vec<RouteMatchId>) {
    definitions.push(matched.as_id());
    if let (_, Some(child)) = matched.into_view_and_child() {
        add_definitions(child, definitions);
    }
}
