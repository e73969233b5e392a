//! Holds the state of the page, and fetches it from the server.

use headcount_shared::api::{ReportEntries, Status, WouldForget};
use leptos::{prelude::*, task::spawn_local};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{document_cell::DocumentCell, requests::PREVIEW};
use crate::ui::{
    answer::{ApiFailure, FetchState, read},
    api::ApiClient,
    browser,
};

/// The state of the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatisticsState {
    pub(super) api: ApiClient,
    pub(super) status: RwSignal<FetchState<Status>>,
    pub(super) reports: RwSignal<FetchState<ReportEntries>>,
    /// What switching off would delete.
    pub(super) forgets: RwSignal<FetchState<WouldForget>>,
    /// The charts of what was reported over time, as HTML.
    pub(super) history: RwSignal<FetchState<String>>,
    /// The report as it would be sent, as of when it was asked for.
    pub(super) preview: DocumentCell,
    /// The stored report that is open for reading.
    pub(super) opened: DocumentCell,
    /// Why the last attempt to switch failed, if it did.
    pub(super) switch_failure: RwSignal<Option<String>>,
    pub(super) is_switching: RwSignal<bool>,
    /// The last change, for screen readers.
    pub(super) said: RwSignal<String>,
    /// The browser's clock, in Unix seconds.
    pub(super) browser_time: RwSignal<f64>,
    /// How far the server's clock is ahead of the browser's, in seconds.
    ahead: RwSignal<f64>,
}

impl StatisticsState {
    /// The state before any request.
    pub(super) fn new(api: ApiClient) -> Self {
        Self {
            api,
            status: RwSignal::new(FetchState::Waiting),
            reports: RwSignal::new(FetchState::Waiting),
            forgets: RwSignal::new(FetchState::Waiting),
            history: RwSignal::new(FetchState::Waiting),
            preview: DocumentCell::new(),
            opened: DocumentCell::new(),
            switch_failure: RwSignal::new(None),
            is_switching: RwSignal::new(false),
            said: RwSignal::new(String::new()),
            browser_time: RwSignal::new(browser::now()),
            ahead: RwSignal::new(0.0),
        }
    }

    /// The server's time, in Unix seconds.
    pub(super) fn server_time(self) -> u64 {
        whole_seconds(self.browser_time.get() + self.ahead.get())
    }

    /// Whether the next report should have been made by now.
    pub(super) fn report_is_due(self) -> bool {
        let now = whole_seconds(self.browser_time.get_untracked() + self.ahead.get_untracked());
        let next =
            self.status.with_untracked(|status| status.here().and_then(|status| status.next_report_at));
        next.is_some_and(|next| next <= now)
    }

    /// Whether usage statistics are on; `None` until that is known.
    pub(super) fn is_on(self) -> Memo<Option<bool>> {
        Memo::new(move |_| self.status.with(|status| status.here().map(|status| status.enabled)))
    }

    /// Fetches everything except the preview, which costs the server some work.
    pub(super) fn refresh(self) {
        self.load_status();
        self.load_forgets();
        self.load_reports();
        let history = self.history;
        self.ask("api/usage-statistics/history", move |bytes| {
            let charts = |history: Value| history["charts"].as_str().unwrap_or_default().to_owned();
            history.set(arrived(bytes.and_then(|bytes| read(&bytes)).map(charts)));
        });
    }

    pub(super) fn load_status(self) {
        self.load("api/usage-statistics", self.status);
    }

    fn load_forgets(self) {
        self.load("api/usage-statistics/forgets", self.forgets);
    }

    pub(super) fn load_reports(self) {
        self.load("api/usage-statistics/reports", self.reports);
    }

    pub(super) fn load_preview(self) {
        self.preview.load(self, PREVIEW.to_owned(), |desk| {
            desk.said.set("The preview of the next report is here.".to_owned());
        });
    }

    /// Switches usage statistics on or off, and shows the result.
    pub(super) fn switch(self, enabled: bool) {
        if self.is_switching.get_untracked() {
            return;
        }
        self.is_switching.set(true);
        spawn_local(async move {
            let failure = self.api.switch(enabled).await.err().map(ApiFailure::sentence);
            if failure.is_none() {
                let state = if enabled { "on" } else { "off" };
                self.said.set(format!("Usage statistics are {state}."));
                self.preview.clear();
            }
            self.switch_failure.set(failure);
            self.is_switching.set(false);
            self.refresh();
        });
    }

    fn load<T: DeserializeOwned + Send + Sync + 'static>(
        self,
        path: &'static str,
        into: RwSignal<FetchState<T>>,
    ) {
        self.ask(path, move |bytes| into.set(arrived(bytes.and_then(|bytes| read(&bytes)))));
    }

    /// Reads what is at a path of the API, and the server's clock.
    fn ask(self, path: &'static str, show: impl FnOnce(Result<Vec<u8>, ApiFailure>) + 'static) {
        self.ask_boxed(path, Box::new(show));
    }

    /// One task for all kinds of answers.
    fn ask_boxed(self, path: &'static str, show: Box<dyn FnOnce(Result<Vec<u8>, ApiFailure>)>) {
        spawn_local(async move {
            let answer = self.api.request("GET", path, None).await;
            // Without a session the page is hidden, and stays as it was until there is one again.
            if matches!(answer, Err(ApiFailure::SignedOut)) {
                return;
            }
            if let Some(server_time) = answer.as_ref().ok().and_then(|answer| answer.server_time) {
                self.ahead.set(server_time - browser::now());
            }
            show(answer.map(|answer| answer.value));
        });
    }
}

fn arrived<T>(answer: Result<T, ApiFailure>) -> FetchState<T> {
    answer.map_or_else(|failure| FetchState::Failed(failure.sentence()), FetchState::Here)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float saturates on conversion, and both ends are as wrong as the clock that says so"
)]
const fn whole_seconds(time: f64) -> u64 {
    time as u64
}
