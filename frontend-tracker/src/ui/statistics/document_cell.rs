//! Holds a report that the page shows, and fetches it.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};
use serde_json::Value;

use super::page_state::StatisticsState;
use crate::ui::{answer::read, newest_request::NewestRequest};

/// A report with its bytes from the server.
#[derive(Debug)]
pub(super) struct ReportDocument {
    /// What it is: see [`source_of_report`](super::requests::source_of_report).
    pub(super) source: String,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Their SHA-256 as the server says it.
    pub(super) sha256: String,
    /// Its content.
    pub(super) report: Value,
    /// When the server answered, by its clock, in Unix seconds.
    pub(super) answered_at: u64,
}

/// A report that is there, or on its way. While another one is fetched, the one before stays.
#[derive(Debug, Clone, Copy)]
pub(super) struct DocumentCell {
    /// Which report is wanted.
    pub(super) source: RwSignal<Option<String>>,
    pub(super) document: RwSignal<Option<Arc<ReportDocument>>>,
    /// Why the wanted report is not there.
    pub(super) failure: RwSignal<Option<String>>,
    pub(super) is_loading: RwSignal<bool>,
    requests: StoredValue<NewestRequest>,
}

impl DocumentCell {
    pub(super) fn new() -> Self {
        Self {
            source: RwSignal::new(None),
            document: RwSignal::new(None),
            failure: RwSignal::new(None),
            is_loading: RwSignal::new(false),
            requests: StoredValue::new(NewestRequest::default()),
        }
    }

    /// The report that is wanted; or why it is not there: a failure, or `None` while it is on its way.
    pub(super) fn wanted(self) -> Result<Arc<ReportDocument>, Option<String>> {
        let source = self.source.get();
        let document = self.document.get().filter(|document| Some(&document.source) == source.as_ref());
        let failure = self.failure.get().filter(|_| !self.is_loading.get());
        document.ok_or(failure)
    }

    /// Shows no report.
    pub(super) fn clear(self) {
        self.requests.update_value(NewestRequest::give_up);
        self.source.set(None);
        self.document.set(None);
        self.failure.set(None);
        self.is_loading.set(false);
    }

    /// Fetches a report. What was fetched before stays until it is there. `then` is called only if it arrived.
    pub(super) fn load(self, desk: StatisticsState, source: String, then: fn(StatisticsState)) {
        self.source.set(Some(source.clone()));
        self.is_loading.set(true);
        let Some(number) = self.requests.try_update_value(NewestRequest::send) else { return };
        spawn_local(async move {
            let answer = desk.api.report(&source).await;
            // The page may be gone by now, or another report wanted.
            if self.requests.try_update_value(|requests| requests.take(number)) != Some(true) {
                return;
            }
            let answer = answer.and_then(|answer| Ok((read(&answer.value)?, answer)));
            self.is_loading.set(false);
            match answer {
                Ok((report, answer)) => {
                    self.failure.set(None);
                    let answered_at = desk.api.server_time();
                    let (bytes, sha256) = (answer.value, answer.sha256);
                    let document = ReportDocument { source, bytes, sha256, report, answered_at };
                    self.document.set(Some(Arc::new(document)));
                    then(desk);
                }
                Err(failure) => self.failure.set(Some(failure.sentence())),
            }
        });
    }

    /// Fetches again what failed.
    pub(super) fn ask_again(self, desk: StatisticsState) {
        let has_failed = self.failure.with_untracked(Option::is_some);
        let Some(source) = self.source.get_untracked().filter(|_| has_failed) else { return };
        self.failure.set(None);
        self.load(desk, source, |_| ());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_shown_as_the_wanted_one_only() {
        let owner = Owner::new();
        owner.set();
        let cell = DocumentCell::new();
        let wanted = || cell.wanted().map(|document| document.source.clone());
        let arrive = |source: &str| {
            let source = source.to_owned();
            let (bytes, sha256, report) = (vec![], String::new(), Value::Null);
            let document = ReportDocument { source, bytes, sha256, report, answered_at: 0 };
            cell.document.set(Some(Arc::new(document)));
        };
        assert_eq!(wanted(), Err(None));
        cell.source.set(Some("reports/a".to_owned()));
        arrive("reports/a");
        assert_eq!(wanted(), Ok("reports/a".to_owned()));
        cell.source.set(Some("reports/b".to_owned()));
        cell.is_loading.set(true);
        assert_eq!(wanted(), Err(None));
        cell.is_loading.set(false);
        cell.failure.set(Some("No.".to_owned()));
        assert_eq!(wanted(), Err(Some("No.".to_owned())));
        cell.is_loading.set(true);
        assert_eq!(wanted(), Err(None), "what failed is asked for again");
        arrive("reports/b");
        assert_eq!(wanted(), Ok("reports/b".to_owned()));
    }
}
