//! Switches usage statistics off and on while the server runs.
//!
//! While they are off, none of their parts exists.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock, atomic::AtomicBool},
    time::Duration,
};

use anyhow::Context;
use headcount_observer::{
    WorldObserver,
    price_list::{PriceList, PriceSource},
};
use headcount_outbound::{self, TargetPolicy};
use headcount_platform::{
    clock::Clock,
    disk::{DataDir, DataDisk, DiskDirectory, secret_file::SecretFiles},
    joined::joined,
    on_change::OnChange,
};
use headcount_profiler::process_costs::MeasuredProcess;
use headcount_shared::{
    api::{ReportState, Status, StoredReceipt, WouldForget},
    deletion_commitment::DeletionCommitment,
    payload::{DatabaseType, InstanceSection},
    routes::RouteTable,
};
use reqwest::Url;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    admin_token,
    browser_key::{self, browser_key},
    coroot_cache::CorootCache,
    data_dir_upkeep::DataDirUpkeep,
    deletion::{DeletionError, DeletionOutcome, InstallationDeletion},
    forgetting::CountedOnDisk,
    instance_secret,
    observed_installation::ObservedInstallation,
    operator_switch::{OperatorSwitch, ServerStops, UnfinishedOff},
    settings_erasure::SettingsErasure,
    statistics_switch::StatisticsSwitch,
    statistics_tasks::StatisticsTasks,
    unreported_measurements::{self, UnreportedMeasurements},
};
use crate::{
    browsers::{PageViewStore, page_keys},
    config::Serve,
    metrics::ProcessMetrics,
    notifications::ServiceEndpoints,
    report::{
        assemble::Installation,
        deletion_receipts::DeletionReceipts,
        deliver::ReportDelivery,
        published_tables::{DownloadedTables, PublishedFleetTables},
        reporter::{ReportSources, Reporter},
        schedule::ReportSchedule,
        spool::{DeliveryHeaders, Spool},
        transport::HttpReportTransport,
    },
    store::{DatedHistory, LeaderLock, RememberedRows, SettingsStore, StoredChoice},
};

/// How long an acknowledged event may be lost to a power cut.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// How often the choice that the operator made at another server is read, and switching off is tried again until all
/// of it worked.
const FOLLOW_CHOICE: Duration = Duration::from_secs(5);

/// How often it is tried to erase what deleted rows left in the settings database.
const ERASE_AGAIN: Duration = Duration::from_secs(600);

/// What is said while a part of switching off has not worked.
const OFF_UNFINISHED: &str = "that usage statistics are off is not stored yet, or what was counted is not deleted yet; both are tried \
    every few seconds";

/// What it means that the choice to switch off is not in the settings; and if it is in no file, either.
const OFF_IN_FILE: &str = "that is not stored in the settings";
const OFF_NOWHERE: &str = "a restart may switch them on";

const UNFORGOTTEN: &str = "what was counted could not be removed from the data directory";

/// Usage statistics, on or off.
#[derive(Debug)]
pub struct StatisticsService {
    collector_url: Url,
    privacy_url: Option<Url>,
    switch: SwitchState,
    /// The reports on disk, also while switched off. `None` when off for the whole run.
    spool: Option<Arc<Spool>>,
    /// The receipts for what was deleted. `None` when off for the whole run.
    receipts: Option<Arc<DeletionReceipts>>,
    running: RwLock<Option<Arc<RunningStatistics>>>,
    /// The files that Coroot left in the data directory, as found at the start.
    left_by_coroot: Option<String>,
}

#[derive(Debug)]
enum SwitchState {
    /// For the whole run; the text names the reason.
    Off(String),
    /// By the operator.
    Operator(Box<OperatorSwitch>),
}

/// Why statistics could not be switched.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// They are off for the whole run.
    #[error("usage statistics are switched off by {0}; the page cannot switch them on")]
    OffForThisRun(String),
    /// The settings are read-only and have statistics switched off.
    #[error(
        "usage statistics are switched off in the settings database, which is only read (--read-only-settings)"
    )]
    OffInReadOnlySettings,
    /// The server stops. Whether the choice was stored is not known.
    #[error(transparent)]
    Stopping(#[from] ServerStops),
    /// They are off, and that is not stored in the settings yet.
    #[error(
        "usage statistics are off now, but {so_far}: {cause}; it is tried every few seconds to store that they are off"
    )]
    OffNotStored {
        /// What that means.
        so_far: &'static str,
        /// Why it is not stored.
        cause: anyhow::Error,
    },
    /// The choice could not be stored, or the parts could not be created.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Why what was sent is not deleted.
