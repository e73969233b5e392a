//! Fetches the list of the prices of cloud providers.
//!
//! The list is public. It is fetched once a day while a node needs it, and stored on disk.

mod price_file;
mod price_source;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use headcount_outbound::backoff::pause_after;
use headcount_platform::{
    disk::DataDisk,
    joined::joined,
    lock::lock,
    on_change::{OnChange, OperationState},
};
use headcount_topology::prices::{CloudPrices, InvalidPriceList};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

pub(super) use self::price_file::forget_on_disk;
pub use self::price_source::{InvalidPriceSource, PriceFetchError, PriceSource};
use self::{price_file::PriceListFile, price_source::FetchedPriceList};

const DAY: Duration = Duration::from_secs(24 * 3600);
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The latest price list.
#[derive(Debug)]
pub struct PriceList {
    source: PriceSource,
    kept: PriceListFile,
    current: watch::Sender<Arc<CloudPrices>>,
    progress: Mutex<PriceFetchProgress>,
    fetching: OnChange<OperationState>,
}

/// The state of fetching.
#[derive(Debug, Default)]
struct PriceFetchProgress {
    /// When the current list was last modified, as reported by its server.
    modified: Option<String>,
    /// The number of failures since the latest success.
    failures: u32,
}

impl PriceList {
    /// The list that is stored on `disk`, or an empty one. Fetches nothing yet. Reads and decodes a file, so
    /// it must not run on a thread of the runtime.
    #[must_use]
    pub fn open(source: PriceSource, disk: Arc<dyn DataDisk>) -> Self {
        let kept = PriceListFile(disk);
        let (prices, modified) = kept.load(&source.url).unwrap_or_default();
        let progress = Mutex::new(PriceFetchProgress { modified, failures: 0 });
        let current = watch::Sender::new(Arc::new(prices));
        Self { source, kept, current, progress, fetching: OnChange::default() }
    }

    /// The latest prices; empty before a list was fetched.
    #[must_use]
    pub fn current(&self) -> Arc<CloudPrices> {
        Arc::clone(&self.current.borrow())
    }

    /// Notifies of every replacement of the list.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<Arc<CloudPrices>> {
        self.current.subscribe()
    }

    /// Fetches the list once a day until `stop`, beginning with the first notification of `needed`; after a
    /// failure earlier.
    pub async fn run(&self, stop: &CancellationToken, needed: &Notify) {
        if stop.run_until_cancelled(needed.notified()).await.is_none() {
            return;
        }
        while let Some(fetched) = stop.run_until_cancelled(self.fetch()).await {
            // Not cancelled, so that nothing writes to the disk after this function returns.
            let wait = match self.take_in(fetched).await {
                Ok(()) => DAY,
                Err(_) => pause_after(self.progress().failures, FIRST_PAUSE, LONGEST_PAUSE),
            };
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Fetches the list once, and stores it if it was modified.
    ///
    /// # Errors
    /// There is no new list; the old one stays.
    pub async fn refresh(&self) -> Result<(), PriceFetchError> {
        let fetched = self.fetch().await;
        self.take_in(fetched).await
    }

    async fn fetch(&self) -> Result<Option<FetchedPriceList>, PriceFetchError> {
        let modified = self.progress().modified.clone();
        self.source.fetch(modified.as_deref()).await
    }

    async fn take_in(
        &self,
        fetched: Result<Option<FetchedPriceList>, PriceFetchError>,
    ) -> Result<(), PriceFetchError> {
        let refreshed = match fetched {
            Ok(Some(fetched)) => self.replace(fetched).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        self.note(refreshed);
        refreshed
    }

    async fn replace(&self, fetched: FetchedPriceList) -> Result<(), PriceFetchError> {
        let (kept, url) = (self.kept.clone(), self.source.url.clone());
        let modified = fetched.modified.clone();
        let read = joined(tokio::task::spawn_blocking(move || {
            let prices = CloudPrices::read(&fetched.bytes)?;
            if let Err(error) = kept.store(&url, fetched) {
                tracing::warn!(kind = %error.kind(), "the price list cannot be stored on disk");
            }
            Ok(prices)
        }));
        let prices = read.await.unwrap_or(Err(InvalidPriceList))?;
        self.current.send_replace(Arc::new(prices));
        self.progress().modified = modified;
        Ok(())
    }

    fn note(&self, refreshed: Result<(), PriceFetchError>) {
        match self.fetching.news(&refreshed) {
            Some(Ok(())) => tracing::info!("the price list can be fetched again"),
            Some(Err(error)) => tracing::warn!("there is no new price list: {error}"),
            None => {}
        }
        let mut progress = self.progress();
        progress.failures = if refreshed.is_ok() { 0 } else { progress.failures.saturating_add(1) };
    }

    fn progress(&self) -> MutexGuard<'_, PriceFetchProgress> {
        lock(&self.progress)
    }
}

#[cfg(test)]
mod tests;
