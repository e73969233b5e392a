//! Sets the title of a page, in the page and in the window.

use leptos::prelude::*;

use super::texts::frame::PRODUCT;

#[component]
pub(super) fn Title(#[prop(into)] text: String) -> impl IntoView {
    document().set_title(&format!("{text} · {PRODUCT}"));
    view! { <h1>{text}</h1> }
}
