//! Computes the numbers of the fleet from typed reports, in the background.
//!
//! Each day with new reports is computed whole, and its blocks replace the old ones, so that a late report is
//! counted like any other. The work takes at most a tenth of a core: after each round, the job rests for nine
//! times as long.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use headcount_fleet::{
    activity::ActivityScan,
    block_codec::BlockError,
    calendar_day::CalendarDay,
    cells::{cell_block::CellBlock, cell_table::CellTable},
    changes::ChangeDay,
    day_rollup::{DayRollup, ReportOrigin, RolledUpDay},
    installation_day::{CountedInstallations, InstallationDays},
    profiles::{MergedProfile, ProfileBlockError, ProfiledResource, VersionProfile},
    published::{FleetDayError, PublicationRule, ReleaseStage, day_input::InstallationPages},
    typed_report::{TypedReportDecoder, TypedReportError},
};
use headcount_platform::{clock::Clock, joined::joined, lock::lock};
use thiserror::Error;
use tokio::{task, time};
use tokio_util::sync::CancellationToken;

use super::{
    failure_log::FailureLog,
    fleet_release::ReleaseBlockError,
    fleet_storage::{FleetStorage, StorageError, StorageResult},
    profile_dictionary::ProfileDictionary,
    report_store::{BlockLayer, ChangedDay, DayReport, NewBlock, ONLY_BLOCK, StoredBlock},
    trusted_time::TrustedTime,
};

/// The shortest time between two rounds. A stored report is shown within a minute.
const SHORTEST_REST: Duration = Duration::from_secs(15);

/// The rest after a round is so many times as long as the round took.
const RESTS_PER_WORK: u32 = 9;

/// How long installations may take to deliver what they could not send while the collector was away: they report
/// once an hour.
const DELIVERY_TIME: Duration = Duration::from_secs(60 * 60);

/// The weeks that are merged in one round when a stop left them to do.
const WEEKS_AT_ONCE: usize = 4;

/// The first day of time, at which what belongs to no day is stored.
const NO_DAY: u64 = 0;

