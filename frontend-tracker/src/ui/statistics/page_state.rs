//! Holds the state of the page, and fetches it from the server.

use headcount_shared::api::{ReportEntries, Status, WouldForget};
use leptos::{prelude::*, task::spawn_local};
use serde_json::Value;

use super::{
    document_cell::DocumentCell,
    fetched_value::FetchedValue,
    requests::{PREVIEW, told},
};
use crate::ui::{
    answer::{ApiFailure, FetchState, read},
    api::ApiClient,
    newest_request::NewestRequest,
    texts::statistics,
};

/// The path of the status in the API.
const STATUS: &str = "api/usage-statistics";

/// The state of the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatisticsState {
    pub(super) api: ApiClient,
    pub(super) status: FetchedValue<Status>,
    pub(super) reports: FetchedValue<ReportEntries>,
    /// What switching off would delete.
    pub(super) forgets: FetchedValue<WouldForget>,
    /// The charts of what was reported over time, as HTML.
    pub(super) history: FetchedValue<String>,
    /// The report as it would be sent, as of when it was asked for.
    pub(super) preview: DocumentCell,
    /// The stored report that is open for reading.
    pub(super) opened: DocumentCell,
    /// When that was made, in Unix seconds.
    pub(super) opened_made_at: RwSignal<u64>,
    /// The two reports that are compared, the earlier one first. The preview itself is not in them.
    pub(super) compared: [DocumentCell; 2],
    /// Why the last attempt to switch failed, if it did.
    pub(super) switch_failure: RwSignal<Option<String>>,
    pub(super) is_switching: RwSignal<bool>,
    /// Whether a deletion may be under way whose outcome is not known.
    pub(super) may_be_deleting: RwSignal<bool>,
    /// The last change, for screen readers.
    pub(super) said: RwSignal<String>,
    /// Changes every second.
    pub(super) second: Trigger,
}

/// How values are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestKind {
    /// For the user, or after a change: at once.
    Wanted,
    /// To look again: not while the same is asked for already.
    Poll,
}

impl StatisticsState {
    /// The state before any request.
    pub(super) fn new(api: ApiClient) -> Self {
        Self {
            api,
            status: FetchedValue::new(),
            reports: FetchedValue::new(),
            forgets: FetchedValue::new(),
            history: FetchedValue::new(),
            preview: DocumentCell::new(),
            opened: DocumentCell::new(),
            opened_made_at: RwSignal::new(0),
            compared: [DocumentCell::new(), DocumentCell::new()],
            switch_failure: RwSignal::new(None),
            is_switching: RwSignal::new(false),
            may_be_deleting: RwSignal::new(false),
            said: RwSignal::new(String::new()),
            second: Trigger::new(),
        }
    }

    /// The server's time, in Unix seconds.
    pub(super) fn server_time(self) -> u64 {
        self.second.track();
        self.api.server_time()
    }

    /// The server's time in steps of ten seconds, in Unix seconds: for ages without seconds, in texts that take some
    /// work. It is ahead, so that nothing is said to be younger than it is.
    pub(super) fn coarse_time(self) -> Memo<u64> {
        Memo::new(move |_| self.server_time().div_ceil(10) * 10)
    }

    /// Whether there is soon something else to show, or something is missing.
    pub(super) fn expects_news(self) -> bool {
        let now = self.api.server_time();
        let is_changing =
            |status: &FetchState<Status>| status.here().is_some_and(|status| is_changing(status, now));
        self.may_be_deleting.get_untracked()
            || self.failures().iter().any(|failure| failure.with_untracked(Option::is_some))
            || self.status.state.with_untracked(is_changing)
    }

    /// Why what the page shows is not the newest; `None` if it is.
    pub(super) fn why_stale(self) -> Memo<Option<String>> {
        Memo::new(move |_| {
            // Until it has arrived, its failure is shown in its place.
            self.status.state.with(|status| status.here().is_some()).then_some(())?;
            self.failures().into_iter().find_map(|failure| failure.get())
        })
    }

    fn failures(self) -> [RwSignal<Option<String>>; 4] {
        [self.status.failure, self.reports.failure, self.forgets.failure, self.history.failure]
    }

