//! One project under observation: its cache, its Prometheus, and what is known of it.

use std::{
    io,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    CACHE, Known, Surroundings,
    cache::Store,
    catalogue,
    costs::QueryCosts,
    facts::Facts,
    indicators::{Batch, Recorded, ask_own},
    load::{Loaded, Memory, load_with},
    locked,
    memory::{Remembered, new_key},
    prices::{self, Prices},
    project::Project,
    prometheus::{Prometheus, QueryError, Span},
    prometheus_clock::{PrometheusClock, is_contradicted, keep_ahead},
    refresh::{Refresh, Round},
};
use crate::clock::Clock;

/// How often what is too old is removed from the cache.
const UPKEEP: Duration = Duration::from_secs(3600);

/// How long to wait before a cache that cannot be opened is tried again.
const RETRY: Duration = Duration::from_secs(30);

/// A project, observed.
#[derive(Debug)]
pub(super) struct Observation {
    project: Project,
    surroundings: Surroundings,
    /// The time of the project's Prometheus.
    clock: Arc<PrometheusClock>,
    facts: Mutex<Facts>,
    /// Why nothing is learned at present.
    failure: Mutex<Option<String>>,
    queries: Arc<Mutex<QueryCosts>>,
    remembered: Remembered,
    /// The queries that are under way, and what is done to the cache.
    work: TaskTracker,
}

/// What of a project is on disk.
#[derive(Debug, Clone)]
struct Kept {
    store: Arc<Store>,
    recorded: Arc<Mutex<Recorded>>,
}

/// Whether Prometheus answers, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Answers,
    Silent,
}

impl Observation {
    pub(super) fn new(project: Project, surroundings: Surroundings) -> Self {
        let (facts, queries, work) = (Mutex::default(), Arc::default(), TaskTracker::new());
        let remembered = Remembered::new(project.id.clone(), surroundings.records.clone());
        let clock = Arc::new(PrometheusClock::new(Arc::clone(&surroundings.clock)));
        let failure = Mutex::default();
        Self { project, surroundings, clock, facts, failure, queries, remembered, work }
    }

    /// What came instead of answers when Prometheus was last asked; `None` when it answered.
    pub(super) fn failure(&self) -> Option<String> {
        locked(&self.failure).clone()
    }

    /// Adds what is known of this project.
    pub(super) fn add_to(&self, known: &mut Known) {
        known.facts.merge(locked(&self.facts).clone());
        known.queries.merge(&locked(&self.queries));
    }

    /// Keeps the cache up to date and loads the world from it, until `stop`. When this returns, nothing touches the cache.
    pub(super) async fn run(&self, stop: &CancellationToken) {
        stop.run_until_cancelled(self.observe()).await;
        self.work.close();
        self.work.wait().await;
    }

    async fn observe(&self) {
        let kept = self.open().await;
        // What is known from before, while Prometheus has not answered yet.
        let refresh_interval = u32::try_from(self.project.prometheus.refresh_interval.as_secs());
        self.load(&kept, Batch::default(), refresh_interval.unwrap_or(u32::MAX)).await;
        let access = &self.project.prometheus;
        let clock = &self.surroundings.clock;
        let prometheus = match Prometheus::new(access, self.surroundings.targets, Arc::clone(clock)) {
            Ok(prometheus) => Arc::new(prometheus),
            Err(error) => return self.cannot_ask(&error),
        };
        let mut refresh = Refresh::new(
            Arc::clone(&prometheus),
            Arc::clone(&kept.store),
            Arc::clone(&self.queries),
            self.surroundings.metrics.clone(),
            self.work.clone(),
            access.refresh_interval,
        );
        let mut health = Health::Answers;
        // A difference that the samples contradict.
        let mut disbelieved = None;
        let mut cleaned = None;
        let mut new_prices = self.surroundings.prices.news();
        loop {
            let started = clock.monotonic();
            let now = self.now();
            if cleaned.is_none_or(|cleaned| started.saturating_sub(cleaned) >= UPKEEP) {
                cleaned = Some(started);
                self.expire(&kept.store, now).await;
            }
            let mut step = refresh.step(now, access.refresh_interval).await;
            if self.set_clock(&prometheus, &refresh, step, &mut disbelieved).await {
                kept.store.forget_after(self.now());
                refresh.forget_step();
                step = refresh.step(self.now(), access.refresh_interval).await;
            }
            let now = self.now();
            let mut round = refresh.round(now, step).await;
            if self.clock.ahead() != 0 || disbelieved.is_some() {
                round = refresh.doubt_emptiness(round);
            }
            health = health.after(round, refresh.why());
            self.note_failure(health, refresh.why());
            let own = self.ask_own(&prometheus, &kept, now.saturating_sub(step)).await;
            self.load(&kept, own, step).await;
            let spent = clock.monotonic().saturating_sub(started);
            let rest = Duration::from_secs(step.into()).saturating_sub(spent);
            self.rest(rest, &kept, step, &mut new_prices).await;
        }
    }

