//! Reads and stores the history of projects with the time of the clock.

use std::sync::Arc;

use headcount_health::history_store::{
    HistoryChanges, HistoryFuture, HistoryStore, HistoryUnavailable, ProjectHistory,
};
use headcount_platform::clock::Clock;

use crate::store::SettingsStore;

/// The store, and the clock that dates records. The store logs its failures itself.
#[derive(Debug)]
pub struct DatedHistory {
    settings: SettingsStore,
    clock: Arc<dyn Clock>,
}

impl DatedHistory {
    /// The history in this store.
    #[must_use]
    pub fn new(settings: SettingsStore, clock: Arc<dyn Clock>) -> Self {
        Self { settings, clock }
    }

    fn now(&self) -> u32 {
        self.clock.unix_seconds()
    }
}

impl HistoryStore for DatedHistory {
    fn recall<'f>(&'f self, project: &'f str) -> HistoryFuture<'f, ProjectHistory> {
        Box::pin(async move {
            let recalled = self.settings.recall(project).await.map_err(|_| HistoryUnavailable)?;
            let counting_since =
                self.settings.counting_since(self.now()).await.map_err(|_| HistoryUnavailable)?;
            Ok(ProjectHistory { counting_since, only_read: self.settings.is_read_only(), ..recalled })
        })
    }

    fn glance<'f>(&'f self, project: &'f str, since: u32) -> HistoryFuture<'f, ProjectHistory> {
        Box::pin(async move { self.settings.glance(project, since).await.map_err(|_| HistoryUnavailable) })
    }

    fn remember<'f>(&'f self, project: &'f str, findings: &'f HistoryChanges) -> HistoryFuture<'f, ()> {
        let now = self.now();
        Box::pin(async move {
            self.settings.remember(project, findings, now).await.map_err(|_| HistoryUnavailable)
        })
    }
}