/// Why a day cannot be computed.
#[derive(Debug, Error)]
pub(super) enum RollupError {
    /// The store fails.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A stored block cannot be read.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// A stored typed report cannot be read.
    #[error(transparent)]
    Report(#[from] TypedReportError),
    /// A stored profile cannot be read.
    #[error(transparent)]
    Profile(#[from] ProfileBlockError),
    /// A day has installations that cannot be published.
    #[error("a day cannot be published: {0}")]
    FleetDay(#[from] FleetDayError),
    /// A stored release cannot be read.
    #[error(transparent)]
    Release(#[from] ReleaseBlockError),
    /// A profile cannot be encoded.
    #[error("a profile cannot be encoded: {0}")]
    Encoding(io::Error),
    /// The computation was interrupted.
    #[error("the computation was interrupted")]
    Interrupted,
}

/// How far the numbers of the fleet are behind the stored reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RollupLag {
    /// How long ago the newest complete computation began; zero when no report waits.
    pub behind: Duration,
    /// The number of days with reports that wait to be computed, of all products.
    pub waiting_days: usize,
    /// When the newest complete computation ended, in Unix seconds; `None` before the first one.
    pub last_at: Option<u64>,
}

/// The newest computation of all days with new reports.
#[derive(Debug, Clone, Copy)]
struct CompleteRound {
    /// When it began, as a monotonic time: everything that was stored before is in the numbers.
    began: Duration,
    /// When it ended, in Unix seconds.
    ended_at: Option<u64>,
}

/// Computes the numbers of the fleet.
#[derive(Debug)]
pub(super) struct FleetRollup {
    store: Arc<FleetStorage>,
    dictionary: Arc<ProfileDictionary>,
    time: Arc<TrustedTime>,
    clock: Arc<dyn Clock>,
    condition: FailureLog,
    one_at_a_time: tokio::sync::Mutex<()>,
    complete: Mutex<CompleteRound>,
    /// When this collector started, as a monotonic time.
    started_at: Duration,
    /// Whether every week that is over was merged since the start.
    has_all_weeks: AtomicBool,
    /// The last day of each product on which its releases were looked at, since the start.
    looked_at: Mutex<BTreeMap<String, CalendarDay>>,
}

/// The right to compute. While it is held, nothing else computes or publishes.
#[derive(Debug)]
pub(super) struct RollupTurn<'a> {
    rollup: &'a FleetRollup,
    _turn: tokio::sync::MutexGuard<'a, ()>,
}

impl FleetRollup {
    /// Computes from `store` and writes to it.
    pub(super) fn new(
        store: Arc<FleetStorage>,
        dictionary: Arc<ProfileDictionary>,
        time: Arc<TrustedTime>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let condition = FailureLog::new("computing the numbers of the fleet");
        let started_at = clock.monotonic();
        let complete = Mutex::new(CompleteRound { began: started_at, ended_at: None });
        Self {
            store,
            dictionary,
            time,
            clock,
            condition,
            one_at_a_time: tokio::sync::Mutex::new(()),
            complete,
            started_at,
            has_all_weeks: AtomicBool::new(false),
            looked_at: Mutex::default(),
        }
    }

    /// Whether the releases of a product were looked at until a day, since the start.
    pub(super) fn is_looked_at(&self, product: &str, day: CalendarDay) -> bool {
        lock(&self.looked_at).get(product).is_some_and(|looked_at| *looked_at >= day)
    }

    /// Notes that they were.
    pub(super) fn note_looked_at(&self, product: String, day: CalendarDay) {
        lock(&self.looked_at).insert(product, day);
    }

    /// The reports and blocks.
    pub(super) fn store(&self) -> &FleetStorage {
        &self.store
    }

    /// The names of profiles.
    pub(super) fn dictionary(&self) -> &ProfileDictionary {
        &self.dictionary
    }

    /// The collector's time.
    pub(super) fn time(&self) -> &TrustedTime {
        &self.time
    }

    /// Computes whenever there are new reports, until `stop`.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let work = async {
            loop {
                let began = self.clock.monotonic();
                // A failure is logged once; the next round tries again.
                self.condition.note(self.compute_if_leading().await).ok();
                let took = self.clock.monotonic().saturating_sub(began);
                time::sleep(SHORTEST_REST.max(took * RESTS_PER_WORK)).await;
            }
        };
        stop.run_until_cancelled(work).await;
    }

    /// Tells others that share the store that this process runs, also while a round takes long, until `stop`.
    pub(super) async fn keep_lead(self: Arc<Self>, stop: CancellationToken) {
        let work = async {
            loop {
                // If it fails, another process leads after a while; each round says it, too.
                self.store.keep_lead().await.ok();
                time::sleep(SHORTEST_REST).await;
            }
        };
        stop.run_until_cancelled(work).await;
    }

    async fn compute_if_leading(&self) -> Result<(), RollupError> {
        if self.store.leads().await? {
            self.compute_changed_days().await?;
            self.merge_missing_weeks().await?;
            if self.clock.monotonic().saturating_sub(self.started_at) >= DELIVERY_TIME {
                self.look_for_changes().await?;
            }
        }
        Ok(())
    }

