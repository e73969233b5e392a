//! Loads the world of a project for pages, on request.
//!
//! A thread loads the world from the cache, audits it and answers questions about it, one after another. It
//! ends when the cache has newer answers, when the history has changed, or some seconds after the last
//! question; with it goes the world, so that browsing leaves no memory in use. Two worlds would need twice
//! the memory, so a project has at most one: whoever needs a new one, also to look for changes, waits until
//! the one before is gone. Apart from that, only reading the cache is waited for.

use std::{
    fmt, io,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use headcount_health::{history_store::ProjectHistory, rollouts::DeploymentRollout};
use headcount_platform::{joined::joined, lock::lock};
use headcount_project_views::WorldSight;
use headcount_prometheus::{
    cache::{PointSelection, SeriesCache},
    query::PrometheusQuery,
    results::QueryResults,
};
use headcount_topology::{application_key::ApplicationKey, prices::CloudPrices};
use tokio::{
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
};
use tokio_util::task::TaskTracker;

use super::{
    audited_world::{audit_world, build_world, read_answers, sight},
    observed_project::ObservedProject,
    project_observation::ProjectFiles,
};

/// How long a world is kept after the last question. A page refreshes every 30 seconds, and by then the cache
/// has newer answers; a person who goes from page to page asks more often.
const LINGER: Duration = Duration::from_secs(15);

/// A question about a world.
type WorldQuestion = Box<dyn FnOnce(&ViewedWorld<'_, '_>) + Send>;

/// A loaded world that answers questions.
pub struct ViewedWorld<'w, 'a> {
    /// The world with its audit.
    pub sight: WorldSight<'w, 'a>,
    store: &'w SeriesCache,
}

impl fmt::Debug for ViewedWorld<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only sizes: the rest contains names.
        formatter.debug_struct("ViewedWorld").field("world", self.sight.world).finish_non_exhaustive()
    }
}

impl ViewedWorld<'_, '_> {
    /// The answers to some queries, with their values over time. They may be newer than the world. Empty if
    /// they cannot be read.
    #[must_use]
    pub fn points(&self, queries: &[&'static PrometheusQuery]) -> QueryResults {
        let past = PointSelection { points_of: queries, ..PointSelection::default() };
        self.store.read(queries.iter().copied(), past).unwrap_or_default()
    }
}

/// Why a question about a world has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorldUnavailable {
    /// This server does not observe the project, or its cache is not open yet.
    #[error("the project is not observed by this server, or not yet")]
    NotObserved,
    /// The cache cannot be read.
    #[error("what was observed of the project cannot be read")]
    Unreadable,
}

/// The worlds of a project, one after another.
#[derive(Debug, Clone, Default)]
pub(super) struct WorldViews(Arc<Mutex<OpenWorld>>);

/// The files of a project, and the thread that has its world.
#[derive(Debug, Default)]
struct OpenWorld {
    /// `None` before the cache is open, and after the end of the observation.
    files: Option<ProjectFiles>,
    keeper: Option<WorldKeeper>,
    /// The number of the newest keeper.
    number: u64,
    /// Ends with the last world that anybody asked for.
    last: Option<oneshot::Receiver<()>>,
}

impl OpenWorld {
    /// The turn after all that were taken before.
    fn take_turn(&mut self) -> WorldTurn {
        let (end, ended) = oneshot::channel();
        WorldTurn { before: self.last.replace(ended), end }
    }
}

/// The right to build a world once the world before is gone.
#[derive(Debug)]
pub(super) struct WorldTurn {
    before: Option<oneshot::Receiver<()>>,
    end: oneshot::Sender<()>,
}

impl WorldTurn {
    /// Builds and uses a world on a thread of `work`, when its turn has come. The next turn comes when `job`
    /// has returned, also if nobody waits for its result.
    pub(super) fn run<T: Send + 'static>(
        self,
        work: &TaskTracker,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<io::Result<T>> {
        let Self { before, end } = self;
        work.spawn(async move {
            if let Some(before) = before {
                // Nothing is sent: the world before is gone when the other end is.
                before.await.ok();
            }
            let result = joined(spawn_blocking(job)).await;
            drop(end);
            result
        })
    }
}

/// The way to a thread that has a world.
struct WorldKeeper {
    number: u64,
    history: Arc<ProjectHistory>,
    questions: mpsc::Sender<WorldQuestion>,
}

impl fmt::Debug for WorldKeeper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Leaves out the history, which contains names.
        formatter.debug_struct("WorldKeeper").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What a thread needs to load a world.
pub(super) struct WorldSource {
    pub(super) project: ObservedProject,
    pub(super) prices: Arc<CloudPrices>,
    pub(super) history: Arc<ProjectHistory>,
}

impl WorldViews {
    /// Lets questions be asked.
    pub(super) fn open(&self, files: &ProjectFiles) {
        lock(&self.0).files = Some(files.clone());
    }

    /// Ends the thread after the questions that it has already: there are newer answers. The turn comes after
    /// that, and before the worlds of later questions.
    pub(super) fn renew(&self) -> WorldTurn {
        let mut open = lock(&self.0);
        open.keeper = None;
        open.take_turn()
    }

    /// Ends the thread after the questions that it has already. No question is asked any more.
    pub(super) fn close(&self) {
        let mut open = lock(&self.0);
        (open.files, open.keeper) = (None, None);
    }

