//! Asks a server what it is and which settings it knows, and whether the settings of a plan are in effect.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::{
    clickhouse_client::ClickHouseClient,
    clickhouse_error::ClickHouseError,
    durability_plan::{DurabilityPlan, ServerSetting},
    sql_literal::sql_literal,
};

/// A line of `system.clusters`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInCluster {
    /// The name of the cluster.
    pub cluster: String,
    /// The number of its shard.
    pub shard: u32,
    /// Whether it is the node that was asked.
    pub is_this: bool,
}

/// What a server is, as far as durability depends on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerFacts {
    /// Its version, as it says it.
    pub version: String,
    /// The settings of statements that it knows.
    pub settings: BTreeSet<String>,
    /// The settings of tables that it knows.
    pub table_settings: BTreeSet<String>,
    /// The nodes of all clusters that are configured on it.
    pub clusters: Vec<NodeInCluster>,
    /// The names of its macros.
    pub macros: BTreeSet<String>,
    /// Whether it is connected to ZooKeeper or Keeper.
    pub has_coordination: bool,
}

/// Why what a plan says is not so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DurabilityMismatch {
    /// There was no answer.
    #[error(transparent)]
    Failed(#[from] ClickHouseError),
    /// A setting of statements has another value.
    #[error(
        "ClickHouse does not take {name}={value} for a statement: does the profile of its user forbid it?"
    )]
    Setting {
        /// The name of the setting.
        name: &'static str,
        /// The value that it should have.
        value: &'static str,
    },
    /// A node does not have the table.
    #[error("the table {table} of ClickHouse is missing on a node")]
    NoTable {
        /// The name of the table.
        table: &'static str,
    },
    /// A table was made without a setting.
    #[error("the table {table} of ClickHouse was made without {name}={value}")]
    TableSetting {
        /// The name of the table.
        table: &'static str,
        /// The name of the setting.
        name: &'static str,
        /// The value that it should have.
        value: &'static str,
    },
    /// A table has no replicas.
    #[error("the table {table} of ClickHouse is not replicated, and its cluster has replicas")]
    NotReplicated {
        /// The name of the table.
        table: &'static str,
    },
}

impl ServerFacts {
    /// Asks a node of `client`. The client needs no plan yet.
    ///
    /// # Errors
    /// See [`ClickHouseError`]. A server that has lost its ZooKeeper is an error, too.
    pub async fn ask(client: &ClickHouseClient) -> Result<Self, ClickHouseError> {
        let version = client.query::<(String,)>("SELECT version()").await?;
        let nodes = "SELECT cluster, toUInt32(shard_num), toUInt8(is_local) FROM system.clusters";
        let nodes = client.query::<(String, u32, u8)>(nodes).await?;
        let node = |(cluster, shard, is_this)| NodeInCluster { cluster, shard, is_this: is_this == 1 };
        Ok(Self {
            version: version.into_iter().map(|(version,)| version).collect(),
            settings: names(client, "SELECT name FROM system.settings").await?,
            table_settings: names(client, "SELECT name FROM system.merge_tree_settings").await?,
            clusters: nodes.into_iter().map(node).collect(),
            macros: names(client, "SELECT macro FROM system.macros").await?,
            has_coordination: has_coordination(client).await?,
        })
    }

    pub(crate) fn knows_setting(&self, name: &str) -> bool {
        self.settings.contains(name)
    }

    pub(crate) fn knows_table_setting(&self, name: &str) -> bool {
        self.table_settings.contains(name)
    }
}

async fn names(client: &ClickHouseClient, select: &str) -> Result<BTreeSet<String>, ClickHouseError> {
    Ok(client.query::<(String,)>(select).await?.into_iter().map(|(name,)| name).collect())
}

