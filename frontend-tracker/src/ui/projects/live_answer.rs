//! Fetches an answer of the server, and again every 30 seconds while the page is visible.

use std::{rc::Rc, time::Duration};

use leptos::{prelude::*, task::spawn_local};

use crate::ui::{
    answer::{ApiFailure, FetchState},
    api::ApiClient,
    browser,
};

/// How often a visible page fetches again, in seconds.
const REFRESH_S: f64 = 30.0;

/// Takes the body of an answer.
type AnswerTaker = Rc<dyn Fn(&[u8]) -> Result<(), ApiFailure>>;

/// The state of an answer that is fetched again and again.
#[derive(Debug, Clone, Copy)]
pub(super) struct LiveAnswer {
    /// Whether an answer has arrived yet, or why none has.
    pub(super) arrival: RwSignal<FetchState<()>>,
    /// Why the last request failed, although an answer had arrived before.
    stale: RwSignal<Option<String>>,
    /// The server's time, in Unix seconds.
    pub(super) now: RwSignal<u64>,
    /// How far the server's clock is ahead of the browser's, in seconds.
    ahead: StoredValue<f64>,
    /// When the last request was sent, in Unix seconds by the browser's clock.
    asked: StoredValue<f64>,
}

impl LiveAnswer {
    /// Fetches what is at a path of the API for as long as the component is shown that asks for it. `take`
    /// stores the value of an answer.
    pub(super) fn follow(path: String, take: impl Fn(&[u8]) -> Result<(), ApiFailure> + 'static) -> Self {
        let live = Self {
            arrival: RwSignal::new(FetchState::Waiting),
            stale: RwSignal::new(None),
            now: RwSignal::new(whole_seconds(browser::now())),
            ahead: StoredValue::new(0.0),
            asked: StoredValue::new(0.0),
        };
        let (api, path, take): (_, Rc<str>, AnswerTaker) =
            (expect_context::<ApiClient>(), path.into(), Rc::new(take));
        let on_second = move || {
            let Some((asked, ahead)) = live.asked.try_get_value().zip(live.ahead.try_get_value()) else {
                return;
            };
            let now = browser::now();
            live.now.try_set(whole_seconds(now + ahead));
            if now - asked >= REFRESH_S && browser::is_visible() {
                live.asked.try_set_value(now);
                live.load(api, Rc::clone(&path), Rc::clone(&take));
            }
        };
        on_second();
        if let Ok(ticking) = set_interval_with_handle(on_second, Duration::from_secs(1)) {
            on_cleanup(move || ticking.clear());
        }
        live
    }

    /// Fetches again within a second.
    pub(super) fn fetch_soon(self) {
        self.asked.try_set_value(0.0);
    }

    fn load(self, api: ApiClient, path: Rc<str>, take: AnswerTaker) {
        spawn_local(async move {
            let answer = api.request("GET", &path, None).await;
            // Another page may be open by now.
            let Some(has_arrived) = self.arrival.try_with_untracked(|state| state.here().is_some()) else {
                return;
            };
            if let Some(time) = answer.as_ref().ok().and_then(|answer| answer.server_time) {
                self.ahead.try_set_value(time - browser::now());
            }
            match answer.and_then(|answer| take(&answer.value)) {
                Ok(()) => {
                    self.stale.try_set(None);
                    if !has_arrived {
                        self.arrival.try_set(FetchState::Here(()));
                    }
                }
                Err(failure) if has_arrived => {
                    self.stale.try_set(Some(failure.sentence()));
                }
                Err(failure) => {
                    self.arrival.try_set(FetchState::Failed(failure.sentence()));
                }
            }
        });
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float saturates on conversion, and both ends are as wrong as the clock that says so"
)]
const fn whole_seconds(time: f64) -> u64 {
    time as u64
}

/// What is shown until an answer has arrived, and why a later one did not.
#[component]
pub(super) fn Arrival(live: LiveAnswer) -> impl IntoView {
    let arrival = live.arrival;
    let stale = live.stale;
    let waiting = move || match arrival.get() {
        FetchState::Waiting => view! { <p class="waiting">"Loading…"</p> }.into_any(),
        FetchState::Failed(why) => view! { <p class="failure" role="alert">{why}</p> }.into_any(),
        FetchState::Here(()) => ().into_any(),
    };
    let stale = move || {
        let why = stale.get()?;
        Some(
            view! { <p class="notice" role="status">{format!("This page could not be refreshed: {why}")}</p> },
        )
    };
    view! {
        {waiting}
        {stale}
    }
}
