//! Asks for the admin token when the server wants one.

use leptos::{ev::SubmitEvent, prelude::*};

use super::desk::{Desk, Wanted};
use crate::ui::browser;

const FIELD: &str = "admin-token";

#[component]
pub(super) fn TokenForm(desk: Desk) -> impl IntoView {
    let token = RwSignal::new(String::new());
    let use_token = move |event: SubmitEvent| {
        event.prevent_default();
        let token = token.get_untracked().trim().to_owned();
        if !token.is_empty() {
            desk.use_token(token);
        }
    };
    let why = move || match desk.wanted.get() {
        Wanted::AnotherToken => "The token was not accepted.",
        Wanted::Token | Wanted::No => "The server shows this page to whoever has its admin token.",
    };
    Effect::new(|_| browser::focus(FIELD));
    view! {
        <section class="card" aria-labelledby="token-title">
            <h2 id="token-title">"Admin token"</h2>
            <p id="token-why" role="alert">{why}</p>
            <form class="token" on:submit=use_token>
                <label for=FIELD>"Token"</label>
                <input
                    id=FIELD
                    type="password"
                    autocomplete="current-password"
                    aria-describedby="token-why token-kept"
                    required
                    bind:value=token
                />
                <button type="submit">"Use it"</button>
            </form>
            <p id="token-kept" class="note">"It is kept until this tab is closed."</p>
        </section>
    }
}
