//! When is a report durable?
//!
//! One task writes. It takes all reports that wait, stores them in one transaction and answers each when that is on the
//! disk: while the disk works on one group, the next one gathers, so that the price of a sync is shared.

use std::sync::Arc;

use headcount_shared::api::Receipt;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    NotTaken,
    condition::Condition,
    intake::{Room, TakenIn},
    store::{Arrived, Store},
};

/// Reports that wait to be written. What they hold is bounded by the room for bodies.
const QUEUE: usize = 256;

/// Reports in one transaction.
const GROUP: usize = 64;

/// Hands reports to the task that writes.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Waiting>,
}

/// The other end: what the task works on.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: mpsc::Receiver<Waiting>,
}

/// A report that waits, and whom to tell.
#[derive(Debug)]
struct Waiting {
    arrived: Arrived,
    teller: Teller,
}

/// Whom to tell when a report is stored.
#[derive(Debug)]
struct Teller {
    answer: oneshot::Sender<Result<Receipt, NotTaken>>,
    /// The report's room in memory, given back with the answer.
    _room: Room,
}

/// A writer and its queue.
#[must_use]
pub(super) fn writer() -> (Writer, Queue) {
    let (queue, waiting) = mpsc::channel(QUEUE);
    (Writer { queue }, Queue { waiting })
}

impl Writer {
    /// Stores a report. When this returns without an error, it survives a power cut.
    ///
    /// # Errors
    /// [`NotTaken::Busy`] when too many wait, [`NotTaken::Failed`] when the database fails or the collector closes.
    pub(super) async fn store(
        &self,
        id: String,
        received_at: u64,
        taken: TakenIn,
    ) -> Result<Receipt, NotTaken> {
        let TakenIn { report, room } = taken;
        let (answer, answered) = oneshot::channel();
        let arrived = Arrived { id, received_at, report };
        let waiting = Waiting { arrived, teller: Teller { answer, _room: room } };
        self.queue.try_send(waiting).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotTaken::Busy,
            mpsc::error::TrySendError::Closed(_) => NotTaken::Failed,
        })?;
        answered.await.map_err(|_| NotTaken::Failed)?
    }
}

impl Queue {
    /// Writes until `stop`, and then what still waits.
    pub(super) async fn run(mut self, store: Arc<Store>, stop: CancellationToken) {
        let condition = Condition::new("storing reports");
        let mut group = Vec::with_capacity(GROUP);
        while self.gather(&mut group, &stop).await {
            let (arrived, tellers): (Vec<_>, Vec<_>) =
                group.drain(..).map(|waiting| (waiting.arrived, waiting.teller)).unzip();
            let stored = condition.note(store.add(&arrived).await);
            tell(tellers, stored.ok());
        }
    }

    /// Waits for the next reports; false when there will be none.
    async fn gather(&mut self, group: &mut Vec<Waiting>, stop: &CancellationToken) -> bool {
        if !self.waiting.is_closed() {
            tokio::select! {
                biased;
                () = stop.cancelled() => self.waiting.close(),
                taken = self.waiting.recv_many(group, GROUP) => return taken > 0,
            }
        }
        self.waiting.recv_many(group, GROUP).await > 0
    }
}

/// Answers a group: each with its receipt or, if the group could not be stored, with that.
fn tell(tellers: Vec<Teller>, receipts: Option<Vec<Receipt>>) {
    let mut receipts = receipts.into_iter().flatten();
    for teller in tellers {
        let answer = receipts.next().ok_or(NotTaken::Failed);
        // A sender that has gone away asks again, and hears that the report is known.
        drop(teller.answer.send(answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::{decode::Coding, intake::Intake};

    async fn taken_in() -> TakenIn {
        let report = r#"{"instance":{"uuid":"4423595b-9d97-4e01-a19f-8e3d60c83b2a"}}"#;
        Intake::new().take_in(Coding::Identity, report.into()).await.unwrap()
    }

    async fn started() -> (tempfile::TempDir, Arc<Store>, Writer, Queue) {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(directory.path()).await.unwrap());
        let (writer, queue) = writer();
        (directory, store, writer, queue)
    }

    #[tokio::test]
    async fn a_report_too_many_is_asked_to_come_back() {
        let (writer, queue) = writer();
        let waiting: Vec<_> = (0..QUEUE)
            .map(|id| {
                let writer = writer.clone();
                tokio::spawn(async move { writer.store(id.to_string(), 0, taken_in().await).await })
            })
            .collect();
        while queue.waiting.len() < QUEUE {
            tokio::task::yield_now().await;
        }
        let refused = writer.store("one-too-many".to_owned(), 0, taken_in().await).await;
        assert!(matches!(refused, Err(NotTaken::Busy)));
        drop(queue);
        for waiting in waiting {
            assert!(matches!(waiting.await.unwrap(), Err(NotTaken::Failed)));
        }
    }

    #[tokio::test]
    async fn what_waits_is_written_when_the_collector_stops() {
        let (_directory, store, writer, queue) = started().await;
        let first = tokio::spawn({
            let writer = writer.clone();
            async move { writer.store("first".to_owned(), 0, taken_in().await).await }
        });
        while queue.waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        let stop = CancellationToken::new();
        stop.cancel();
        queue.run(store, stop).await;
        assert_eq!(first.await.unwrap().unwrap(), Receipt::Stored);
        let late = writer.store("late".to_owned(), 0, taken_in().await).await;
        assert!(matches!(late, Err(NotTaken::Failed)));
    }

    #[tokio::test]
    async fn of_two_with_one_id_in_a_group_the_first_is_stored() {
        let (_directory, store, _, _) = started().await;
        let arrived = |id: &str, report| Arrived { id: id.to_owned(), received_at: 1, report };
        let report = taken_in().await.report;
        let group =
            [arrived("a", report.clone()), arrived("b", report.clone()), arrived("a", report.clone())];
        let receipts = store.add(&group).await.unwrap();
        assert_eq!(receipts, [Receipt::Stored, Receipt::Stored, Receipt::Duplicate]);
        assert_eq!(store.fleet().await.unwrap().instances[0].reports, 2);
    }
}
