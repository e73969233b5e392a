//! Reads and stores the history of a project for its observation.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use headcount_health::history_store::{
    HistoryChanges, HistoryStore, HistoryUnavailable, ProjectHistory, ReportEvent,
};
use headcount_platform::lock::lock;
use tokio::time::timeout;

/// The timeout for reading and for storing.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long a page waits for the history.
const VIEW_TIMEOUT: Duration = Duration::from_secs(3);

/// The history of one project.
pub(super) struct HistoryCache {
    project: String,
    /// `None` if nothing is stored.
    records: Option<Arc<dyn HistoryStore>>,
    last: Mutex<Arc<ProjectHistory>>,
    /// The counted events of the latest successful store.
    counted: Mutex<Vec<ReportEvent>>,
}

impl HistoryCache {
    pub(super) fn new(project: String, records: Option<Arc<dyn HistoryStore>>) -> Self {
        Self { project, records, last: Mutex::default(), counted: Mutex::default() }
    }

    /// The history as it was last read; empty before.
    pub(super) fn last(&self) -> Arc<ProjectHistory> {
        Arc::clone(&lock(&self.last))
    }

    /// What views show of the history as it is now, with the rollouts since a time, or the history as it was last
    /// read if it cannot be read. For views only: nothing that is found with it is stored.
    pub(super) async fn for_views(&self, since: u32) -> Arc<ProjectHistory> {
        let Some(records) = &self.records else { return self.last() };
        match timeout(VIEW_TIMEOUT, records.glance(&self.project, since)).await {
            Ok(Ok(recalled)) => Arc::new(recalled),
            Ok(Err(HistoryUnavailable)) | Err(_) => self.last(),
        }
    }

    /// Reads the history. If that fails, the previous one stays valid for reading; but changes that are found
    /// with it may be stored already, and must not be stored.
    pub(super) async fn recall(&self) -> Result<(), HistoryUnavailable> {
        let records = self.records.as_ref().ok_or(HistoryUnavailable)?;
        let recalled = timeout(TIMEOUT, records.recall(&self.project)).await;
        *lock(&self.last) = Arc::new(recalled.map_err(|_| HistoryUnavailable)??);
        Ok(())
    }

    /// Stores changes that were found with the history that was just read. Changes that cannot be stored will
    /// be found again.
    pub(super) async fn remember(&self, findings: HistoryChanges) {
        let Some(records) = &self.records else { return };
        if !findings.are_news(&lock(&self.counted)) {
            return;
        }
        if let Ok(Ok(())) = timeout(TIMEOUT, records.remember(&self.project, &findings)).await {
            *lock(&self.counted) = findings.countable;
        }
    }
}

impl fmt::Debug for HistoryCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Leaves out the history, which contains names.
        formatter
            .debug_struct("HistoryCache")
            .field("records", &self.records.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use headcount_health::{health_status::HealthStatus, incidents::ApplicationIncident};
    use headcount_topology::application_key::ApplicationKey;

    use super::*;

    #[test]
    fn nothing_that_is_printed_names_what_runs_there() {
        let memory = HistoryCache::new("a1".to_owned(), None);
        let incident = ApplicationIncident {
            application: ApplicationKey { name: "secret".to_owned(), ..ApplicationKey::default() },
            key: String::new(),
            opened_at: 0,
            resolved_at: None,
            severity: HealthStatus::Critical,
        };
        *lock(&memory.last) =
            Arc::new(ProjectHistory { incidents: vec![incident], ..ProjectHistory::default() });
        assert!(!format!("{memory:?}").contains("secret"), "{memory:?}");
    }
}
