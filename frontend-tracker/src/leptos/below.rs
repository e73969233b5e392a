//! What is the base path of the router that these routes are in?
//!
//! The router does not tell. It takes its base off a path before it asks its routes whether they match, so what it asks of
//! them says what the base is.

use std::sync::{Arc, OnceLock};

use leptos_router::{GeneratedRouteData, MatchNestedRoutes, RouteMatchId};

/// The first path that a router asked of its routes, without the base.
#[derive(Debug, Clone, Default)]
pub(super) struct Below(Arc<OnceLock<String>>);

impl Below {
    /// The base of the router that is at `pathname` now; `/` where it has none. `None` while its routes were not asked for
    /// anything, as outside of its base.
    pub(super) fn base_of<'a>(&self, pathname: &'a str) -> Option<&'a str> {
        let below = self.0.get()?;
        // A router under `/a` takes `/ab` for its own.
        if !below.is_empty() && !below.starts_with('/') {
            return None;
        }
        match pathname.strip_suffix(below.as_str())? {
            "" => Some("/"),
            base => Some(base),
        }
    }
}

/// Route definitions that note what they are asked for.
#[derive(Debug, Clone)]
pub(super) struct Observed<Defs> {
    defs: Defs,
    below: Below,
}

impl<Defs> Observed<Defs> {
    pub(super) const fn new(defs: Defs, below: Below) -> Self {
        Self { defs, below }
    }
}

impl<Defs: MatchNestedRoutes> MatchNestedRoutes for Observed<Defs> {
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
            let below = Below::default();
            let observed = Observed::new(NestedRoute::new(path!("/p/:id"), || ()), below.clone());
            RouteDefs::new_with_base(observed, base).match_route(pathname);
            assert_eq!(below.base_of(pathname), found, "{base} {pathname}");
        }
    }

    #[test]
    fn routes_that_were_not_asked_have_no_base() {
        assert_eq!(Below::default().base_of("/"), None);
    }
}
