//! Defines the tables in ClickHouse, and makes those that are missing.
//!
//! A table that counts has a row's identity as its sorting key and is a `ReplacingMergeTree`: a row that is
//! inserted again is the same row. On a cluster, `<name>_part` has the rows on each node, and `<name>` is
//! `Distributed` over all of them. All rows of a report are in one shard.

use std::collections::BTreeSet;

use headcount_clickhouse::{
    ClickHouseClient, ClickHouseError, ClusterShape, DurabilityPlan, check_table, sql_literal,
};

use super::ClickHouseRefusal;

/// The number of rows that are read at least, for tables with large rows or single look-ups.
const SMALL_GRANULE: u32 = 512;

/// A table.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClickHouseTable {
    /// Its name.
    pub(super) name: &'static str,
    /// The name of the table with the rows of a node.
    pub(super) part: &'static str,
    columns: &'static str,
    /// The column with which the same row wins; empty if all copies of it are equal.
    version: &'static str,
    /// An expression; empty for a table that is never dropped in parts.
    partition: &'static str,
    order: &'static str,
    /// The column by which rows are spread over shards.
    shard: &'static str,
}

macro_rules! table {
    ($constant:ident, $name:literal, $columns:literal, version: $version:literal, partition: $partition:literal,
     order: $order:literal, shard: $shard:literal) => {
        pub(super) const $constant: ClickHouseTable = ClickHouseTable {
            name: $name,
            part: concat!($name, "_part"),
            columns: $columns,
            version: $version,
            partition: $partition,
            order: $order,
            shard: $shard,
        };
    };
}

// The typed form of reports. `number` is a keyed hash of the id and `content` the beginning of the digest.
table!(REPORTS, "headcount_report",
    "day UInt32, product String, instance UInt64, number UInt64, content UInt64, version UInt64, made_at UInt64, \
     replica UInt8, period_from Int64, period_to Int64, typed String",
    version: "version", partition: "day", order: "(product, instance, number, content)", shard: "number");

// The browsers of reports, under the key of their day.
table!(BROWSERS, "headcount_browsers",
    "day UInt32, instance UInt64, number UInt64, content UInt64, browsers Array(UInt64)",
    version: "", partition: "day", order: "(instance, number, content)", shard: "number");

// The keys of the browsers of days. The first one of a day counts.
table!(BROWSER_KEYS, "headcount_browser_key", "day UInt32, key FixedString(32), noted_at DateTime DEFAULT now()",
    version: "", partition: "day", order: "(day, key)", shard: "day");

// Reports as they were sent, compressed.
table!(RAW_COPIES, "headcount_raw",
    "arrival_day UInt32, instance UInt64, number UInt64, content UInt64, bytes UInt64, zstd String",
    version: "", partition: "arrival_day", order: "(instance, number, content)", shard: "number");

// What is known of each report. Written after what belongs to it: a report without a row here does not count.
// The earliest row of a number says what is stored under its id.
table!(REPORT_IDS, "headcount_id",
    "week UInt32, number UInt64, instance UInt64, content UInt64, version UInt64, place UInt64, received_at UInt64, \
     day UInt32, product String, id String, digest FixedString(32), bytes UInt64, set_aside UInt64, replica UInt8, \
     overlaps UInt8, program_version String, database_type String, users UInt64, page_views UInt64",
    version: "version", partition: "week", order: "(number, instance, content, day, product)", shard: "number");

// Installations with a report in a week, and their commitments.
table!(INSTALLATIONS, "headcount_installation",
    "week UInt32, instance UInt64, commitment FixedString(32), version UInt64, place UInt64, uuid FixedString(16), \
     first_seen UInt64",
    version: "version", partition: "week", order: "(instance, commitment)", shard: "instance");

// Changes of days: a row for each group of reports.
table!(CHANGES, "headcount_change", "day UInt32, product String, token UInt64",
    version: "", partition: "day", order: "(product, token)", shard: "token");

// What was computed. An empty block stands for one that is not there any more.
table!(BLOCKS, "headcount_block",
    "day UInt32, layer String, product String, name String, version UInt64, made_at UInt64, block String",
    version: "version", partition: "intDiv(day, 7)", order: "(layer, product, name, day)", shard: "day");

// The names in profiles: functions (kind 0) and stacks (kind 1).
table!(PROFILE_NAMES, "headcount_profile_name",
    "seen UInt32, kind UInt8, id UInt64, body String, noted_at DateTime DEFAULT now()",
    version: "seen", partition: "intDiv(seen, 32)", order: "(kind, id)", shard: "id");

// Deleted installations, while their late reports are refused.
table!(TOMBSTONES, "headcount_tombstone",
    "installation UInt64, commitment FixedString(32), hour UInt64, reports UInt64, raw_reports UInt64, days UInt64, \
     until UInt64, key String, signature String, unfinished UInt8, version UInt64",
    version: "version", partition: "intDiv(until, 604800)", order: "(installation, signature)",
    shard: "installation");

