//! Receives and stores the reports of all installations.
//!
//! The headers of a report are read first ([`report_headers`]), then its bytes, with bounds on what is in
//! memory (`report_intake`). The body is decompressed ([`decode_body`]), reduced to its valid fields
//! ([`validated_report`], `value_bounds`) and converted to the form that is stored (`prepared_report`). One
//! task writes (`report_writer`), and a report is answered when it is on disk (`report_store`). Only six
//! headers are read. The sender's address is compared under a key that is only in memory, to limit one
//! sender. Nothing about the connection is stored or logged.

mod access_log;
mod alert_watch;
mod alert_webhook;
pub mod backup;
mod body_memory;
mod browser_key;
mod clickhouse_storage;
mod closed_list;
pub mod collector_keys;
mod collector_metrics;
pub mod decode_body;
mod deletion_routes;
mod failure_log;
mod fleet_change_routes;
mod fleet_changes;
mod fleet_csv;
mod fleet_page_routes;
mod fleet_profiles;
mod fleet_reader;
mod fleet_release;
mod fleet_rollup;
mod fleet_routes;
mod fleet_storage;
mod fleet_trust;
pub mod installation_deletion;
mod installation_page_routes;
mod intake_entry;
mod intake_ledger;
mod interface_program;
mod known_products;
mod ledger_flush;
pub mod listing_parameters;
mod maker_alert;
mod month_estimate;
mod page_forms;
mod page_parameters;
mod prepared_report;
mod profile_dictionary;
mod published_export;
mod published_page_routes;
mod published_reader;
mod published_routes;
mod query_refusal;
mod raw_copy_pause;
mod refusal_pages;
mod report_day;
pub mod report_headers;
mod report_intake;
mod report_profiles;
mod report_pruner;
mod report_store;
mod report_writer;
mod retention_policy;
pub mod routes;
mod sender_key;
mod set_aside;
mod simulated_store;
mod storage_quota;
mod trusted_time;
pub mod validated_report;
mod value_bounds;

use std::{fmt, fs, io, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{body::Body, http::HeaderMap};
use headcount_platform::{
    clock::Clock,
    disk::{
        DataDir, DataDirError,
        free_space::{DiskSpace, FreeSpace},
    },
    joined::joined,
};
use headcount_shared::{
    api::{
        CollectorReport, CollectorReportPage, ConfirmedClock, FleetInstance, FleetOverview, ReceiptStatus,
    },
    json::JsonError,
    limits::{JSON_VALUES, REPORT_BYTES, REPORT_ID_BYTES, STORED_REPORTS_PER_HOUR},
};
use reqwest::Url;
use thiserror::Error;
use tokio::task;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::{NoContext, Timestamp, Uuid};

pub use self::{
    access_log::{AccessEvent, AccessLog, LoggedActor},
    clickhouse_storage::{ClickHousePlace, ClickHouseRefusal},
    fleet_storage::StorageError,
    report_store::PrunedReports,
    retention_policy::RetentionPolicy,
    simulated_store::FillError,
};
use self::{
    alert_watch::{AlertSources, AlertWatch},
    alert_webhook::AlertWebhook,
    clickhouse_storage::ClickHouseStorage,
    collector_keys::{CollectorKeys, KEYS_FILE, KeysError, OpenedKeys},
    decode_body::ContentCoding,
    failure_log::FailureLog,
    fleet_reader::FleetReader,
    fleet_rollup::{FleetRollup, RollupLag},
    fleet_storage::FleetStorage,
    installation_deletion::DeletionPlaces,
    intake_entry::{IntakeEntry, NotStoredReason, SetAsideField},
    intake_ledger::{IntakeLedger, ReceivedReport},
    ledger_flush::LedgerFlush,
    listing_parameters::ListingPage,
    month_estimate::MonthEstimate,
    profile_dictionary::ProfileDictionary,
    report_headers::{ReportHeaders, product_of},
    report_intake::ReportIntake,
    report_pruner::ReportPruner,
    report_store::{DiskLimit, RawReport, ReportStore},
    report_writer::{ReportHead, ReportWriter, writer},
    sender_key::SenderKeys,
    trusted_time::TrustedTime,
    validated_report::InvalidReport,
};

/// The product of reports that name none.
pub const DEFAULT_PRODUCT: &str = "coroot";

/// Settings of a collector.
#[derive(Clone)]
pub struct CollectorConfig {
    /// The directory of its database; created if missing.
    pub data_dir: PathBuf,
    /// The file with its keys; `None` for the one in the data directory, which is made at the first start.
    pub keys: Option<PathBuf>,
    /// How long reports are kept.
    pub retention: RetentionPolicy,
    /// The maximum size of the database, in bytes; `None` for no limit.
    pub max_disk: Option<u64>,
    /// The file system of the directory: raw copies are not stored while it is nearly full.
    pub free_space: Arc<dyn FreeSpace>,
    /// Where to tell of alerts; `None` for nowhere.
    pub alert_webhook: Option<Url>,
}

impl fmt::Debug for CollectorConfig {
    /// Without the address of the webhook, which may have a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectorConfig")
            .field("data_dir", &self.data_dir)
            .field("keys", &self.keys)
            .field("retention", &self.retention)
            .field("max_disk", &self.max_disk)
            .field("free_space", &self.free_space)
            .finish_non_exhaustive()
    }
}

