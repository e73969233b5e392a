//! Shows the button that ends the session, and what the page shows once the session is over.

use leptos::{ev, prelude::*, task::spawn_local};

use super::{api::ApiClient, browser, location::OpenLocation, texts::frame};

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
                {frame::SIGN_OUT}
            </button>
        </div>
    }
}

/// Shows the page while there is a session. Without one, it shows where to sign in; the page stays as it was, with
/// what was typed, until there is a session again.
#[component]
pub(super) fn WithSession(children: Children) -> impl IntoView {
    let api = expect_context::<ApiClient>();
    let is_over = api.is_signed_out();
    look_when_visible(api);
    view! {
        {move || is_over.get().then(|| view! { <SessionOver /> })}
        <div class="page" hidden=move || is_over.get()>
            {children()}
        </div>
    }
}

/// The session may have begun or ended in another tab.
fn look_when_visible(api: ApiClient) {
    let handle = window_event_listener(ev::visibilitychange, move |_| {
        if browser::is_visible() {
            look(api);
        }
    });
    let focused = window_event_listener(ev::focus, move |_| {
        if api.is_signed_out().get_untracked() {
            look(api);
        }
    });
    on_cleanup(move || {
        handle.remove();
        focused.remove();
    });
}

fn look(api: ApiClient) {
    spawn_local(async move {
        if let Some((200..300, _)) = api.exchange("GET", "api/session", None).await {
            api.is_signed_out().try_set(false);
        }
    });
}

/// Says that there is no session, and leads to where one begins, and back.
#[component]
fn SessionOver() -> impl IntoView {
    let base = expect_context::<ApiClient>().base();
    let location = expect_context::<OpenLocation>();
    // What had the focus is hidden.
    request_animation_frame(|| browser::focus("main"));
    let address = move || {
        let (path, search) = (location.pathname.get(), location.search.get());
        let wanted = [path.as_str(), search.trim_start_matches('?')].join("?");
        let wanted = js_sys::encode_uri_component(wanted.trim_end_matches('?'));
        format!("{base}sign-in?to={wanted}")
    };
    view! {
        <section class="card" aria-labelledby="session-over">
            <h1 id="session-over">{frame::SIGNED_OUT}</h1>
            <p role="alert">{frame::SESSION_OVER}</p>
            <p>
                <a href=address>{frame::SIGN_IN}</a>
                {frame::SIGN_IN_REST}
            </p>
        </section>
    }
}
