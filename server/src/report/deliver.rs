//! Delivers the reports in the spool to the collector.
//!
//! One request at a time. After a failure the report with the fewest attempts is next, so that a report that
//! makes the collector fail delays no other, and an unavailable collector costs one request per wait.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use headcount_platform::{clock::Clock, joined::joined, lock::lock};
use headcount_shared::payload::InstanceSection;
use serde::Deserialize;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    collector_answer::{CollectorAnswer, DeliveryOutcome, is_deleted, judge, wait_after},
    deletion_receipts::DeletionReceipts,
    spool::{DeliveryAttempt, ReadError, Spool, SpooledReport},
    transport::{DeliveryFailure, ReportTransport},
};
use crate::metrics::{DeliveryLabel, ProcessMetrics};

/// The delivery of one spool.
#[derive(Debug)]
pub struct ReportDelivery {
    spool: Arc<Spool>,
    receipts: Arc<DeletionReceipts>,
    transport: Box<dyn ReportTransport>,
    clock: Arc<dyn Clock>,
    metrics: ProcessMetrics,
    interval: Duration,
    chance: fn() -> f64,
    new_report: Notify,
    progress: Mutex<DeliveryProgress>,
}

/// The state of the delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryProgress {
    /// When a collector last confirmed a report, in Unix seconds; `None` when none did since the start.
    pub last_delivered_at: Option<u64>,
    /// Why the last attempt failed; `None` if it succeeded.
    pub last_failure: Option<String>,
    /// Failures in a row.
    failures: u32,
    /// The reasons that were logged; each is logged once.
    logged: BTreeSet<String>,
    attempts: HashMap<Uuid, u32>,
}

/// The next step after an attempt.
#[derive(Debug, PartialEq, Eq)]
enum DeliveryStep {
    /// Pick another report at once.
    Report,
    /// Wait for a new report: none is queued.
    NewReport,
    /// Wait, even if new reports come.
    Wait(Duration),
    /// End: the attempt was cut short.
    Stop,
}

impl ReportDelivery {
    /// Delivers what is in `spool`, where a report comes every `interval`. Reports of an installation for
    /// which there is a receipt are dropped when the collector says that it is deleted. `chance` picks a number in 0..1
    /// that spreads the attempts of many installations.
    #[must_use]
    pub fn new(
        spool: Arc<Spool>,
        receipts: Arc<DeletionReceipts>,
        transport: Box<dyn ReportTransport>,
        clock: Arc<dyn Clock>,
        metrics: ProcessMetrics,
        interval: Duration,
        chance: fn() -> f64,
    ) -> Self {
        let (new_report, progress) = (Notify::new(), Mutex::default());
        Self { spool, receipts, transport, clock, metrics, interval, chance, new_report, progress }
    }

    /// Wakes the delivery because a report was queued.
    pub fn notify(&self) {
        self.new_report.notify_one();
    }

    /// The state of the delivery.
    #[must_use]
    pub fn progress(&self) -> DeliveryProgress {
        self.lock().clone()
    }

    /// Delivers until `stop`, which also ends a request that is under way; its report stays in the spool and
    /// may have been sent. When this returns, nothing touches the spool any more.
    pub async fn run(&self, stop: &CancellationToken) {
        loop {
            let waited = match self.attempt(stop).await {
                DeliveryStep::Report if !stop.is_cancelled() => continue,
                DeliveryStep::Report | DeliveryStep::Stop => return,
                DeliveryStep::NewReport => stop.run_until_cancelled(self.new_report.notified()).await,
                DeliveryStep::Wait(wait) => stop.run_until_cancelled(tokio::time::sleep(wait)).await,
            };
            if waited.is_none() {
                return;
            }
        }
    }

    async fn attempt(&self, stop: &CancellationToken) -> DeliveryStep {
        let Some(id) = self.pick() else { return DeliveryStep::NewReport };
        let (report, attempt) = match self.begin(id).await {
            Ok(begun) => begun,
            // The file was set aside, or is gone since it was picked.
            Err(ReadError::Damaged | ReadError::Unknown) => return DeliveryStep::Report,
            Err(error) => return self.later(id, &error.to_string(), None),
        };
        // Only the request is interrupted: a change of the spool must not stop halfway.
        match stop.run_until_cancelled(self.transport.send(id, report)).await {
            None => DeliveryStep::Stop,
            Some(Err(no_answer)) => self.not_answered(id, attempt, no_answer).await,
            Some(Ok(answer)) => self.answered(id, attempt, &answer).await,
        }
    }

    /// The report with the fewest attempts; of those, the oldest.
    fn pick(&self) -> Option<Uuid> {
        let queued = self.spool.queued();
        let mut progress = self.lock();
        progress.attempts.retain(|id, _| queued.contains(id));
        queued.into_iter().min_by_key(|id| progress.attempts.get(id).copied().unwrap_or_default())
    }

    /// Reads a report that is about to be sent.
    async fn begin(&self, id: Uuid) -> Result<(SpooledReport, DeliveryAttempt), ReadError> {
        self.on_disk(move |spool| {
            let report = spool.read(id)?;
            Ok((report, spool.begin_attempt(id)?))
        })
        .await
    }

