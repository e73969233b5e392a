//! Shows the button that ends the session, and the page content once the session is over.

use leptos::{prelude::*, task::spawn_local};

use super::{api::ApiClient, browser};

/// Ends the session, and reloads the page, which then asks for the admin token.
#[component]
pub(super) fn SignOut() -> impl IntoView {
    let api = expect_context::<ApiClient>();
    let failure = RwSignal::new(None);
    let sign_out = move |_| {
        spawn_local(async move {
            match api.sign_out().await {
                Ok(()) => browser::reload(),
                Err(why) => failure.set(Some(why.sentence())),
            }
        });
    };
    view! {
        <div class="session">
            {move || failure.get().map(|why| view! { <span class="failure" role="alert">{why}</span> })}
            <button type="button" class="sign-out" on:click=sign_out>
                "Sign out"
            </button>
        </div>
    }
}

/// Shows that the session is over.
#[component]
pub(super) fn SignedOut() -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="signed-out-title">
            <h2 id="signed-out-title">"Signed out"</h2>
            <p role="alert">"The session is over: it ends after twelve hours without a request."</p>
            <button type="button" on:click=move |_| browser::reload()>
                "Sign in"
            </button>
        </section>
    }
}
