//! Renders the frame around every page: the skip link, the navigation, and the page of the route.

use leptos::prelude::*;
use leptos_router::{
    components::{Router, Routes},
    hooks::use_location,
};

use super::{
    api::ApiClient,
    browser,
    link::{InterfaceBase, Link},
    pages::{NotFound, table},
    session::{SignOut, WithSession},
};

/// The whole interface.
#[component]
pub(super) fn App() -> impl IntoView {
    let base = browser::base();
    // The router needs its base without the slash at the end.
    let router_base = base.trim_end_matches('/').to_owned();
    provide_context(InterfaceBase(router_base.clone()));
    provide_context(ApiClient::new(base));
    view! {
        <Router base=router_base>
            <a class="skip" href="#main" on:click=|event| skip(&event)>"Skip to content"</a>
            <Navigation />
            <Main />
        </Router>
    }
}

/// Moves the focus to the page's content, without a fragment in the history.
fn skip(event: &leptos::ev::MouseEvent) {
    event.prevent_default();
    browser::focus("main");
}

/// Links to the pages that have content.
#[component]
fn Navigation() -> impl IntoView {
    let InterfaceBase(base) = expect_context::<InterfaceBase>();
    view! {
        <header class="header">
            <Link to="/" class="brand">
                <img class="mark" src=format!("{base}/static/mark.svg") alt="" width="24" height="24" />
                "Headcount"
            </Link>
            <nav aria-label="Pages" class="nav">
                <Link to="/">"Overview"</Link>
                <Link to="/usage-statistics">"Usage statistics"</Link>
            </nav>
            <SignOut />
        </header>
    }
}

#[component]
fn Main() -> impl IntoView {
    let pathname = use_location().pathname;
    // A navigation moves the focus to the new page; after a load it stays where the browser put it.
    Effect::new(move |before: Option<String>| {
        let now = pathname.get();
        if before.is_some_and(|before| before != now) {
            browser::focus("main");
        }
        now
    });
    view! {
        <main id="main" tabindex="-1">
            <WithSession>
                <Routes fallback=NotFound children=ToChildren::to_children(table) />
            </WithSession>
        </main>
    }
}
