//! Removes deleted installations from all nodes: their rows by mutations, and then the files of before.
//!
//! A mutation keeps its text, so it names an installation by its hash. Each node is asked what it still has.
//! A replica that is away is waited for: its files have the rows.
//!
//! Version 18.16 never mutates or merges the newest part of a partition that was inserted with a quorum. So
//! after each mutation a row that means nothing is inserted into the partitions concerned.

use std::{
    collections::{BTreeSet, HashSet},
    mem,
    sync::Arc,
    time::Duration,
};

use headcount_clickhouse::{ClickHouseClient, RowBatch, sql_literal};
use headcount_fleet::installation_day::InstallationHash;
use tokio::time::{self, Instant};

use super::{
    ClickHouseStorage,
    block_rows::{BlockRow, VersionedBlock},
    list_of, number_of,
    table_definitions::{
        BLOCKS, BROWSERS, CHANGES, ClickHouseTable, INSTALLATIONS, RAW_COPIES, REPORT_IDS, REPORTS, TALLIES,
    },
    tombstone_rows::TombstoneRow,
};
use crate::{
    fleet_storage::{StorageError, StorageResult},
    report_store::{BlockLayer, ONLY_BLOCK, without_installation},
};

/// How long one call waits for mutations, and how often it looks.
const WAIT: Duration = Duration::from_secs(8);
const LOOK_EVERY: Duration = Duration::from_millis(200);
const WAKE_EVERY: Duration = Duration::from_secs(1);

/// How often rows of deleted installations are looked for that came back: with a restored back-up, or from a
/// collector that was killed while it stored a report.
const LOOKED_FOR_EVERY: Duration = Duration::from_secs(60 * 60);

/// So many installations are looked for in one statement.
const LOOKED_FOR_AT_ONCE: usize = 2000;

/// So many installations, or days of replaced blocks, are deleted with one statement: newer servers put each into
/// parentheses.
const DELETED_AT_ONCE: usize = 500;

/// A partition that no table has. Dropping it also removes the files of replaced parts.
const NO_PARTITION: u32 = u32::MAX;

/// The tables with rows of installations, and the columns of their partitions.
const TABLES: [(&ClickHouseTable, &str); 6] = [
    (&REPORTS, "day"),
    (&BROWSERS, "day"),
    (&RAW_COPIES, "arrival_day"),
    (&REPORT_IDS, "week"),
    (&INSTALLATIONS, "week"),
    (&TALLIES, "week"),
];

/// A part that was replaced, on a node.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct OldPart {
    node: usize,
    table: &'static str,
    part: String,
}

/// What this collector knows of deletions under way.
#[derive(Debug, Default)]
pub(super) struct ErasureState {
    looked_for_at: Option<Instant>,
    waiting: Vec<WaitingDeletion>,
}

/// An installation whose rows are deleted, with the files of before. These are removed after a while.
type WaitingDeletion = (TombstoneRow, Arc<HashSet<OldPart>>);

impl ClickHouseStorage {
    /// Deletes what is left of deleted installations, and waits a while until no file has it.
    ///
    /// # Errors
    /// When ClickHouse fails; [`StorageError::DeletionUnderWay`] if something is left. The next call goes on.
    pub(crate) async fn finish_deletions(&self) -> StorageResult<()> {
        let mut state = self.erasure.lock().await;
        if state.looked_for_at.is_none_or(|at| at.elapsed() >= LOOKED_FOR_EVERY) {
            self.reopen_returned().await?;
            state.looked_for_at = Some(Instant::now());
        }
        let mut is_under_way = self.begin_deletions(&mut state).await?;
        is_under_way |= self.end_deletions(&mut state).await?;
        if is_under_way { Err(StorageError::DeletionUnderWay) } else { Ok(()) }
    }

    /// Deletes the rows of the installations whose deletion has just begun, or of which something was stored
    /// since. Returns whether rows are left.
    async fn begin_deletions(&self, state: &mut ErasureState) -> StorageResult<bool> {
        let unfinished = self.unfinished_deletions().await?;
        let is_known =
            |row: &TombstoneRow| state.waiting.iter().any(|(known, _)| known.is_same_deletion(row));
        let begun: Vec<_> = unfinished.iter().filter(|row| !is_known(row)).cloned().collect();
        state.waiting.retain(|(known, _)| unfinished.iter().any(|row| known.is_same_deletion(row)));
        let mut is_left = false;
        for some in begun.chunks(DELETED_AT_ONCE) {
            let installations: Vec<_> = some.iter().map(|row| row.installation).collect();
            match self.delete_everywhere(&installations).await {
                Ok(old_parts) => {
                    let old_parts = Arc::new(old_parts);
                    state.waiting.extend(some.iter().map(|row| (row.clone(), Arc::clone(&old_parts))));
                }
                Err(StorageError::DeletionUnderWay) => is_left = true,
                Err(error) => return Err(error),
            }
        }
        Ok(is_left)
    }

