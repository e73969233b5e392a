//! Restores the data directory if it is removed while the program runs.
//!
//! An operator may remove it, and containers lose volumes. Then it is made again from what this process has
//! in memory: its identity, its secrets and its counts. Reports that waited in it are lost.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use headcount_platform::{
    disk::{DataDir, DataDirState, secret_file::SecretFiles},
    joined::joined,
    lock::lock,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{forgetting::CountedOnDisk, identity};
use crate::{browsers::PageViewStore, report::spool::Spool};

/// How often the directory is checked. Counts from the time in between are in memory.
const LOOK: Duration = Duration::from_secs(1);

/// What happened to a directory that is gone.
const REMOVED: &str = "the data directory was removed while the program ran";

/// The status text after the directory was made again.
const MADE_AGAIN: &str = "the data directory was removed while the program ran; it was made again, and reports that waited in it \
    are lost, and so are settings that were in it: restart the program to set it up anew";

/// The data directory, and the content that it must have.
#[derive(Debug)]
pub(super) struct DataDirUpkeep {
    pub(super) data_dir: Arc<DataDir>,
    pub(super) own_dir: PathBuf,
    pub(super) instance: Uuid,
    /// The key for browsers and the admin token, where they are in files.
    pub(super) secrets: SecretFiles,
    pub(super) spool: Arc<Spool>,
    pub(super) browsers: Arc<PageViewStore>,
    pub(super) counted: Arc<CountedOnDisk>,
    /// Whether the directory lacks content that this process has in memory.
    pub(super) lacks_content: AtomicBool,
    /// What happened since the start; `None` while the directory was always there.
    pub(super) trouble: Mutex<Option<String>>,
}

impl DataDirUpkeep {
    /// What happened to the directory since the start, for the status; `None` if nothing did.
    pub(super) fn trouble(&self) -> Option<String> {
        lock(&self.trouble).clone()
    }

    /// Makes the directory again whenever it is gone, until `stop`.
    pub(super) async fn run(self: &Arc<Self>, stop: &CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
            let upkeep = Arc::clone(self);
            // After a panic, the next check is made as usual.
            joined(tokio::task::spawn_blocking(move || upkeep.look())).await.ok();
        }
    }

    fn look(&self) {
        match self.data_dir.restore() {
            Ok(DataDirState::Same) => {}
            Ok(DataDirState::MadeAgain) => self.lacks_content.store(true, Ordering::Relaxed),
            Err(error) => return self.say(format!("{REMOVED}: {error}")),
        }
        if !self.lacks_content.load(Ordering::Relaxed) {
            return;
        }
        match self.fill() {
            Ok(()) => {
                self.lacks_content.store(false, Ordering::Relaxed);
                self.say(MADE_AGAIN.to_owned());
            }
            // The next check tries again.
            Err(error) => self.say(format!("{REMOVED}: {error:#}")),
        }
    }

    fn say(&self, trouble: String) {
        let mut known = lock(&self.trouble);
        if known.as_ref() != Some(&trouble) || trouble == MADE_AGAIN {
            tracing::error!("{trouble}");
        }
        *known = Some(trouble);
    }

    fn fill(&self) -> anyhow::Result<()> {
        // Without this file, the counts would be taken for older than the last switch-off.
        self.counted.write_again()?;
        identity::store(&self.own_dir, self.instance)?;
        self.secrets.store(&self.own_dir)?;
        self.spool.find_again()?;
        Ok(self.browsers.write_again()?)
    }
}