    /// Waits until no other turn is held.
    pub(super) async fn take_turn(&self) -> RollupTurn<'_> {
        RollupTurn { rollup: self, _turn: self.one_at_a_time.lock().await }
    }

    /// Takes a turn and computes in it; see [`RollupTurn::compute_changed_days`].
    ///
    /// # Errors
    /// As there.
    pub(super) async fn compute_changed_days(&self) -> Result<usize, RollupError> {
        self.take_turn().await.compute_changed_days().await
    }

    async fn compute_all_changed(&self) -> Result<usize, RollupError> {
        let (began, began_at) = (self.clock.monotonic(), self.time.now().at);
        let changed = self.store.changed_days().await?;
        for day in &changed {
            self.compute_day(day).await?;
        }
        let weeks: BTreeSet<_> =
            changed.iter().map(|changed| (changed.product.as_str(), changed.day.week_start())).collect();
        for (product, week) in &weeks {
            self.compute_week(product, *week).await?;
        }
        for product in self.store.products().await? {
            let is_changed = weeks.iter().any(|(changed, _)| *changed == product);
            if is_changed || self.is_activity_of_another_day(&product).await? {
                self.compute_activity(&product).await?;
            }
        }
        self.publish_due_days().await?;
        let ended_at = self.time.now().at;
        self.store.note_round(began_at, ended_at).await?;
        *lock(&self.complete) = CompleteRound { began, ended_at: Some(ended_at) };
        Ok(changed.len())
    }

    /// How far the numbers are behind.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn lag(&self) -> StorageResult<RollupLag> {
        let waiting_days = self.store.changed_days().await?.len();
        let (since, last_at) = match self.store.last_round().await? {
            Some((began_at, ended_at)) => {
                (Duration::from_secs(self.time.now().at.saturating_sub(began_at)), Some(ended_at))
            }
            None => {
                let CompleteRound { began, ended_at } = *lock(&self.complete);
                (self.clock.monotonic().saturating_sub(began), ended_at)
            }
        };
        let behind = if waiting_days == 0 { Duration::ZERO } else { since };
        Ok(RollupLag { behind, waiting_days, last_at })
    }

    async fn compute_day(&self, changed: &ChangedDay) -> Result<(), RollupError> {
        let (product, day) = (changed.product.as_str(), changed.day);
        let mut rollup = DayRollup::new(self.dictionary.current().await?).with_readings();
        for earlier in self.store.blocks(BlockLayer::Installations, product, ONLY_BLOCK, day, day).await? {
            let earlier = on_other_thread(move || InstallationDays::decode(&earlier.block)).await??;
            rollup = rollup.with_browsers_of(&earlier);
        }
        let mut after = None;
        loop {
            let reports = self.store.day_reports(product, day, after).await?;
            let Some(last) = reports.last() else { break };
            after = Some((last.installation, last.seq));
            rollup = on_other_thread(move || add_reports(rollup, &reports)).await??;
        }
        let is_unreleased = PublicationRule::default().is_published_day(day.days_since_epoch())
            && !self.store.has_release(product, day, ReleaseStage::Final).await?;
        let looked_at = self.store.blocks(BlockLayer::Changes, product, ONLY_BLOCK, day, day).await?.pop();
        let blocks = on_other_thread(move || {
            let rolled_up = rollup.finish();
            let recounted = looked_at.map(|looked_at| recounted_block(&looked_at, &rolled_up)).transpose()?;
            Ok::<_, RollupError>((blocks_of_day(day, &rolled_up, is_unreleased)?, recounted))
        });
        let ((blocks, recounted), now) = (blocks.await??, self.time.now().at);
        if let Some(recounted) = recounted {
            self.store.replace_blocks(product, &[recounted], None, now).await?;
        }
        Ok(self.store.replace_blocks(product, &blocks, Some(changed), now).await?)
    }

    /// Merges weeks that a stop left to do, some at a time, until there are none.
    async fn merge_missing_weeks(&self) -> Result<(), RollupError> {
        if self.has_all_weeks.load(Ordering::Relaxed) {
            return Ok(());
        }
        let today = CalendarDay::from_unix_seconds(self.time.now().at);
        let days = self.store.days_of_installations().await?;
        let mut weeks: BTreeSet<_> =
            days.into_iter().map(|(product, day)| (product, day.week_start())).collect();
        weeks.retain(|(_, week)| week.plus_days(6) < today);
        let mut missing = Vec::new();
        for (product, week) in weeks {
            let name = CellTable::Sizes.name();
            if self.store.blocks(BlockLayer::CellWeeks, &product, name, week, week).await?.is_empty() {
                missing.push((product, week));
            }
        }
        self.has_all_weeks.store(missing.len() <= WEEKS_AT_ONCE, Ordering::Relaxed);
        for (product, week) in missing.into_iter().take(WEEKS_AT_ONCE) {
            self.compute_week(&product, week).await?;
        }
        Ok(())
    }

    /// Merges the profiles and the distributions of a week that is over.
    async fn compute_week(&self, product: &str, week: CalendarDay) -> Result<(), RollupError> {
        let (now, last) = (self.time.now().at, week.plus_days(6));
        if CalendarDay::from_unix_seconds(now) <= last {
            return Ok(());
        }
        for name in self.store.block_names(BlockLayer::Profiles, product, week, last).await? {
            let days = self.store.blocks(BlockLayer::Profiles, product, &name, week, last).await?;
            let block =
                on_other_thread(move || merged_profile(&days)?.encode_block().map_err(RollupError::Encoding));
            let block = NewBlock { layer: BlockLayer::ProfileWeeks, day: week, name, block: block.await?? };
            self.store.replace_blocks(product, &[block], None, now).await?;
        }
        for table in CellTable::ALL.into_iter().filter(|table| table.has_buckets()) {
            let name = table.name().to_owned();
            let days = self.store.blocks(BlockLayer::Cells, product, &name, week, last).await?;
            let block = on_other_thread(move || merged_cells(&days)?.encode()).await??;
            let block = NewBlock { layer: BlockLayer::CellWeeks, day: week, name, block };
            self.store.replace_blocks(product, &[block], None, now).await?;
        }
        Ok(())
    }

    /// Whether the activity was not computed today. On a day without reports, installations are gone, too.
    async fn is_activity_of_another_day(&self, product: &str) -> Result<bool, RollupError> {
        let day = CalendarDay::from_unix_seconds(NO_DAY);
        let stored = self.store.blocks(BlockLayer::Activity, product, ONLY_BLOCK, day, day).await?;
        let today = CalendarDay::from_unix_seconds(self.time.now().at);
        Ok(stored.last().is_none_or(|block| CalendarDay::from_unix_seconds(block.made_at) != today))
    }

    async fn compute_activity(&self, product: &str) -> Result<(), RollupError> {
        let now = self.time.now().at;
        let today = CalendarDay::from_unix_seconds(now);
        let mut scan = ActivityScan::new();
        let days = self.store.days_of_installations().await?.into_iter();
        for (_, day) in days.filter(|(of_product, day)| of_product == product && *day <= today) {
            // One day at a time: all days of a large fleet together do not fit into memory.
            let stored = self.store.blocks(BlockLayer::Installations, product, ONLY_BLOCK, day, day).await?;
            scan = on_other_thread(move || add_activity(scan, &stored)).await??;
        }
        let block = on_other_thread(move || scan.finish(today).encode()).await??;
        let day = CalendarDay::from_unix_seconds(NO_DAY);
        let block = NewBlock { layer: BlockLayer::Activity, day, name: ONLY_BLOCK.to_owned(), block };
        Ok(self.store.replace_blocks(product, &[block], None, now).await?)
    }
}

