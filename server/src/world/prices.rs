//! What do the nodes of cloud providers cost?
//!
//! The prices are a public list, which is fetched once a day while somebody needs it, and kept on disk.

mod kept;
mod list;
mod price;
mod reading;
mod source;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

pub(super) use self::kept::forget_on_disk;
use self::{kept::Kept, source::Fetched};
pub use self::{
    list::Prices,
    price::{HourlyPrice, LifeCycle, NodePrice},
    reading::NoPrices,
    source::{InvalidSource, NoList, Source},
};
use crate::disk::Disk;

/// The cloud providers of which the list has prices.
pub const CLOUDS: [&str; 3] = ["aws", "azure", "gcp"];

const DAY: Duration = Duration::from_secs(24 * 3600);
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The newest price list that there is.
#[derive(Debug)]
pub struct PriceList {
    source: Source,
    kept: Kept,
    current: watch::Sender<Arc<Prices>>,
    progress: Mutex<Progress>,
}

/// How fetching goes.
#[derive(Debug, Default)]
struct Progress {
    /// When the current list was last changed, as its server says it.
    modified: Option<String>,
    /// Failures since a list last came.
    failures: u32,
}

impl PriceList {
    /// The list that is kept on `disk`, or an empty one. Nothing is fetched yet. Reads and decodes a file: not for a thread
    /// that must not wait.
    #[must_use]
    pub fn open(source: Source, disk: Arc<dyn Disk>) -> Self {
        let kept = Kept(disk);
        let (prices, modified) = kept.load(&source.url).unwrap_or_default();
        let progress = Mutex::new(Progress { modified, failures: 0 });
        Self { source, kept, current: watch::Sender::new(Arc::new(prices)), progress }
    }

    /// The newest prices; none before a list came.
    #[must_use]
    pub fn current(&self) -> Arc<Prices> {
        Arc::clone(&self.current.borrow())
    }

    /// Tells when there is a list other than the one that is there now.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<Arc<Prices>> {
        self.current.subscribe()
    }

    /// Fetches the list once a day until `stop`, from the moment on at which `needed` is told first; after a failure
    /// earlier.
    pub async fn run(&self, stop: &CancellationToken, needed: &Notify) {
        if stop.run_until_cancelled(needed.notified()).await.is_none() {
            return;
        }
        while let Some(fetched) = stop.run_until_cancelled(self.fetch()).await {
            // Not cancelled: when this returns, nothing writes to the disk any more.
            let wait = match self.take_in(fetched).await {
                Ok(()) => DAY,
                Err(_) => pause_after(self.progress().failures),
            };
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Fetches the list once, if it was changed, and keeps it.
    ///
    /// # Errors
    /// There is no new list; the old one stays.
    pub async fn refresh(&self) -> Result<(), NoList> {
        let fetched = self.fetch().await;
        self.take_in(fetched).await
    }

    async fn fetch(&self) -> Result<Option<Fetched>, NoList> {
        let modified = self.progress().modified.clone();
        self.source.fetch(modified.as_deref()).await
    }

    async fn take_in(&self, fetched: Result<Option<Fetched>, NoList>) -> Result<(), NoList> {
        let refreshed = match fetched {
            Ok(Some(fetched)) => self.replace(fetched).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        self.note(refreshed);
        refreshed
    }

    async fn replace(&self, fetched: Fetched) -> Result<(), NoList> {
        let (kept, url) = (self.kept.clone(), self.source.url.clone());
        let modified = fetched.modified.clone();
        let read = tokio::task::spawn_blocking(move || {
            let prices = Prices::read(&fetched.bytes)?;
            if let Err(error) = kept.store(&url, fetched) {
                tracing::warn!(kind = %error.kind(), "the price list cannot be kept on disk");
            }
            Ok(prices)
        });
        let prices = read.await.unwrap_or(Err(NoPrices))?;
        self.current.send_replace(Arc::new(prices));
        self.progress().modified = modified;
        Ok(())
    }

    fn note(&self, refreshed: Result<(), NoList>) {
        let mut progress = self.progress();
        match refreshed {
            Ok(()) if progress.failures > 0 => tracing::info!("the price list comes again"),
            Err(error) if progress.failures == 0 => tracing::warn!("there is no new price list: {error}"),
            _ => {}
        }
        progress.failures = if refreshed.is_ok() { 0 } else { progress.failures.saturating_add(1) };
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pause after some failures in a row: twice as long each time, up to an hour.
fn pause_after(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests;