/// Why a collector cannot start, in one sentence for the operator.
#[derive(Debug, Error)]
pub enum CollectorOpenError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The keys cannot be used.
    #[error("the keys in {file} cannot be used: {reason}")]
    Keys {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: KeysError,
    },
    /// What is stored was stored with other keys.
    #[error(
        "the database {path} or its file of deletions was used with other keys than those in {file}; give the file with \
         its keys by --keys, or put it back from a copy"
    )]
    OtherKeys {
        /// The database.
        path: PathBuf,
        /// The file with the keys.
        file: PathBuf,
    },
    /// What is in ClickHouse was stored with other keys.
    #[error(
        "ClickHouse was used with other keys than those in {file}; all collectors on it need the same file, given by --keys"
    )]
    OtherKeysInClickHouse {
        /// The file with the keys.
        file: PathBuf,
    },
    /// ClickHouse cannot be used.
    #[error("ClickHouse cannot be used: {0}")]
    ClickHouse(ClickHouseRefusal),
    /// The store fails.
    #[error("the stored reports cannot be used: {0}")]
    Storage(StorageError),
    /// The database can be read, but not written.
    #[error("the database {path} is read-only")]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// The directory with the raw copies of reports cannot be used.
    #[error("cannot write in {path}: {reason}")]
    RawSegments {
        /// The directory.
        path: PathBuf,
        /// The error of the system.
        reason: io::Error,
    },
    /// The file is no SQLite database, or a broken one.
    #[error("the database {path} is damaged or is not a SQLite database")]
    Damaged {
        /// The database.
        path: PathBuf,
    },
    /// A later version of this program has changed the tables.
    #[error("the database {path} was written by a newer version of this program")]
    Newer {
        /// The database.
        path: PathBuf,
    },
    /// Any other error of SQLite.
    #[error("cannot open the database {path}: {reason}")]
    Database {
        /// The database.
        path: PathBuf,
        /// The message of SQLite.
        reason: String,
    },
}

