//! Fetches an answer of the server, and again every 30 seconds while the page is visible and there is a session.

use std::{rc::Rc, time::Duration};

use leptos::{prelude::*, task::spawn_local};

use super::html_box::{html_box, text_memo};
use crate::ui::{
    answer::{ApiFailure, FetchState},
    api::ApiClient,
    browser,
    html::{LOADING, escaped, failure},
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
    /// The server's time at the last answer, in Unix seconds.
    pub(super) now: RwSignal<u64>,
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
            asked: StoredValue::new(0.0),
        };
        let (api, path, take): (_, Rc<str>, AnswerTaker) =
            (expect_context::<ApiClient>(), path.into(), Rc::new(take));
        let on_second = move || {
            let Some(asked) = live.asked.try_get_value() else { return };
            let now = browser::now();
            let is_seen = browser::is_visible() && !api.is_signed_out().get_untracked();
            if now - asked >= REFRESH_S && is_seen {
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
                self.now.try_set(whole_seconds(time));
            }
            match answer.and_then(|answer| take(&answer.value)) {
                Ok(()) => {
                    self.stale.try_set(None);
                    if !has_arrived {
                        self.arrival.try_set(FetchState::Here(()));
                    }
                }
                // The page is hidden, and stays as it was until there is a session again.
                Err(ApiFailure::SignedOut) => self.fetch_soon(),
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

impl LiveAnswer {
    /// Whether an answer has arrived.
    pub(super) fn has_arrived(self) -> bool {
        self.arrival.with(|state| state.here().is_some())
    }

    /// What is shown until an answer has arrived, and why a later one did not.
    pub(super) fn notice(self) -> AnyView {
        let html = text_memo(move || match (self.arrival.get(), self.stale.get()) {
            (FetchState::Waiting, _) => LOADING.to_owned(),
            (FetchState::Failed(why), _) => failure(&why),
            (FetchState::Here(()), Some(why)) => {
                let why = escaped(&why);
                ["<p class=\"notice\" role=\"status\">This page could not be refreshed: ", &why, "</p>"]
                    .concat()
            }
            (FetchState::Here(()), None) => String::new(),
        });
        html_box("plain", html)
    }
}
