//! When are old reports dropped?

use std::{sync::Arc, time::Duration};

use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{
    condition::Condition,
    retention::due,
    store::{Pruned, Store},
};
use crate::clock::Clock;

/// How often old reports are dropped.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Drops old reports.
#[derive(Debug)]
pub(super) struct Pruner {
    store: Arc<Store>,
    retention: Duration,
    condition: Condition,
}

impl Pruner {
    /// Drops from `store` what is older than `retention`.
    pub(super) fn new(store: Arc<Store>, retention: Duration) -> Self {
        Self { store, retention, condition: Condition::new("dropping old reports") }
    }

    /// Drops what is too old at `now`, a time since the Unix epoch.
    ///
    /// # Errors
    /// When the database fails; what was dropped until then stays dropped.
    pub(super) async fn prune(&self, now: Duration) -> sqlx::Result<Pruned> {
        self.condition.note(self.store.prune(due(now, self.retention)).await)
    }

    /// Drops what is too old, at once and then every hour, until `stop`.
    pub(super) async fn run(self: Arc<Self>, clock: Arc<dyn Clock>, stop: CancellationToken) {
        let mut pace = time::interval(INTERVAL);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let work = async {
            loop {
                pace.tick().await;
                // A failure was logged where it was noted; the next round tries again.
                drop(self.prune(clock.wall()).await);
            }
        };
        stop.run_until_cancelled(work).await;
    }
}