impl RollupTurn<'_> {
    /// Computes every day with new reports, and makes the releases that are due then. Returns the number of
    /// days.
    ///
    /// # Errors
    /// Every [`RollupError`]; days that were computed until then are stored.
    pub(super) async fn compute_changed_days(&self) -> Result<usize, RollupError> {
        self.rollup.compute_all_changed().await
    }
}

/// Runs work that takes long on a thread for such work.
pub(super) async fn on_other_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RollupError> {
    joined(task::spawn_blocking(work)).await.map_err(|_| RollupError::Interrupted)
}

fn add_activity(mut scan: ActivityScan, days: &[StoredBlock]) -> Result<ActivityScan, BlockError> {
    for StoredBlock { day, block, .. } in days {
        scan.add_day(*day, &CountedInstallations::decode(block)?);
    }
    Ok(scan)
}

fn add_reports(mut rollup: DayRollup, reports: &[DayReport]) -> Result<DayRollup, TypedReportError> {
    let mut decoder = TypedReportDecoder::new()?;
    for report in reports {
        let origin = ReportOrigin {
            installation: report.installation,
            made_at: report.made_at,
            tie_breaker: report.seq.unsigned_abs(),
            is_replica: report.is_replica,
            browsers: report.browsers.as_deref(),
        };
        rollup.add(&origin, &decoder.decode(&report.typed)?);
    }
    Ok(rollup)
}

