//! Erases the bytes of deleted rows in the settings database while statistics are off, until that worked.

use std::{io, sync::Arc, time::Duration};

use anyhow::Context;
use headcount_platform::{
    disk::{self, DataDisk},
    joined::joined,
    on_change::{OnChange, OperationState},
};
use headcount_shared::payload::DatabaseType;
use tokio::{sync::Mutex, time::timeout};

use crate::store::SettingsStore;

/// The file that exists while nothing is left to erase. A version that did not make it may have left something.
const ERASED: &str = "nothing-to-erase";

/// How long switching off waits. A large database takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is said while it does not work.
const LEFT: &str = "bytes of what was deleted may still be in the settings database; they are erased as soon as it can be \
    written to";

/// What is left of deleted rows in the settings database.
#[derive(Debug)]
pub(super) struct SettingsErasure {
    disk: Arc<dyn DataDisk>,
    settings: SettingsStore,
    /// Held while the file is made or removed.
    left: Mutex<LeftRows>,
    /// Held while the database is rewritten.
    rewriting: Mutex<()>,
    state: OnChange<OperationState>,
}

/// What may be left.
#[derive(Debug, Clone, Copy)]
struct LeftRows {
    /// Whether something may be left. The file tells it to the next start.
    is_left: bool,
    /// How often rows were expected. What was erased before the last time says nothing about rows that came since.
    times_expected: u64,
}

impl SettingsErasure {
    pub(super) fn new(disk: Arc<dyn DataDisk>, settings: SettingsStore) -> Self {
        let left = Mutex::new(LeftRows { is_left: true, times_expected: 0 });
        Self { disk, settings, left, rewriting: Mutex::default(), state: OnChange::default() }
    }

    /// Notes that rows may be stored from now on.
    ///
    /// # Errors
    /// The disk refused; no row may be stored.
    pub(super) async fn expect_rows(&self) -> anyhow::Result<()> {
        let mut left = self.left.lock().await;
        *left = LeftRows { is_left: true, times_expected: left.times_expected + 1 };
        self.state.set(OperationState::Works);
        self.on_disk(|disk| disk.remove(ERASED).and_then(|()| disk.sync_dir("."))).await
    }

    /// Erases what is left, while statistics are off. A failure is logged and in [`Self::trouble`].
    pub(super) async fn erase(&self) {
        let _rewriting = self.rewriting.lock().await;
        let LeftRows { is_left, times_expected } = *self.left.lock().await;
        if !is_left {
            return;
        }
        let erased = self.erase_if_left().await;
        let mut left = self.left.lock().await;
        if left.times_expected != times_expected {
            return;
        }
        let erased = match erased {
            Ok(()) => self.note_erased().await,
            failed => failed,
        };
        left.is_left = erased.is_err();
        if let Some(Err(error)) = self.state.news(&erased) {
            tracing::warn!("{LEFT}: {error:#}");
        }
    }

    /// The same for switching off, which waits for [`PATIENCE`]. The next [`Self::erase`] does what is left.
    pub(super) async fn erase_soon(&self) {
        if timeout(PATIENCE, self.erase()).await.is_err() && self.state.set(OperationState::Fails) {
            tracing::warn!("{LEFT}: it takes long");
        }
    }

    /// What has not worked, for the status.
    pub(super) fn trouble(&self) -> Option<String> {
        (self.state.current() == OperationState::Fails).then(|| LEFT.to_owned())
    }

    async fn erase_if_left(&self) -> anyhow::Result<()> {
        if self.on_disk(|disk| exists(disk, ERASED)).await? {
            return Ok(());
        }
        self.settings.erase().await.context("the settings database cannot be rewritten")
    }

    async fn note_erased(&self) -> anyhow::Result<()> {
        // The data directory may have a file with settings from before those in PostgreSQL.
        if self.settings.kind() == DatabaseType::Postgres {
            return Ok(());
        }
        self.on_disk(|disk| disk::write_whole(disk, ".", ERASED, b"")).await
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn DataDisk) -> io::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let disk = Arc::clone(&self.disk);
        let done = joined(tokio::task::spawn_blocking(move || work(&*disk))).await.flatten();
        done.with_context(|| format!("{ERASED} in the data directory"))
    }
}

fn exists(disk: &dyn DataDisk, path: &str) -> io::Result<bool> {
    match disk.size(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