    async fn not_answered(
        &self,
        id: Uuid,
        attempt: DeliveryAttempt,
        no_answer: DeliveryFailure,
    ) -> DeliveryStep {
        if !no_answer.may_have_left() {
            self.end(attempt).await;
        }
        self.later(id, &no_answer.to_string(), None)
    }

    async fn answered(&self, id: Uuid, attempt: DeliveryAttempt, answer: &CollectorAnswer) -> DeliveryStep {
        if let Some(instance) = self.deleted_installation(id, answer).await {
            return self.deleted(id, instance).await;
        }
        match judge(answer, self.clock.wall()) {
            DeliveryOutcome::Delivered => self.delivered(id).await,
            DeliveryOutcome::Refused => self.refused(id, answer.status).await,
            DeliveryOutcome::Later { wait, why } => {
                if !may_be_stored(answer.status) {
                    self.end(attempt).await;
                }
                self.later(id, &why.to_string(), wait)
            }
        }
    }

    /// The installation of the report, if the answer says that it is deleted, and it has asked for that.
    async fn deleted_installation(&self, id: Uuid, answer: &CollectorAnswer) -> Option<Uuid> {
        if !is_deleted(answer, true) {
            return None;
        }
        let instance = self.on_disk(move |spool| Ok::<_, ReadError>(instance_of(&spool.read(id)?))).await;
        let instance = instance.ok().flatten()?;
        is_deleted(answer, self.receipts.covers(instance)).then_some(instance)
    }

    /// Drops the waiting reports of an installation that is deleted.
    async fn deleted(&self, id: Uuid, instance: Uuid) -> DeliveryStep {
        let dropped =
            self.on_disk(move |spool| spool.drop_queued(|report| instance_of(report) == Some(instance)));
        match dropped.await {
            Ok(dropped) => {
                tracing::info!(
                    dropped,
                    "this installation asked for its deletion; what waited of it is dropped"
                );
                DeliveryStep::Report
            }
            Err(error) => self.later(id, &error.to_string(), None),
        }
    }

    async fn end(&self, attempt: DeliveryAttempt) {
        let ended = self.on_disk(move |spool| spool.end_attempt(attempt)).await;
        if let Err(error) = ended {
            tracing::debug!(%error, "a report counts as one that may have left");
        }
    }

    async fn delivered(&self, id: Uuid) -> DeliveryStep {
        if let Err(error) = self.on_disk(move |spool| spool.mark_sent(id)).await {
            // It will be sent again, and the collector will recognize it.
            return self.later(id, &error.to_string(), None);
        }
        self.metrics.delivered(DeliveryLabel::Delivered);
        let mut progress = self.lock();
        if progress.failures > 0 {
            tracing::info!("reports are delivered again");
        }
        progress.failures = 0;
        progress.logged.clear();
        progress.last_failure = None;
        progress.last_delivered_at = Some(self.clock.wall().as_secs());
        DeliveryStep::Report
    }

    async fn refused(&self, id: Uuid, status: u16) -> DeliveryStep {
        if let Err(error) = self.on_disk(move |spool| spool.mark_refused(id)).await {
            return self.later(id, &error.to_string(), None);
        }
        self.metrics.delivered(DeliveryLabel::Refused);
        tracing::warn!(%id, status, "the collector refused a report; it is stored in reports/refused");
        let mut progress = self.lock();
        progress.failures = 0;
        progress.logged.clear();
        progress.last_failure = Some(format!("the collector refused a report with status {status}"));
        DeliveryStep::Report
    }

    fn later(&self, id: Uuid, why: &str, asked: Option<Duration>) -> DeliveryStep {
        self.metrics.delivered(DeliveryLabel::Failed);
        let mut progress = self.lock();
        // A collector that alternates between several failures is logged once for each kind, not for each
        // change.
        if progress.logged.insert(why.to_owned()) {
            tracing::warn!(why, "a report could not be delivered; reports wait until it works");
        }
        progress.failures = progress.failures.saturating_add(1);
        progress.last_failure = Some(why.to_owned());
        *progress.attempts.entry(id).or_default() += 1;
        DeliveryStep::Wait(wait_after(progress.failures, self.interval, asked, (self.chance)()))
    }

    async fn on_disk<T, E>(&self, work: impl FnOnce(&Spool) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<io::Error> + Send + 'static,
    {
        let spool = Arc::clone(&self.spool);
        let worked = joined(tokio::task::spawn_blocking(move || work(&spool))).await;
        worked.unwrap_or_else(|error| Err(error.into()))
    }

    fn lock(&self) -> MutexGuard<'_, DeliveryProgress> {
        // A partial change of the progress costs a wait, but no report.
        lock(&self.progress)
    }
}

/// The installation that a report is of; `None` if it names none.
fn instance_of(report: &SpooledReport) -> Option<Uuid> {
    #[derive(Deserialize)]
    struct ReportedInstance {
        instance: InstanceSection,
    }
    let read: ReportedInstance = serde_json::from_slice(&report.bytes).ok()?;
    Some(read.instance.uuid)
}

/// Whether a collector may have stored the report before it failed, or before a gateway timed out. A server
/// that answers 503 has not stored it.
const fn may_be_stored(status: u16) -> bool {
    500 <= status && status < 600 && status != 503
}

#[cfg(test)]
mod tests;
