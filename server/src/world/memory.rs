//! What of a project was recalled last, and what is still to be remembered?

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::RngExt as _;
use tokio::time::timeout;

use super::{
    locked,
    records::{Countable, Findings, Recalled, Records, Unavailable},
};

/// How long the records may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The memory of one project.
#[derive(Debug)]
pub(super) struct Remembered {
    project: String,
    /// `None` where nothing is remembered.
    records: Option<Arc<dyn Records>>,
    last: Mutex<Arc<Recalled>>,
    /// What there was to count when something was remembered last.
    counted: Mutex<Vec<Countable>>,
}

impl Remembered {
    pub(super) fn new(project: String, records: Option<Arc<dyn Records>>) -> Self {
        Self { project, records, last: Mutex::default(), counted: Mutex::default() }
    }

    /// What was recalled last; nothing before.
    pub(super) fn last(&self) -> Arc<Recalled> {
        Arc::clone(&locked(&self.last))
    }

    /// Recalls what is known. If that fails what was recalled last still holds; but what is found out with it may be known
    /// already, and is not to be remembered.
    pub(super) async fn recall(&self) -> Result<(), Unavailable> {
        let records = self.records.as_ref().ok_or(Unavailable)?;
        let recalled = timeout(TIMEOUT, records.recall(&self.project)).await;
        *locked(&self.last) = Arc::new(recalled.map_err(|_| Unavailable)??);
        Ok(())
    }

    /// Remembers what was found out with what was recalled just now. What cannot be remembered is found out again.
    pub(super) async fn remember(&self, findings: Findings) {
        let Some(records) = &self.records else { return };
        if !findings.are_news(&locked(&self.counted)) {
            return;
        }
        if let Ok(Ok(())) = timeout(TIMEOUT, records.remember(&self.project, &findings)).await {
            *locked(&self.counted) = findings.countable;
        }
    }
}

/// A name for an incident: eight random characters of `0-9a-z`.
pub(super) fn new_key() -> String {
    let mut random = rand::rng();
    (0..8).filter_map(|_| char::from_digit(random.random_range(0..36), 36)).collect()
}