// What is counted over all installations: each thing once.
table!(TALLIES, "headcount_tally",
    "week UInt32, name String, number UInt64, instance UInt64, content UInt64",
    version: "", partition: "week", order: "(name, number, instance, content)", shard: "number");

// The fingerprint of the keys, the time of the collectors, which of them are running, and the newest complete
// computation.
table!(NOTES, "headcount_note",
    "kind String, key UInt64, value UInt64, text String, noted_at DateTime DEFAULT now()",
    version: "value", partition: "", order: "(kind, key)", shard: "key");

/// Every table.
const TABLES: [ClickHouseTable; 12] = [
    REPORTS,
    BROWSERS,
    BROWSER_KEYS,
    RAW_COPIES,
    REPORT_IDS,
    INSTALLATIONS,
    CHANGES,
    BLOCKS,
    PROFILE_NAMES,
    TOMBSTONES,
    TALLIES,
    NOTES,
];

/// How long a server keeps the files of rows that were merged or deleted, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OldPartTimes {
    /// After a part was replaced.
    pub(super) lifetime: u64,
    /// Between two rounds of removal.
    pub(super) pace: u64,
}

impl ClickHouseTable {
    /// The name of the table with the rows of a node, for statements to one node and for subqueries that each
    /// shard answers from its own rows.
    pub(super) const fn local(&self, cluster: Option<&ClusterShape>) -> &'static str {
        if cluster.is_some() { self.part } else { self.name }
    }

    fn statements(&self, database: &str, plan: &DurabilityPlan, old_parts: OldPartTimes) -> Vec<String> {
        let Self { name, part, columns, version, partition, order, shard } = self;
        let local = self.local(plan.cluster.as_ref());
        let is_replicated = plan.cluster.as_ref().is_some_and(|cluster| cluster.is_replicated);
        let engine = if is_replicated {
            let path = sql_literal(&format!("/clickhouse/tables/{{shard}}/{database}/{part}"));
            let version = if version.is_empty() { String::new() } else { format!(", {version}") };
            format!("ReplicatedReplacingMergeTree({path}, '{{replica}}'{version})")
        } else {
            format!("ReplacingMergeTree({version})")
        };
        let partition =
            if partition.is_empty() { String::new() } else { format!(" PARTITION BY {partition}") };
        let mut settings = vec![
            format!("index_granularity = {SMALL_GRANULE}"),
            format!("old_parts_lifetime = {}", old_parts.lifetime),
            format!("cleanup_delay_period = {}", old_parts.pace),
        ];
        settings.extend(
            plan.table_settings.iter().map(|setting| format!("{} = {}", setting.name, setting.value)),
        );
        let settings = settings.join(", ");
        let mut statements = vec![format!(
            "CREATE TABLE IF NOT EXISTS {local} ({columns}) ENGINE = {engine}{partition} ORDER BY {order} \
             SETTINGS {settings}"
        )];
        if let Some(cluster) = &plan.cluster {
            let cluster = sql_literal(&cluster.name);
            statements.push(format!(
                "CREATE TABLE IF NOT EXISTS {name} ({columns}) \
                 ENGINE = Distributed({cluster}, {database}, {part}, {shard})"
            ));
        }
        statements
    }
}

/// Makes the tables that a node does not have, and checks that all of them are as durable as they should be.
/// A node that is away is passed over if another one has the tables.
///
/// # Errors
/// The tables cannot be made, or are other ones.
pub(super) async fn prepare_tables(
    nodes: &[ClickHouseClient],
    client: &ClickHouseClient,
    database: &str,
    plan: &DurabilityPlan,
    old_parts: OldPartTimes,
) -> Result<(), ClickHouseRefusal> {
    let made = nodes.iter().map(|node| make_missing(node, database, plan, old_parts));
    let mut away = None;
    let mut answered = 0;
    for made in futures_of(made).await {
        match made {
            Ok(()) => answered += 1,
            Err(error) if error.is_temporary() => away = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(error) = away.filter(|_| answered == 0) {
        return Err(error.into());
    }
    for table in &TABLES {
        check_table(client, plan, table.local(plan.cluster.as_ref())).await?;
    }
    Ok(())
}

async fn make_missing(
    node: &ClickHouseClient,
    database: &str,
    plan: &DurabilityPlan,
    old_parts: OldPartTimes,
) -> Result<(), ClickHouseError> {
    let names =
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'headcount_%'";
    let there: BTreeSet<String> =
        node.query::<(String,)>(names).await?.into_iter().map(|(name,)| name).collect();
    for table in &TABLES {
        if there.contains(table.name) {
            continue;
        }
        // The table over all nodes comes last.
        for statement in table.statements(database, plan, old_parts) {
            node.execute(&statement).await?;
        }
    }
    Ok(())
}

/// Waits for all of them at once.
pub(super) async fn futures_of<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_ready = true;
        for (future, done) in &mut pending {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => is_ready = false,
                }
            }
        }
        if is_ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    pending.into_iter().filter_map(|(_, done)| done).collect()
}