#[derive(Debug, thiserror::Error)]
pub enum SentDeletionError {
    /// Statistics are off for the whole run, and nothing is open.
    #[error("usage statistics are switched off by {0}; `headcount forget` deletes what was sent")]
    OffForThisRun(String),
    /// Another deletion is under way.
    #[error("the collector is being asked already; ask again later")]
    UnderWay,
    /// The server stops. The collector may have deleted what was sent.
    #[error(transparent)]
    Stopping(#[from] ServerStops),
    /// Every [`DeletionError`].
    #[error(transparent)]
    Deletion(#[from] DeletionError),
}

/// Everything that is needed to switch statistics on.
#[derive(Debug)]
pub(super) struct StatisticsPlan {
    /// The locked data directory.
    locked_dir: Arc<DataDir>,
    data_dir: PathBuf,
    own_dir: PathBuf,
    /// `None` also if the directory belongs to a running Coroot or to a product that embeds this library.
    coroot_cache: Option<CorootCache>,
    settings: SettingsStore,
    spool: Arc<Spool>,
    receipts: Arc<DeletionReceipts>,
    counted: Arc<CountedOnDisk>,
    erasure: SettingsErasure,
    /// The product's own source of facts; `None` for the settings and Prometheus.
    installation: Option<Arc<dyn Installation>>,
    cache_ttl: Duration,
    cloud_pricing_url: Url,
    clock: Arc<dyn Clock>,
    metrics: ProcessMetrics,
    collector_url: Url,
    privacy_url: Option<Url>,
    report_interval: Duration,
    first_report_after: Option<Duration>,
    process_sample_interval: Duration,
    profiling: bool,
    endpoints: ServiceEndpoints,
    targets: TargetPolicy,
    /// The product's routes, in addition to those of the web interface.
    routes: Option<RouteTable>,
    /// The version of the product.
    version: String,
    headers: DeliveryHeaders,
    /// Cancelled when the server stops.
    pub(super) closing: CancellationToken,
}

/// The parts that count, report and deliver.
#[derive(Debug)]
pub struct RunningStatistics {
    /// The counts of page views.
    pub browsers: Arc<PageViewStore>,
    /// The reports on disk.
    pub spool: Arc<Spool>,
    /// The next report.
    pub reporter: Reporter,
    /// What the collector publishes of the fleet, once it was asked for.
    pub published: PublishedFleetTables,
    delivery: Arc<ReportDelivery>,
    process: Arc<MeasuredProcess>,
    upkeep: Arc<DataDirUpkeep>,
    disk: Arc<dyn DataDisk>,
    clock: Arc<dyn Clock>,
    /// `None` when the product observes for itself.
    installed: Option<Arc<ObservedInstallation>>,
    tasks: StatisticsTasks,
}

impl StatisticsService {
    /// Statistics that are off for the whole run.
    #[must_use]
    pub(super) fn off(config: &Serve, by: String) -> Self {
        Self {
            collector_url: config.collector().clone(),
            privacy_url: config.privacy_url.clone(),
            switch: SwitchState::Off(by),
            spool: None,
            receipts: None,
            running: RwLock::default(),
            left_by_coroot: None,
        }
    }

    /// Statistics as the operator left them.
    pub(super) async fn open(plan: StatisticsPlan) -> anyhow::Result<Self> {
        let left_by_coroot = plan.coroot_cache.map(|cache| cache.to_string());
        if let Some(left) = &left_by_coroot {
            tracing::warn!("{left}");
        }
        plan.finish_deletion().await?;
        let choice = plan.switch().choice().await?;
        let is_unstored = plan.switch().is_off_in_file_only().await?;
        // Statistics may have been switched off at another server, or this one ended in the middle of a
        // deletion.
        if !choice.enabled || plan.counted.is_outdated(choice) {
            plan.forget(choice).await?;
        }
        let running = if choice.enabled { Some(RunningStatistics::start(&plan).await?) } else { None };
        Ok(Self {
            collector_url: plan.collector_url.clone(),
            privacy_url: plan.privacy_url.clone(),
            spool: Some(Arc::clone(&plan.spool)),
            receipts: Some(Arc::clone(&plan.receipts)),
            switch: SwitchState::Operator(Box::new(OperatorSwitch::new(
                plan,
                is_unstored.then_some(UnfinishedOff::Unstored),
            ))),
            running: RwLock::new(running),
            left_by_coroot,
        })
    }

    /// The parts, while switched on.
    #[must_use]
    pub fn running(&self) -> Option<Arc<RunningStatistics>> {
        self.running.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether statistics are switched on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.running.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The reports on disk, also while switched off by the operator.
    #[must_use]
    pub fn spool(&self) -> Option<Arc<Spool>> {
        self.spool.clone()
    }

    /// The receipts for what was deleted, the latest first.
    #[must_use]
    pub fn receipts(&self) -> Vec<StoredReceipt> {
        self.receipts.as_ref().map(|receipts| receipts.receipts()).unwrap_or_default()
    }

    /// What switched statistics off for the whole run, if anything did.
    #[must_use]
    pub fn off_by(&self) -> Option<&str> {
        match &self.switch {
            SwitchState::Off(by) => Some(by),
            SwitchState::Operator(_) => None,
        }
    }

    /// What switching off now would delete.
    ///
    /// # Errors
    /// The settings database or the disk cannot be read.
    pub async fn would_forget(&self) -> anyhow::Result<WouldForget> {
        let (Some(running), SwitchState::Operator(operator)) = (self.running(), &self.switch) else {
            return Ok(WouldForget::default());
        };
        let RememberedRows { written, facts } = operator.plan.settings.remembered().await?;
        let counts = running.browsers.peek();
        let spool = Arc::clone(&running.spool);
        let unsent = joined(tokio::task::spawn_blocking(move || spool.unsent())).await??;
        Ok(WouldForget {
            page_views: counts.page_views().values().sum(),
            browsers: counts.users().len() as u64,
            queued_reports: unsent.queued,
            damaged_reports: unsent.damaged,
            unknown_reports: unsent.unknown,
            rollouts: written.rollouts,
            incidents: written.incidents,
            notifications: written.notifications,
            facts,
        })
    }

    /// `on` or `off`, for the log.
    pub(super) fn describe(&self) -> &'static str {
        if self.is_on() { "on" } else { "off" }
    }

    /// Switches on or off, now and for later runs. Switching off deletes everything that was observed or
    /// counted and has not been sent. When this returns, nothing counts, samples or sends any more, also where
    /// the choice could not be stored. Switching off again deletes what an earlier attempt left.
    ///
    /// # Errors
    /// Every [`SwitchError`]; after a failure, statistics are off, unless a choice to switch on could not be stored.
    pub async fn switch(&self, enabled: bool) -> Result<(), SwitchError> {
        let operator = match &self.switch {
            SwitchState::Off(_) if !enabled => return Ok(()),
            SwitchState::Off(by) => return Err(SwitchError::OffForThisRun(by.clone())),
            SwitchState::Operator(operator) => operator,
        };
        let _turn = operator.turn().await?;
        let (plan, switch) = (&operator.plan, operator.plan.switch());
        if enabled && operator.unfinished() == Some(UnfinishedOff::Unstored) {
            // What the database has from before it was switched off must not come back.
            let off = operator.unless_closing(switch.choose(false, plan.now())).await??;
            self.apply_off(operator, off).await?;
        }
        // The choice is stored first, so that after a crash halfway nothing is sent that should not be.
        let choice = match operator.unless_closing(switch.choose(enabled, plan.now())).await? {
            Err(error) if !enabled => return Err(self.switch_off_for_now(operator, error).await),
            choice => choice?,
        };
        if enabled {
            self.finish(operator, choice).await?;
            return if choice.enabled { Ok(()) } else { Err(SwitchError::OffInReadOnlySettings) };
        }
        self.apply_off(operator, choice).await?;
        // The rows are deleted and overwritten already.
        operator.unless_closing(plan.erasure.erase_soon()).await?;
        Ok(())
    }

    /// Asks the collector to delete what this installation sent. With its receipt, deletes what was counted
    /// here, and goes on as a new installation, switched on or off as it is then. No switch waits for the
    /// collector.
    ///
    /// # Errors
    /// Every [`SentDeletionError`]; nothing has changed here unless it is [`DeletionError::NotForgotten`].
    pub async fn delete_sent(&self) -> Result<DeletionOutcome, SentDeletionError> {
        let operator = match &self.switch {
            SwitchState::Off(by) => return Err(SentDeletionError::OffForThisRun(by.clone())),
            SwitchState::Operator(operator) => operator,
        };
        let _deletion = operator.begin_deletion().ok_or(SentDeletionError::UnderWay)?;
        let deletion = operator.plan.deletion();
        let Some(receipt) = operator.unless_closing(deletion.ask_collector()).await?? else {
            return Ok(DeletionOutcome::NeverDelivered);
        };
        // At once: if the server stops before its turn, the next start finds the receipt and goes on with it.
        deletion.store(receipt.clone()).await?;
        let _turn = operator.turn().await?;
        self.go_on_anew(operator, deletion).await.map_err(DeletionError::NotForgotten)?;
        tracing::info!("the collector has deleted what this installation sent; it is a new installation now");
        Ok(DeletionOutcome::Deleted(receipt))
    }

    async fn go_on_anew(
        &self,
        operator: &OperatorSwitch,
        deletion: InstallationDeletion,
    ) -> anyhow::Result<()> {
        if deletion.is_finished()? {
            // Statistics were switched on meanwhile, which has done it.
            return Ok(());
        }
        let running = self.running();
        if let Some(running) = &running {
            self.end(running).await?;
        }
        blocking(move || deletion.start_anew()).await?;
        if running.is_some() {
            self.start(operator).await?;
        }
        Ok(())
    }

    /// Holds up everything that changes the state.
    #[cfg(test)]
    pub(super) async fn hold(&self) -> tokio::sync::SemaphorePermit<'_> {
        match &self.switch {
            SwitchState::Operator(operator) => operator.turn().await.expect("the server does not stop"),
            SwitchState::Off(by) => panic!("usage statistics are switched off by {by}"),
        }
    }

    /// Creates the parts, unless the server stops. Returns whether they exist.
    async fn start(&self, operator: &OperatorSwitch) -> anyhow::Result<bool> {
        let Ok(started) = operator.unless_closing(RunningStatistics::start(&operator.plan)).await else {
            return Ok(false);
        };
        self.set_running(Some(started?));
        Ok(true)
    }

    /// Ends the parts, and deletes what they counted. If that fails they are ended all the same.
    async fn end(&self, running: &Arc<RunningStatistics>) -> anyhow::Result<()> {
        self.set_running(None);
        running.stop().await;
        running.close().await
    }

    /// Switches off although that could not be stored because of `error`. [`Self::follow_choice`] tries it again.
    async fn switch_off_for_now(&self, operator: &OperatorSwitch, error: anyhow::Error) -> SwitchError {
        let plan = &operator.plan;
        if operator.set_unfinished(Some(UnfinishedOff::Unstored)).is_none() {
            tracing::error!("{OFF_UNFINISHED}: {error:#}");
        }
        if let Some(running) = self.running()
            && let Err(error) = self.end(&running).await
        {
            tracing::error!("{error:#}");
        }
        let noted = plan.switch().keep_off_in_file().await;
        let so_far = if noted.is_ok() { OFF_IN_FILE } else { OFF_NOWHERE };
        let counted = Arc::clone(&plan.counted);
        let deleted = joined(tokio::task::spawn_blocking(move || counted.delete())).await.flatten();
        for error in [noted.err(), deleted.context(UNFORGOTTEN).err()].into_iter().flatten() {
            tracing::error!("{error:#}");
        }
        SwitchError::OffNotStored { so_far, cause: error }
    }

    /// Applies the choice to the parts. Counts are deleted if `to_forget`, if statistics are off now, or if
    /// they were off since the counting began.
    async fn apply(
        &self,
        operator: &OperatorSwitch,
        choice: StoredChoice,
        to_forget: bool,
    ) -> anyhow::Result<()> {
        let plan = &operator.plan;
        let outdated = plan.counted.is_outdated(choice);
        let running = self.running().filter(|_| outdated || !choice.enabled);
        if let Some(running) = &running {
            self.end(running).await?;
        }
        if running.is_some() || outdated || to_forget {
            plan.forget(choice).await?;
        }
        if running.is_some() {
            tracing::info!("usage statistics were switched off; what was counted is deleted");
        }
        if choice.enabled && self.running().is_none() && self.start(operator).await? {
            tracing::info!("usage statistics are switched on");
        }
        Ok(())
    }

    /// Applies that statistics are off, which is stored, and deletes what was counted. [`Self::follow_choice`] tries
    /// it again if it fails.
    async fn apply_off(&self, operator: &OperatorSwitch, off: StoredChoice) -> anyhow::Result<()> {
        operator.set_unfinished(Some(UnfinishedOff::Undeleted));
        self.finish(operator, off).await
    }

    /// Applies a stored choice, and deletes what an earlier one to switch off has left here.
    async fn finish(&self, operator: &OperatorSwitch, choice: StoredChoice) -> anyhow::Result<()> {
        self.apply(operator, choice, operator.unfinished().is_some()).await?;
        operator.set_unfinished(None);
        Ok(())
    }

    /// Follows the choice that the operator makes at another server on the same settings, and finishes switching off,
    /// until the server stops.
    pub(super) async fn follow_choice(&self) {
        let SwitchState::Operator(operator) = &self.switch else { return };
        let is_shared = operator.plan.settings.kind() == DatabaseType::Postgres;
        let following = OnChange::default();
        while operator.unless_closing(tokio::time::sleep(FOLLOW_CHOICE)).await.is_ok() {
            if !is_shared && operator.unfinished().is_none() {
                continue;
            }
            let Ok(_turn) = operator.turn().await else { return };
            // If the database cannot be used now, nothing changes.
            let Ok(Ok(choice)) = operator.unless_closing(Self::choice_in_force(operator)).await else {
                continue;
            };
            if let Some(Err(error)) = following.news(&self.finish(operator, choice).await) {
                tracing::error!("usage statistics could not be switched: {error:#}");
            }
        }
    }

    /// The operator's choice. One to switch off that is not stored yet is stored.
    async fn choice_in_force(operator: &OperatorSwitch) -> anyhow::Result<StoredChoice> {
        let switch = operator.plan.switch();
        if operator.unfinished() != Some(UnfinishedOff::Unstored) {
            return switch.choice().await;
        }
        let choice = switch.choose(false, operator.plan.now()).await?;
        operator.set_unfinished(Some(UnfinishedOff::Undeleted));
        tracing::info!("that usage statistics are off is stored now");
        Ok(choice)
    }

    /// While statistics are off, erases what deleted rows left in the settings database, until the server
    /// stops.
    pub(super) async fn erase_left_rows(&self) {
        let SwitchState::Operator(operator) = &self.switch else { return };
        loop {
            // Rows that are not deleted yet cannot be erased.
            let is_unfinished = operator.unfinished().is_some();
            let to_erase = !self.is_on() && !is_unfinished;
            if to_erase && operator.unless_closing(operator.plan.erasure.erase()).await.is_err() {
                return;
            }
            let pause = if is_unfinished { FOLLOW_CHOICE } else { ERASE_AGAIN };
            if operator.unless_closing(tokio::time::sleep(pause)).await.is_err() {
                return;
            }
        }
    }

    /// Ends all tasks; everything counted is on disk then. Returns whether nothing is written any more. It is,
    /// if a switch that is under way does not end in time.
    #[must_use]
    pub(super) async fn close(&self) -> bool {
        let has_ended = match &self.switch {
            SwitchState::Off(_) => true,
            SwitchState::Operator(operator) => operator.close().await,
        };
        if let Some(running) = self.running() {
            self.set_running(None);
            running.stop_tasks().await;
            running.keep_unreported().await;
            running.process.stop();
        }
        has_ended
    }

    /// The status of statistics and their parts.
    #[must_use]
    pub fn status(&self) -> Status {
        let disabled_by = match &self.switch {
            SwitchState::Off(by) => Some(by.clone()),
            SwitchState::Operator(_) => None,
        };
        let collector_url = headcount_outbound::shown_url(&self.collector_url);
        let privacy_url = self.privacy_url.as_ref().map(Url::to_string);
        let left_by_coroot = self.left_by_coroot.clone();
        let receipts =
            self.receipts.as_ref().map(|receipts| receipts.receipt_summaries()).unwrap_or_default();
        let Some(running) = self.running() else {
            let data_directory = match &self.switch {
                SwitchState::Off(_) => None,
                SwitchState::Operator(operator) if operator.unfinished().is_some() => {
                    Some(OFF_UNFINISHED.to_owned())
                }
                SwitchState::Operator(operator) => operator.plan.erasure.trouble(),
            };
            let refused = self.spool.as_ref().map_or(0, |spool| spool.count(ReportState::Refused));
            return Status {
                disabled_by,
                collector_url,
                privacy_url,
                refused,
                data_directory,
                left_by_coroot,
                receipts,
                ..Status::default()
            };
        };
        let progress = running.delivery.progress();
        let (cpu_profile_unavailable, heap_profile_unavailable) = running.process.unavailable();
        Status {
            enabled: true,
            disabled_by,
            collector_url,
            privacy_url,
            next_report_at: Some(running.reporter.next_at()),
            last_delivered_at: progress.last_delivered_at,
            last_failure: progress.last_failure,
            queued: running.spool.count(ReportState::Queued),
            refused: running.spool.count(ReportState::Refused),
            dropped: running.browsers.peek_dropped().total(),
            dropped_browsers: running.browsers.peek_dropped_browsers(),
            cpu_profile_unavailable,
            heap_profile_unavailable,
            prometheus_failure: self.prometheus_failures().into_values().next(),
            data_directory: running.upkeep.trouble(),
            left_by_coroot,
            receipts,
        }
    }

    /// The observed installation; `None` while statistics are off, or if the product observes for itself.
    pub(crate) fn observed(&self) -> Option<Arc<ObservedInstallation>> {
        self.running().and_then(|running| running.installed.clone())
    }

    /// The failures of Prometheus, by project id.
    #[must_use]
    pub fn prometheus_failures(&self) -> BTreeMap<String, String> {
        self.world().map(|world| world.failures()).unwrap_or_default()
    }

    /// The observer of the projects; `None` while statistics are off, and for a product with its own source
    /// of facts.
    #[must_use]
    pub fn world(&self) -> Option<Arc<WorldObserver>> {
        Some(Arc::clone(&self.running()?.installed.as_ref()?.world))
    }

    fn set_running(&self, running: Option<Arc<RunningStatistics>>) {
        *self.running.write().unwrap_or_else(PoisonError::into_inner) = running;
    }
}

impl StatisticsPlan {
    pub(super) fn new(
        config: &Serve,
        locked_dir: Arc<DataDir>,
        settings: SettingsStore,
        installation: Option<Arc<dyn Installation>>,
        clock: Arc<dyn Clock>,
        metrics: ProcessMetrics,
    ) -> anyhow::Result<Self> {
        let is_taken_up = installation.is_none() && !config.read_only_settings;
        let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(&config.own_dir()));
        let spool = Spool::open(Arc::clone(&disk));
        let spool = Arc::new(spool.context("the reports in the data directory cannot be read")?);
        let receipts = DeletionReceipts::open(Arc::clone(&disk));
        let receipts = receipts.context("the receipts in the data directory cannot be read")?;
        Ok(Self {
            locked_dir,
            data_dir: config.data_dir.clone(),
            own_dir: config.own_dir(),
            coroot_cache: is_taken_up.then(|| CorootCache::find(&config.data_dir)).flatten(),
            counted: Arc::new(CountedOnDisk::open(Arc::clone(&disk), Arc::clone(&spool))?),
            erasure: SettingsErasure::new(disk, settings.clone()),
            settings,
            spool,
            receipts: Arc::new(receipts),
            installation,
            cache_ttl: config.cache_ttl,
            cloud_pricing_url: config.cloud_pricing_url.clone(),
            clock,
            metrics,
            collector_url: config.collector().clone(),
            privacy_url: config.privacy_url.clone(),
            report_interval: config.report_interval,
            first_report_after: config.first_report_after,
            process_sample_interval: config.process_sample_interval,
            profiling: !config.disable_profiling,
            endpoints: config.notification_endpoints(),
            targets: config.target_policy(),
            routes: config.routes.clone(),
            version: config.reported_version(),
            headers: config.delivery_headers(),
            closing: CancellationToken::new(),
        })
    }

