//! Drops old reports, keeps the files within their limit, and checks the clock.

use std::{
    sync::{Arc, Mutex as StdMutex, MutexGuard},
    time::Duration,
};

use headcount_platform::lock::lock;
use tokio::{
    sync::Mutex,
    time::{self, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::{
    failure_log::FailureLog,
    fleet_storage::{FleetStorage, StorageError, StorageResult},
    report_store::{NeededBytes, PrunedReports},
    retention_policy::RetentionPolicy,
    trusted_time::{ClockCorrection, TrustedTime},
};

/// The maximum age of the time that is stored for the next start, in seconds.
const NOTED_EVERY: u64 = 60 * 60;

/// Drops old reports.
#[derive(Debug)]
pub(super) struct ReportPruner {
    store: Arc<FleetStorage>,
    time: Arc<TrustedTime>,
    retention: RetentionPolicy,
    condition: FailureLog,
    deleting: FailureLog,
    one_at_a_time: Mutex<()>,
    /// The correction from when the clock was last confirmed, until reports that were being stored at that
    /// time are corrected, too.
    for_late_reports: StdMutex<Option<ClockCorrection>>,
}

impl ReportPruner {
    /// Drops from `store` what is older than `retention` by `time`.
    pub(super) fn new(store: Arc<FleetStorage>, time: Arc<TrustedTime>, retention: RetentionPolicy) -> Self {
        let condition = FailureLog::new("dropping old reports");
        Self {
            store,
            time,
            retention,
            condition,
            deleting: FailureLog::new("deleting an installation"),
            one_at_a_time: Mutex::new(()),
            for_late_reports: StdMutex::default(),
        }
    }

    /// Waits for the end of a round, and lets none begin until the result is dropped.
    pub(super) async fn pause(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.one_at_a_time.lock().await
    }

    /// Drops what is too old at `now`, a time since the Unix epoch.
    ///
    /// # Errors
    /// When the database fails; what was dropped until then stays dropped.
    pub(super) async fn prune(&self, now: Duration) -> StorageResult<PrunedReports> {
        let _turn = self.one_at_a_time.lock().await;
        self.condition.note(self.drop_old(now).await)
    }

    /// Removes what is left of deleted installations from the files.
    ///
    /// # Errors
    /// When the database fails, or another program reads the log; the next call and the next round go on.
    pub(super) async fn finish_deletions(&self) -> StorageResult<()> {
        let _turn = self.one_at_a_time.lock().await;
        let finished = self.store.finish_deletions().await;
        if matches!(finished, Err(StorageError::DeletionUnderWay)) {
            return finished;
        }
        self.deleting.note(finished)
    }

    /// Trusts the clock of the machine from now on.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub(super) async fn believe_clock(&self) -> StorageResult<ClockCorrection> {
        let correction = self.time.correction();
        self.store.correct_times(correction).await?;
        self.time.believe();
        *self.late() = Some(correction);
        tracing::info!("the clock of this machine is trusted again");
        Ok(correction)
    }

    fn late(&self) -> MutexGuard<'_, Option<ClockCorrection>> {
        // The value is replaced as a whole, so a poisoned lock is still valid.
        lock(&self.for_late_reports)
    }

    /// Prunes at once and then periodically, until `stop`.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut pace = time::interval(self.retention.pace());
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let work = async {
            let mut noted = 0;
            loop {
                pace.tick().await;
                // A failure is logged once; the next round tries again.
                self.condition.note(self.do_round(&mut noted).await).ok();
            }
        };
        stop.run_until_cancelled(work).await;
    }

    async fn do_round(&self, noted: &mut u64) -> StorageResult<()> {
        let _turn = self.one_at_a_time.lock().await;
        self.watch_clock(noted).await?;
        self.store.make_room(NeededBytes::default()).await?;
        self.drop_old(self.time.for_ages()).await?;
        Ok(())
    }

    /// Drops old reports and old tombstones, and finishes deletions that were interrupted.
    async fn drop_old(&self, now: Duration) -> StorageResult<PrunedReports> {
        self.store.drop_tombstones(now.as_secs()).await?;
        let finished = self.store.finish_deletions().await;
        self.store.prepare_days(self.time.now().at).await?;
        let due = self.retention.due(now);
        self.store.forget_deletions(due.counts_before, now.as_secs()).await?;
        let pruned = self.store.prune(due).await?;
        match finished {
            Err(StorageError::DeletionUnderWay) => {}
            finished => finished?,
        }
        Ok(pruned)
    }

    /// Corrects times after a jump of the clock, and stores the time now and then.
    async fn watch_clock(&self, noted: &mut u64) -> StorageResult<()> {
        if self.time.due_correction().is_some() {
            self.believe_clock().await?;
        }
        let now = self.time.now();
        if !now.doubted {
            let correction = *self.late();
            match correction {
                Some(correction) => self.store.correct_times(correction).await?,
                None => self.store.keep_times().await?,
            }
            // Cleared only after the correction has succeeded.
            *self.late() = None;
        }
        if now.at >= noted.saturating_add(NOTED_EVERY) {
            self.store.note_time(now.at).await?;
            *noted = now.at;
        }
        Ok(())
    }
}
