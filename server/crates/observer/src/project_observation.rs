//! Observes one project: refreshes its cache from Prometheus and loads its world.

use std::{
    io,
    pin::pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use headcount_health::sli::SlotBatch;
use headcount_platform::{
    clock::Clock,
    joined::joined,
    lock::lock,
    on_change::{OnChange, OperationState},
    random_id,
};
use headcount_prometheus::{
    cache::SeriesCache,
    client::{PrometheusClient, QueryError, QuerySpan},
    query::WINDOW,
    query_costs::QueryCosts,
    refresh::{CacheRefresher, FillCounter, RoundResult},
    server_clock::{ClockDifference, PrometheusClock, is_contradicted, keep_ahead},
};
use headcount_shared::api::{ObservationState, ObservationStatus, ObservedNumbers, ProjectHealth};
use headcount_topology::{
    facts::InfrastructureFacts,
    prices::{self, CloudPrices},
    queries,
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    CACHE, CACHE_PLAN, ObservationSummary, ObserverDependencies,
    custom_queries::ask_own,
    history_cache::HistoryCache,
    observed_project::ObservedProject,
    project_progress::QueryStandings,
    sli_log::SliLog,
    world_load::{LoadContext, LoadResult, load},
    world_views::{ViewedWorld, WorldSource, WorldTurn, WorldUnavailable, WorldViews},
};

/// How often expired data is removed from the cache.
const UPKEEP: Duration = Duration::from_secs(3600);

/// How far ahead of the time of Prometheus cached data may be, in seconds. Anything beyond is from a wrong
/// clock.
const MAX_AHEAD_S: u32 = 3600;

/// The most failed queries that are named.
const MOST_NAMED_QUERIES: usize = 10;

/// The delay before another attempt to open a cache.
const RETRY: Duration = Duration::from_secs(30);

/// The observation of a project.
#[derive(Debug)]
pub(super) struct ProjectObservation {
    project: ObservedProject,
    surroundings: ObserverDependencies,
    /// The time of the project's Prometheus.
    clock: Arc<PrometheusClock>,
    /// The numbers of the latest world that was built from answers.
    found: Mutex<Option<InfrastructureFacts>>,
    /// The latest error of Prometheus.
    failure: Mutex<Option<String>>,
    queries: Arc<Mutex<QueryCosts>>,
    filled: Arc<FillCounter>,
    /// How many rounds of queries have ended.
    rounds: AtomicU64,
    remembered: HistoryCache,
    views: WorldViews,
    /// The store of its answers, once it is open.
    store: OnceLock<Arc<SeriesCache>>,
    /// How the applications are, as of the last load.
    health: Mutex<Option<ProjectHealth>>,
    /// Running queries, and operations on the cache.
    work: TaskTracker,
}

/// The files of a project on disk.
#[derive(Debug, Clone)]
pub(super) struct ProjectFiles {
    pub(super) store: Arc<SeriesCache>,
    pub(super) recorded: Arc<Mutex<SliLog>>,
}

impl ProjectObservation {
    pub(super) fn new(project: ObservedProject, surroundings: ObserverDependencies) -> Self {
        let (found, queries, work) = (Mutex::default(), Arc::default(), TaskTracker::new());
        let remembered = HistoryCache::new(project.id.clone(), surroundings.records.clone());
        let clock = Arc::new(PrometheusClock::new(Arc::clone(&surroundings.clock)));
        let failure = Mutex::default();
        let (filled, rounds) = (Arc::default(), AtomicU64::default());
        let (views, store, health) = (WorldViews::default(), OnceLock::new(), Mutex::default());
        Self {
            project,
            surroundings,
            clock,
            found,
            failure,
            queries,
            filled,
            rounds,
            remembered,
            views,
            store,
            health,
            work,
        }
    }

    fn query_standings(&self) -> QueryStandings {
        let costs = lock(&self.queries).clone();
        QueryStandings::count(&costs, &|query| self.store.get()?.to(query))
    }

    /// How far it has come, and how the applications are.
    pub(super) fn glance(&self) -> (ObservationStatus, Option<ProjectHealth>) {
        let QueryStandings { all, answered, waiting, failed, answered_at } = self.query_standings();
        let (failure, found) = (self.failure(), lock(&self.found).clone());
        // Answers are there before the world that is built from them, unless they failed.
        let is_filling = waiting > 0 || (answered > 0 && found.is_none() && failure.is_none());
        let filled = self.filled.progress();
        let status = ObservationStatus {
            state: if is_filling { ObservationState::Filling } else { ObservationState::Observed },
            answered_at,
            failure,
            queries: all,
            answered_queries: answered,
            failed_query_count: number(failed.len()),
            failed_queries: failed.into_iter().take(MOST_NAMED_QUERIES).map(str::to_owned).collect(),
            missing_spans: number(filled.wanted),
            filled_spans: number(filled.stored),
            rounds: number(self.rounds.load(Ordering::Relaxed)),
            found: found.map(|facts| ObservedNumbers {
                nodes: number(facts.nodes),
                applications: number(facts.applications),
                instances: number(facts.instances),
                node_agent: facts.node_agent,
                kube_state_metrics: facts.kube_state_metrics,
            }),
        };
        (status, lock(&self.health).clone())
    }

    /// Asks the world of the cache a question.
    pub(super) async fn view<T: Send + 'static>(
        &self,
        question: impl FnOnce(&ViewedWorld<'_, '_>) -> T + Send + 'static,
    ) -> Result<T, WorldUnavailable> {
        // Views show the hour before the newest answer, however old that is.
        let newest = self.query_standings().answered_at.unwrap_or_else(|| self.now());
        let since = newest.saturating_sub(u32::try_from(WINDOW.as_secs()).unwrap_or(u32::MAX));
        let source = WorldSource {
            project: self.project.clone(),
            prices: self.surroundings.prices.current(),
            history: self.remembered.for_views(since).await,
        };
        self.views.ask(source, &self.work, question).await
    }

    /// The error of the latest request to Prometheus; `None` if it succeeded.
    pub(super) fn failure(&self) -> Option<String> {
        lock(&self.failure).clone()
    }

    /// Adds the numbers of this project.
    pub(super) fn add_to(&self, known: &mut ObservationSummary) {
        known.facts.merge(lock(&self.found).clone().unwrap_or_default());
        known.queries.merge(&lock(&self.queries));
    }

    /// Keeps the cache up to date and loads the world from it, until `stop`. After it returns, nothing uses
    /// the cache.
    pub(super) async fn run(&self, stop: &CancellationToken) {
        stop.run_until_cancelled(self.observe()).await;
        self.views.close();
        self.work.close();
        self.work.wait().await;
    }

    async fn observe(&self) {
        let kept = self.open().await;
        self.store.get_or_init(|| Arc::clone(&kept.store));
        self.views.open(&kept);
        // Uses the cached answers until Prometheus has answered.
        let refresh_interval = u32::try_from(self.project.prometheus.refresh_interval.as_secs());
        self.load(&kept, SlotBatch::default(), refresh_interval.unwrap_or(u32::MAX)).await;
        let access = &self.project.prometheus;
        let clock = &self.surroundings.clock;
        let prometheus = match PrometheusClient::new(access, self.surroundings.targets, Arc::clone(clock)) {
            Ok(prometheus) => Arc::new(prometheus),
            Err(error) => return self.cannot_ask(&error),
        };
        let mut refresh = CacheRefresher::new(
            Arc::clone(&prometheus),
            Arc::clone(&kept.store),
            Arc::clone(&self.queries),
            self.surroundings.metrics.clone(),
            self.work.clone(),
            access.refresh_interval,
            Arc::clone(&self.filled),
        );
        let answering = OnChange::default();
        let mut difference = ClockDifference::None;
        let mut cleaned = None;
        let mut new_prices = self.surroundings.prices.news();
        loop {
            let started = clock.monotonic();
            if prometheus.date().is_some_and(|date| date.is_outdated(clock.wall(), clock.monotonic())) {
                // The answer to the next request shows the current time of Prometheus.
                refresh.forget_step();
            }
            let mut step = refresh.step(self.now(), access.refresh_interval).await;
            if self.set_clock(&prometheus, &refresh, step, &mut difference).await {
                kept.store.forget_after(self.now());
                lock(&kept.recorded).forget_after(self.now());
                refresh.forget_step();
                step = refresh.step(self.now(), access.refresh_interval).await;
            }
            let now = self.now();
            let upkeep = CacheUpkeep { at: started, knows_time: refresh.has_heard() };
            if upkeep.is_due_after(cleaned) {
                cleaned = Some(upkeep);
                self.expire(&kept, now, upkeep).await;
            }
            let mut round = refresh.round(now, step).await;
            if difference != ClockDifference::None {
                round = refresh.doubt_emptiness(round);
            }
            log_round(&answering, round, refresh.why());
            self.note_failure(answering.current(), refresh.why());
            let own = self.ask_own(&prometheus, &kept, now.saturating_sub(step)).await;
            self.rounds.fetch_add(1, Ordering::Relaxed);
            self.load(&kept, own, step).await;
            let spent = clock.monotonic().saturating_sub(started);
            let rest = Duration::from_secs(step.into()).saturating_sub(spent);
            self.rest(rest, &kept, step, &mut new_prices).await;
        }
    }

    /// Adjusts the clock if Prometheus' answers show that its time differs from this machine's. Returns
    /// whether the adjustment changed.
    async fn set_clock(
        &self,
        prometheus: &PrometheusClient,
        refresh: &CacheRefresher,
        step: u32,
        difference: &mut ClockDifference,
    ) -> bool {
        let machine = self.clock.machine();
        let (wall, monotonic) = (machine.wall(), machine.monotonic());
        let Some(date) = prometheus.date().filter(|date| !date.is_outdated(wall, monotonic)) else {
            return false;
        };
        let before = *difference;
        let ahead = keep_ahead(before.said(), date.ahead(wall, monotonic), step);
        if ahead == before.said() {
            return false;
        }
        let is_contradicted = ahead != 0 && self.samples_contradict(refresh, ahead, step).await;
        *difference = ClockDifference::of(ahead, is_contradicted);
        self.clock.set_ahead(difference.believed());
        if difference.is_news_after(before) {
            tell(*difference);
        }
        difference.believed() != before.believed()
    }

    async fn samples_contradict(&self, refresh: &CacheRefresher, ahead: i64, step: u32) -> bool {
        /// How far back samples are searched, in seconds.
        const BACK: i64 = 600;
        let here = i64::try_from(self.clock.machine().wall().as_secs()).unwrap_or(i64::MAX);
        let there = here.saturating_add(ahead);
        let mut newest = None;
        for now in [here, there] {
            let [Ok(from), Ok(to)] = [now.saturating_sub(BACK), now].map(u32::try_from) else { return true };
            newest = newest.max(refresh.newest_sample(QuerySpan { from, to, step }).await);
        }
        newest.is_some_and(|newest| is_contradicted(here, there, newest.into()))
    }

    /// Waits for the next round. Loads again if new prices arrive meanwhile.
    async fn rest(
        &self,
        rest: Duration,
        kept: &ProjectFiles,
        step: u32,
        prices: &mut watch::Receiver<Arc<CloudPrices>>,
    ) {
        let mut over = pin!(tokio::time::sleep(rest));
        loop {
            tokio::select! {
                () = &mut over => return,
                Ok(()) = prices.changed() => self.load(kept, SlotBatch::default(), step).await,
            }
        }
    }

    async fn open(&self) -> ProjectFiles {
        let opening = OnChange::default();
        loop {
            let disk = Arc::clone(&self.surroundings.disk);
            let dir = format!("{CACHE}/{}", self.project.cache_name());
            let opened = joined(self.work.spawn_blocking(move || {
                let store = SeriesCache::open(Arc::clone(&disk), dir.clone(), CACHE_PLAN)?;
                let recorded = Arc::new(Mutex::new(SliLog::open(disk, dir)));
                Ok(ProjectFiles { store: Arc::new(store), recorded })
            }));
            let opened = opened.await.flatten();
            if let Some(Err(error)) = opening.news(&opened) {
                tracing::error!(%error, "the cache of a project cannot be opened; the project is not observed");
            }
            if let Ok(kept) = opened {
                return kept;
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Marks all queries as failed, since requests to this Prometheus are impossible.
    fn cannot_ask(&self, why: &dyn std::error::Error) {
        tracing::warn!("the access to the Prometheus of a project is invalid: {why}");
        *lock(&self.failure) = Some(why.to_string());
        let mut queries = lock(&self.queries);
        queries::all().for_each(|query| queries.failed(query.name));
    }

    /// Stores the error for the operator, which the log contains only once. A round without requests changes
    /// nothing.
    fn note_failure(&self, answering: OperationState, why: Option<QueryError>) {
        let mut failure = lock(&self.failure);
        match (answering, why) {
            (OperationState::Works, _) => *failure = None,
            (OperationState::Fails, Some(why)) => *failure = Some(why.to_string()),
            (OperationState::Fails, None) => {
                failure.get_or_insert_with(|| "what Prometheus answers cannot be kept".to_owned());
            }
        }
    }

    /// Runs the operator's custom queries for the missing slots that end at `to` (Unix seconds) or before.
    async fn ask_own(&self, prometheus: &Arc<PrometheusClient>, kept: &ProjectFiles, to: u32) -> SlotBatch {
        let missing = lock(&kept.recorded).indicators().missing(&self.remembered.last().overrides, to);
        ask_own(prometheus, missing).await
    }

    async fn load(&self, kept: &ProjectFiles, own: SlotBatch, step_s: u32) {
        let clock = &self.surroundings.clock;
        let begun = clock.monotonic();
        let recalled = self.remembered.recall().await;
        let recalling = clock.monotonic().saturating_sub(begun);
        let is_of_answers = self.query_standings().answered > 0;
        let turn = self.views.renew();
        let loaded = self.load_blocking(turn, kept, own, step_s).await;
        let LoadResult { facts, findings, health, mut stages, total, audit } = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                return tracing::error!(%error, "the model of a project cannot be rebuilt; the previous results stay");
            }
        };
        stages.push(("get_check_configs", recalling));
        self.surroundings.costs.add(&stages, total, audit);
        self.surroundings.metrics.world_loaded();
        if facts.clouds.iter().any(|cloud| prices::CLOUDS.contains(cloud)) {
            self.surroundings.prices_needed.notify_one();
        }
        // An empty cache says nothing about the project.
        *lock(&self.found) = is_of_answers.then_some(facts);
        *lock(&self.health) = Some(health);
        if recalled.is_ok() {
            self.remembered.remember(findings).await;
        }
    }

    async fn load_blocking(
        &self,
        turn: WorldTurn,
        kept: &ProjectFiles,
        own: SlotBatch,
        step_s: u32,
    ) -> io::Result<LoadResult> {
        let (ProjectFiles { store, recorded }, project) = (kept.clone(), self.project.clone());
        let (clock, prices) = (Arc::clone(&self.clock), self.surroundings.prices.current());
        let recalled = self.remembered.last();
        let counting_since = self.clock.time_of(recalled.counting_since);
        let loaded = turn.run(&self.work, move || {
            // No page has a world now, and this observation waits: nobody needs the lock meanwhile.
            let mut recorded = lock(&recorded);
            let (recorded, recalled) = (&mut *recorded, &*recalled);
            let new_key = random_id::new_id;
            let context = LoadContext { recorded, own: &own, recalled, counting_since, step_s, new_key };
            load(&store, &project, &prices, &*clock, context)
        });
        joined(loaded).await.flatten().flatten()
    }

    fn now(&self) -> u32 {
        self.clock.unix_seconds()
    }

    /// Removes data that is expired at `now`, and data from the future of a wrong clock. As long as the time
    /// of Prometheus is unknown, the cached data may be right.
    async fn expire(&self, kept: &ProjectFiles, now: u32, upkeep: CacheUpkeep) {
        let (kept, ttl) = (kept.clone(), self.surroundings.cache_ttl);
        let earliest = now.saturating_sub(u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX));
        let latest = if upkeep.knows_time { now.saturating_add(MAX_AHEAD_S) } else { u32::MAX };
        let expired = joined(self.work.spawn_blocking(move || {
            lock(&kept.recorded).forget_after(latest);
            kept.store.expire(earliest..=latest)
        }));
        if let Err(error) = expired.await.flatten() {
            tracing::debug!(%error, "expired data could not be removed from a cache");
        }
    }
}

