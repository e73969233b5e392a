//! Chooses one of the collectors that run on a ClickHouse, which computes for all.
//!
//! Each says now and then that it runs; of those that did so lately, the one with the smallest number leads.
//! Two that lead for a moment do the same work twice, with the same result.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

use super::{ClickHouseStorage, table_definitions::NOTES};
use crate::fleet_storage::StorageResult;

/// How often a collector says that it runs.
const SAID_EVERY: Duration = Duration::from_secs(15);

/// After this time in seconds, a collector that has said nothing does not run.
const GONE_AFTER: u64 = 60;

/// What a collector says when it ends.
const ENDED: &str = "ended";

/// The number of this collector among those that run.
#[derive(Debug)]
pub(super) struct ProcessLead {
    number: u64,
    /// When it was last said that this one runs, and how often.
    said: Mutex<(Option<Instant>, u64)>,
}

impl ProcessLead {
    pub(super) fn new() -> Self {
        Self { number: rand::random(), said: Mutex::default() }
    }
}

impl ClickHouseStorage {
    /// Whether this collector computes for all that run.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn leads(&self) -> StorageResult<bool> {
        self.keep_lead().await?;
        let select = format!(
            "SELECT min(key) FROM (SELECT key, argMax(text, value) AS said, max(noted_at) AS latest FROM {} \
             WHERE kind = 'process' GROUP BY key) WHERE said = '' AND latest > now() - {GONE_AFTER}",
            NOTES.name
        );
        Ok(self.number(&select).await? == self.lead.number)
    }

    /// Says that this collector runs, if that was not said lately.
    pub(crate) async fn keep_lead(&self) -> StorageResult<()> {
        let mut said = self.lead.said.lock().await;
        if said.0.is_some_and(|at| at.elapsed() < SAID_EVERY) {
            return Ok(());
        }
        said.1 += 1;
        self.note("process", self.lead.number, said.1, "").await?;
        said.0 = Some(Instant::now());
        Ok(())
    }

    /// Notes when a complete computation began and ended, in Unix seconds.
    pub(crate) async fn note_round(&self, began_at: u64, ended_at: u64) -> StorageResult<()> {
        self.note("round", 0, began_at, &ended_at.to_string()).await
    }

    /// When the newest complete computation of a collector began and ended; `None` before the first one.
    pub(crate) async fn last_round(&self) -> StorageResult<Option<(u64, u64)>> {
        let select = format!(
            "SELECT value, toUInt64OrZero(text) FROM {} WHERE kind = 'round' ORDER BY value DESC, text DESC LIMIT 1",
            NOTES.name
        );
        Ok(self.client.query::<(u64, u64)>(&select).await?.into_iter().next())
    }

    /// Lets another collector lead at once.
    pub(crate) async fn close(&self) {
        let mut said = self.lead.said.lock().await;
        if said.1 > 0 {
            said.1 += 1;
            // If it fails, the others notice after a while.
            self.note("process", self.lead.number, said.1, ENDED).await.ok();
        }
    }
}
