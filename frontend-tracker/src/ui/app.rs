//! Renders the frame around every page: the skip link, the navigation, and the page of the route.

use leptos::prelude::*;

use super::{
    api::ApiClient,
    browser,
    link::{InterfaceBase, Link},
    location::OpenLocation,
    pages::page_view,
    session::{SignOut, WithSession},
    texts::frame,
};

/// The whole interface.
#[component]
pub(super) fn App() -> impl IntoView {
    let base = browser::base();
    let interface_base = InterfaceBase(base.trim_end_matches('/').to_owned());
    provide_context(OpenLocation::follow(&interface_base));
    provide_context(interface_base);
    provide_context(ApiClient::new(base));
    view! {
        <a class="skip" href="#main" on:click=|event| skip(&event)>{frame::SKIP}</a>
        <Navigation />
        <Main />
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
                {frame::PRODUCT}
            </Link>
            <nav aria-label=frame::PAGES class="nav">
                <Link to="/">{frame::OVERVIEW}</Link>
                <Link to="/usage-statistics">{frame::USAGE_STATISTICS}</Link>
            </nav>
            <SignOut />
        </header>
    }
}

#[component]
fn Main() -> impl IntoView {
    let location = expect_context::<OpenLocation>();
    let kind = location.kind();
    // A navigation moves the focus to the new page; after a load it stays where the browser put it. The page is
    // scrolled elsewhere.
    Effect::new(move |before: Option<String>| {
        let now = location.pathname.get();
        if before.is_some_and(|before| before != now) {
            browser::focus_in_place("main");
        }
        now
    });
    view! {
        <main id="main" tabindex="-1">
            <WithSession>
                {move || page_view(kind.get())}
            </WithSession>
        </main>
    }
}
