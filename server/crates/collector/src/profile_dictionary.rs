//! Keeps the names of profiles in memory, for the roll-up and for answers.

use std::sync::Arc;

use headcount_fleet::profiles::StackDictionary;
use tokio::sync::Mutex;

use super::report_store::{NamesRead, ReportStore};

/// The names of all stored profiles.
#[derive(Debug)]
pub(super) struct ProfileDictionary {
    store: Arc<ReportStore>,
    state: Mutex<(Arc<StackDictionary>, NamesRead)>,
}

impl ProfileDictionary {
    /// The names in `store`.
    pub(super) fn new(store: Arc<ReportStore>) -> Self {
        Self { store, state: Mutex::default() }
    }

    /// The names that are stored now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn current(&self) -> sqlx::Result<Arc<StackDictionary>> {
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
