//! Stores and reads what was computed of days, and the releases of days.
//!
//! A block is replaced by a row with a higher version. The version of a day is the number of its changes that
//! are in it, so that of two collectors that computed it, the one that knew more wins, whichever was faster.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex as StdMutex,
};

use bytes::Bytes;
use headcount_clickhouse::{EncodeColumn, EncodeRow, RowBatch, sql_literal};
use headcount_fleet::{calendar_day::CalendarDay, published::ReleaseStage};
use headcount_platform::lock::lock;

use super::{ClickHouseStorage, stored_day, table_definitions::BLOCKS};
use crate::{
    fleet_storage::StorageResult,
    report_store::{BlockLayer, ChangedDay, NewBlock, StoredBlock, UnreleasedDay},
};

/// A day's number of changes is in the upper bits of a version. The lower ones count what was removed from
/// the block since.
pub(super) const CHANGES_SHIFT: u32 = 20;

const COLUMNS: [&str; 7] = ["day", "layer", "product", "name", "version", "made_at", "block"];

/// A row of the table of blocks.
pub(super) struct BlockRow<'a> {
    pub(super) day: CalendarDay,
    pub(super) layer: BlockLayer,
    pub(super) product: &'a str,
    pub(super) name: &'a str,
    pub(super) version: u64,
    pub(super) made_at: u64,
    /// Empty for a block that is not there any more.
    pub(super) block: &'a [u8],
}

impl EncodeRow for BlockRow<'_> {
    fn encode_row(&self, to: &mut Vec<u8>) {
        self.day.days_since_epoch().encode_column(to);
        self.layer.name().encode_column(to);
        self.product.encode_column(to);
        self.name.encode_column(to);
        self.version.encode_column(to);
        self.made_at.encode_column(to);
        Bytes::copy_from_slice(self.block).encode_column(to);
    }
}

/// A block with its version.
#[derive(Debug)]
pub(super) struct VersionedBlock {
    pub(super) version: u64,
    pub(super) stored: StoredBlock,
}

/// The version of a computed day.
fn version_of(changes: i64) -> u64 {
    u64::try_from(changes).unwrap_or_default() << CHANGES_SHIFT
}

/// The versions of blocks that belong to no single day: each is higher than those before.
#[derive(Debug, Default)]
pub(super) struct UndatedVersions(StdMutex<u64>);

impl UndatedVersions {
    /// The version of a block that was computed at `now`, in Unix seconds.
    fn next(&self, now: u64) -> u64 {
        let mut last = lock(&self.0);
        *last = (now << CHANGES_SHIFT).max(*last + 1);
        *last
    }
}

/// The condition for the blocks of a layer and product from one day to another.
pub(super) fn within(layer: BlockLayer, product: &str, first: CalendarDay, last: CalendarDay) -> String {
    format!(
        "layer = {} AND product = {} AND day BETWEEN {} AND {}",
        sql_literal(layer.name()),
        sql_literal(product),
        first.days_since_epoch(),
        last.days_since_epoch()
    )
}