    /// Whether usage statistics are on; `None` until that is known.
    pub(super) fn is_on(self) -> Memo<Option<bool>> {
        Memo::new(move |_| self.status.state.with(|status| status.here().map(|status| status.enabled)))
    }

    /// Fetches everything except the preview, which costs the server some work.
    pub(super) fn refresh(self) {
        self.fetch(RequestKind::Wanted);
    }

    /// Does the same, except for what is on its way.
    pub(super) fn poll(self) {
        self.fetch(RequestKind::Poll);
    }

    /// Fetches the status, and what switching off would delete as of now, unless they are on their way.
    pub(super) fn look(self) {
        self.fetch_status(RequestKind::Poll);
    }

    /// Fetches what was refused without a session, now that there is one again.
    pub(super) fn resume(self) {
        self.refresh();
        for document in [self.preview, self.opened].into_iter().chain(self.compared) {
            document.ask_again(self);
        }
    }

    fn fetch_status(self, kind: RequestKind) {
        self.load(kind, STATUS, self.status, read);
        self.load(kind, "api/usage-statistics/forgets", self.forgets, read);
    }

    fn fetch(self, kind: RequestKind) {
        self.fetch_status(kind);
        self.load(kind, "api/usage-statistics/reports", self.reports, read);
        self.load(kind, "api/usage-statistics/history", self.history, |bytes| {
            read(bytes).map(|history: Value| history["charts"].as_str().unwrap_or_default().to_owned())
        });
    }

    pub(super) fn load_preview(self) {
        self.preview.load(self, PREVIEW.to_owned(), |desk| {
            desk.said.set(statistics::PREVIEW_IS_HERE.to_owned());
        });
    }

    /// Switches usage statistics on or off, and shows the result.
    pub(super) fn switch(self, enabled: bool) {
        if self.is_switching.get_untracked() {
            return;
        }
        self.is_switching.set(true);
        spawn_local(async move {
            let failure = self.api.switch(enabled).await.err();
            if failure.is_none() {
                let said = if enabled { statistics::SWITCHED_ON } else { statistics::SWITCHED_OFF };
                self.said.set(said.to_owned());
            }
            self.switch_failure.set(failure.and_then(told));
            self.is_switching.set(false);
            self.refresh();
        });
    }

    fn load<T: Send + Sync + 'static>(
        self,
        kind: RequestKind,
        path: &'static str,
        into: FetchedValue<T>,
        read: fn(&[u8]) -> Result<T, ApiFailure>,
    ) {
        let take = move |answer: Result<Vec<u8>, ApiFailure>| {
            into.take(answer.and_then(|bytes| read(&bytes)));
        };
        self.ask(kind, path, into.requests, Box::new(take));
    }

    /// Reads what is at a path of the API. One task for all kinds of answers.
    fn ask(
        self,
        kind: RequestKind,
        path: &'static str,
        requests: StoredValue<NewestRequest>,
        take: Box<dyn FnOnce(Result<Vec<u8>, ApiFailure>)>,
    ) {
        let number = requests.try_update_value(|requests| match kind {
            RequestKind::Wanted => Some(requests.send()),
            RequestKind::Poll => requests.send_if_idle(),
        });
        let Some(number) = number.flatten() else { return };
        spawn_local(async move {
            let answer = self.api.request("GET", path, None).await;
            // The page may be gone by now.
            if requests.try_update_value(|requests| requests.take(number)) != Some(true) {
                return;
            }
            // Without a session the page is hidden, and stays as it was until there is one again.
            if matches!(answer, Err(ApiFailure::SignedOut)) {
                return;
            }
            take(answer.map(|answer| answer.value));
        });
    }
}

/// Whether a status is another one soon: at `now`, in Unix seconds, a report is due or waits for the collector.
fn is_changing(status: &Status, now: u64) -> bool {
    status.queued > 0 || status.next_report_at.is_some_and(|next| next <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_that_is_due_or_waits_changes_the_status() {
        let status = |queued, next_report_at| Status { queued, next_report_at, ..Status::default() };
        for (queued, next, is_one) in [
            (0, None, false),
            (0, Some(101), false),
            (0, Some(100), true),
            (1, Some(101), true),
            (1, None, true),
        ] {
            assert_eq!(is_changing(&status(queued, next), 100), is_one, "{queued} {next:?}");
        }
    }
}