    fn switch(&self) -> StatisticsSwitch {
        StatisticsSwitch::new(
            self.settings.clone(),
            Arc::new(DiskDirectory::new(&self.data_dir.join("headcount"))),
        )
    }

    fn deletion(&self) -> InstallationDeletion {
        InstallationDeletion {
            own_dir: self.own_dir.clone(),
            spool: Arc::clone(&self.spool),
            receipts: Arc::clone(&self.receipts),
            collector_url: self.collector_url.clone(),
        }
    }

    /// Becomes a new installation if a deletion was interrupted before that, while nothing runs.
    async fn finish_deletion(&self) -> anyhow::Result<()> {
        let deletion = self.deletion();
        blocking(move || if deletion.is_unfinished()? { deletion.start_anew() } else { Ok(()) }).await
    }

    /// Deletes counts and observations from the disk, while nothing runs.
    async fn forget(&self, choice: StoredChoice) -> anyhow::Result<()> {
        if !choice.enabled {
            self.settings.delete_own_ledger().await.context("the counted events could not be deleted")?;
        }
        let counted = Arc::clone(&self.counted);
        let forgotten = joined(tokio::task::spawn_blocking(move || counted.forget(choice))).await;
        forgotten.flatten().context(UNFORGOTTEN)
    }

    fn now(&self) -> u32 {
        self.clock.unix_seconds()
    }