/// The time of a clean-up of the cache on the monotonic clock, and whether the time of Prometheus was known
/// then.
#[derive(Debug, Clone, Copy)]
struct CacheUpkeep {
    at: Duration,
    knows_time: bool,
}

impl CacheUpkeep {
    /// Whether a clean-up is necessary: an hour has passed, or the time of Prometheus has become known.
    fn is_due_after(self, last: Option<Self>) -> bool {
        last.is_none_or(|last| {
            self.at.saturating_sub(last.at) >= UPKEEP || (self.knows_time && !last.knows_time)
        })
    }
}

/// A number as it is in an answer.
fn number(count: impl TryInto<u32>) -> u32 {
    count.try_into().unwrap_or(u32::MAX)
}

/// Logs how the clocks differ.
fn tell(difference: ClockDifference) {
    match difference {
        ClockDifference::None => {
            tracing::info!("the clocks of this machine and of a project's Prometheus agree again");
        }
        ClockDifference::Followed(ahead) => tracing::warn!(
            ahead,
            "the clock of a project's Prometheus is this many seconds ahead of this machine's; queries use its time"
        ),
        ClockDifference::Disbelieved(ahead) => tracing::warn!(
            ahead,
            "the header Date of a project's Prometheus is this many seconds ahead of this machine's clock, but its samples \
             are not; the header is ignored"
        ),
    }
}

