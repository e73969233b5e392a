//! Deletes what this installation sent to its collector, and makes it a new installation.
//!
//! The collector is asked first. Nothing changes here until its receipt is on disk. What follows can be done
//! again, and a start that finds a receipt for its own UUID does.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use headcount_platform::disk::{DataDisk, DiskDirectory};
use headcount_shared::{
    api::{DeletionRequest, StoredReceipt},
    deletion_commitment::{InstanceSecret, instance_sha256},
};
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

/// How long this program waits for a deletion that the collector has accepted.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

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

/// Why nothing is deleted, in one sentence for the operator. Nothing has changed at the installation unless
/// it is [`DeletionError::Here`].
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
    /// The data directory or the settings cannot be used.
    #[error(transparent)]
    Here(#[from] anyhow::Error),
}

impl InstallationDeletion {
    /// Asks the collector to delete what this installation sent, and stores its receipt.
    ///
    /// # Errors
    /// Every [`DeletionError`].
    pub(super) async fn request(&self) -> Result<DeletionOutcome, DeletionError> {
        let Some(instance) = identity::load(&self.own_dir)?.filter(|_| !self.spool.is_undelivered()) else {
            return Ok(DeletionOutcome::NeverDelivered);
        };
        let secret = instance_secret::load(&self.own_dir)?.ok_or(DeletionError::NoSecret)?;
        let receipt = tokio::time::timeout(PATIENCE, self.ask(instance, &secret)).await;
        let receipt = receipt.map_err(|_| NotDeleted::StillPending)??;
        let (receipts, stored) = (Arc::clone(&self.receipts), receipt.clone());
        tokio::task::spawn_blocking(move || receipts.store(stored))
            .await
            .map_err(io::Error::other)
            .flatten()
            .context("what was sent is deleted, but the receipt cannot be stored; ask again")?;
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

    /// Deletes counts and reports, and makes a new UUID, a new secret and a new key for browsers, while
    /// nothing counts or delivers.
    ///
    /// # Errors
    /// The disk refused; the next start goes on.
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
