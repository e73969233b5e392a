//! Fetches an answer of the server, and again every 30 seconds while the page is visible and there is a session.

use std::{
    future::{Future, ready},
    pin::Pin,
    rc::Rc,
    time::Duration,
};

use leptos::{prelude::*, task::spawn_local};

use crate::ui::{
    answer::{ApiFailure, FetchState},
    api::ApiClient,
    browser,
    html::{LOADING, escaped, failure},
    html_box::{acting_box, text_memo},
    newest_request::NewestRequest,
    texts::projects,
};

/// How often a visible page fetches again, in seconds.
const REFRESH_S: f64 = 30.0;

/// Takes the body of an answer.
type AnswerTaker = Rc<dyn Fn(Vec<u8>) -> TakenAnswer>;

/// Ends when an answer is taken.
type TakenAnswer = Pin<Box<dyn Future<Output = Result<(), ApiFailure>>>>;

/// The state of an answer that is fetched again and again.
#[derive(Debug, Clone, Copy)]
pub(super) struct LiveAnswer {
    /// Whether an answer has arrived yet, or why none has.
    pub(super) arrival: RwSignal<FetchState<()>>,
    /// Why the last request failed, although an answer had arrived before.
    stale: RwSignal<Option<String>>,
    /// The server's time, in Unix seconds.
    pub(super) now: RwSignal<u64>,
    /// When the last request was sent, in Unix seconds by the browser's clock.
    asked: StoredValue<f64>,
    requests: StoredValue<NewestRequest>,
}

impl LiveAnswer {
    /// Fetches what is at a path of the API for as long as the component is shown that asks for it. `take`
    /// stores the value of an answer.
    pub(super) fn follow(path: String, take: impl Fn(&[u8]) -> Result<(), ApiFailure> + 'static) -> Self {
        Self::follow_in_steps(path, move |body| ready(take(&body)))
    }

    /// Does the same for an answer that is so long that it is taken in steps, so that the page keeps moving.
    pub(super) fn follow_in_steps<F: Future<Output = Result<(), ApiFailure>> + 'static>(
        path: String,
        take: impl Fn(Vec<u8>) -> F + 'static,
    ) -> Self {
        Self::follow_boxed(path.into(), Rc::new(move |body| Box::pin(take(body))))
    }

    fn follow_boxed(path: Rc<str>, take: AnswerTaker) -> Self {
        let api = expect_context::<ApiClient>();
        let live = Self {
            arrival: RwSignal::new(FetchState::Waiting),
            stale: RwSignal::new(None),
            now: RwSignal::new(api.server_time()),
            asked: StoredValue::new(0.0),
            requests: StoredValue::new(NewestRequest::default()),
        };
        let on_second = move || {
            let Some(asked) = live.asked.try_get_value() else { return };
            if !browser::is_visible() || api.is_signed_out().get_untracked() {
                return;
            }
            live.tick(api);
            let now = browser::now();
            if now - asked < REFRESH_S {
                return;
            }
            if let Some(number) = live.requests.try_update_value(NewestRequest::send_if_idle).flatten() {
                live.asked.set_value(now);
                live.load(api, number, Rc::clone(&path), Rc::clone(&take));
            }
        };
        on_second();
        if let Ok(ticking) = set_interval_with_handle(on_second, Duration::from_secs(1)) {
            on_cleanup(move || ticking.clear());
        }
        live
    }

    /// Fetches again within a second. What is on its way is not taken, because it may be older.
    pub(super) fn fetch_soon(self) {
        self.requests.try_update_value(NewestRequest::give_up);
        self.asked.try_set_value(0.0);
    }

    /// Lets the time go on that ages are counted from.
    fn tick(self, api: ApiClient) {
        let now = api.server_time();
        if self.now.get_untracked() != now {
            self.now.set(now);
        }
    }

    fn load(self, api: ApiClient, number: u32, path: Rc<str>, take: AnswerTaker) {
        spawn_local(async move {
            let answer = api.request("GET", &path, None).await;
            // Another page may be open by now, or something newer be asked for.
            if self.requests.try_update_value(|requests| requests.take(number)) != Some(true) {
                return;
            }
            let has_arrived = self.arrival.with_untracked(|state| state.here().is_some());
            self.tick(api);
            let taken = match answer {
                Ok(answer) => take(answer.value).await,
                Err(failure) => Err(failure),
            };
            match taken {
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

    /// Whether an answer has arrived.
    pub(super) fn has_arrived(self) -> bool {
        self.arrival.with(|state| state.here().is_some())
    }

    /// What is shown until an answer has arrived, and why a later one did not.
    pub(super) fn notice(self) -> AnyView {
        let html = text_memo(move || match self.arrival.get() {
            FetchState::Waiting => LOADING.to_owned(),
            FetchState::Failed(why) => failure(&why),
            FetchState::Here(()) => String::new(),
        });
        let stale = text_memo(move || {
            let why = self.stale.get().map(|why| projects::not_refreshed(&escaped(&why)));
            why.map(|why| ["<p class=\"notice\">", &why, "</p>"].concat()).unwrap_or_default()
        });
        // Both change also under the cursor, which is often there after a click that led to this page.
        let shown = |html| acting_box("plain", html, html, Box::new(|_| ()));
        view! {
            {shown(html)}
            // Over the page, so that nothing moves.
            <div class="floating" role="status">{shown(stale)}</div>
        }
        .into_any()
    }
}
