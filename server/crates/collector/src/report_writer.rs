//! Writes reports, and acknowledges each when it is durable.
//!
//! One task writes. It takes all waiting reports, stores them in one transaction, and answers each when that
//! is on disk. While the disk works on one group, the next one gathers, so that many reports share one sync.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use headcount_platform::{clock::Clock, disk::free_space::FreeSpace};
use headcount_shared::api::ReceiptStatus;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    IngestError,
    failure_log::FailureLog,
    fleet_storage::{FleetStorage, StorageResult},
    intake_entry::NotStoredReason,
    intake_ledger::ReceivedReport,
    raw_copy_pause::{PauseChange, RawCopyPause},
    report_intake::{AdmittedReport, BodyReservation},
    report_store::{DiskLimit, DiskPressure, IncomingReport, NeededBytes, StoreOutcome},
    sender_key::SenderKey,
    storage_quota::{QuotaBooking, QuotaExceeded, StorageQuotas},
    trusted_time::TrustedMoment,
};

/// The maximum of reports that wait to be written. The budget for bodies limits their memory.
const QUEUE: usize = 256;

/// The maximum of reports in one transaction.
const GROUP: usize = 64;

/// The maximum of bytes in one transaction, unless one report alone has more: the write-ahead log grows by as
/// much.
const GROUP_BYTES: u64 = 16 * 1024 * 1024;

/// How often to log that there is no space left, or that a quota is used up.
const SAID_EVERY: Duration = Duration::from_secs(60 * 60);

/// Hands reports to the task that writes.
#[derive(Debug, Clone)]
pub(super) struct ReportWriter {
    queue: mpsc::Sender<QueuedReport>,
    raw_copies_paused: Arc<AtomicBool>,
}

/// The receiving end, for the task that writes.
#[derive(Debug)]
pub(super) struct ReportQueue {
    waiting: mpsc::Receiver<QueuedReport>,
    raw_copies_paused: Arc<AtomicBool>,
}

/// The metadata of a report.
#[derive(Debug, Clone)]
pub(super) struct ReportHead {
    /// Its id.
    pub id: String,
    /// The product that it is from.
    pub product: String,
    /// When it arrived.
    pub at: TrustedMoment,
    /// Whether it is from a replica.
    pub replica: bool,
    /// The sender's part of the network.
    pub prefix: Option<SenderKey>,
    /// The hash of the commitment of its installation, if it came with one.
    pub commitment: Option<[u8; 32]>,
}

/// A waiting report, and the channel for its answer.
#[derive(Debug)]
struct QueuedReport {
    arrived: IncomingReport,
    teller: ReceiptSender,
}

/// The channel for the answer to a report.
#[derive(Debug)]
struct ReceiptSender {
    answer: oneshot::Sender<Result<ReceiptStatus, IngestError>>,
    /// Counts the outcome, whether or not the sender still waits for it.
    received: ReceivedReport,
    /// The report's reservation of memory, released with the answer.
    _room: BodyReservation,
}

/// A writer and its queue.
#[must_use]
pub(super) fn writer() -> (ReportWriter, ReportQueue) {
    let (queue, waiting) = mpsc::channel(QUEUE);
    let raw_copies_paused = Arc::new(AtomicBool::new(false));
    let queue = ReportWriter { queue, raw_copies_paused: Arc::clone(&raw_copies_paused) };
    (queue, ReportQueue { waiting, raw_copies_paused })
}

impl ReportWriter {
    /// Stores a report. When this returns without an error, it survives a power cut.
    ///
    /// # Errors
    /// [`IngestError::Busy`] when too many wait, [`IngestError::Conflict`], [`IngestError::OverQuota`],
    /// [`IngestError::Full`], and [`IngestError::Failed`] when the database fails or the collector closes.
    pub(super) async fn store(
        &self,
        head: ReportHead,
        taken: AdmittedReport,
        received: ReceivedReport,
    ) -> Result<ReceiptStatus, IngestError> {
        let ReportHead { id, product, at, replica, prefix, commitment } = head;
        let AdmittedReport { report, room } = taken;
        let (answer, answered) = oneshot::channel();
        let arrived = IncomingReport { id, product, at, replica, prefix, commitment, report };
        let waiting = QueuedReport { arrived, teller: ReceiptSender { answer, received, _room: room } };
        if let Err(error) = self.queue.try_send(waiting) {
            let (waiting, error) = match error {
                mpsc::error::TrySendError::Full(waiting) => (waiting, IngestError::Busy),
                mpsc::error::TrySendError::Closed(waiting) => (waiting, IngestError::Failed),
            };
            waiting.teller.received.refuse(NotStoredReason::of_error(&error));
            return Err(error);
        }
        answered.await.map_err(|_| IngestError::Failed)?
    }

