//! Writes what the intake ledger has counted into the database, every few seconds and on request.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time};
use tokio_util::sync::CancellationToken;

use super::{
    failure_log::FailureLog,
    fleet_storage::{FleetStorage, StorageResult},
    intake_ledger::{IntakeLedger, IntakeTally},
};

/// How often it is written. A crash loses the refused reports of this time from the ledger.
const PACE: Duration = Duration::from_secs(5);

/// Writes the counts of reports that did not reach the database.
#[derive(Debug)]
pub(super) struct LedgerFlush {
    ledger: Arc<IntakeLedger>,
    store: Arc<FleetStorage>,
    condition: FailureLog,
    one_at_a_time: Mutex<()>,
}

impl LedgerFlush {
    /// Writes what `ledger` has counted to `store`.
    pub(super) fn new(ledger: Arc<IntakeLedger>, store: Arc<FleetStorage>) -> Self {
        let condition = FailureLog::new("writing the ledger");
        Self { ledger, store, condition, one_at_a_time: Mutex::new(()) }
    }

    /// Writes what is pending. It must not be cancelled: the counts that it has taken would be lost.
    ///
    /// # Errors
    /// When the database fails; the counts stay pending.
    pub(super) async fn write(&self) -> StorageResult<()> {
        let _turn = self.one_at_a_time.lock().await;
        self.write_pending().await
    }

    /// Writes what is pending, and returns what cannot be written: it stays pending. It must not be cancelled,
    /// either.
    pub(super) async fn write_or_return(&self) -> IntakeTally {
        let _turn = self.one_at_a_time.lock().await;
        match self.write_pending().await {
            Ok(()) => IntakeTally::default(),
            Err(_) => self.ledger.pending(),
        }
    }

    async fn write_pending(&self) -> StorageResult<()> {
        let tally = self.ledger.take_pending();
        if tally.is_empty() {
            return Ok(());
        }
        let written = self.store.add_to_ledger(&tally).await;
        if written.is_err() {
            self.ledger.put_back(tally);
        }
        self.condition.note(written)
    }

    /// Writes periodically, until `stop`.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        while stop.run_until_cancelled(time::sleep(PACE)).await.is_some() {
            // A failure is logged once; the next round tries again.
            self.write().await.ok();
        }
    }
}