impl ClickHouseStorage {
    /// The days with reports that no block has yet, the oldest first.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn changed_days(&self) -> StorageResult<Vec<ChangedDay>> {
        let changes = format!(
            "SELECT day, product, toInt64(uniqExact(token)) FROM {} WHERE product != '' \
             GROUP BY day, product ORDER BY day, product",
            super::table_definitions::CHANGES.name
        );
        let changes = self.client.query::<(u32, String, i64)>(&changes).await?;
        let Some((first, ..)) = changes.first() else { return Ok(Vec::new()) };
        let computed = format!(
            "SELECT day, product, max(version) FROM {} WHERE layer = 'installations' AND day >= {first} \
             GROUP BY day, product",
            BLOCKS.name
        );
        let computed = self.client.query::<(u32, String, u64)>(&computed).await?.into_iter();
        let computed: HashMap<_, _> =
            computed.map(|(day, product, version)| ((day, product), version)).collect();
        let mut changed = Vec::new();
        for (day, product, changes) in changes {
            let key = (day, product);
            let done = computed.get(&key).map_or(0, |version| version >> CHANGES_SHIFT);
            if version_of(changes) >> CHANGES_SHIFT > done {
                changed.push(ChangedDay { product: key.1, day: stored_day(day)?, changes });
            }
        }
        Ok(changed)
    }

    /// Stores blocks that were computed at `now`, and notes that the changes of `changed` are in them.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn replace_blocks(
        &self,
        product: &str,
        blocks: &[NewBlock],
        changed: Option<&ChangedDay>,
        now: u64,
    ) -> StorageResult<()> {
        let version = match changed {
            Some(changed) => version_of(changed.changes),
            None => self.undated_version(product, blocks, now).await?,
        };
        let mut batch = RowBatch::default();
        for NewBlock { layer, day, name, block } in blocks {
            let (layer, day) = (*layer, *day);
            batch.push(&BlockRow { day, layer, product, name, version, made_at: now, block });
        }
        if let Some(ChangedDay { day, .. }) = changed {
            // A version may have no profile any more, and what was merged of the week is not true any more.
            let new: HashSet<_> = blocks
                .iter()
                .filter(|block| block.layer == BlockLayer::Profiles)
                .map(|block| block.name.as_str())
                .collect();
            let week = day.week_start();
            let profiles = self.block_names(BlockLayer::Profiles, product, *day, *day).await?;
            let mut gone: Vec<_> = profiles
                .into_iter()
                .filter(|name| !new.contains(name.as_str()))
                .map(|name| (BlockLayer::Profiles, *day, name, version))
                .collect();
            for layer in BlockLayer::OF_WEEKS {
                let names = self.block_names(layer, product, week, week).await?;
                let version = self.newest_version(layer, product, week, week).await? + 1;
                gone.extend(names.into_iter().map(|name| (layer, week, name, version)));
            }
            for (layer, day, name, version) in &gone {
                batch.push(&BlockRow {
                    day: *day,
                    layer: *layer,
                    product,
                    name,
                    version: *version,
                    made_at: now,
                    block: &[],
                });
            }
        }
        self.insert(&BLOCKS, &COLUMNS, batch).await?;
        match changed {
            Some(changed) => self.recompute_if_buried(product, changed.day).await,
            None => Ok(()),
        }
    }

    /// A version above those of the stored blocks of these days: other collectors have other clocks.
    async fn undated_version(&self, product: &str, blocks: &[NewBlock], now: u64) -> StorageResult<u64> {
        let mut version = self.undated_versions.next(now);
        let days = || blocks.iter().map(|block| block.day);
        let layers: HashSet<_> = blocks.iter().map(|block| block.layer).collect();
        if let (Some(first), Some(last)) = (days().min(), days().max()) {
            for layer in layers {
                version = version.max(self.newest_version(layer, product, first, last).await? + 1);
            }
        }
        Ok(version)
    }

    /// The highest version of the blocks of a layer from one day to another; 0 if there are none.
    async fn newest_version(
        &self,
        layer: BlockLayer,
        product: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> StorageResult<u64> {
        let within = within(layer, product, first, last);
        self.number(&format!("SELECT max(version) FROM {} WHERE {within}", BLOCKS.name)).await
    }

    /// Stores rows as they are.
    pub(super) async fn insert_block_rows(&self, rows: &[BlockRow<'_>]) -> StorageResult<()> {
        let mut batch = RowBatch::default();
        rows.iter().for_each(|row| batch.push(row));
        self.insert(&BLOCKS, &COLUMNS, batch).await
    }

    /// The blocks of a name from one day to another, both included, in the order of days.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn blocks(
        &self,
        layer: BlockLayer,
        product: &str,
        name: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> StorageResult<Vec<StoredBlock>> {
        let blocks = self.versioned_blocks(layer, product, name, first, last).await?;
        Ok(blocks.into_iter().map(|block| block.stored).collect())
    }

    /// The same with their versions.
    pub(super) async fn versioned_blocks(
        &self,
        layer: BlockLayer,
        product: &str,
        name: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> StorageResult<Vec<VersionedBlock>> {
        let select = format!(
            "SELECT day, max(version), argMax(made_at, version), argMax(block, version) AS newest FROM {} \
             WHERE {} AND name = {} GROUP BY day HAVING newest != '' ORDER BY day",
            BLOCKS.name,
            within(layer, product, first, last),
            sql_literal(name)
        );
        let mut rows = self.client.query_stream::<(u32, u64, u64, Bytes)>(&select).await?;
        let mut blocks = Vec::new();
        while let Some((day, version, made_at, block)) = rows.next_row().await? {
            let stored = StoredBlock { day: stored_day(day)?, made_at, block: block.into() };
            blocks.push(VersionedBlock { version, stored });
        }
        Ok(blocks)
    }

    /// The names of the blocks of a layer from one day to another, sorted.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn block_names(
        &self,
        layer: BlockLayer,
        product: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> StorageResult<Vec<String>> {
        let select = format!(
            "SELECT DISTINCT name FROM (SELECT name, day, argMax(length(block), version) AS bytes FROM {} WHERE {} \
             GROUP BY name, day) WHERE bytes > 0 ORDER BY name",
            BLOCKS.name,
            within(layer, product, first, last)
        );
        self.texts(&select).await
    }

    /// The names of all products with blocks, sorted.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn products(&self) -> StorageResult<Vec<String>> {
        let table = BLOCKS.name;
        let select =
            format!("SELECT DISTINCT product FROM {table} WHERE layer = 'installations' ORDER BY product");
        self.texts(&select).await
    }

    /// The products of which a block of one of these names is published, sorted.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn products_with_release(&self, names: [&str; 2]) -> StorageResult<Vec<String>> {
        let [first, second] = names.map(sql_literal);
        let select = format!(
            "SELECT DISTINCT product FROM {} WHERE layer = 'published' AND name IN ({first}, {second}) ORDER BY product",
            BLOCKS.name
        );
        self.texts(&select).await
    }

    pub(super) async fn texts(&self, select: &str) -> StorageResult<Vec<String>> {
        Ok(self.client.query::<(String,)>(select).await?.into_iter().map(|(text,)| text).collect())
    }

    /// The days until `last` that were computed and have no final release, the oldest first.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn unreleased_days(&self, last: CalendarDay) -> StorageResult<Vec<UnreleasedDay>> {
        let (table, last) = (BLOCKS.name, last.days_since_epoch());
        let [provisional, last_stage] =
            [ReleaseStage::Provisional, ReleaseStage::Final].map(ReleaseStage::name);
        let names = format!("{}, {}", sql_literal(provisional), sql_literal(last_stage));
        let released = format!(
            "SELECT DISTINCT day, product, name FROM {table} \
             WHERE layer = 'published' AND name IN ({names}) AND day <= {last}"
        );
        let computed = format!(
            "SELECT DISTINCT day, product FROM {table} WHERE layer = 'installations' AND day <= {last} \
             ORDER BY day, product"
        );
        let released: HashSet<_> =
            self.client.query::<(u32, String, String)>(&released).await?.into_iter().collect();
        let mut unreleased = Vec::new();
        for (day, product) in self.client.query::<(u32, String)>(&computed).await? {
            let has = |stage: &str| released.contains(&(day, product.clone(), stage.to_owned()));
            if has(last_stage) {
                continue;
            }
            let is_provisional = has(provisional);
            unreleased.push(UnreleasedDay { product, day: stored_day(day)?, is_provisional });
        }
        Ok(unreleased)
    }

    /// The number of days with a release.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn releases(&self, stage: ReleaseStage) -> StorageResult<u64> {
        let (table, name) = (BLOCKS.name, sql_literal(stage.name()));
        let select = format!(
            "SELECT uniqExact(product, day) FROM {table} WHERE layer = 'published' AND name = {name}"
        );
        self.number(&select).await
    }

    /// Whether a day has a release.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn has_release(
        &self,
        product: &str,
        day: CalendarDay,
        stage: ReleaseStage,
    ) -> StorageResult<bool> {
        let select = format!(
            "SELECT count() FROM {} WHERE {} AND name = {}",
            BLOCKS.name,
            within(BlockLayer::Published, product, day, day),
            sql_literal(stage.name())
        );
        Ok(self.number(&select).await? > 0)
    }

    /// Stores the blocks of a release that was made at `now`. If the day has this release, nothing is
    /// changed; of two that are made at once, the earlier one stays. With the final one, the pages of the
    /// day's installations are not there any more.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn add_release(
        &self,
        product: &str,
        day: CalendarDay,
        stage: ReleaseStage,
        blocks: &[NewBlock],
        now: u64,
    ) -> StorageResult<()> {
        if self.has_release(product, day, stage).await? {
            return Ok(());
        }
        // All blocks of a release have one version, and no other release has it.
        let version = super::earliest((now << CHANGES_SHIFT) | rand::random_range(0..1 << CHANGES_SHIFT));
        let mut batch = RowBatch::default();
        for NewBlock { layer, day, name, block } in blocks {
            let (layer, day) = (*layer, *day);
            batch.push(&BlockRow { day, layer, product, name, version, made_at: now, block });
        }
        self.insert(&BLOCKS, &COLUMNS, batch).await?;
        if stage == ReleaseStage::Final {
            let layer = BlockLayer::InstallationPages;
            let name = crate::report_store::ONLY_BLOCK;
            for VersionedBlock { version, .. } in
                self.versioned_blocks(layer, product, name, day, day).await?
            {
                let gone =
                    BlockRow { day, layer, product, name, version: version + 1, made_at: now, block: &[] };
                self.insert_block_rows(&[gone]).await?;
            }
        }
        Ok(())
    }
}
