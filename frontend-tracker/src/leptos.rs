//! Counts the pages of a Leptos program with the route definitions of its router.
//!
//! [`CountedRoutes`] replaces `leptos_router`'s `Routes`. It makes the route table from its route
//! definitions, so the two cannot differ, and loads the tracker with it when it runs in a browser:
//!
//! ```
//! use headcount_frontend::leptos::{CountedRoutes, Tracker};
//! use leptos::prelude::*;
//! use leptos_router::{components::{Outlet, ParentRoute, Route, Router}, path};
//!
//! #[component]
//! fn Shop() -> impl IntoView {
//!     let tracker = Tracker::at("/stats-of-mine/static/tracker.js").closed("tab", &["orders", "invoices"]);
//!     view! {
//!         <Router base="/shop">
//!             <CountedRoutes tracker fallback=|| "There is no such page.">
//!                 <Route path=path!("/") view=|| "All customers" />
//!                 <ParentRoute path=path!("/customers/:id") view=Outlet>
//!                     <Route path=path!("") view=|| "A customer" />
//!                     <Route path=path!(":tab") view=|| "What a customer bought" />
//!                 </ParentRoute>
//!             </CountedRoutes>
//!         </Router>
//!     }
//! }
//! ```
//!
//! The tracker is a separate program, loaded as a script: a trap in either program does not harm the other,
//! and a page has one tracker for any number of programs.

mod below;
mod templates;
mod tracker;

pub use headcount_shared::routes::KeyPlaceholder;
use leptos::prelude::*;
use leptos_router::{
    MatchNestedRoutes,
    components::{RouteChildren, Routes, RoutesProps},
    hooks::use_location,
};

use self::below::{FirstRoutedPath, ObservedRoutes};
pub use self::{templates::templates, tracker::Tracker};

/// The routes of a program, as in `leptos_router`'s `Routes`, with a page view for each navigation between
/// them. The base path is that of the `Router` around it. On a server, and if the tracker cannot be loaded,
/// nothing is counted and everything else works.
#[component(transparent)]
pub fn CountedRoutes<Defs, FallbackFn, Fallback>(
    /// Where the tracker is, and how it counts.
    tracker: Tracker,
    /// The view if no route matches.
    fallback: FallbackFn,
    /// Whether to use the View Transition API during navigation.
    #[prop(optional)]
    transition: bool,
    /// The route definitions.
    children: RouteChildren<Defs>,
) -> impl IntoView
where
    Defs: MatchNestedRoutes + Clone + Send + 'static,
    FallbackFn: FnOnce() -> Fallback + Clone + Send + 'static,
    Fallback: IntoView + 'static,
{
    let defs = children.into_inner();
    let below = FirstRoutedPath::default();
    let pathname = use_location().pathname;
    let observed = ObservedRoutes::new(defs.clone(), below.clone());
    Effect::new(move |_| {
        // The routes are on the page by now. Outside of the base there are none, but the next navigation may
        // lead there.
        if let Some(base) = below.base_of(&pathname.read()) {
            tracker.load(base, &defs);
        }
    });
    let children = RouteChildren::to_children(move || observed);
    Routes(RoutesProps::builder().fallback(fallback).transition(transition).children(children).build())
}
