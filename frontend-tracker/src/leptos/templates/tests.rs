//! Tests templates against the router that they describe.

use std::collections::HashMap;

use headcount_shared::routes::{KeyPlaceholder, RouteTable, UNMATCHED};
use leptos_router::{
    MatchInterface, NestedRoute, ParamSegment, RouteDefs, RouteMatchId, StaticSegment, WildcardSegment, path,
};
use proptest::prelude::*;

use super::*;

const fn page() {}

/// Definitions of all kinds, some of which the router never reaches.
fn definitions() -> impl MatchNestedRoutes {
    (
        NestedRoute::new(path!("/"), page),
        NestedRoute::new(path!("/p/new/:tab?"), page),
        NestedRoute::new(path!("/p/:id"), page).child((
            NestedRoute::new(path!(""), page),
            NestedRoute::new(path!("edit"), page),
            NestedRoute::new(path!("app"), page)
                .child((NestedRoute::new(path!(":app/:report?"), page), NestedRoute::new((), page))),
        )),
        // Shadowed by the one before.
        NestedRoute::new(path!("/p/late"), page),
        NestedRoute::new(path!("/p/:again/edit"), page),
        NestedRoute::new(path!("/files/*rest"), page),
        NestedRoute::new(path!("/:lang?/about"), page),
        NestedRoute::new(path!("/:first?/:second?/end"), page),
    )
}

/// A path of each page, and the key of the page.
const PAGES: [(&str, &str); 15] = [
    ("/", "/"),
    ("/p/new", "/p/new"),
    ("/p/new/1", "/p/new/$tab"),
    ("/p/1", "/p/$id"),
    ("/p/1/edit", "/p/$id/edit"),
    ("/p/1/app", "/p/$id/app"),
    ("/p/1/app/2", "/p/$id/app/$app"),
    ("/p/1/app/2/3", "/p/$id/app/$app/$report"),
    ("/files", "/files"),
    ("/files/1/2", "/files/$rest"),
    ("/about", "/about"),
    ("/1/about", "/$lang/about"),
    ("/end", "/end"),
    ("/1/end", "/$first/end"),
    ("/1/2/end", "/$first/$second/end"),
];

/// The definitions that the router matches for `path`, outermost first, and the names of the present
/// parameters.
fn taken<Defs: MatchNestedRoutes>(
    defs: &RouteDefs<Defs>,
    path: &str,
) -> Option<(Vec<RouteMatchId>, Vec<String>)> {
    let matched = defs.match_route(path)?;
    let params = matched.to_params().into_iter().filter(|(_, value)| !value.is_empty());
    let names = params.map(|(name, _)| name.into_owned()).collect();
    let mut ids = Vec::new();
    collect_ids(matched, &mut ids);
    Some((ids, names))
}

fn collect_ids<Match: MatchInterface>(matched: Match, ids: &mut Vec<RouteMatchId>) {
    ids.push(matched.as_id());
    if let (_, Some(child)) = matched.into_view_and_child() {
        collect_ids(child, ids);
    }
}

fn table<Defs: MatchNestedRoutes>(defs: &Defs) -> RouteTable {
    let mut table = RouteTable::default();
    for template in templates(defs) {
        table.add(&template).unwrap_or_else(|bad| panic!("{template} {bad}"));
    }
    table
}

#[test]
fn definitions_become_templates_as_far_as_the_router_gets_to_them() {
    assert_eq!(
        templates(&definitions()),
        [
            "/",
            "/p/new/:tab?",
            "/p/:id",
            "/p/:id/edit",
            "/p/:id/app/:app/:report?",
            "/p/:id/app",
            "/files/:rest(.*)*",
            "/:lang?/about",
            "/end",
            "/:first/end",
            "/:first/:second/end",
        ]
    );
}

#[test]
fn segments_are_written_as_a_route_table_reads_them() {
    let defs = (
        NestedRoute::new((StaticSegment("/docs"), ParamSegment("page-name")), page),
        NestedRoute::new(path!("/ends/with/a/slash/"), page),
        NestedRoute::new((StaticSegment("raw"), WildcardSegment("")), page),
        NestedRoute::new(StaticSegment("two words"), page),
        NestedRoute::new(StaticSegment(":name"), page),
        NestedRoute::new(path!("/@me/v1.2/~x"), page),
    );
    assert_eq!(templates(&defs), ["/docs/:page_name", "/ends/with/a/slash", "/raw/*", "/@me/v1.2/~x"]);
}

#[test]
fn a_parameter_with_a_closed_list_has_its_values() {
    let defs = (NestedRoute::new(path!("/:tab/x"), page), NestedRoute::new(path!("/y/:id/:tab?"), page));
    let closed: &[(&str, &[&str])] = &[("tab", &["a", "b"])];
    assert_eq!(templates_with(&defs, closed), ["/:tab(a|b)/x", "/y/:id/:tab(a|b)?"]);
}

proptest! {
    #[test]
    fn a_path_is_counted_as_the_page_that_the_router_shows(
        path in "(/(p|new|edit|late|app|about|files|end|secret|secret2)){0,5}/?",
    ) {
        let defs = RouteDefs::new(definitions());
        let keys: HashMap<_, _> = PAGES
            .map(|(path, key)| (taken(&defs, path).unwrap_or_else(|| panic!("{path} is no page")), key))
            .into();
        prop_assert_eq!(keys.len(), PAGES.len());
        // For the router the root is `/`, never empty.
        let path = if path.is_empty() { "/" } else { &path };
        let shown = taken(&defs, path).map(|taken| keys[&taken]);
        let key = table(&definitions()).page_key(path, KeyPlaceholder::Dollar);
        prop_assert_eq!(&key, shown.unwrap_or(UNMATCHED), "{}", path);
        prop_assert!(!key.contains("secret"), "{} gives {}", path, key);
    }
}
