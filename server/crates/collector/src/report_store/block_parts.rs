//! Stores the blocks of the installations of days in parts, and reads some parts alone.

use std::ops::Range;

use headcount_fleet::calendar_day::CalendarDay;
use sqlx::SqliteConnection;

use super::{
    ReportStore,
    blocks::{BlockLayer, NewBlock, ONLY_BLOCK, StoredBlock},
    signed,
};

/// The length of all parts of a block but the last. The start of a block of 100,000 installations fits into
/// one.
pub(crate) const PART_BYTES: usize = 32 * 1024;

const DROP_REST: &str = "DELETE FROM block_rest WHERE layer = ? AND product = ? AND name = ? AND day = ?";

const ADD_PART: &str =
    "INSERT INTO block_rest (layer, product, name, day, part, bytes) VALUES (?, ?, ?, ?, ?, ?)";

const READ_STARTS: &str = "SELECT day, made_at, substr(block, 1, ?6) AS block FROM block
    WHERE layer = ?1 AND product = ?2 AND name = ?3 AND day BETWEEN ?4 AND ?5 ORDER BY day";

const READ_PARTS: &str = "SELECT block AS bytes, 0 AS part FROM block
        WHERE layer = ?1 AND product = ?2 AND name = ?3 AND day = ?4 AND made_at = ?5 AND ?6 = 0
    UNION ALL SELECT bytes, part FROM block JOIN block_rest USING (layer, product, name, day)
        WHERE layer = ?1 AND product = ?2 AND name = ?3 AND day = ?4 AND made_at = ?5
            AND part BETWEEN ?6 AND ?7
    ORDER BY part";

/// Some bytes of the block of the installations of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockBytes {
    /// The day.
    pub(crate) day: CalendarDay,
    /// When the block was computed, in Unix seconds.
    pub(crate) made_at: u64,
    /// Where they are in the block.
    pub(crate) place: Range<usize>,
}

/// The first part of a block, and the others.
pub(super) fn parts_of(block: &NewBlock) -> (&[u8], impl Iterator<Item = &[u8]>) {
    let is_split = block.layer == BlockLayer::Installations;
    let first = if is_split { block.block.len().min(PART_BYTES) } else { block.block.len() };
    let (first, rest) = block.block.split_at(first);
    (first, rest.chunks(PART_BYTES))
}

/// Replaces the parts of a block after the first.
pub(super) async fn replace_rest(
    connection: &mut SqliteConnection,
    product: &str,
    block: &NewBlock,
) -> sqlx::Result<()> {
    let NewBlock { layer, day, name, .. } = block;
    let drop_rest = sqlx::query(DROP_REST).bind(layer.name()).bind(product).bind(name);
    drop_rest.bind(day.days_since_epoch()).execute(&mut *connection).await?;
    for (part, bytes) in (1_i64..).zip(parts_of(block).1) {
        let add = sqlx::query(ADD_PART).bind(layer.name()).bind(product).bind(name);
        add.bind(day.days_since_epoch()).bind(part).bind(bytes).execute(&mut *connection).await?;
    }
    Ok(())
}

impl ReportStore {
    /// The first [`PART_BYTES`] of the blocks of installations from one day to another, in the order of days.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn installation_block_starts(
        &self,
        product: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> sqlx::Result<Vec<StoredBlock>> {
        let query = sqlx::query_as(READ_STARTS).bind(BlockLayer::Installations.name()).bind(product);
        let query = query.bind(ONLY_BLOCK).bind(first.days_since_epoch()).bind(last.days_since_epoch());
        query.bind(number(PART_BYTES)).fetch_all(&self.readers).await
    }

    /// Bytes of blocks of installations. Fewer where the block was computed at another time or is not stored
    /// in parts.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn installation_block_bytes(
        &self,
        product: &str,
        wanted: &[BlockBytes],
    ) -> sqlx::Result<Vec<Vec<u8>>> {
        let mut connection = self.readers.acquire().await?;
        let mut read = Vec::with_capacity(wanted.len());
        for BlockBytes { day, made_at, place } in wanted {
            let (first, last) = (place.start / PART_BYTES, place.end.saturating_sub(1) / PART_BYTES);
            let query = sqlx::query_scalar(READ_PARTS).bind(BlockLayer::Installations.name()).bind(product);
            let query = query.bind(ONLY_BLOCK).bind(day.days_since_epoch()).bind(signed(*made_at));
            let query = query.bind(number(first)).bind(number(last));
            let bytes: Vec<Vec<u8>> = query.fetch_all(&mut *connection).await?;
            let bytes = bytes.concat();
            let after_start = bytes.get(place.start % PART_BYTES..).unwrap_or_default();
            let length = place.len().min(after_start.len());
            read.push(after_start.get(..length).unwrap_or_default().to_vec());
        }
        Ok(read)
    }
}

fn number(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
