//! Deletes what this installation sent to its collector, and makes it a new installation.
//!
//! The collector is asked first. Nothing changes here until its receipt is on disk. What follows can be done
//! again. A start of the server or of statistics that finds a receipt for its own UUID does.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use headcount_platform::{
    disk::{DataDisk, DiskDirectory},
    joined::joined,
};
use headcount_shared::{
    api::{DeletionRequest, StoredReceipt},
    deletion_commitment::{InstanceSecret, instance_sha256},
};
use headcount_web::listen::REQUEST_PATIENCE;
use reqwest::Url;
use uuid::Uuid;

use super::{VERSION, browser_key, identity, instance_secret, unreported_measurements};
use crate::{
    browsers,
    report::{
        deletion_answer::{DeletionProgress, NotDeleted, judge_deletion},
        deletion_receipts::DeletionReceipts,
        spool::Spool,
        transport::HttpReportTransport,
    },
};

/// How long this program waits for a deletion that the collector has accepted. It is less than
/// [`REQUEST_PATIENCE`], so that the operator gets the reason before the server drops the request.
pub(super) const PATIENCE: Duration = REQUEST_PATIENCE.saturating_sub(Duration::from_secs(20));

/// The deletion of one installation.
#[derive(Debug)]
pub(super) struct InstallationDeletion {
    pub(super) own_dir: PathBuf,
    pub(super) spool: Arc<Spool>,
    pub(super) receipts: Arc<DeletionReceipts>,
    pub(super) collector_url: Url,
}

/// What a request for deletion led to.
#[derive(Debug)]
pub enum DeletionOutcome {
    /// Nothing was sent under the UUID of this installation, and nothing now.
    NeverDelivered,
    /// The collector has deleted what was sent.
    Deleted(StoredReceipt),
}

/// Why a deletion is not complete, in one sentence for the operator that names no file. Nothing has changed at
/// the installation unless it is [`DeletionError::NotForgotten`], and nothing at the collector unless it is
/// that or [`DeletionError::NoReceipt`].
#[derive(Debug, thiserror::Error)]
pub enum DeletionError {
    /// The reports so far were sent without a commitment.
    #[error(
        "this installation has sent no report with a deletion secret; the operator of the collector can delete what was \
         sent, by the UUID in instance.uuid"
    )]
    NoSecret,
    /// The collector did not delete.
    #[error(transparent)]
    NotDeleted(#[from] NotDeleted),
    /// The id or the secret of this installation cannot be read. The collector was not asked.
    #[error("the data directory cannot be read, so the collector is not asked; ask again")]
    Unreadable(#[from] anyhow::Error),
    /// The collector has deleted, and its receipt cannot be stored.
    #[error("the collector has deleted what was sent, but its receipt cannot be stored here; ask again")]
    NoReceipt(#[source] anyhow::Error),
    /// The collector has deleted, its receipt is stored, and the data directory or the settings cannot be used.
    #[error(
        "the collector has deleted what was sent, but what was counted here cannot be deleted yet; ask again"
    )]
    NotForgotten(#[source] anyhow::Error),
}

impl InstallationDeletion {
    /// Asks the collector to delete what this installation sent, and returns its receipt. `None` if nothing was
    /// sent under the UUID of this installation; then the collector is not asked.
    ///
    /// # Errors
    /// Every [`DeletionError`].
    pub(super) async fn ask_collector(&self) -> Result<Option<StoredReceipt>, DeletionError> {
        let Some(instance) = identity::load(&self.own_dir)?.filter(|_| !self.spool.is_undelivered()) else {
            return Ok(None);
        };
        let secret = instance_secret::load(&self.own_dir)?.ok_or(DeletionError::NoSecret)?;
        let receipt = tokio::time::timeout(PATIENCE, self.ask(instance, &secret)).await;
        Ok(Some(receipt.map_err(|_| NotDeleted::StillPending)??))
    }

    /// Stores the receipt. From now on, this has to become a new installation.
    ///
    /// # Errors
    /// [`DeletionError::NoReceipt`]
    pub(super) async fn store(&self, receipt: StoredReceipt) -> Result<(), DeletionError> {
        let receipts = Arc::clone(&self.receipts);
        let stored = joined(tokio::task::spawn_blocking(move || receipts.store(receipt))).await.flatten();
        stored.map_err(|error| DeletionError::NoReceipt(error.into()))
    }

    /// Asks the collector to delete what this installation sent, and stores its receipt.
    ///
    /// # Errors
    /// Every [`DeletionError`].
    pub(super) async fn request(&self) -> Result<DeletionOutcome, DeletionError> {
        let Some(receipt) = self.ask_collector().await? else { return Ok(DeletionOutcome::NeverDelivered) };
        self.store(receipt.clone()).await?;
        Ok(DeletionOutcome::Deleted(receipt))
    }

    async fn ask(&self, instance: Uuid, secret: &InstanceSecret) -> Result<StoredReceipt, NotDeleted> {
        let transport = HttpReportTransport::new(self.collector_url.clone(), VERSION);
        let request = DeletionRequest { instance, secret: secret.expose() };
        let sha256 = instance_sha256(instance);
        loop {
            match judge_deletion(&transport.post_deletion(&request).await?, &sha256)? {
                DeletionProgress::Done(receipt) => {
                    let collector = self.collector_url.origin().ascii_serialization();
                    return Ok(StoredReceipt { collector, receipt });
                }
                DeletionProgress::Pending(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// Whether a receipt covers what was sent under the present UUID: a deletion was interrupted before this
    /// became a new installation.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(super) fn is_unfinished(&self) -> anyhow::Result<bool> {
        Ok(identity::load(&self.own_dir)?.is_some_and(|instance| self.receipts.covers(instance)))
    }

    /// Whether this is another installation than the ones that receipts are for.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(super) fn is_finished(&self) -> anyhow::Result<bool> {
        Ok(identity::load(&self.own_dir)?.is_some_and(|instance| !self.receipts.covers(instance)))
    }

    /// Deletes counts and reports, and makes a new UUID, a new secret and a new key for browsers, while
    /// nothing counts or delivers.
    ///
    /// # Errors
    /// The disk refused; statistics go on with it when they are switched on, and the next start does.
    pub(super) fn start_anew(&self) -> anyhow::Result<()> {
        let disk = DiskDirectory::new(&self.own_dir);
        self.delete_counts(&disk).context("what was counted could not be removed from the data directory")?;
        remove_if_there(&self.own_dir, browser_key::FILE).context("cannot remove browser.key")?;
        instance_secret::create(&self.own_dir)?;
        // The UUID comes last: until then, its receipt says that this is unfinished.
        identity::create(&self.own_dir)?;
        Ok(())
    }

    fn delete_counts(&self, disk: &dyn DataDisk) -> io::Result<()> {
        browsers::forget_on_disk(disk)?;
        unreported_measurements::remove(disk)?;
        self.spool.reported().forget()?;
        self.spool.remove_all()
    }
}

fn remove_if_there(directory: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(directory.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
