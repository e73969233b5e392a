//! What does Prometheus say runs here?
//!
//! For each project a task keeps a cache of Prometheus' answers on disk up to date ([`refresh`]) and builds a model of
//! nodes, applications and instances from it ([`load`]). What the report says of the model is kept; the model is not.

pub mod answers;
pub mod cache;
pub mod catalogue;
pub mod categories;
pub mod constructor;
pub mod container_id;
pub mod costs;
pub mod external;
pub mod facts;
pub mod glob;
pub mod load;
pub mod model;
mod observation;
pub mod owner;
pub mod price;
pub mod prices;
pub mod project;
pub mod prometheus;
mod refresh;
#[cfg(test)]
mod scene;
pub mod standalone;
mod unreachable;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    costs::{LoadCosts, LoadTimes, QueryCosts},
    facts::Facts,
    observation::Observation,
    prices::PriceList,
    project::Project,
};
use crate::{
    clock::Clock,
    disk::{self, Disk},
    metrics::Metrics,
};

/// Where the cache is, in the data directory.
const CACHE: &str = "cache";

/// All projects under observation.
#[derive(Debug)]
pub struct World {
    surroundings: Surroundings,
    observed: Mutex<BTreeMap<String, Observed>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What every observation uses.
#[derive(Debug, Clone)]
struct Surroundings {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    prices: Arc<PriceList>,
    /// Told when a node was seen of which there may be a price.
    prices_needed: Arc<Notify>,
    costs: Arc<LoadCosts>,
    cache_ttl: Duration,
}

/// A project, and the task that observes it until `stop`.
#[derive(Debug)]
struct Observed {
    project: Project,
    observation: Arc<Observation>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// What is known of all projects together.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// What runs there.
    pub facts: Facts,
    /// What the queries cost when they were last asked.
    pub queries: QueryCosts,
    /// What loading cost since the last cut.
    pub loads: LoadTimes,
}

impl World {
    /// Observes nothing until it is told what ([`World::configure`]). What of the cache is older than `cache_ttl` is
    /// removed.
    #[must_use]
    pub fn new(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
        prices: Arc<PriceList>,
        cache_ttl: Duration,
    ) -> Self {
        let (prices_needed, costs) = (Arc::default(), Arc::default());
        Self {
            surroundings: Surroundings { disk, clock, metrics, prices, prices_needed, costs, cache_ttl },
            observed: Mutex::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Fetches prices when they are needed, until [`World::stop`].
    pub async fn follow_prices(&self) {
        self.surroundings.prices.run(&self.stop, &self.surroundings.prices_needed).await;
    }

    /// Observes these projects and no others: new ones are begun, changed ones begun anew, those that are not listed are
    /// forgotten.
    pub fn configure(&self, projects: Vec<Project>) {
        let mut observed = self.observed();
        let mut before = std::mem::take(&mut *observed);
        for project in projects {
            let id = project.id.clone();
            let unchanged = before.get(&id).is_some_and(|before| before.project == project);
            let unchanged = if unchanged { before.remove(&id) } else { None };
            observed.insert(id, unchanged.unwrap_or_else(|| self.observe(project)));
        }
        let names = observed.values().map(|observed| observed.project.cache_name()).collect();
        let disk = Arc::clone(&self.surroundings.disk);
        let gone: Vec<_> = before.into_values().map(Observed::end).collect();
        self.tasks.spawn(async move {
            // What is removed stays removed: nobody writes any more.
            for task in gone {
                task.await.ok();
            }
            tokio::task::spawn_blocking(move || remove_other_caches(&*disk, &names)).await.ok();
        });
    }

    fn observe(&self, project: Project) -> Observed {
        let stop = self.stop.child_token();
        let observation = Arc::new(Observation::new(project.clone(), self.surroundings.clone()));
        let task = Arc::clone(&observation);
        let until = stop.clone();
        let task = self.tasks.spawn(async move { task.run(&until).await });
        Observed { project, observation, stop, task }
    }

    /// What is known at this moment. Changes nothing.
    #[must_use]
    pub fn peek(&self) -> Known {
        self.known(self.surroundings.costs.peek())
    }

    /// What is known at this moment; the times of loads begin anew here.
    #[must_use]
    pub fn cut(&self) -> Known {
        self.known(self.surroundings.costs.cut())
    }

    fn known(&self, loads: LoadTimes) -> Known {
        let mut known = Known { loads, ..Known::default() };
        for Observed { observation, .. } in self.observed().values() {
            observation.add_to(&mut known);
        }
        known
    }

    /// Ends all observation. The cache stays.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Removes the cache, once everything is stopped.
    ///
    /// # Errors
    /// The disk refused.
    pub fn forget(&self) -> io::Result<()> {
        let disk = &*self.surroundings.disk;
        for name in disk.list(CACHE)? {
            disk::remove_with_files(disk, &format!("{CACHE}/{name}"))?;
        }
        disk.remove_dir(CACHE)
    }

    fn observed(&self) -> MutexGuard<'_, BTreeMap<String, Observed>> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observed {
    /// Ends the observation. The task ends when nothing writes to its cache any more.
    fn end(self) -> JoinHandle<()> {
        self.stop.cancel();
        self.task
    }
}

/// Removes the caches of projects that are gone. What cannot be removed now is removed at the next change.
fn remove_other_caches(disk: &dyn Disk, names: &BTreeSet<String>) {
    for name in disk.list(CACHE).unwrap_or_default().iter().filter(|name| !names.contains(*name)) {
        if let Err(error) = disk::remove_with_files(disk, &format!("{CACHE}/{name}")) {
            tracing::debug!(%error, "the cache of a project that is gone cannot be removed");
        }
    }
}