    /// Whether too little of the disk was free for raw copies when reports were stored last.
    pub(super) fn are_raw_copies_paused(&self) -> bool {
        self.raw_copies_paused.load(Ordering::Relaxed)
    }
}

impl ReportQueue {
    /// Writes until `stop`, and then what still waits.
    pub(super) async fn run(
        mut self,
        store: Arc<FleetStorage>,
        clock: Arc<dyn Clock>,
        free_space: Arc<dyn FreeSpace>,
        stop: CancellationToken,
    ) {
        let mut work = WriterWork {
            free_space,
            pause: RawCopyPause::default(),
            raw_copies_paused: Arc::clone(&self.raw_copies_paused),
            measuring: FailureLog::new("measuring the free space of the disk"),
            quotas: StorageQuotas::new(clock.monotonic()),
            condition: FailureLog::new("storing reports"),
            raw_dropped_said: false,
            full_said: HourlyLine::default(),
            over_quota_said: HourlyLine::default(),
            store,
            clock,
        };
        let of_limit = work.store.limit().map(DiskLimit::for_raw_at_once);
        let most_bytes = of_limit.map_or(GROUP_BYTES, |bytes| bytes.min(GROUP_BYTES));
        let mut waiting = Vec::with_capacity(GROUP);
        while self.gather(&mut waiting, &stop).await {
            while !waiting.is_empty() {
                let rest = waiting.split_off(group_size(&waiting, most_bytes));
                let (arrived, tellers): (Vec<_>, Vec<_>) =
                    waiting.into_iter().map(|waiting| (waiting.arrived, waiting.teller)).unzip();
                tell(tellers, work.write(&arrived).await);
                waiting = rest;
            }
        }
    }

    /// Waits for the next reports; false when there will be none.
    async fn gather(&mut self, waiting: &mut Vec<QueuedReport>, stop: &CancellationToken) -> bool {
        if !self.waiting.is_closed() {
            tokio::select! {
                biased;
                () = stop.cancelled() => self.waiting.close(),
                taken = self.waiting.recv_many(waiting, GROUP) => return taken > 0,
            }
        }
        self.waiting.recv_many(waiting, GROUP).await > 0
    }
}

/// The number of waiting reports that go into one transaction.
fn group_size(waiting: &[QueuedReport], most_bytes: u64) -> usize {
    let mut bytes = 0;
    let fits = waiting.iter().take_while(|waiting| {
        bytes += waiting.arrived.report.held_bytes() as u64;
        bytes <= most_bytes
    });
    fits.count().max(1)
}

/// The state of the task that writes.
#[derive(Debug)]
struct WriterWork {
    free_space: Arc<dyn FreeSpace>,
    pause: RawCopyPause,
    /// The same for metrics.
    raw_copies_paused: Arc<AtomicBool>,
    measuring: FailureLog,
    store: Arc<FleetStorage>,
    clock: Arc<dyn Clock>,
    quotas: StorageQuotas,
    condition: FailureLog,
    raw_dropped_said: bool,
    full_said: HourlyLine,
    over_quota_said: HourlyLine,
}

impl WriterWork {
    /// Stores a group. Returns the outcome of each report, or why the group could not be stored.
    async fn write(&mut self, group: &[IncomingReport]) -> Result<Vec<StoreOutcome>, GroupFailure> {
        let attempt = self.try_write(group).await;
        let outcomes = self.condition.note(attempt).map_err(|_| GroupFailure::Failed)?;
        let outcomes = outcomes.ok_or(GroupFailure::Full)?;
        let is_over = |outcome: &StoreOutcome| matches!(outcome, StoreOutcome::OverQuota(_));
        if outcomes.iter().any(is_over) {
            self.say_over_quota();
        }
        Ok(outcomes)
    }

    /// `None` when there is no room.
    async fn try_write(&mut self, group: &[IncomingReport]) -> StorageResult<Option<Vec<StoreOutcome>>> {
        let needs = group.iter().map(|arrived| &arrived.report);
        let needs =
            needs.map(|report| NeededBytes::of(report.held_bytes() - report.raw.len(), report.raw.len()));
        let pressure = self.store.make_room(needs.fold(NeededBytes::default(), NeededBytes::with)).await?;
        self.say_pressure(pressure);
        let keep_raw = match pressure {
            DiskPressure::None | DiskPressure::RawDropped => !self.are_raw_copies_paused(),
            DiskPressure::CountsOnly => false,
            DiskPressure::Full => return Ok(None),
        };
        let now = self.clock.monotonic();
        let outcomes = self.store.add(group, keep_raw, QuotaBooking::new(&mut self.quotas, now)).await?;
        // The reports are stored. If another connection reads the log now, a later group trims it.
        if let Err(error) = self.store.trim_log().await {
            tracing::debug!(%error, "the write-ahead log cannot be trimmed now");
        }
        Ok(Some(outcomes))
    }

