//! Gives turns to what changes the state of statistics: switches, and becoming a new installation.

use std::{sync::Mutex as StdMutex, time::Duration};

use headcount_platform::lock::lock;
use tokio::{
    sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit},
    time::timeout,
};

use super::statistics_service::StatisticsPlan;

/// How long a turn may go on after the server was told to stop.
const LAST_TURN: Duration = Duration::from_secs(2);

/// Statistics that the operator can switch.
#[derive(Debug)]
pub(super) struct OperatorSwitch {
    pub(super) plan: StatisticsPlan,
    /// One at a time. It is closed when the server stops.
    turns: Semaphore,
    unfinished: StdMutex<Option<UnfinishedOff>>,
    /// Held while the collector is asked to delete.
    deletion: Mutex<()>,
}

/// What is left to do of switching off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnfinishedOff {
    /// The choice is not stored in the settings.
    Unstored,
    /// What was counted is not deleted here. Servers on the same settings know of the choice.
    Undeleted,
}

/// The server stops, so nothing is switched or deleted any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server is stopping; ask again when it is running")]
pub struct ServerStops;

impl OperatorSwitch {
    pub(super) fn new(plan: StatisticsPlan, unfinished: Option<UnfinishedOff>) -> Self {
        Self {
            plan,
            turns: Semaphore::new(1),
            unfinished: StdMutex::new(unfinished),
            deletion: Mutex::default(),
        }
    }

    /// What is left to do of switching off; `None` if nothing is.
    pub(super) fn unfinished(&self) -> Option<UnfinishedOff> {
        *lock(&self.unfinished)
    }

    /// Notes what is left to do of switching off. Returns what was left before.
    pub(super) fn set_unfinished(&self, unfinished: Option<UnfinishedOff>) -> Option<UnfinishedOff> {
        std::mem::replace(&mut *lock(&self.unfinished), unfinished)
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// The server stops.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, ServerStops> {
        self.turns.acquire().await.map_err(|_| ServerStops)
    }

    /// Begins a deletion; `None` while another one is under way.
    pub(super) fn begin_deletion(&self) -> Option<MutexGuard<'_, ()>> {
        self.deletion.try_lock().ok()
    }

    /// The output of `work`, unless the server stops before it ends.
    ///
    /// # Errors
    /// The server stops.
    pub(super) async fn unless_closing<T>(&self, work: impl Future<Output = T>) -> Result<T, ServerStops> {
        self.plan.closing.run_until_cancelled(work).await.ok_or(ServerStops)
    }

    /// Ends the turns. Returns whether the last one is over: then nothing changes the state any more. One that
    /// the disk holds up goes on.
    pub(super) async fn close(&self) -> bool {
        self.plan.closing.cancel();
        let last = timeout(LAST_TURN, self.turns.acquire()).await;
        self.turns.close();
        last.is_ok()
    }
}
