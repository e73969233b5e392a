//! Keeps the names of profiles in memory, for the roll-up and for answers.

use std::sync::Arc;

use headcount_fleet::profiles::StackDictionary;
use tokio::sync::Mutex;

use super::{
    fleet_storage::{FleetStorage, StorageResult},
    report_store::NamesRead,
};

/// The names of all stored profiles.
#[derive(Debug)]
pub(super) struct ProfileDictionary {
    store: Arc<FleetStorage>,
    state: Mutex<(Arc<StackDictionary>, NamesRead)>,
}

impl ProfileDictionary {
    /// The names in `store`.
    pub(super) fn new(store: Arc<FleetStorage>) -> Self {
        Self { store, state: Mutex::default() }
    }

    /// The names that are stored now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn current(&self) -> StorageResult<Arc<StackDictionary>> {
        let mut state = self.state.lock().await;
        let (dictionary, read) = &mut *state;
        let known = *read;
        let mut added = StackDictionary::clone(dictionary);
        let now_read = self.store.read_profile_names(&mut added, known).await?;
        if now_read != known {
            (*dictionary, *read) = (Arc::new(added), now_read);
        }
        Ok(Arc::clone(dictionary))
    }
}