    /// Whether too little of the disk is free for raw copies. Logs when that begins and ends.
    fn are_raw_copies_paused(&mut self) -> bool {
        // If the disk cannot be measured, the latest measurement counts.
        if let Ok(space) = self.measuring.note(self.free_space.disk_space()) {
            match self.pause.update(space) {
                Some(PauseChange::Begins) => {
                    tracing::warn!(
                        "less than 10 % of the disk is free: no raw copies of reports are stored, only their counts"
                    );
                }
                Some(PauseChange::Ends) => {
                    tracing::info!("the disk has free space again: raw copies of reports are stored");
                }
                None => {}
            }
        }
        self.raw_copies_paused.store(self.pause.is_paused(), Ordering::Relaxed);
        self.pause.is_paused()
    }

    /// Logs when disk space becomes short.
    fn say_pressure(&mut self, pressure: DiskPressure) {
        match pressure {
            DiskPressure::None => {}
            DiskPressure::RawDropped | DiskPressure::CountsOnly => {
                if !std::mem::replace(&mut self.raw_dropped_said, true) {
                    tracing::warn!(
                        "the reports fill --max-disk: raw copies are dropped from now on, oldest first"
                    );
                }
            }
            DiskPressure::Full => {
                if self.full_said.is_due(self.clock.monotonic()) {
                    tracing::error!(
                        "not even counts fit into --max-disk: reports are asked to come back until old ones are dropped"
                    );
                }
            }
        }
    }

    fn say_over_quota(&mut self) {
        if self.over_quota_said.is_due(self.clock.monotonic()) {
            tracing::warn!("a quota is used up: reports are asked to come back; the fleet page counts them");
        }
    }
}

/// A line that is logged at most once an hour.
#[derive(Debug, Default)]
struct HourlyLine {
    said_at: Option<Duration>,
}

impl HourlyLine {
    /// Whether to log the line at `now`, a monotonic time. Then it counts as logged.
    fn is_due(&mut self, now: Duration) -> bool {
        let is_due = self.said_at.is_none_or(|said| now.saturating_sub(said) >= SAID_EVERY);
        if is_due {
            self.said_at = Some(now);
        }
        is_due
    }
}

/// Why a group was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GroupFailure {
    Failed,
    Full,
}

impl GroupFailure {
    const fn error(self) -> IngestError {
        match self {
            Self::Failed => IngestError::Failed,
            Self::Full => IngestError::Full,
        }
    }
}

/// Answers each report of a group with its outcome or, if the group could not be stored, with that failure.
fn tell(tellers: Vec<ReceiptSender>, outcomes: Result<Vec<StoreOutcome>, GroupFailure>) {
    let (outcomes, failure) = match outcomes {
        Ok(outcomes) => (outcomes, GroupFailure::Failed),
        Err(failure) => (Vec::new(), failure),
    };
    let mut outcomes = outcomes.into_iter();
    for ReceiptSender { answer, received, _room } in tellers {
        let outcome = outcomes.next();
        match outcome {
            Some(outcome) => received.settle_as_written(outcome.entry()),
            None => received.refuse(NotStoredReason::of_error(&failure.error())),
        }
        // A sender that has disconnected sends again, and learns that the report is known.
        drop(answer.send(outcome.map_or_else(|| Err(failure.error()), receipt)));
    }
}

/// The answer for an outcome.
const fn receipt(outcome: StoreOutcome) -> Result<ReceiptStatus, IngestError> {
    match outcome {
        StoreOutcome::Stored => Ok(ReceiptStatus::Stored),
        StoreOutcome::Duplicate => Ok(ReceiptStatus::Duplicate),
        StoreOutcome::Conflict => Err(IngestError::Conflict),
        StoreOutcome::Deleted => Err(IngestError::Deleted),
        StoreOutcome::OverQuota(QuotaExceeded::OfInstallation) => Err(IngestError::OverQuota),
        StoreOutcome::OverQuota(QuotaExceeded::OfNewInstallations) => Err(IngestError::TooManyNew),
    }
}

#[cfg(test)]
mod tests {
    use headcount_platform::{
        clock::{SystemClock, until},
        disk::free_space::FileSystemOf,
    };

    use super::*;
    use crate::{
        collector_keys::CollectorKeys, decode_body::ContentCoding, intake_entry::IntakeEntry,
        intake_ledger::IntakeLedger, report_intake::ReportIntake, report_store::ReportStore,
    };

    fn received() -> ReceivedReport {
        Arc::new(IntakeLedger::default()).receive(1)
    }