    /// Keeps the time by the clock of Prometheus if its answers say that it differs from this machine's. Says whether the time
    /// is another now.
    async fn set_clock(
        &self,
        prometheus: &Prometheus,
        refresh: &Refresh,
        step: u32,
        disbelieved: &mut Option<i64>,
    ) -> bool {
        let Some(date) = prometheus.date() else { return false };
        let (machine, before) = (self.clock.machine(), self.clock.ahead());
        let bounds = date.ahead(machine.wall(), machine.monotonic());
        let known = disbelieved.unwrap_or(before);
        let ahead = keep_ahead(known, bounds, step);
        if ahead == known {
            return false;
        }
        *disbelieved = None;
        if ahead != 0 && self.samples_contradict(refresh, ahead, step).await {
            *disbelieved = Some(ahead);
        }
        let believed = if disbelieved.is_some() { 0 } else { ahead };
        self.clock.set_ahead(believed);
        match (ahead, known, disbelieved.is_some()) {
            (0, _, _) => {
                tracing::info!("the clocks of this machine and of a project's Prometheus agree again")
            }
            (_, 0, true) => tracing::warn!(
                ahead,
                "the header Date of what answers for a project's Prometheus differs from the clock of this machine by so many \
                 seconds, and its samples do not; the header is not believed"
            ),
            (_, 0, false) => tracing::warn!(
                ahead,
                "the clock of a project's Prometheus differs from that of this machine by so many seconds; it is asked by its \
                 own time"
            ),
            _ => {}
        }
        believed != before
    }

    async fn samples_contradict(&self, refresh: &Refresh, ahead: i64, step: u32) -> bool {
        /// How far back samples are looked for, in seconds.
        const BACK: i64 = 600;
        let here = i64::try_from(self.clock.machine().wall().as_secs()).unwrap_or(i64::MAX);
        let there = here.saturating_add(ahead);
        let mut newest = None;
        for now in [here, there] {
            let [Ok(from), Ok(to)] = [now.saturating_sub(BACK), now].map(u32::try_from) else { return true };
            newest = newest.max(refresh.newest_sample(Span { from, to, step }).await);
        }
        newest.is_some_and(|newest| is_contradicted(here, there, newest.into()))
    }

    /// Waits for the next round. Prices that come meanwhile are not left for it.
    async fn rest(&self, rest: Duration, kept: &Kept, step: u32, prices: &mut watch::Receiver<Arc<Prices>>) {
        let mut over = pin!(tokio::time::sleep(rest));
        loop {
            tokio::select! {
                () = &mut over => return,
                Ok(()) = prices.changed() => self.load(kept, Batch::default(), step).await,
            }
        }
    }