    /// Ends the deletions of which no node has files any more, and waits a while for the others. Returns
    /// whether some are left.
    async fn end_deletions(&self, state: &mut ErasureState) -> StorageResult<bool> {
        let began = Instant::now();
        while !state.waiting.is_empty() {
            let there = self.old_parts().await?;
            let (ended, left) = mem::take(&mut state.waiting)
                .into_iter()
                .partition(|(_, old_parts): &WaitingDeletion| old_parts.is_disjoint(&there));
            state.waiting = left;
            for (row, _) in ended {
                self.note_finished(row).await?;
            }
            if state.waiting.is_empty() {
                break;
            }
            if began.elapsed() >= WAIT {
                return Ok(true);
            }
            let left = state.waiting.iter().flat_map(|(_, old_parts)| old_parts.intersection(&there));
            let left: BTreeSet<_> = left.map(|part| (part.node, part.table)).collect();
            for (node, table) in left {
                self.wake(node, table).await?;
            }
            time::sleep(WAKE_EVERY).await;
        }
        Ok(false)
    }

    /// Finds rows of deleted installations, and opens their deletions again. Also deletes rows of blocks that
    /// a collector stored while an installation was deleted.
    async fn reopen_returned(&self) -> StorageResult<()> {
        let buried: Vec<_> = self.buried_installations().await?.into_iter().collect();
        let mut returned = HashSet::new();
        for some in buried.chunks(LOOKED_FOR_AT_ONCE) {
            for (table, _) in TABLES {
                let (table, some) = (table.name, list_of(some));
                let select = format!("SELECT DISTINCT instance FROM {table} WHERE instance IN ({some})");
                returned
                    .extend(self.client.query::<(u64,)>(&select).await?.into_iter().map(|(found,)| found));
            }
        }
        if !returned.is_empty() {
            self.reopen_deletions(&returned).await?;
        }
        if buried.is_empty() {
            return Ok(());
        }
        match self.delete_replaced_blocks().await {
            // The servers go on.
            Err(StorageError::DeletionUnderWay) => Ok(()),
            deleted => deleted,
        }
    }

    /// Has a server remove the files of a table that it does not need. By itself it does that seldom while
    /// nothing happens to the table. A table with replicas has a task for it.
    async fn wake(&self, node: usize, local: &'static str) -> StorageResult<()> {
        match self.nodes.get(node) {
            Some(node) if !self.is_replicated() => {
                Ok(node.execute(&format!("ALTER TABLE {local} DROP PARTITION {NO_PARTITION}")).await?)
            }
            _ => Ok(()),
        }
    }

    /// Deletes the rows of installations. Returns the files that may still have them.
    async fn delete_everywhere(&self, installations: &[u64]) -> StorageResult<HashSet<OldPart>> {
        let condition = format!("instance IN ({})", list_of(installations));
        self.change_days_of(&condition).await?;
        let mut is_left = false;
        for table in TABLES {
            match self.delete_rows(table, &condition).await {
                Err(StorageError::DeletionUnderWay) => is_left = true,
                deleted => deleted?,
            }
        }
        self.erase_from_blocks(installations).await?;
        if is_left { Err(StorageError::DeletionUnderWay) } else { self.old_parts().await }
    }

    /// Has the days with reports of installations computed again: without them, because they are buried.
    async fn change_days_of(&self, condition: &str) -> StorageResult<()> {
        let select = format!("SELECT DISTINCT day, product FROM {} WHERE {condition}", REPORTS.name);
        let mut batch = RowBatch::default();
        for (day, product) in self.client.query::<(u32, String)>(&select).await? {
            batch.push(&(day, product, rand::random::<u64>()));
        }
        self.insert(&CHANGES, &["day", "product", "token"], batch).await
    }

