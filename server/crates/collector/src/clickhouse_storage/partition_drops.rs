//! Drops what is too old: whole partitions, which removes their files.
//!
//! Raw copies, typed reports and browsers are dropped by the day; ids, installations, tallies and numbers by
//! the week; names of profiles by 32 days: a partition stays until all of it is too old.

use std::collections::BTreeSet;

use headcount_clickhouse::{ClickHouseClient, sql_literal};
use headcount_fleet::calendar_day::CalendarDay;

use super::{
    ClickHouseStorage, DAY_SECONDS, WEEK_SECONDS,
    table_definitions::{
        BLOCKS, BROWSER_KEYS, BROWSERS, CHANGES, ClickHouseTable, INSTALLATIONS, PROFILE_NAMES, RAW_COPIES,
        REPORT_IDS, REPORTS, TALLIES, TOMBSTONES,
    },
};
use crate::{
    fleet_storage::{StorageError, StorageResult},
    report_store::{BlockLayer, PrunedReports},
    retention_policy::PruneCutoffs,
};

/// The partition of blocks that belong to no day.
const NO_DAY: u64 = 0;

impl ClickHouseStorage {
    /// Drops everything before the cut-off times.
    ///
    /// # Errors
    /// When ClickHouse fails; what was dropped until then stays dropped.
    pub(crate) async fn prune(&self, due: PruneCutoffs) -> StorageResult<PrunedReports> {
        let (raw_day, week) = (due.raw_before / DAY_SECONDS, due.counts_before / WEEK_SECONDS);
        let typed_day = u64::from(due.typed_before.days_since_epoch());
        let browsers_day = u64::from(due.browsers_before.days_since_epoch());
        let blocks_day = u64::from(due.blocks_before.days_since_epoch());
        let raw = format!(
            "SELECT uniqExact(number) FROM {} WHERE arrival_day < {raw_day} AND instance != 0",
            RAW_COPIES.name
        );
        let reports = format!(
            "SELECT uniqExact(number) FROM {} WHERE week < {week} AND instance != 0",
            REPORT_IDS.name
        );
        let pruned = PrunedReports { raw: self.number(&raw).await?, reports: self.number(&reports).await? };
        for (table, before) in [
            (&RAW_COPIES, raw_day),
            (&REPORT_IDS, week),
            (&INSTALLATIONS, week),
            (&TALLIES, week),
            (&REPORTS, typed_day),
            (&CHANGES, typed_day),
            (&BROWSERS, browsers_day),
            (&BROWSER_KEYS, browsers_day),
        ] {
            self.drop_partitions(table, before).await?;
        }
        if self.drop_partitions(&BLOCKS, blocks_day / 7).await? {
            // What belongs to no day names the versions of all days. It is computed again in the next round.
            self.drop_partition(&BLOCKS, NO_DAY).await?;
        }
        if self.drop_partitions(&PROFILE_NAMES, blocks_day / 32).await? {
            self.known_stacks.forget();
        }
        self.browser_keys.forget_before(due.browsers_before);
        // Last: it needs all nodes.
        self.drop_readings(due.readings_before).await?;
        Ok(pruned)
    }

    /// Makes the keys of the browsers of the next days.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn prepare_days(&self, now: u64) -> StorageResult<()> {
        self.prepare_browser_keys(CalendarDay::from_unix_seconds(now)).await
    }

    /// Forgets the installations whose reports are not refused any longer at `now`, in Unix seconds.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn drop_tombstones(&self, now: u64) -> StorageResult<()> {
        self.drop_partitions(&TOMBSTONES, now / WEEK_SECONDS).await.map(drop)
    }

    /// Deletes the readings of installations before a day. Their partition has blocks that stay.
    async fn drop_readings(&self, before: CalendarDay) -> StorageResult<()> {
        let layer = sql_literal(BlockLayer::InstallationReadings.name());
        let old = format!("layer = {layer} AND day < {}", before.days_since_epoch());
        if self.number(&format!("SELECT count() FROM {} WHERE {old}", BLOCKS.name)).await? == 0 {
            return Ok(());
        }
        match self.delete_rows((&BLOCKS, "day"), &old).await {
            // The servers go on.
            Err(StorageError::DeletionUnderWay) => Ok(()),
            // In a later round.
            Err(StorageError::ClickHouse(error)) if error.is_temporary() => Ok(()),
            deleted => deleted,
        }
    }

    /// Drops one partition of a table. A node that is away gets it from its replica.
    async fn drop_partition(&self, table: &ClickHouseTable, partition: u64) -> StorageResult<()> {
        for node in &self.nodes {
            let drop = format!("ALTER TABLE {} DROP PARTITION {partition}", self.local(table));
            match node.execute(&drop).await {
                Err(error) if !error.is_temporary() => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Drops the partitions of a table with a smaller number. Returns whether there were any. A node that is
    /// away gets it from its replica, or in a later round.
    async fn drop_partitions(&self, table: &ClickHouseTable, before: u64) -> StorageResult<bool> {
        let (mut dropped, mut answered, mut away) = (false, false, None);
        for node in &self.nodes {
            match drop_on_node(node, self.local(table), before).await {
                Ok(any) => {
                    answered = true;
                    dropped |= any;
                }
                Err(error) if error.is_temporary() => away = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        match away {
            Some(error) if !answered => Err(error.into()),
            _ => Ok(dropped),
        }
    }
}

async fn drop_on_node(
    node: &ClickHouseClient,
    local: &str,
    before: u64,
) -> Result<bool, headcount_clickhouse::ClickHouseError> {
    let select = format!(
        "SELECT DISTINCT partition FROM system.parts \
         WHERE database = currentDatabase() AND table = '{local}' AND active"
    );
    let partitions = node.query::<(String,)>(&select).await?;
    let partitions: BTreeSet<u64> =
        partitions.iter().filter_map(|(partition,)| partition.parse().ok()).collect();
    let old: Vec<_> =
        partitions.into_iter().filter(|partition| *partition < before && *partition != NO_DAY).collect();
    for partition in &old {
        node.execute(&format!("ALTER TABLE {local} DROP PARTITION {partition}")).await?;
    }
    Ok(!old.is_empty())
}