    fn installed(
        &self,
        instance: Uuid,
        spool: &Arc<Spool>,
        tasks: StatisticsTasks,
    ) -> anyhow::Result<ObservedInstallation> {
        let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(&self.own_dir));
        let prices =
            PriceList::open(PriceSource::new(&self.cloud_pricing_url, self.targets)?, Arc::clone(&disk));
        let (clock, metrics) = (Arc::clone(&self.clock), self.metrics.clone());
        let records = Arc::new(DatedHistory::new(self.settings.clone(), Arc::clone(&clock)));
        let world = WorldObserver::new(
            disk,
            clock,
            Arc::new(metrics),
            Arc::new(prices),
            self.cache_ttl,
            self.targets,
            Some(records),
        );
        let holder = format!("{instance}/{}", Uuid::new_v4());
        Ok(ObservedInstallation {
            lead: LeaderLock::new(self.settings.clone(), Arc::clone(&self.clock), holder),
            settings: self.settings.clone(),
            world: Arc::new(world),
            instance,
            spool: Arc::clone(spool),
            clock: Arc::clone(&self.clock),
            metrics: self.metrics.clone(),
            endpoints: self.endpoints.clone(),
            tasks,
            closing: self.closing.clone(),
            configured: Mutex::default(),
        })
    }
}