    /// Deletes the rows of a table that fit to a condition, on every node, and waits until they are gone.
    pub(super) async fn delete_rows(
        &self,
        table: (&ClickHouseTable, &'static str),
        condition: &str,
    ) -> StorageResult<()> {
        let local = self.local(table.0);
        let count = format!("SELECT count() FROM {local} WHERE {condition}");
        // Newer servers add parentheses and spaces to the text of a command.
        let bare = |text: &str| text.replace(['(', ')', ' '], "");
        let under_way = format!(
            "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND table = '{local}' \
             AND is_done = 0 AND replaceRegexpAll(command, '[() ]', '') = {}",
            sql_literal(&bare(&format!("DELETE WHERE {condition}")))
        );
        let began = Instant::now();
        loop {
            let mut is_left = false;
            for node in &self.nodes {
                if number_of(node, &count).await? == 0 {
                    continue;
                }
                is_left = true;
                if number_of(node, &under_way).await? == 0 {
                    node.execute(&format!("ALTER TABLE {local} DELETE WHERE {condition}")).await?;
                }
                self.push_newest_parts(node, table, condition).await?;
            }
            if !is_left {
                return Ok(());
            }
            if began.elapsed() >= WAIT {
                return Err(StorageError::DeletionUnderWay);
            }
            time::sleep(LOOK_EVERY).await;
        }
    }

    /// Inserts a row that means nothing into the partitions of a node that have rows to delete, so that none
    /// of their parts is the newest one.
    async fn push_newest_parts(
        &self,
        node: &ClickHouseClient,
        (table, column): (&ClickHouseTable, &'static str),
        condition: &str,
    ) -> StorageResult<()> {
        if !self.is_replicated() {
            return Ok(());
        }
        let select = format!("SELECT DISTINCT {column} FROM {} WHERE {condition}", table.part);
        let mut batch = RowBatch::default();
        node.query::<(u32,)>(&select).await?.iter().for_each(|partition| batch.push(partition));
        Ok(node.insert(table.part, &[column], batch).await?)
    }

    /// Removes installations from the stored days. What was counted stays.
    async fn erase_from_blocks(&self, installations: &[u64]) -> StorageResult<()> {
        for (product, day) in self.days_of_installations().await? {
            for layer in BlockLayer::OF_INSTALLATIONS {
                for VersionedBlock { version, stored } in
                    self.versioned_blocks(layer, &product, ONLY_BLOCK, day, day).await?
                {
                    let made_at = stored.made_at;
                    let Some(block) = without_installations(layer, stored.block, installations).await? else {
                        continue;
                    };
                    let (product, name) = (product.as_str(), ONLY_BLOCK);
                    let version = version + 1;
                    let row = BlockRow { day, layer, product, name, version, made_at, block: &block };
                    self.insert_block_rows(&[row]).await?;
                }
            }
        }
        self.delete_replaced_blocks().await
    }

    /// Deletes the rows of blocks with installations that newer ones have replaced.
    async fn delete_replaced_blocks(&self) -> StorageResult<()> {
        let layers = list_of(BlockLayer::OF_INSTALLATIONS.map(|layer| sql_literal(layer.name())));
        let select = format!(
            "SELECT layer, product, day, max(version) FROM {} WHERE layer IN ({layers}) \
             GROUP BY layer, product, day HAVING uniqExact(version) > 1 ORDER BY layer, product, day",
            BLOCKS.name
        );
        let replaced = self.client.query::<(String, String, u32, u64)>(&select).await?;
        // One command for many: a node works on the commands of a table one after the other.
        for some in replaced.chunks(DELETED_AT_ONCE) {
            let conditions: Vec<_> = some
                .iter()
                .map(|(layer, product, day, version)| {
                    let (layer, product) = (sql_literal(layer), sql_literal(product));
                    format!(
                        "(layer = {layer} AND product = {product} AND day = {day} AND version < {version})"
                    )
                })
                .collect();
            self.delete_rows((&BLOCKS, "day"), &conditions.join(" OR ")).await?;
        }
        Ok(())
    }

    /// The files of replaced parts that nodes still have, of tables with installations.
    async fn old_parts(&self) -> StorageResult<HashSet<OldPart>> {
        let tables: BTreeSet<_> =
            TABLES.iter().map(|(table, _)| *table).chain([&BLOCKS]).map(|table| self.local(table)).collect();
        let select = format!(
            "SELECT table, name FROM system.parts WHERE database = currentDatabase() AND NOT active AND table IN ({})",
            list_of(tables.iter().map(|table| sql_literal(table)))
        );
        let mut parts = HashSet::new();
        for (node, client) in self.nodes.iter().enumerate() {
            for (table, part) in client.query::<(String, String)>(&select).await? {
                let table = tables.iter().find(|known| **known == table);
                parts.extend(table.map(|table| OldPart { node, table, part }));
            }
        }
        Ok(parts)
    }
}

/// A block without installations; `None` if it has none of them.
async fn without_installations(
    layer: BlockLayer,
    mut block: Vec<u8>,
    installations: &[u64],
) -> StorageResult<Option<Vec<u8>>> {
    let mut is_changed = false;
    for installation in installations {
        if let Some(shorter) =
            without_installation(layer, block.clone(), InstallationHash(*installation)).await?
        {
            block = shorter;
            is_changed = true;
        }
    }
    Ok(is_changed.then_some(block))
}