/// Why a report is refused, in one sentence for its sender.
#[derive(Debug, Error)]
pub enum IngestError {
    /// Its media type is not JSON.
    #[error("the content type is not JSON")]
    MediaType,
    /// It is compressed in an unknown way, or more than once.
    #[error("the content coding is not one of gzip, zstd and identity")]
    Coding,
    /// Its id is invalid.
    #[error("the Idempotency-Key is not 1 to {REPORT_ID_BYTES} letters, digits, \"-\" and \"_\"")]
    Key,
    /// It is too large.
    #[error("the report is larger than {REPORT_BYTES} bytes")]
    TooLarge,
    /// It contains too many values.
    #[error("the report holds more than {JSON_VALUES} values")]
    TooManyValues,
    /// It took too long to arrive.
    #[error("the report did not arrive in time")]
    TooSlow,
    /// The connection ended in the middle of it.
    #[error("the report ended before it was complete")]
    Interrupted,
    /// It cannot be decompressed.
    #[error("the report is damaged or is not in the coding {}", .0.name())]
    Damaged(ContentCoding),
    /// It is not valid JSON.
    #[error("the report is {0}")]
    Json(JsonError),
    /// It is JSON, but no report.
    #[error(transparent)]
    Unusable(#[from] InvalidReport),
    /// Its installation is deleted.
    #[error(
        "the installation of this report was deleted from this collector, at its own request or by its operator"
    )]
    Deleted,
    /// Another report was stored under its id.
    #[error(
        "another report was stored under this Idempotency-Key: of another installation or with other bytes"
    )]
    Conflict,
    /// Its installation has reached the limit of this hour.
    #[error(
        "the installation had {STORED_REPORTS_PER_HOUR} reports or 64 MiB stored within an hour; send this one again later"
    )]
    OverQuota,
    /// Too many new installations report, in all or from this part of the network.
    #[error("too many installations report for the first time within an hour; send this report again later")]
    TooManyNew,
    /// Too many reports arrive at once.
    #[error("too many reports arrive at once; send this one again later")]
    Busy,
    /// The disk space of the collector is used up.
    #[error("the collector has no room for more reports; send this one again later")]
    Full,
    /// It cannot be stored now.
    #[error("the report cannot be stored now; send it again later")]
    Failed,
}

/// The result of a lookup of one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportLookup {
    /// The report, byte for byte as it was sent.
    Report(Vec<u8>),
    /// It was dropped after its time; its counts are still there.
    Dropped,
    /// Its bytes changed since they were stored; its counts are still there.
    Damaged,
    /// No report has this id.
    Unknown,
}

/// The collector cannot read its database.
#[derive(Debug, Error)]
#[error("the stored reports cannot be read now")]
pub struct DatabaseUnreadable;

/// Receives, stores and returns reports. Clones are the same collector.
#[derive(Debug, Clone)]
pub struct Collector {
    inner: Arc<CollectorInner>,
}

