//! Limits the memory for the bodies of reports, in total and to a quarter for one sender.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use headcount_platform::lock::lock;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

use super::{IngestError, sender_key::SenderKey};

/// How long a report waits for memory before the sender is asked to retry.
const PATIENCE: Duration = Duration::from_secs(2);

/// The memory for reports, one permit a byte.
#[derive(Debug)]
pub(super) struct BodyMemoryBudget {
    bytes: Arc<Semaphore>,
    unpacking: Arc<Semaphore>,
    most_of_one: usize,
    /// The bytes that each sender holds; only senders that hold some.
    held: Mutex<HashMap<SenderKey, usize>>,
}

/// The memory that one report holds; released when this is dropped.
#[derive(Debug)]
pub(super) struct BodyReservation {
    of: Arc<BodyMemoryBudget>,
    sender: Option<SenderKey>,
    permit: Option<OwnedSemaphorePermit>,
}

impl BodyMemoryBudget {
    /// A budget of `bytes`, in which `unpacked_at_once` reports are decompressed at a time.
    pub(super) fn new(bytes: usize, unpacked_at_once: usize) -> Self {
        Self {
            bytes: Arc::new(Semaphore::new(bytes)),
            unpacking: Arc::new(Semaphore::new(unpacked_at_once)),
            most_of_one: bytes / 4,
            held: Mutex::new(HashMap::new()),
        }
    }

    /// The free bytes.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.bytes.available_permits()
    }

    /// Notes that a sender holds more; `false` if that exceeds its share.
    fn lend(&self, sender: SenderKey, bytes: usize) -> bool {
        let mut held = lock(&self.held);
        let now = held.get(&sender).copied().unwrap_or_default() + bytes;
        let may = now <= self.most_of_one;
        if may {
            held.insert(sender, now);
        }
        may
    }

    fn take_back(&self, sender: SenderKey, bytes: usize) {
        let mut held = lock(&self.held);
        let left = held.get(&sender).copied().unwrap_or_default().saturating_sub(bytes);
        if left == 0 {
            held.remove(&sender);
        } else {
            held.insert(sender, left);
        }
    }
}

impl BodyReservation {
    /// An empty reservation in `room`, for a report of `sender`.
    pub(super) fn new(room: &Arc<BodyMemoryBudget>, sender: Option<SenderKey>) -> Self {
        Self { of: Arc::clone(room), sender, permit: None }
    }

    fn bytes(&self) -> usize {
        self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// Holds at least `bytes`. Waits a little for them.
    ///
    /// # Errors
    /// [`IngestError::Busy`] when there is no memory left, or when the sender holds too much of it.
    pub(super) async fn grow_to(&mut self, bytes: usize) -> Result<(), IngestError> {
        let more = bytes.saturating_sub(self.bytes());
        if more == 0 {
            return Ok(());
        }
        let permit = acquire(&self.of.bytes, more).await?;
        if self.sender.is_some_and(|sender| !self.of.lend(sender, more)) {
            return Err(IngestError::Busy);
        }
        match &mut self.permit {
            Some(held) => held.merge(permit),
            None => self.permit = Some(permit),
        }
        Ok(())
    }

    /// A permit to decompress the report. Waits a little for it.
    ///
    /// # Errors
    /// [`IngestError::Busy`] when too many reports are being decompressed.
    pub(super) async fn unpacking(&self) -> Result<OwnedSemaphorePermit, IngestError> {
        acquire(&self.of.unpacking, 1).await
    }
}

impl Drop for BodyReservation {
    fn drop(&mut self) {
        if let Some(sender) = self.sender {
            self.of.take_back(sender, self.bytes());
        }
    }
}

/// Acquires `amount` permits of a semaphore. Waits a little for them.
async fn acquire(semaphore: &Arc<Semaphore>, amount: usize) -> Result<OwnedSemaphorePermit, IngestError> {
    let amount = u32::try_from(amount).map_err(|_| IngestError::TooLarge)?;
    let permit = time::timeout(PATIENCE, Arc::clone(semaphore).acquire_many_owned(amount)).await;
    permit.ok().and_then(Result::ok).ok_or(IngestError::Busy)
}
