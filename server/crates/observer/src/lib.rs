//! Observes what runs in the projects, according to their Prometheus servers.
//!
//! For each project, a task keeps a cache of Prometheus' answers on disk up to date (`refresh`), and builds a
//! model of nodes, applications and instances from it ([`world_load`]). Reports need only numbers about the
//! model; they are kept, and the model is dropped. Pages have it built again when they need it
//! ([`world_views`]).

pub mod access_check;
mod audited_world;
mod custom_queries;
mod history_cache;
pub mod load_costs;
pub mod observed_project;
pub mod price_list;
mod project_observation;
mod project_progress;
pub mod sli_log;
#[cfg(test)]
mod tests;
pub mod world_load;
pub mod world_views;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use headcount_health::history_store::HistoryStore;
use headcount_outbound::TargetPolicy;
use headcount_platform::{
    clock::Clock,
    disk::{self, DataDisk},
    joined::joined,
    lock::lock,
};
use headcount_prometheus::{cache::CachePlan, query_costs::QueryCosts, refresh::QueryMetrics};
use headcount_shared::api::{ObservationStatus, ProjectHealth};
use headcount_topology::{facts::InfrastructureFacts, queries};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    load_costs::{LoadCosts, LoadTimes, SavedWorldCosts},
    observed_project::{ObservedProject, is_own_cache},
    price_list::PriceList,
    project_observation::ProjectObservation,
    world_views::{ViewedWorld, WorldUnavailable},
};

/// The directory of the cache in the data directory. If the data directory belonged to Coroot, other files
/// there are Coroot's.
pub const CACHE: &str = "cache";

/// Counts what the observer does.
pub trait ObserverMetrics: QueryMetrics {
    /// A world was loaded.
    fn world_loaded(&self);
}

/// What the cache of a project keeps.
pub const CACHE_PLAN: CachePlan =
    CachePlan { queries: queries::LISTS, presence: queries::PRESENCE, other_files: &[sli_log::FILE] };