    async fn taken_in() -> AdmittedReport {
        let report = r#"{"instance":{"uuid":"4423595b-9d97-4e01-a19f-8e3d60c83b2a"}}"#;
        ReportIntake::new().take_in(ContentCoding::Identity, None, report.into()).await.unwrap()
    }

    fn head(id: &str) -> ReportHead {
        let at = TrustedMoment { at: 1, doubted: false };
        let (id, product) = (id.to_owned(), "coroot".to_owned());
        ReportHead { id, product, at, replica: false, prefix: None, commitment: None }
    }

    async fn started() -> (tempfile::TempDir, Arc<FleetStorage>, ReportWriter, ReportQueue) {
        let directory = tempfile::tempdir().unwrap();
        let keys = Arc::new(CollectorKeys::random());
        let store = ReportStore::open(directory.path(), None, keys).await.unwrap();
        let store = Arc::new(FleetStorage::Sqlite(Box::new(store)));
        let (writer, queue) = writer();
        (directory, store, writer, queue)
    }

    #[tokio::test]
    async fn a_report_too_many_is_asked_to_come_back() {
        let (writer, queue) = writer();
        let waiting: Vec<_> = (0..QUEUE)
            .map(|id| {
                let writer = writer.clone();
                tokio::spawn(async move {
                    writer.store(head(&id.to_string()), taken_in().await, received()).await
                })
            })
            .collect();
        until(|| queue.waiting.len() >= QUEUE).await;
        let ledger = Arc::new(IntakeLedger::default());
        let refused = writer.store(head("one-too-many"), taken_in().await, ledger.receive(1)).await;
        assert!(matches!(refused, Err(IngestError::Busy)));
        assert_eq!(ledger.counts().outcomes.of(IntakeEntry::NotStored(NotStoredReason::Busy)), 1);
        drop(queue);
        for waiting in waiting {
            assert!(matches!(waiting.await.unwrap(), Err(IngestError::Failed)));
        }
    }

    #[tokio::test]
    async fn what_waits_is_written_when_the_collector_stops() {
        let (directory, store, writer, queue) = started().await;
        let first = tokio::spawn({
            let writer = writer.clone();
            async move { writer.store(head("first"), taken_in().await, received()).await }
        });
        until(|| !queue.waiting.is_empty()).await;
        let stop = CancellationToken::new();
        stop.cancel();
        let free_space = Arc::new(FileSystemOf(directory.path().to_owned()));
        queue.run(store, Arc::new(SystemClock::new()), free_space, stop).await;
        assert_eq!(first.await.unwrap().unwrap(), ReceiptStatus::Stored);
        let late = writer.store(head("late"), taken_in().await, received()).await;
        assert!(matches!(late, Err(IngestError::Failed)));
    }

    #[tokio::test]
    async fn of_two_with_one_id_in_a_group_the_first_is_stored() {
        let (_directory, store, _, _) = started().await;
        let report = taken_in().await.report;
        let arrived = |id: &str| IncomingReport {
            id: id.to_owned(),
            product: "coroot".to_owned(),
            at: TrustedMoment { at: 1, doubted: false },
            replica: false,
            prefix: None,
            commitment: None,
            report: report.clone(),
        };
        let group = [arrived("a"), arrived("b"), arrived("a")];
        let outcomes = store.add(&group, true, QuotaBooking::without_limits()).await.unwrap();
        assert_eq!(outcomes, [StoreOutcome::Stored, StoreOutcome::Stored, StoreOutcome::Duplicate]);
        assert_eq!(store.fleet(1).await.unwrap().instances[0].reports, 2);
    }

    #[tokio::test]
    async fn a_group_is_bounded_in_bytes_but_never_empty() {
        let mut waiting = Vec::new();
        for _ in 0..3 {
            let AdmittedReport { mut report, room } = taken_in().await;
            (report.raw, report.typed) = (vec![0; 900], vec![0; 100]);
            let ReportHead { id, product, at, replica, prefix, commitment } = head("a");
            let teller = ReceiptSender { answer: oneshot::channel().0, received: received(), _room: room };
            waiting.push(QueuedReport {
                arrived: IncomingReport { id, product, at, replica, prefix, commitment, report },
                teller,
            });
        }
        let sizes = [1, 1000, 1999, 2000, 3000].map(|most| group_size(&waiting, most));
        assert_eq!(sizes, [1, 1, 1, 2, 3]);
    }

    #[test]
    fn a_line_is_said_once_an_hour() {
        let mut line = HourlyLine::default();
        let said = [0, 1, 3599, 3600, 3601, 7200].map(|at| line.is_due(Duration::from_secs(at)));
        assert_eq!(said, [true, false, false, true, false, true]);
    }
}
