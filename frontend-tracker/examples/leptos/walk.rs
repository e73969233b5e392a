//! Offers the ways to navigate: links, and a field for programmatic navigation.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::BASE;

/// Links, and a field with buttons that navigate to its address.
pub(crate) fn walk() -> impl IntoView {
    let (address, set_address) = signal(String::new());
    let go = use_navigate();
    let go_to = move |options: NavigateOptions| go(&address.read_untracked(), options);
    let push = {
        let go_to = go_to.clone();
        move |_| go_to(NavigateOptions::default())
    };
    let replace = {
        let go_to = go_to.clone();
        move |_| go_to(NavigateOptions { replace: true, ..NavigateOptions::default() })
    };
    let link = |path: &str, text: &'static str| {
        let address = [BASE, path].concat();
        view! { <a href=address>{text}</a> " " }
    };
    view! {
        <nav>
            {link("/", "Overview")} {link("/customers/7", "Customer 7")} {link("/clients/8", "Client 8")}
            {link("/customers/7?sort=name", "Sorted")} {link("/customers/7#last", "Last")}
        </nav>
        <p>
            <input id="address" aria-label="Address" on:input:target=move |event| set_address.set(event.target().value()) />
            <button id="push" on:click=push>"Go"</button>
            <button id="replace" on:click=replace>"Go instead"</button>
        </p>
    }
}