/// The blocks of a day. The pages of its installations are stored while it is to be released only.
fn blocks_of_day(
    day: CalendarDay,
    rolled_up: &RolledUpDay,
    is_unreleased: bool,
) -> Result<Vec<NewBlock>, RollupError> {
    let new = |layer, name: String, block| NewBlock { layer, day, name, block };
    let installations = rolled_up.installations.encode()?;
    let mut blocks = vec![new(BlockLayer::Installations, ONLY_BLOCK.to_owned(), installations)];
    if is_unreleased {
        let pages = InstallationPages::from_day(&rolled_up.installations).encode()?;
        blocks.push(new(BlockLayer::InstallationPages, ONLY_BLOCK.to_owned(), pages));
    }
    if let Some(readings) = &rolled_up.readings {
        blocks.push(new(BlockLayer::InstallationReadings, ONLY_BLOCK.to_owned(), readings.encode()?));
    }
    for (table, cells) in &rolled_up.tables {
        blocks.push(new(BlockLayer::Cells, table.name().to_owned(), cells.encode()?));
    }
    for VersionProfile { version, resource, profile } in &rolled_up.profiles {
        let block = profile.encode_block().map_err(RollupError::Encoding)?;
        blocks.push(new(BlockLayer::Profiles, profile_block_name(*resource, version), block));
    }
    Ok(blocks)
}

/// A day that was looked at, with the counts of its reports as they are now: some are late, and some of
/// deleted installations are gone. What was found stays.
fn recounted_block(looked_at: &StoredBlock, rolled_up: &RolledUpDay) -> Result<NewBlock, BlockError> {
    let ChangeDay { changes, .. } = ChangeDay::decode(&looked_at.block)?;
    let counts = ChangeDay::of_numbers(&rolled_up.installations, &rolled_up.tables);
    Ok(NewBlock {
        layer: BlockLayer::Changes,
        day: looked_at.day,
        name: ONLY_BLOCK.to_owned(),
        block: ChangeDay { changes, ..counts }.encode()?,
    })
}

/// The name of the block with a version's profile.
pub(super) fn profile_block_name(resource: ProfiledResource, version: &str) -> String {
    format!("{}/{version}", resource_name(resource))
}

/// The version whose profile is in a block, if it is of this resource.
pub(super) fn version_of_profile_block(resource: ProfiledResource, name: &str) -> Option<&str> {
    name.strip_prefix(resource_name(resource))?.strip_prefix('/')
}

/// The word for a resource in names of blocks.
pub(super) const fn resource_name(resource: ProfiledResource) -> &'static str {
    match resource {
        ProfiledResource::Cpu => "cpu",
        ProfiledResource::Heap => "heap",
    }
}

/// The cells of several blocks as one.
fn merged_cells(blocks: &[StoredBlock]) -> Result<CellBlock, BlockError> {
    let blocks = blocks.iter().map(|stored| CellBlock::decode(&stored.block));
    Ok(CellBlock::merge(&blocks.collect::<Result<Vec<_>, _>>()?))
}

/// The profiles of several blocks as one.
pub(super) fn merged_profile(blocks: &[StoredBlock]) -> Result<MergedProfile, ProfileBlockError> {
    let mut merged = MergedProfile::default();
    for stored in blocks {
        merged = merged.merge_days(&MergedProfile::decode_block(&stored.block)?);
    }
    Ok(merged)
}