    async fn open(&self) -> Kept {
        let mut failing = false;
        loop {
            let disk = Arc::clone(&self.surroundings.disk);
            let dir = format!("{CACHE}/{}", self.project.cache_name());
            let now = self.now();
            let opened = self.work.spawn_blocking(move || {
                let store = Store::open(Arc::clone(&disk), dir.clone())?;
                let recorded = Arc::new(Mutex::new(Recorded::open(disk, dir, now)));
                Ok(Kept { store: Arc::new(store), recorded })
            });
            match opened.await.map_err(io::Error::other).flatten() {
                Ok(kept) => return kept,
                Err(error) if !failing => {
                    tracing::error!(%error, "the cache of a project cannot be opened; nothing is known of it");
                    failing = true;
                }
                Err(_) => {}
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Every query of a Prometheus that cannot even be asked has failed.
    fn cannot_ask(&self, why: &dyn std::error::Error) {
        tracing::warn!("the Prometheus of a project cannot be asked: {why}");
        *locked(&self.failure) = Some(why.to_string());
        let mut queries = locked(&self.queries);
        catalogue::all().for_each(|query| queries.failed(query.name));
    }

    /// Keeps for the operator what the log says once. A round without a question keeps what is known.
    fn note_failure(&self, health: Health, why: Option<QueryError>) {
        let mut failure = locked(&self.failure);
        match (health, why) {
            (Health::Answers, _) => *failure = None,
            (Health::Silent, Some(why)) => *failure = Some(why.to_string()),
            (Health::Silent, None) => {
                failure.get_or_insert_with(|| "what Prometheus answers cannot be kept".to_owned());
            }
        }
    }

    /// Puts the operator's own queries for the slots that end up to `to`, in Unix seconds, and are missing.
    async fn ask_own(&self, prometheus: &Arc<Prometheus>, kept: &Kept, to: u32) -> Batch {
        let missing = locked(&kept.recorded).indicators().missing(&self.remembered.last().overrides, to);
        ask_own(prometheus, missing).await
    }

    async fn load(&self, kept: &Kept, own: Batch, step_s: u32) {
        let clock = &self.surroundings.clock;
        let begun = clock.monotonic();
        let recalled = self.remembered.recall().await;
        let recalling = clock.monotonic().saturating_sub(begun);
        let loaded = self.load_blocking(kept, own, step_s).await;
        let Loaded { facts, findings, mut stages, total, audit } = match loaded {
            Ok(loaded) => loaded,
            Err(error) => return tracing::error!(%error, "a world cannot be loaded; what was known stays"),
        };
        stages.push(("get_check_configs", recalling));
        self.surroundings.costs.add(&stages, total, audit);
        self.surroundings.metrics.world_loaded();
        if facts.clouds.iter().any(|cloud| prices::CLOUDS.contains(cloud)) {
            self.surroundings.prices_needed.notify_one();
        }
        *locked(&self.facts) = facts;
        if recalled.is_ok() {
            self.remembered.remember(findings).await;
        }
    }

    async fn load_blocking(&self, kept: &Kept, own: Batch, step_s: u32) -> io::Result<Loaded> {
        let (Kept { store, recorded }, project) = (kept.clone(), self.project.clone());
        let (clock, prices) = (Arc::clone(&self.clock), self.surroundings.prices.current());
        let recalled = self.remembered.last();
        let loaded = self.work.spawn_blocking(move || {
            let mut recorded = locked(&recorded);
            let (recorded, recalled) = (&mut *recorded, &*recalled);
            let memory = Memory { recorded, own: &own, recalled, step_s, new_key };
            load_with(&store, &project, &prices, &*clock, Some(memory))
        });
        loaded.await.map_err(io::Error::other).flatten()
    }

    fn now(&self) -> u32 {
        u32::try_from(self.clock.wall().as_secs()).unwrap_or(u32::MAX)
    }

    async fn expire(&self, store: &Arc<Store>, now: u32) {
        let (store, ttl) = (Arc::clone(store), self.surroundings.cache_ttl);
        let expired = self.work.spawn_blocking(move || store.expire(now, ttl)).await;
        if let Err(error) = expired.map_err(io::Error::other).flatten() {
            tracing::debug!(%error, "what is too old could not be removed from a cache");
        }
    }
}

impl Health {
    /// What a round says, with a line in the log when that is news.
    fn after(self, round: Round, why: Option<QueryError>) -> Self {
        let health = match round {
            Round { answered: 0, failed: 1.. } => Self::Silent,
            Round { answered: 1.., .. } => Self::Answers,
            Round { answered: 0, failed: 0 } => self,
        };
        match (self, health) {
            (Self::Answers, Self::Silent) => match why {
                Some(why) => {
                    tracing::warn!("nothing is learned of a project; what was known of it stays: {why}");
                }
                None => tracing::warn!("what is learned of a project cannot be kept; what was known stays"),
            },
            (Self::Silent, Self::Answers) => tracing::info!("the Prometheus of a project answers again"),
            _ => {}
        }
        health
    }
}
