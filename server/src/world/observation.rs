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
    load::{Loaded, load},
    locked,
    prices::{self, Prices},
    project::Project,
    prometheus::Prometheus,
    refresh::{Refresh, Round},
};

/// How often what is too old is removed from the cache.
const UPKEEP: Duration = Duration::from_secs(3600);

/// How long to wait before a cache that cannot be opened is tried again.
const RETRY: Duration = Duration::from_secs(30);

/// A project, observed.
#[derive(Debug)]
pub(super) struct Observation {
    project: Project,
    surroundings: Surroundings,
    facts: Mutex<Facts>,
    queries: Arc<Mutex<QueryCosts>>,
    /// The queries that are under way, and what is done to the cache.
    work: TaskTracker,
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
        Self { project, surroundings, facts, queries, work }
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
        let store = self.open_store().await;
        // What is known from before, while Prometheus has not answered yet.
        self.load(&store).await;
        let access = &self.project.prometheus;
        let clock = &self.surroundings.clock;
        let prometheus = match Prometheus::new(access, Arc::clone(clock)) {
            Ok(prometheus) => Arc::new(prometheus),
            Err(error) => return self.cannot_ask(&error),
        };
        let mut refresh = Refresh::new(
            prometheus,
            Arc::clone(&store),
            Arc::clone(&self.queries),
            self.surroundings.metrics.clone(),
            self.work.clone(),
            access.refresh_interval,
        );
        let mut health = Health::Answers;
        let mut cleaned = None;
        let mut new_prices = self.surroundings.prices.news();
        loop {
            let started = clock.monotonic();
            let now = u32::try_from(clock.wall().as_secs()).unwrap_or(u32::MAX);
            if cleaned.is_none_or(|cleaned| started.saturating_sub(cleaned) >= UPKEEP) {
                cleaned = Some(started);
                self.expire(&store, now).await;
            }
            let step = refresh.step(now, access.refresh_interval).await;
            health = health.after(refresh.round(now, step).await);
            self.load(&store).await;
            let spent = clock.monotonic().saturating_sub(started);
            let rest = Duration::from_secs(step.into()).saturating_sub(spent);
            self.rest(rest, &store, &mut new_prices).await;
        }
    }

    /// Waits for the next round. Prices that come meanwhile are not left for it.
    async fn rest(&self, rest: Duration, store: &Arc<Store>, prices: &mut watch::Receiver<Arc<Prices>>) {
        let mut over = pin!(tokio::time::sleep(rest));
        loop {
            tokio::select! {
                () = &mut over => return,
                Ok(()) = prices.changed() => self.load(store).await,
            }
        }
    }

    async fn open_store(&self) -> Arc<Store> {
        let mut failing = false;
        loop {
            let disk = Arc::clone(&self.surroundings.disk);
            let dir = format!("{CACHE}/{}", self.project.cache_name());
            let opened = self.work.spawn_blocking(move || Store::open(disk, dir)).await;
            match opened.map_err(io::Error::other).flatten() {
                Ok(store) => return Arc::new(store),
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
        let mut queries = locked(&self.queries);
        catalogue::all().for_each(|query| queries.failed(query.name));
    }

    async fn load(&self, store: &Arc<Store>) {
        let (store, project) = (Arc::clone(store), self.project.clone());
        let (clock, prices) = (Arc::clone(&self.surroundings.clock), self.surroundings.prices.current());
        let loaded = self.work.spawn_blocking(move || load(&store, &project, &prices, &*clock)).await;
        let Loaded { facts, stages, total } = match loaded.map_err(io::Error::other).flatten() {
            Ok(loaded) => loaded,
            Err(error) => return tracing::error!(%error, "a world cannot be loaded; what was known stays"),
        };
        self.surroundings.costs.add(&stages, total);
        self.surroundings.metrics.world_loaded();
        if facts.clouds.iter().any(|cloud| prices::CLOUDS.contains(cloud)) {
            self.surroundings.prices_needed.notify_one();
        }
        *locked(&self.facts) = facts;
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
    fn after(self, round: Round) -> Self {
        let health = match round {
            Round { answered: 0, failed: 1.. } => Self::Silent,
            Round { answered: 1.., .. } => Self::Answers,
            Round { answered: 0, failed: 0 } => self,
        };
        match (self, health) {
            (Self::Answers, Self::Silent) => {
                tracing::warn!("the Prometheus of a project does not answer; what was known of it stays");
            }
            (Self::Silent, Self::Answers) => tracing::info!("the Prometheus of a project answers again"),
            _ => {}
        }
        health
    }
}
