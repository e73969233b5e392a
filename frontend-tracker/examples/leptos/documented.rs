//! The example shop of `docs/embedding.md`. Everything below the line with that name is in the document.

pub(crate) fn mount() {
    leptos::mount::mount_to_body(Shop);
}

// docs/embedding.md
use headcount_frontend::leptos::{CountedRoutes, Tracker};
use leptos::prelude::*;
use leptos_router::{
    components::{Route, Router},
    path,
};

#[component]
fn Shop() -> impl IntoView {
    view! {
        <Router base="/shop">
            <CountedRoutes
                tracker=Tracker::at("/stats-of-mine/static/tracker.js").closed("tab", &["bills", "notes"])
                fallback=|| "There is no such page."
            >
                <Route path=path!("/") view=|| "All customers" />
                <Route path=path!("/customers/:id/:tab?") view=|| "A customer" />
            </CountedRoutes>
        </Router>
    }
}