async fn has_coordination(client: &ClickHouseClient) -> Result<bool, ClickHouseError> {
    match client.query::<(String,)>("SELECT name FROM system.zookeeper WHERE path = '/'").await {
        Ok(_) => Ok(true),
        Err(error @ ClickHouseError::Refused { .. }) if !error.is_temporary() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Checks that statements have the settings of a plan, on a node of a client with that plan.
///
/// # Errors
/// The first setting that has another value.
pub async fn check_settings(
    client: &ClickHouseClient,
    plan: &DurabilityPlan,
) -> Result<(), DurabilityMismatch> {
    let inserting =
        client.query_as_insert::<(String, String)>("SELECT name, value FROM system.settings").await?;
    check_values(&plan.insert_settings, &inserting.into_iter().collect())?;
    let reading = client.query::<(String, String)>("SELECT name, value FROM system.settings").await?;
    check_values(&plan.read_settings, &reading.into_iter().collect())
}

fn check_values(
    expected: &[ServerSetting],
    values: &BTreeMap<String, String>,
) -> Result<(), DurabilityMismatch> {
    match other_value(expected, values) {
        Some(ServerSetting { name, value }) => Err(DurabilityMismatch::Setting { name, value }),
        None => Ok(()),
    }
}

/// The first setting that does not have its value.
fn other_value(expected: &[ServerSetting], values: &BTreeMap<String, String>) -> Option<ServerSetting> {
    expected
        .iter()
        .copied()
        .find(|setting| values.get(setting.name).map(String::as_str) != Some(setting.value))
}

/// Checks that a table was made as a plan says, on every node that is not away. A table that holds no rows
/// itself (`Distributed`) has no such settings, and is not checked.
///
/// # Errors
/// The first difference; that no node could be reached.
pub async fn check_table(
    client: &ClickHouseClient,
    plan: &DurabilityPlan,
    table: &'static str,
) -> Result<(), DurabilityMismatch> {
    let mut answer =
        Err(DurabilityMismatch::Failed(ClickHouseError::Unreachable("the address has no nodes")));
    for node in client.clients_of_nodes() {
        match check_table_of_node(&node, plan, table).await {
            Ok(()) => answer = Ok(()),
            Err(DurabilityMismatch::Failed(error)) if error.is_temporary() => {
                answer = answer.or(Err(DurabilityMismatch::Failed(error)));
            }
            Err(mismatch) => return Err(mismatch),
        }
    }
    answer
}

async fn check_table_of_node(
    node: &ClickHouseClient,
    plan: &DurabilityPlan,
    table: &'static str,
) -> Result<(), DurabilityMismatch> {
    let select = format!(
        "SELECT engine, create_table_query FROM system.tables WHERE database = currentDatabase() AND name = {}",
        sql_literal(table)
    );
    let found = node.query::<(String, String)>(&select).await?;
    let (engine, definition) = found.into_iter().next().ok_or(DurabilityMismatch::NoTable { table })?;
    let is_replicated = plan.cluster.as_ref().is_some_and(|cluster| cluster.is_replicated);
    if is_replicated && !engine.starts_with("Replicated") {
        return Err(DurabilityMismatch::NotReplicated { table });
    }
    match other_value(&plan.table_settings, &settings_in_definition(&definition)) {
        Some(ServerSetting { name, value }) => Err(DurabilityMismatch::TableSetting { table, name, value }),
        None => Ok(()),
    }
}

/// The settings at the end of the definition of a table, as servers show it.
fn settings_in_definition(definition: &str) -> BTreeMap<String, String> {
    let settings = definition.rsplit_once(" SETTINGS ").map_or("", |(_, settings)| settings);
    let pairs = settings.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_at_the_end_of_a_definition() {
        let definition = "CREATE TABLE default.t (`a` UInt64) ENGINE = ReplacingMergeTree ORDER BY a \
                          SETTINGS fsync_after_insert = 1, index_granularity = 8192";
        let found = settings_in_definition(definition);
        assert_eq!(found.get("fsync_after_insert").map(String::as_str), Some("1"));
        assert_eq!(found.get("index_granularity").map(String::as_str), Some("8192"));
        assert!(settings_in_definition("CREATE TABLE t (a UInt8) ENGINE = Log").is_empty());
    }

    #[test]
    fn a_setting_that_is_missing_or_different_is_named() {
        let values = BTreeMap::from([("log_queries".to_owned(), "1".to_owned())]);
        let wanted = ServerSetting { name: "log_queries", value: "0" };
        assert_eq!(check_values(&[ServerSetting { value: "1", ..wanted }], &values), Ok(()));
        let mismatch = DurabilityMismatch::Setting { name: "log_queries", value: "0" };
        assert_eq!(check_values(&[wanted], &values), Err(mismatch));
        assert!(check_values(&[wanted], &BTreeMap::new()).is_err());
    }
}