#[derive(Debug)]
struct CollectorInner {
    intake: ReportIntake,
    ledger: Arc<IntakeLedger>,
    flush: Arc<LedgerFlush>,
    writer: ReportWriter,
    store: Arc<FleetStorage>,
    reading: FailureLog,
    pruner: Arc<ReportPruner>,
    rollup: Arc<FleetRollup>,
    fleet_reader: FleetReader,
    alerts: Arc<AlertWatch>,
    free_space: Arc<dyn FreeSpace>,
    time: Arc<TrustedTime>,
    senders: SenderKeys,
    access_log: AccessLog,
    data_dir: DataDir,
    keys: Arc<CollectorKeys>,
    deletions: DeletionPlaces,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Collector {
    /// Opens the data directory and starts the tasks that write and that drop old reports.
    ///
    /// # Errors
    /// Every [`CollectorOpenError`].
    pub async fn open(config: &CollectorConfig, clock: Arc<dyn Clock>) -> Result<Self, CollectorOpenError> {
        let data_dir = DataDir::open(&config.data_dir)?;
        let opened = open_keys(config, &data_dir)?;
        let keys = Arc::new(opened.keys);
        let limit = config.max_disk.map(DiskLimit::new);
        let store = ReportStore::open(data_dir.path(), limit, Arc::clone(&keys)).await?;
        let store = FleetStorage::Sqlite(Box::new(store));
        let file = UsedKeyFile { path: opened.file, is_new: opened.is_new };
        Self::start(config, clock, data_dir, (keys, file), store).await
    }

    /// The same with reports in ClickHouse. The data directory has the token and the log of access, and, if
    /// no file with keys is named, these. The maximum size and the free space of the configuration mean
    /// nothing.
    ///
    /// # Errors
    /// Every [`CollectorOpenError`] that is not about a database in the data directory.
    pub async fn open_on_clickhouse(
        config: &CollectorConfig,
        place: &ClickHousePlace,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, CollectorOpenError> {
        let data_dir = DataDir::open(&config.data_dir)?;
        let opened = open_keys(config, &data_dir)?;
        let keys = Arc::new(opened.keys);
        let store = ClickHouseStorage::open(place, Arc::clone(&keys)).await;
        let store = store.map_err(CollectorOpenError::ClickHouse)?;
        let store = FleetStorage::ClickHouse(Box::new(store));
        let file = UsedKeyFile { path: opened.file, is_new: opened.is_new };
        let config = CollectorConfig { free_space: Arc::new(OtherMachine), ..config.clone() };
        Self::start(&config, clock, data_dir, (keys, file), store).await
    }

    async fn start(
        config: &CollectorConfig,
        clock: Arc<dyn Clock>,
        data_dir: DataDir,
        (keys, key_file): (Arc<CollectorKeys>, UsedKeyFile),
        store: FleetStorage,
    ) -> Result<Self, CollectorOpenError> {
        let path = || data_dir.path().to_owned();
        let refused = |error: StorageError| match error {
            StorageError::Sqlite(error) => {
                CollectorOpenError::Database { path: path(), reason: error.to_string() }
            }
            error => CollectorOpenError::Storage(error),
        };
        let fingerprint = keys.fingerprint();
        let mut known = store.key_fingerprint().await.map_err(refused)?;
        let are_deletions_of_keys = store.are_deletions_of(&fingerprint).await.map_err(refused)?;
        if known.is_none() && are_deletions_of_keys {
            store.note_keys(&fingerprint).await.map_err(refused)?;
            // Another collector may have started at the same time, with other keys.
            known = store.key_fingerprint().await.map_err(refused)?;
        }
        if known.is_some_and(|known| known != fingerprint) || !are_deletions_of_keys {
            if key_file.is_new {
                // It is of no use, and hides that another one is missing.
                fs::remove_file(&key_file.path).ok();
            }
            return Err(match store {
                FleetStorage::Sqlite(_) => {
                    CollectorOpenError::OtherKeys { path: path(), file: key_file.path }
                }
                FleetStorage::ClickHouse(_) => {
                    CollectorOpenError::OtherKeysInClickHouse { file: key_file.path }
                }
            });
        }
        let deleted = store.apply_newer_deletions().await.map_err(refused)?;
        if deleted > 0 {
            tracing::info!(installations = deleted, "deletions that came after this back-up are applied");
        }
        let last = store.last_time().await.map_err(refused)?;
        let (store, time) = (Arc::new(store), Arc::new(TrustedTime::new(Arc::clone(&clock), last)));
        let pruner = Arc::new(ReportPruner::new(Arc::clone(&store), Arc::clone(&time), config.retention));
        let dictionary = Arc::new(ProfileDictionary::new(Arc::clone(&store)));
        let rollup = FleetRollup::new(
            Arc::clone(&store),
            Arc::clone(&dictionary),
            Arc::clone(&time),
            Arc::clone(&clock),
        );
        let rollup = Arc::new(rollup);
        let fleet_reader = FleetReader::new(Arc::clone(&store), dictionary);
        let (writer, queue) = writer();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let ledger = Arc::new(IntakeLedger::default());
        let flush = Arc::new(LedgerFlush::new(Arc::clone(&ledger), Arc::clone(&store)));
        let access_log = AccessLog::new(data_dir.path(), Arc::clone(&clock));
        tasks.spawn(announce_month(Arc::clone(&store), time.now().at));
        let free_space = Arc::clone(&config.free_space);
        let sources = AlertSources {
            store: Arc::clone(&store),
            rollup: Arc::clone(&rollup),
            time: Arc::clone(&time),
            clock: Arc::clone(&clock),
        };
        let alerts = Arc::new(AlertWatch::new(sources, config.alert_webhook.clone().map(AlertWebhook::new)));
        tasks.spawn(queue.run(Arc::clone(&store), clock, Arc::clone(&free_space), stop.clone()));
        if matches!(*store, FleetStorage::Sqlite(_)) {
            tasks.spawn(Arc::clone(&alerts).run(stop.clone()));
        }
        tasks.spawn(Arc::clone(&pruner).run(stop.clone()));
        tasks.spawn(Arc::clone(&rollup).run(stop.clone()));
        tasks.spawn(Arc::clone(&rollup).keep_lead(stop.clone()));
        tasks.spawn(Arc::clone(&flush).run(stop.clone()));
        let (intake, reading) = (ReportIntake::new(), FailureLog::new("reading stored reports"));
        let senders = SenderKeys::new();
        let inner = CollectorInner {
            intake,
            ledger,
            flush,
            writer,
            store,
            reading,
            pruner,
            rollup,
            fleet_reader,
            alerts,
            free_space,
            time,
            senders,
            access_log,
            data_dir,
            keys,
            deletions: DeletionPlaces::new(),
            stop,
            tasks,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The keys of this collector.
    #[must_use]
    pub fn keys(&self) -> &CollectorKeys {
        &self.inner.keys
    }

    /// Takes a report from a sender with this address (`None` if unknown). When this returns without an
    /// error, the report survives a power cut.
    ///
    /// # Errors
    /// Every [`IngestError`] that is not about headers.
    pub async fn take(
        &self,
        arrival: ReportHeaders,
        sender: Option<IpAddr>,
        body: Body,
    ) -> Result<ReceiptStatus, IngestError> {
        self.take_received(self.begin_report(), arrival, sender, body).await
    }

    /// The same for a report whose headers are not read yet.
    ///
    /// # Errors
    /// Every [`IngestError`].
    pub async fn receive(
        &self,
        headers: &HeaderMap,
        sender: Option<IpAddr>,
        body: Body,
    ) -> Result<ReceiptStatus, IngestError> {
        let mut received = self.begin_report();
        received.name_product(self.inner.store.product_label(product_of(headers).as_str()));
        match ReportHeaders::from_headers(headers) {
            Ok(arrival) => self.take_received(received, arrival, sender, body).await,
            Err(error) => {
                received.refuse(NotStoredReason::of_error(&error));
                Err(error)
            }
        }
    }

    fn begin_report(&self) -> ReceivedReport {
        self.inner.ledger.receive(self.inner.time.now().at)
    }

    async fn take_received(
        &self,
        mut received: ReceivedReport,
        arrival: ReportHeaders,
        sender: Option<IpAddr>,
        body: Body,
    ) -> Result<ReceiptStatus, IngestError> {
        let CollectorInner { intake, writer, time, senders, store, .. } = self.inner.as_ref();
        received.name_product(store.product_label(arrival.product.as_str()));
        let key = sender.and_then(|address| senders.sender(address));
        let mut taken = match intake.take_in(arrival.coding, key, body).await {
            Ok(taken) => taken,
            Err(error) => {
                received.refuse(NotStoredReason::of_error(&error));
                return Err(error);
            }
        };
        taken.report.set_aside.add(SetAsideField::HEADERS, arrival.set_aside);
        let at = time.now();
        let id = arrival.id.unwrap_or_else(|| made_id(Duration::from_secs(at.at)));
        let prefix = sender.and_then(|address| senders.prefix(address));
        let product = arrival.product.to_string();
        let commitment = arrival.commitment.map(|commitment| self.keys().commitment(commitment.as_bytes()));
        writer
            .store(
                ReportHead { id, product, at, replica: arrival.replica, prefix, commitment },
                taken,
                received,
            )
            .await
    }

    /// One page of the stored reports, in the order of their arrival.
    ///
    /// # Errors
    /// [`DatabaseUnreadable`].
    pub async fn list(&self, page: &ListingPage) -> Result<CollectorReportPage, DatabaseUnreadable> {
        self.read(self.inner.store.list(page).await)
    }

    /// One report as it was sent.
    ///
    /// # Errors
    /// [`DatabaseUnreadable`].
    pub async fn report(&self, id: &str) -> Result<ReportLookup, DatabaseUnreadable> {
        let (zstd, bytes) = match self.read(self.inner.store.raw(id).await)? {
            Some(RawReport::Kept { zstd, bytes }) => (zstd, bytes),
            Some(RawReport::Dropped) => return Ok(ReportLookup::Dropped),
            Some(RawReport::Damaged) => return Ok(ReportLookup::Damaged),
            None => return Ok(ReportLookup::Unknown),
        };
        let restored = joined(task::spawn_blocking(move || prepared_report::restore(&zstd, bytes))).await;
        self.read(restored.flatten()).map(ReportLookup::Report)
    }

    /// At most `limit` reports of an installation, the newest first: those up to the one with the id `until`,
    /// or all. None if the installation has no such report.
    async fn reports_until(
        &self,
        instance: Uuid,
        until: Option<&str>,
        limit: u16,
    ) -> Result<Vec<CollectorReport>, DatabaseUnreadable> {
        self.read(self.inner.store.reports_until(instance, until, limit).await)
    }

    /// One installation; `None` if it is not known.
    async fn installation(&self, instance: Uuid) -> Result<Option<FleetInstance>, DatabaseUnreadable> {
        self.read(self.inner.store.installation(instance).await)
    }

    /// At most `most` installations, ordered by their latest report, newest first.
    ///
    /// # Errors
    /// [`DatabaseUnreadable`].
    pub async fn fleet(&self, most: u32) -> Result<FleetOverview, DatabaseUnreadable> {
        let CollectorInner { store, ledger, time, .. } = self.inner.as_ref();
        let fleet = self.read(store.fleet(most).await)?;
        let rollup_lag = self.rollup_lag().await?.behind.as_secs();
        Ok(FleetOverview { over_quota: ledger.over_quota(), rollup_lag, clock: time.doubt(), ..fleet })
    }

    /// The collector's time since the Unix epoch. It is that of the machine unless that jumped.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_secs(self.inner.time.now().at)
    }

    /// Trusts the clock of the machine, even if it jumped. Corrects the dates of reports that arrived since
    /// the jump.
    ///
    /// # Errors
    /// [`DatabaseUnreadable`], when the database fails; nothing is changed then.
    pub async fn confirm_clock(&self) -> Result<ConfirmedClock, DatabaseUnreadable> {
        let correction = self.read(self.inner.pruner.believe_clock().await)?;
        self.inner.access_log.note(AccessEvent::ClockConfirmed, LoggedActor::ADMINISTRATOR);
        Ok(ConfirmedClock { now: correction.now })
    }

    /// The log of who signed in, deleted, exported and confirmed the clock.
    #[must_use]
    pub fn access_log(&self) -> &AccessLog {
        &self.inner.access_log
    }

    /// Drops what is too old at `now`, a time since the Unix epoch. Happens by itself once a minute.
    ///
    /// # Errors
    /// [`DatabaseUnreadable`], when the database fails; what was dropped until then stays dropped.
    pub async fn prune(&self, now: Duration) -> Result<PrunedReports, DatabaseUnreadable> {
        self.inner.pruner.prune(now).await.map_err(|_| DatabaseUnreadable)
    }

    /// Drops what is too old by the collector's time, as it does by itself.
    ///
    /// # Errors
    /// As for [`Collector::prune`].
    pub async fn prune_now(&self) -> Result<PrunedReports, DatabaseUnreadable> {
        self.prune(self.inner.time.for_ages()).await
    }

    /// Answers questions about the fleet.
    fn fleet_reader(&self) -> &FleetReader {
        &self.inner.fleet_reader
    }

    /// How far the numbers of the fleet are behind the stored reports.
    async fn rollup_lag(&self) -> Result<RollupLag, DatabaseUnreadable> {
        self.read(self.inner.rollup.lag().await)
    }

    /// Computes the numbers of all days with new reports. Happens by itself within a minute.
    ///
    /// # Errors
    /// [`DatabaseUnreadable`], when the database fails.
    pub async fn compute_fleet(&self) -> Result<usize, DatabaseUnreadable> {
        self.read(self.inner.rollup.compute_changed_days().await)
    }

    /// Looks at the days that are over for what releases changed, some at a time. Happens by itself.
    ///
    /// # Errors
    /// [`DatabaseUnreadable`], when the database fails.
    pub async fn look_for_changes(&self) -> Result<(), DatabaseUnreadable> {
        self.read(self.inner.rollup.look_for_changes().await)
    }

    /// Decides about alerts, and tells the webhook. Happens by itself once a minute.
    ///
    /// # Errors
    /// [`DatabaseUnreadable`], when the database fails.
    pub async fn look_for_alerts(&self) -> Result<(), DatabaseUnreadable> {
        self.write_ledger().await?;
        self.inner.alerts.look().await.map_err(|_| DatabaseUnreadable)
    }

    /// Closes the collector. When this returns, every accepted report is stored and answered, the tasks have
    /// ended, and the data directory is free for another collector. Senders of reports that arrive at a clone
    /// from now on are asked to retry.
    pub async fn close(self) {
        let CollectorInner { stop, tasks, store, flush, ledger, data_dir, .. } = self.inner.as_ref();
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        // What cannot be written now is not known to the next start; the ledger balances without it.
        flush.write().await.ok();
        let counts = ledger.counts();
        tracing::debug!(
            arrived = counts.arrived,
            stored = counts.outcomes.of(IntakeEntry::Stored),
            "reports since the start"
        );
        store.close().await;
        data_dir.release();
    }

    fn read<T, E: std::fmt::Display>(&self, attempt: Result<T, E>) -> Result<T, DatabaseUnreadable> {
        self.inner.reading.note(attempt).map_err(|_| DatabaseUnreadable)
    }
}

/// The file with the keys of a collector that starts.
struct UsedKeyFile {
    path: PathBuf,
    /// Whether it was made at this start.
    is_new: bool,
}

/// The disk of another machine, which that one watches.
#[derive(Debug)]
struct OtherMachine;

impl FreeSpace for OtherMachine {
    fn disk_space(&self) -> io::Result<DiskSpace> {
        Ok(DiskSpace { free: 1, whole: 1 })
    }
}

impl Drop for CollectorInner {
    /// Ends the tasks of a collector that was not closed.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The keys of a collector, in their file.
fn open_keys(config: &CollectorConfig, data_dir: &DataDir) -> Result<OpenedKeys, CollectorOpenError> {
    let opened = OpenedKeys::find(config.keys.as_deref(), data_dir.path());
    let file = config.keys.clone().unwrap_or_else(|| data_dir.path().join(KEYS_FILE));
    let refused = |reason| CollectorOpenError::Keys { file: file.clone(), reason };
    let opened = opened.map_err(refused)?;
    opened.store().map_err(refused)?;
    Ok(opened)
}

/// Logs what the reports of a month take on the disk.
async fn announce_month(store: Arc<FleetStorage>, now: u64) {
    match store.recent_storage(now).await {
        Ok(recent) => match MonthEstimate::from_recent(&recent) {
            Some(month) => tracing::info!("by the last days, the reports of a month take {month}"),
            None => tracing::info!("there are no reports yet to estimate what those of a month take"),
        },
        Err(error) => tracing::warn!(%error, "what the reports of a month take cannot be estimated"),
    }
}

/// An id for a report that came without one: a UUID v7.
fn made_id(now: Duration) -> String {
    Uuid::new_v7(Timestamp::from_unix(NoContext, now.as_secs(), now.subsec_nanos())).to_string()
}
