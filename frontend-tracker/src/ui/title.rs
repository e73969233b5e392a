//! Sets the title of a page, in the page and in the window.

use leptos::prelude::*;

#[component]
pub(super) fn Title(#[prop(into)] text: String) -> impl IntoView {
    document().set_title(&format!("{text} · Headcount"));
    view! { <h1>{text}</h1> }
}
