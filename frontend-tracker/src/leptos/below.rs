//! Finds the base path of the router around the routes.
//!
//! The router does not expose it. But it removes the base from a path before it matches its routes, so the
//! base follows from the path that the routes get.

use std::sync::{Arc, OnceLock};

use leptos_router::{GeneratedRouteData, MatchNestedRoutes, RouteMatchId};

/// The first path that a router matched against its routes, without the base.
#[derive(Debug, Clone, Default)]
pub(super) struct FirstRoutedPath(Arc<OnceLock<String>>);

impl FirstRoutedPath {
    /// The base of the router, which is at `pathname` now; `/` if it has none. `None` while the routes were
    /// not matched, as outside of the base.
    pub(super) fn base_of<'a>(&self, pathname: &'a str) -> Option<&'a str> {
        let below = self.0.get()?;
        // A router under `/a` also matches `/ab`.
        if !below.is_empty() && !below.starts_with('/') {
            return None;
        }
        match pathname.strip_suffix(below.as_str())? {
            "" => Some("/"),
            base => Some(base),
        }
    }
}

/// Route definitions that record the first path they are matched against.
#[derive(Debug, Clone)]
pub(super) struct ObservedRoutes<Defs> {
    defs: Defs,
    below: FirstRoutedPath,
}

impl<Defs> ObservedRoutes<Defs> {
    pub(super) const fn new(defs: Defs, below: FirstRoutedPath) -> Self {
        Self { defs, below }
    }
}

impl<Defs: MatchNestedRoutes> MatchNestedRoutes for ObservedRoutes<Defs> {
    type Data = Defs::Data;
    type Match = Defs::Match;

    fn match_nested<'a>(&'a self, path: &'a str) -> (Option<(RouteMatchId, Self::Match)>, &'a str) {
        self.below.0.get_or_init(|| path.to_owned());
        self.defs.match_nested(path)
    }

    fn generate_routes(&self) -> impl IntoIterator<Item = GeneratedRouteData> + '_ {
        self.defs.generate_routes()
    }

    fn optional(&self) -> bool {
        self.defs.optional()
    }
}

#[cfg(test)]
mod tests {
    use leptos_router::{NestedRoute, RouteDefs, path};

    use super::*;

    #[test]
    fn what_a_router_asks_for_says_what_its_base_is() {
        let cases = [
            ("", "/", Some("/")),
            ("", "/p/1", Some("/")),
            ("/shop", "/shop", Some("/shop")),
            ("/shop", "/shop/", Some("/shop")),
            ("/shop", "/shop/p/1", Some("/shop")),
            ("/a/b", "/a/b/p/1", Some("/a/b")),
            ("/shop", "/shopping", None),
            ("/shop", "/elsewhere", None),
        ];
        for (base, pathname, found) in cases {
            let below = FirstRoutedPath::default();
            let observed = ObservedRoutes::new(NestedRoute::new(path!("/p/:id"), || ()), below.clone());
            RouteDefs::new_with_base(observed, base).match_route(pathname);
            assert_eq!(below.base_of(pathname), found, "{base} {pathname}");
        }
    }

    #[test]
    fn routes_that_were_not_asked_have_no_base() {
        assert_eq!(FirstRoutedPath::default().base_of("/"), None);
    }
}