/// Logs when all queries of a round begin to fail, and when Prometheus answers again. A round without queries
/// changes nothing.
fn log_round(answering: &OnChange<OperationState>, round: RoundResult, why: Option<QueryError>) {
    let state = match round {
        RoundResult { answered: 0, failed: 0 } => return,
        RoundResult { answered: 0, failed: 1.. } => OperationState::Fails,
        RoundResult { answered: 1.., .. } => OperationState::Works,
    };
    if !answering.set(state) {
        return;
    }
    match (state, why) {
        (OperationState::Works, _) => tracing::info!("the Prometheus of a project answers again"),
        (OperationState::Fails, Some(why)) => tracing::warn!(
            "all queries to the Prometheus of a project fail; the previous results stay: {why}"
        ),
        (OperationState::Fails, None) => tracing::warn!(
            "the answers of the Prometheus of a project cannot be stored; the previous results stay"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_without_queries_tells_nothing_about_prometheus() {
        let answering = OnChange::default();
        for (answered, failed, expected) in [
            (0, 0, OperationState::Works),
            (0, 1, OperationState::Fails),
            (0, 0, OperationState::Fails),
            (1, 9, OperationState::Works),
            (0, 0, OperationState::Works),
        ] {
            log_round(&answering, RoundResult { answered, failed }, None);
            assert_eq!(answering.current(), expected, "{answered} {failed}");
        }
    }

    #[test]
    fn a_cache_is_cleaned_every_hour_and_when_the_time_of_prometheus_becomes_known() {
        let upkeep = |seconds, knows_time| CacheUpkeep { at: Duration::from_secs(seconds), knows_time };
        assert!(upkeep(0, false).is_due_after(None));
        for (last, now, expected) in [
            (upkeep(100, false), upkeep(130, false), false),
            (upkeep(100, false), upkeep(130, true), true),
            (upkeep(100, true), upkeep(130, true), false),
            (upkeep(100, true), upkeep(130, false), false),
            (upkeep(100, true), upkeep(3700, true), true),
            (upkeep(100, false), upkeep(3700, false), true),
        ] {
            assert_eq!(now.is_due_after(Some(last)), expected, "{last:?} {now:?}");
        }
    }
}
