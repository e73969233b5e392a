//! Deletes an installation at the request of its own, or of the operator, and signs a receipt.

use std::sync::Arc;

use headcount_shared::{
    api::{DeletionReceipt, RELEASED_CELLS},
    deletion_commitment::{DeletionCommitment, InstanceSecret, instance_sha256},
};
use thiserror::Error;
use tokio::{sync::Semaphore, time};
use uuid::Uuid;

use super::{
    AccessEvent, Collector, CollectorInner, DatabaseUnreadable, LoggedActor,
    collector_keys::CollectorKeys,
    report_store::{ClaimOutcome, DeletedAmounts, DeletionClaim, Tombstone},
};

/// How long reports of a deleted installation are refused, in seconds: longer than a server keeps reports that
/// wait, so that none of them makes the installation known again.
const REFUSED_SECONDS: u64 = 60 * 24 * 60 * 60;

/// How long a request waits for its deletion before it is told to ask again.
const WAIT: time::Duration = time::Duration::from_secs(10);

/// The maximum of requests for deletion at once. More are asked to come back.
const AT_ONCE: usize = 8;

const HOUR: u64 = 60 * 60;

/// What a request for deletion led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallationRemoval {
    /// Nothing of the installation is left in any file.
    Removed(DeletionReceipt),
    /// Its reports are refused from now on, and what is stored is being removed. Ask again for the receipt.
    Pending,
}

/// Why an installation is not deleted, in one sentence for who asked.
#[derive(Debug, Error)]
pub enum RemovalRefused {
    /// It is known by another secret.
    #[error("this is not the secret of the installation")]
    OtherSecret,
    /// It is not known, or it never said how it can be recognized.
    #[error("no installation with this UUID and a deletion secret is known")]
    Unknown,
    /// Too many ask at once.
    #[error("too many ask for a deletion at once; ask again later")]
    Busy,
    /// The database fails.
    #[error(transparent)]
    Unreadable(#[from] DatabaseUnreadable),
}

/// The places for requests for deletion.
#[derive(Debug, Clone)]
pub(super) struct DeletionPlaces(Arc<Semaphore>);

impl DeletionPlaces {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Collector {
    /// Deletes the installation that has this secret. When this returns [`InstallationRemoval::Removed`], no
    /// file has anything of it. The same request is answered with the same receipt until its tombstone is
    /// dropped.
    ///
    /// # Errors
    /// Every [`RemovalRefused`].
    pub async fn delete_own(
        &self,
        instance: Uuid,
        secret: &InstanceSecret,
    ) -> Result<InstallationRemoval, RemovalRefused> {
        let commitment = DeletionCommitment::new(instance, secret);
        let hash = self.keys().commitment(commitment.as_bytes());
        self.delete(instance, DeletionClaim::Committed(hash)).await
    }

    /// The same without a secret, for the operator.
    ///
    /// # Errors
    /// Every [`RemovalRefused`] but [`RemovalRefused::OtherSecret`].
    pub async fn delete_by_operator(&self, instance: Uuid) -> Result<InstallationRemoval, RemovalRefused> {
        self.delete(instance, DeletionClaim::Operator).await
    }

    async fn delete(
        &self,
        instance: Uuid,
        claim: DeletionClaim,
    ) -> Result<InstallationRemoval, RemovalRefused> {
        let place = Arc::clone(&self.inner.deletions.0).try_acquire_owned();
        let place = place.map_err(|_| RemovalRefused::Busy)?;
        let installation = self.keys().installation(instance);
        let judged = self.read(self.inner.store.judge_claim(instance, installation, claim).await)?;
        let tombstone = match judged {
            ClaimOutcome::Accepted => {
                let tombstone = self.bury(instance, claim).await?;
                self.inner.access_log.note(AccessEvent::Deleted, actor(claim));
                tombstone
            }
            judged => buried(judged)?,
        };
        // It goes on if who asked disconnects, or has waited for long.
        let pruner = Arc::clone(&self.inner.pruner);
        let finishing = self.inner.tasks.spawn(async move {
            let finished = pruner.finish_deletions().await.is_ok();
            drop(place);
            finished
        });
        match time::timeout(WAIT, finishing).await {
            Ok(Ok(true)) => Ok(InstallationRemoval::Removed(receipt(instance, tombstone))),
            _ => Ok(InstallationRemoval::Pending),
        }
    }

    async fn bury(&self, instance: Uuid, claim: DeletionClaim) -> Result<Tombstone, RemovalRefused> {
        let CollectorInner { store, keys, time, tasks, .. } = self.inner.as_ref();
        let (store, keys, now) = (Arc::clone(store), Arc::clone(keys), time.now().at);
        // A client that disconnects must not stop it halfway.
        let burying = tasks.spawn(async move {
            let entomb = |amounts| tombstone(&keys, instance, amounts, now);
            store.bury(instance, keys.installation(instance), claim, entomb).await
        });
        let judged = burying.await.map_err(|_| DatabaseUnreadable)?;
        buried(self.read(judged)?)
    }
}

/// Who deletes by a claim, in the access log.
const fn actor(claim: DeletionClaim) -> LoggedActor {
    match claim {
        DeletionClaim::Committed(_) => LoggedActor::Installation,
        DeletionClaim::Operator => LoggedActor::ADMINISTRATOR,
    }
}

fn buried(judged: ClaimOutcome) -> Result<Tombstone, RemovalRefused> {
    match judged {
        ClaimOutcome::Buried(tombstone) => Ok(tombstone),
        ClaimOutcome::OtherSecret => Err(RemovalRefused::OtherSecret),
        ClaimOutcome::Accepted | ClaimOutcome::Unknown => Err(RemovalRefused::Unknown),
    }
}

/// The tombstone of an installation that is deleted at `now`, in Unix seconds, with the signature of its
/// receipt.
fn tombstone(keys: &CollectorKeys, instance: Uuid, amounts: DeletedAmounts, now: u64) -> Tombstone {
    let hour = now - now % HOUR;
    let unsigned = Tombstone {
        hour,
        amounts,
        until: hour.saturating_add(REFUSED_SECONDS),
        key: String::new(),
        signature: String::new(),
    };
    let (key, signature) = keys.sign(&receipt(instance, unsigned.clone()).signed_text());
    Tombstone { key, signature, ..unsigned }
}

fn receipt(instance: Uuid, tombstone: Tombstone) -> DeletionReceipt {
    let Tombstone { hour, amounts, until, key, signature } = tombstone;
    DeletionReceipt {
        instance_sha256: instance_sha256(instance),
        hour,
        reports: amounts.reports,
        raw_reports: amounts.raw_reports,
        days: amounts.days,
        released: RELEASED_CELLS.to_owned(),
        tombstone_until: until,
        key,
        signature,
    }
}