    /// Asks the world that there is, or loads it on a thread of `work`.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        source: WorldSource,
        work: &TaskTracker,
        question: impl FnOnce(&ViewedWorld<'_, '_>) -> T + Send + 'static,
    ) -> Result<T, WorldUnavailable> {
        let (answer, answered) = oneshot::channel();
        let question: WorldQuestion = Box::new(move |world| {
            // Whoever asked may be gone.
            answer.send(question(world)).ok();
        });
        self.put(source, work, question)?;
        answered.await.map_err(|_| WorldUnavailable::Unreadable)
    }

    fn put(
        &self,
        source: WorldSource,
        work: &TaskTracker,
        question: WorldQuestion,
    ) -> Result<(), WorldUnavailable> {
        let mut open = lock(&self.0);
        let files = open.files.clone().ok_or(WorldUnavailable::NotObserved)?;
        let question = match &open.keeper {
            Some(keeper) if is_same(&keeper.history, &source.history) => {
                match keeper.questions.send(question) {
                    Ok(()) => return Ok(()),
                    // The thread could not read the cache, or a view panicked.
                    Err(mpsc::SendError(question)) => question,
                }
            }
            _ => question,
        };
        let (questions, asked) = mpsc::channel();
        questions.send(question).map_err(|_| WorldUnavailable::Unreadable)?;
        open.number += 1;
        let number = open.number;
        open.keeper = Some(WorldKeeper { number, history: Arc::clone(&source.history), questions });
        let views = self.clone();
        open.take_turn().run(work, move || {
            let until = |asked: &_| views.next_question(number, asked);
            if let Err(error) = keep(&files, &source, &asked, until) {
                tracing::debug!(%error, "the cache of a project cannot be read for a page");
            }
        });
        Ok(())
    }

    /// The next question for a thread; `None` if it has to end.
    fn next_question(&self, number: u64, asked: &mpsc::Receiver<WorldQuestion>) -> Option<WorldQuestion> {
        match asked.recv_timeout(LINGER) {
            Ok(question) => Some(question),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                // Under the lock, because questions are put under it.
                let mut open = lock(&self.0);
                let question = asked.try_recv().ok();
                if question.is_none() && open.keeper.as_ref().is_some_and(|keeper| keeper.number == number) {
                    open.keeper = None;
                }
                question
            }
        }
    }
}

/// Whether two histories lead to the same views. What a rollout cost is in none, and may be no number, which equals
/// nothing.
fn is_same(one: &ProjectHistory, other: &ProjectHistory) -> bool {
    fn seen(rollout: &DeploymentRollout) -> (&ApplicationKey, &str, u32, Option<u32>) {
        (&rollout.application, &rollout.name, rollout.started_at, rollout.finished_at)
    }
    one.overrides == other.overrides
        && one.incidents == other.incidents
        && one.deployments.iter().map(seen).eq(other.deployments.iter().map(seen))
}

/// Loads a world and answers questions about it, until there is no next one.
fn keep(
    files: &ProjectFiles,
    source: &WorldSource,
    asked: &mpsc::Receiver<WorldQuestion>,
    next: impl Fn(&mpsc::Receiver<WorldQuestion>) -> Option<WorldQuestion>,
) -> io::Result<()> {
    let WorldSource { project, prices, history } = source;
    let answers = read_answers(&files.store)?;
    let world = build_world(&answers, project, prices, |_| {});
    // A copy, so that the observation does not wait for the record until the questions are answered.
    let indicators = lock(&files.recorded).snapshot();
    let audits = audit_world(&world, &indicators, history);
    while let Some(question) = next(asked) {
        let sight = sight(&world, &audits, &indicators, history, project);
        question(&ViewedWorld { sight, store: &files.store });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use headcount_health::rollouts::RolloutSnapshot;

    use super::*;

    #[tokio::test]
    async fn a_world_is_built_when_the_one_before_is_gone_and_in_the_order_of_the_turns() {
        let (views, work) = (WorldViews::default(), TaskTracker::new());
        let (one, other) = (views.renew(), views.renew());
        let steps = Arc::new(Mutex::new(Vec::new()));
        let step = |name: &'static str| {
            let steps = Arc::clone(&steps);
            move || lock(&steps).push(name)
        };
        // Asked for earlier, but later in turn.
        let second = other.run(&work, step("second"));
        let (go, gone) = mpsc::channel::<()>();
        let begin = step("first begins");
        let end = step("first ends");
        let first = one.run(&work, move || {
            begin();
            gone.recv().ok();
            end();
        });
        assert!(!second.is_finished());
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
        assert_eq!(*lock(&steps), ["first begins", "first ends", "second"]);
        // A turn that nobody uses holds nobody up, and neither does one that panics.
        drop(views.renew());
        assert!(views.renew().run::<()>(&work, || panic!("a view panicked")).await.unwrap().is_err());
        views.renew().run(&work, step("third")).await.unwrap().unwrap();
        assert_eq!(lock(&steps).last(), Some(&"third"));
    }

    #[test]
    fn a_history_is_the_same_until_something_in_a_view_changes() {
        let history = |name: &str, finished_at| ProjectHistory {
            deployments: vec![DeploymentRollout {
                application: ApplicationKey::default(),
                name: name.to_owned(),
                started_at: 1,
                finished_at,
                container_images: Vec::new(),
                snapshot: Some(RolloutSnapshot {
                    memory_leak_percent: f32::NAN,
                    ..RolloutSnapshot::default()
                }),
            }],
            ..ProjectHistory::default()
        };
        assert!(is_same(&history("a", None), &history("a", None)));
        assert!(!is_same(&history("a", None), &history("b", None)));
        assert!(!is_same(&history("a", None), &history("a", Some(2))));
        assert!(!is_same(&history("a", None), &ProjectHistory::default()));
    }
}