impl RunningStatistics {
    async fn start(plan: &StatisticsPlan) -> anyhow::Result<Arc<Self>> {
        // The collector refuses every report under a UUID that it has deleted.
        plan.finish_deletion().await?;
        plan.erasure.expect_rows().await?;
        let instance = super::instance(&plan.own_dir, plan.version.clone(), plan.settings.kind())?;
        let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(&plan.own_dir));
        let spool = Arc::clone(&plan.spool);
        let key = browser_key(&plan.own_dir, &plan.settings).await?;
        let kept = Arc::clone(&disk);
        let browsers = PageViewStore::open(disk, key, page_keys(plan.routes.as_ref()), &|id| spool.holds(id))
            .context("the journal in the data directory cannot be read")?;
        let earlier = earlier(&*kept, plan);
        let process =
            Arc::new(MeasuredProcess::start(Arc::clone(&plan.clock), plan.profiling, earlier.process));
        let running = Arc::new(Self::assemble(plan, instance, spool, Arc::new(browsers), process)?);
        if let (Some(installed), Some(costs)) = (&running.installed, &earlier.world) {
            installed.world.resume_costs(costs);
        }
        if let Some(installed) = &running.installed {
            installed.settle().await;
        }
        running.start_tasks(plan.process_sample_interval);
        Ok(running)
    }

    fn assemble(
        plan: &StatisticsPlan,
        instance: InstanceSection,
        spool: Arc<Spool>,
        browsers: Arc<PageViewStore>,
        process: Arc<MeasuredProcess>,
    ) -> anyhow::Result<Self> {
        let tasks = StatisticsTasks::default();
        let (installation, installed): (Arc<dyn Installation>, _) = match &plan.installation {
            Some(products) => (Arc::clone(products), None),
            None => {
                let installed = Arc::new(plan.installed(instance.uuid, &spool, tasks.clone())?);
                (Arc::clone(&installed) as _, Some(installed))
            }
        };
        let delivery = Arc::new(ReportDelivery::new(
            Arc::clone(&spool),
            Arc::clone(&plan.receipts),
            Box::new(HttpReportTransport::new(plan.collector_url.clone(), super::VERSION)),
            Arc::clone(&plan.clock),
            plan.metrics.clone(),
            plan.report_interval,
            rand::random::<f64>,
        ));
        let uuid = instance.uuid;
        let commitment = DeletionCommitment::new(uuid, &instance_secret::load_or_create(&plan.own_dir)?);
        let headers = DeliveryHeaders { commitment: Some(commitment), ..plan.headers.clone() };
        let sources = ReportSources {
            instance,
            headers,
            installation,
            browsers: Arc::clone(&browsers),
            process: Arc::clone(&process),
        };
        let now = plan.clock.monotonic();
        let schedule =
            ReportSchedule::new(now, plan.first_report_after, plan.report_interval, rand::random());
        let reporter = Reporter::new(
            sources,
            Arc::clone(&spool),
            Arc::clone(&delivery),
            Arc::clone(&plan.clock),
            plan.metrics.clone(),
            schedule,
            rand::random::<f64>,
        );
        let upkeep = Arc::new(DataDirUpkeep {
            data_dir: Arc::clone(&plan.locked_dir),
            own_dir: plan.own_dir.clone(),
            instance: uuid,
            secrets: SecretFiles::load(
                &plan.own_dir,
                &[browser_key::FILE, admin_token::FILE, instance_secret::FILE],
            )?,
            spool: Arc::clone(&spool),
            browsers: Arc::clone(&browsers),
            counted: Arc::clone(&plan.counted),
            lacks_content: AtomicBool::new(false),
            trouble: Mutex::default(),
        });
        let published = PublishedFleetTables::new(
            plan.collector_url.clone(),
            plan.headers.product.clone(),
            Arc::clone(&plan.clock),
        );
        let disk = Arc::new(DiskDirectory::new(&plan.own_dir));
        let clock = Arc::clone(&plan.clock);
        Ok(Self {
            browsers,
            spool,
            reporter,
            published,
            delivery,
            process,
            upkeep,
            disk,
            clock,
            installed,
            tasks,
        })
    }

    /// Downloads what the collector publishes, unless that happened within a day; `None` if statistics are
    /// switched off meanwhile, which ends the download.
    pub async fn download_published(&self) -> Option<DownloadedTables> {
        self.tasks.while_on(self.published.download()).await
    }

    fn start_tasks(self: &Arc<Self>, process_sample_interval: Duration) {
        let StatisticsTasks { stop, running: tasks } = &self.tasks;
        let (running, until) = (Arc::clone(self), stop.clone());
        tasks.spawn(async move { running.reporter.run(&until).await });
        let (running, until) = (Arc::clone(self), stop.clone());
        tasks.spawn(async move { running.delivery.run(&until).await });
        let (running, until) = (Arc::clone(self), stop.clone());
        tasks.spawn(async move {
            let sample = || running.process.sample();
            every(process_sample_interval, &until, sample).await;
        });
        let running = Arc::clone(self);
        tasks.spawn(async move { running.sync_journal().await });
        let (upkeep, until) = (Arc::clone(&self.upkeep), stop.clone());
        tasks.spawn(async move { upkeep.run(&until).await });
        if let Some(installed) = self.installed.clone() {
            let (world, until) = (Arc::clone(&installed.world), stop.clone());
            tasks.spawn(async move { installed.follow(&until).await });
            tasks.spawn(async move { world.follow_prices().await });
        }
    }

    /// Makes events survive a power cut, once a second while there are new ones.
    async fn sync_journal(&self) {
        let syncing = OnChange::default();
        let stop = &self.tasks.stop;
        while stop.run_until_cancelled(tokio::time::sleep(SYNC_INTERVAL)).await.is_some() {
            let browsers = Arc::clone(&self.browsers);
            let synced = joined(tokio::task::spawn_blocking(move || browsers.sync())).await.flatten();
            if let Some(Err(_)) = syncing.news(&synced) {
                tracing::error!("the journal of page views cannot be synced; a power cut may lose some");
            }
        }
    }

    /// Ends all tasks and stops measuring. Counts stay on disk.
    async fn stop(&self) {
        self.stop_tasks().await;
        self.process.stop();
    }

    async fn stop_tasks(&self) {
        self.tasks.stop.cancel();
        if let Some(installed) = &self.installed {
            installed.world.stop().await;
        }
        self.tasks.end().await;
        let browsers = Arc::clone(&self.browsers);
        if joined(tokio::task::spawn_blocking(move || browsers.sync())).await.flatten().is_err() {
            tracing::error!("the journal of page views could not be synced");
        }
    }

    /// Writes the measurements since the last report that are in no journal, for the next start.
    async fn keep_unreported(&self) {
        let (disk, process) = (Arc::clone(&self.disk), Arc::clone(&self.process));
        let written_at = self.clock.wall().as_secs();
        let world = self.installed.as_ref().map(|installed| installed.world.save_costs());
        let kept = joined(tokio::task::spawn_blocking(move || {
            unreported_measurements::write(
                &*disk,
                &UnreportedMeasurements { written_at, process: process.save(), world },
            )
        }));
        if kept.await.flatten().is_err() {
            tracing::warn!(
                "what the process cost since the last report could not be kept for the next start"
            );
        }
    }

    /// Stops counting, even if other holders of a part exist.
    async fn close(self: &Arc<Self>) -> anyhow::Result<()> {
        let browsers = Arc::clone(&self.browsers);
        let closed = joined(tokio::task::spawn_blocking(move || browsers.close_and_forget())).await;
        closed.flatten().context(UNFORGOTTEN)
    }
}

async fn blocking(work: impl FnOnce() -> anyhow::Result<()> + Send + 'static) -> anyhow::Result<()> {
    joined(tokio::task::spawn_blocking(work)).await?
}

/// The measurements since the last report of an earlier run; empty if they cannot be read.
fn earlier(disk: &dyn DataDisk, plan: &StatisticsPlan) -> UnreportedMeasurements {
    unreported_measurements::take(disk, plan.clock.wall(), plan.report_interval).unwrap_or_else(|error| {
        tracing::warn!(%error, "the measurements from before the restart are lost");
        UnreportedMeasurements::default()
    })
}

async fn every(interval: Duration, stop: &CancellationToken, work: impl Fn()) {
    while stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
        work();
    }
}