/// Observes all projects.
#[derive(Debug)]
pub struct WorldObserver {
    surroundings: ObserverDependencies,
    observed: Arc<Mutex<BTreeMap<String, ObservationTask>>>,
    /// The costs of queries before a restart. They stand in for queries that did not run since, until the
    /// next cut.
    earlier_queries: Mutex<QueryCosts>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What all observations share.
#[derive(Debug, Clone)]
struct ObserverDependencies {
    disk: Arc<dyn DataDisk>,
    clock: Arc<dyn Clock>,
    metrics: Arc<dyn ObserverMetrics>,
    prices: Arc<PriceList>,
    /// Notified when a node was seen that may have a price.
    prices_needed: Arc<Notify>,
    costs: Arc<LoadCosts>,
    cache_ttl: Duration,
    targets: TargetPolicy,
    records: Option<Arc<dyn HistoryStore>>,
}

/// A project, with the task that observes it until `stop`.
#[derive(Debug)]
struct ObservationTask {
    project: ObservedProject,
    observation: Arc<ProjectObservation>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// The totals of all projects.
#[derive(Debug, Clone, Default)]
pub struct ObservationSummary {
    /// The numbers about the model.
    pub facts: InfrastructureFacts,
    /// The cost of each query at its latest run.
    pub queries: QueryCosts,
    /// The time of loads since the last cut.
    pub loads: LoadTimes,
}

impl WorldObserver {
    /// Observes nothing before the first call of [`WorldObserver::configure`]. Cached answers older than
    /// `cache_ttl` are removed. Without `records`, rollouts and incidents are not stored.
    #[must_use]
    pub fn new(
        disk: Arc<dyn DataDisk>,
        clock: Arc<dyn Clock>,
        metrics: Arc<dyn ObserverMetrics>,
        prices: Arc<PriceList>,
        cache_ttl: Duration,
        targets: TargetPolicy,
        records: Option<Arc<dyn HistoryStore>>,
    ) -> Self {
        let (prices_needed, costs) = (Arc::default(), Arc::default());
        Self {
            surroundings: ObserverDependencies {
                disk,
                clock,
                metrics,
                prices,
                prices_needed,
                costs,
                cache_ttl,
                targets,
                records,
            },
            observed: Arc::default(),
            earlier_queries: Mutex::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Fetches prices when they are needed, until [`WorldObserver::stop`].
    pub async fn follow_prices(&self) {
        self.surroundings.prices.run(&self.stop, &self.surroundings.prices_needed).await;
    }

    /// Observes exactly these projects: starts new ones, restarts changed ones, and removes those that are
    /// not listed.
    pub fn configure(&self, projects: Vec<ObservedProject>) {
        let mut observed = lock(&self.observed);
        let mut before = std::mem::take(&mut *observed);
        for project in projects {
            let id = project.id.clone();
            let now = match before.remove(&id) {
                Some(before) if before.project == project => before,
                before => self.observe(project, before),
            };
            observed.insert(id, now);
        }
        self.forget_gone(before.into_values().collect());
    }

    /// Starts the observation of a project, after the end of its observation `before`.
    fn observe(&self, project: ObservedProject, before: Option<ObservationTask>) -> ObservationTask {
        let stop = self.stop.child_token();
        let observation = Arc::new(ProjectObservation::new(project.clone(), self.surroundings.clone()));
        let (begun, until) = (Arc::clone(&observation), stop.clone());
        let caches = self.caches();
        let task = self.tasks.spawn(async move {
            if let Some(before) = before {
                before.end().await;
                caches.remove_gone().await;
            }
            begun.run(&until).await;
        });
        ObservationTask { project, observation, stop, task }
    }

    /// Removes the caches of projects that are `gone`, after the end of their observation.
    fn forget_gone(&self, gone: Vec<ObservationTask>) {
        let caches = self.caches();
        self.tasks.spawn(async move {
            for project in gone {
                project.end().await;
            }
            caches.remove_gone().await;
        });
    }

    fn caches(&self) -> ProjectCaches {
        ProjectCaches { observed: Arc::clone(&self.observed), disk: Arc::clone(&self.surroundings.disk) }
    }

    /// The latest error of each Prometheus that fails, by project id.
    #[must_use]
    pub fn failures(&self) -> BTreeMap<String, String> {
        let observed = lock(&self.observed);
        let failure = |of: &ObservationTask| Some((of.project.id.clone(), of.observation.failure()?));
        observed.values().filter_map(failure).collect()
    }

    /// How far the observation of a project has come, and how its applications were at the last load; `None`
    /// if it is not observed. Waits for nothing.
    #[must_use]
    pub fn glance(&self, project: &str) -> Option<(ObservationStatus, Option<ProjectHealth>)> {
        lock(&self.observed).get(project).map(|of| of.observation.glance())
    }

    /// The answer to a question about the world of a project, which is loaded from the cache. Questions that
    /// are asked at about the same time share a world. Prometheus is not waited for.
    ///
    /// # Errors
    /// The project is not observed, or its cache cannot be read.
    pub async fn view<T: Send + 'static>(
        &self,
        project: &str,
        question: impl FnOnce(&ViewedWorld<'_, '_>) -> T + Send + 'static,
    ) -> Result<T, WorldUnavailable> {
        let observation = lock(&self.observed).get(project).map(|of| Arc::clone(&of.observation));
        observation.ok_or(WorldUnavailable::NotObserved)?.view(question).await
    }

    /// The current totals. Changes nothing.
    #[must_use]
    pub fn peek(&self) -> ObservationSummary {
        self.known(self.surroundings.costs.peek(), &lock(&self.earlier_queries))
    }

    /// The current totals. Resets the times of loads.
    #[must_use]
    pub fn cut(&self) -> ObservationSummary {
        let earlier = std::mem::take(&mut *lock(&self.earlier_queries));
        self.known(self.surroundings.costs.cut(), &earlier)
    }

    fn known(&self, loads: LoadTimes, earlier: &QueryCosts) -> ObservationSummary {
        let mut known = ObservationSummary { loads, ..ObservationSummary::default() };
        for ObservationTask { observation, .. } in lock(&self.observed).values() {
            observation.add_to(&mut known);
        }
        known.queries.complete(earlier);
        known
    }

    /// The measured costs since the last cut, in the form in which they are saved for a restart.
    #[must_use]
    pub fn save_costs(&self) -> SavedWorldCosts {
        let ObservationSummary { loads, queries, .. } = self.peek();
        SavedWorldCosts::new(loads, &queries)
    }

    /// Adds the costs that were saved before a restart.
    pub fn resume_costs(&self, earlier: &SavedWorldCosts) {
        self.surroundings.costs.resume(earlier.load_times());
        *lock(&self.earlier_queries) = earlier.query_costs();
    }

    /// Stops observing until the next [`WorldObserver::configure`]. The caches stay.
    pub async fn rest(&self) {
        let observed = std::mem::take(&mut *lock(&self.observed));
        for project in observed.into_values() {
            project.end().await;
        }
    }

    /// Stops observing for good. The caches stay.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Removes Prometheus' answers from a disk while nothing is observed. Removes the price list as well: its
/// presence shows that a machine in a cloud was seen.
///
/// # Errors
/// The disk failed; some files may be left.
pub fn forget_on_disk(disk: &dyn DataDisk) -> io::Result<()> {
    let (own, others): (Vec<_>, Vec<_>) = disk.list(CACHE)?.into_iter().partition(|name| is_own_cache(name));
    for name in own {
        disk::remove_with_files(disk, &format!("{CACHE}/{name}"))?;
    }
    if others.is_empty() {
        disk.remove_dir(CACHE)?;
    }
    price_list::forget_on_disk(disk)
}

impl ObservationTask {
    /// Ends the observation. After it returns, the observation no longer uses its cache.
    async fn end(self) {
        self.stop.cancel();
        // A task that panicked has ended too.
        self.task.await.ok();
    }
}

/// All caches, including those of removed projects.
struct ProjectCaches {
    observed: Arc<Mutex<BTreeMap<String, ObservationTask>>>,
    disk: Arc<dyn DataDisk>,
}

impl ProjectCaches {
    /// Removes the caches of projects that are not observed. What cannot be removed now is removed at the
    /// next change.
    async fn remove_gone(self) {
        let removed = joined(tokio::task::spawn_blocking(move || {
            let names: BTreeSet<_> =
                lock(&self.observed).values().map(|observed| observed.project.cache_name()).collect();
            let found = self.disk.list(CACHE).unwrap_or_default();
            let mut gone = found.iter().filter(|name| is_own_cache(name) && !names.contains(*name));
            gone.try_for_each(|name| disk::remove_with_files(&*self.disk, &format!("{CACHE}/{name}")))
        }));
        if let Err(error) = removed.await.flatten() {
            tracing::debug!(%error, "the cache of a removed project cannot be deleted");
        }
    }
}
