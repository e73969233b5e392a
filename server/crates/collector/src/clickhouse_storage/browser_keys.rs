//! Agrees with other collectors on the key of the browsers of a day.
//!
//! A collector that finds no key makes one, waits until another that did the same at that moment has stored
//! its own, and takes the first of them. Keys of the next days are made in advance.

use std::{collections::HashMap, sync::Mutex as StdMutex, time::Duration};

use headcount_clickhouse::RowBatch;
use headcount_fleet::calendar_day::CalendarDay;
use headcount_platform::lock::lock;
use tokio::time;

use super::{ClickHouseStorage, table_definitions::BROWSER_KEYS};
use crate::{browser_key::DayBrowserKey, fleet_storage::StorageResult};

/// How long keys that other collectors make at the same time are waited for.
const SETTLED_AFTER: Duration = Duration::from_millis(700);

/// The number of days whose keys are made in advance.
const DAYS_AHEAD: u32 = 2;

/// The keys that were read.
#[derive(Debug, Default)]
pub(super) struct KnownBrowserKeys(StdMutex<HashMap<CalendarDay, DayBrowserKey>>);

impl KnownBrowserKeys {
    fn get(&self, day: CalendarDay) -> Option<DayBrowserKey> {
        lock(&self.0).get(&day).cloned()
    }

    fn insert(&self, day: CalendarDay, key: DayBrowserKey) {
        lock(&self.0).insert(day, key);
    }

    /// Forgets the keys of days before.
    pub(super) fn forget_before(&self, day: CalendarDay) {
        lock(&self.0).retain(|known, _| *known >= day);
    }
}

impl ClickHouseStorage {
    /// The key of a day, made if there is none.
    pub(super) async fn browser_key(&self, day: CalendarDay) -> StorageResult<DayBrowserKey> {
        if let Some(key) = self.browser_keys.get(day) {
            return Ok(key);
        }
        let key = match self.stored_browser_key(day).await? {
            Some(key) => key,
            None => self.agreed_browser_key(day).await?,
        };
        self.browser_keys.insert(day, key.clone());
        Ok(key)
    }

    async fn agreed_browser_key(&self, day: CalendarDay) -> StorageResult<DayBrowserKey> {
        let made: [u8; 32] = rand::random();
        let mut batch = RowBatch::default();
        batch.push(&(day.days_since_epoch(), made));
        self.insert(&BROWSER_KEYS, &["day", "key"], batch).await?;
        time::sleep(SETTLED_AFTER).await;
        Ok(self.stored_browser_key(day).await?.unwrap_or_else(|| DayBrowserKey::new(made)))
    }

    async fn stored_browser_key(&self, day: CalendarDay) -> StorageResult<Option<DayBrowserKey>> {
        let (table, day) = (BROWSER_KEYS.name, day.days_since_epoch());
        let select = format!("SELECT key FROM {table} WHERE day = {day} ORDER BY noted_at, key LIMIT 1");
        let found = self.client.query::<([u8; 32],)>(&select).await?;
        Ok(found.first().map(|(key,)| DayBrowserKey::new(*key)))
    }

    /// Makes the keys of the next days after `today`.
    pub(super) async fn prepare_browser_keys(&self, today: CalendarDay) -> StorageResult<()> {
        for day in today.plus_days(1).days_until(today.plus_days(DAYS_AHEAD)) {
            self.browser_key(day).await?;
        }
        Ok(())
    }
}
