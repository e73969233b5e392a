//! Reads parts of the blocks of the installations of days.

use std::collections::BTreeMap;

use bytes::Bytes;
use headcount_clickhouse::sql_literal;
use headcount_fleet::calendar_day::CalendarDay;

use super::{ClickHouseStorage, block_rows::within, stored_day, table_definitions::BLOCKS};
use crate::{
    fleet_storage::StorageResult,
    report_store::{BlockBytes, BlockLayer, ONLY_BLOCK, PART_BYTES, StoredBlock},
};

/// A day, when its block was computed, and bytes of it.
type DayBytes = (u32, u64, Bytes);

impl ClickHouseStorage {
    /// The first [`PART_BYTES`] of the blocks of installations from one day to another, in the order of days.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn installation_block_starts(
        &self,
        product: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> StorageResult<Vec<StoredBlock>> {
        let bytes = format!("substring(argMax(block, version), 1, {PART_BYTES})");
        let rows = self.bytes_of_installations(product, [first, last], &bytes).await?.into_iter();
        rows.map(|(day, made_at, block)| {
            Ok(StoredBlock { day: stored_day(day)?, made_at, block: block.into() })
        })
        .collect()
    }

    /// Bytes of blocks of installations, in the order of days. None where the block was computed at another
    /// time.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn installation_block_bytes(
        &self,
        product: &str,
        wanted: &[BlockBytes],
    ) -> StorageResult<Vec<Vec<u8>>> {
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return Ok(Vec::new()) };
        let list = |number: fn(&BlockBytes) -> usize| {
            wanted.iter().map(|bytes| number(bytes).to_string()).collect::<Vec<_>>().join(", ")
        };
        let days: Vec<_> = wanted.iter().map(|bytes| bytes.day.days_since_epoch().to_string()).collect();
        let of_day = |numbers| format!("transform(day, [{}], [{numbers}], 0)", days.join(", "));
        let bytes = format!(
            "substring(argMax(block, version), {} + 1, {})",
            of_day(list(|bytes| bytes.place.start)),
            of_day(list(|bytes| bytes.place.len()))
        );
        let read = self.bytes_of_installations(product, [first.day, last.day], &bytes).await?.into_iter();
        let read = read.map(|(day, made_at, bytes)| Ok(((stored_day(day)?, made_at), bytes)));
        let mut read: BTreeMap<_, _> = read.collect::<StorageResult<_>>()?;
        let of_day = |BlockBytes { day, made_at, .. }: &BlockBytes| read.remove(&(*day, *made_at));
        Ok(wanted.iter().map(of_day).map(|bytes| bytes.unwrap_or_default().into()).collect())
    }

    /// An expression over the blocks of installations from one day to another, in the order of days.
    async fn bytes_of_installations(
        &self,
        product: &str,
        [first, last]: [CalendarDay; 2],
        bytes: &str,
    ) -> StorageResult<Vec<DayBytes>> {
        let select = format!(
            "SELECT day, argMax(made_at, version), {bytes} FROM {} WHERE {} AND name = {} \
             GROUP BY day HAVING argMax(length(block), version) > 0 ORDER BY day",
            BLOCKS.name,
            within(BlockLayer::Installations, product, first, last),
            sql_literal(ONLY_BLOCK)
        );
        Ok(self.client.query::<DayBytes>(&select).await?)
    }
}
