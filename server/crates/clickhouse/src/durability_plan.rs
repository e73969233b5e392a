//! Decides which settings make an insert durable on a server, from what the server is and knows.
//!
//! Defaults have moved between versions, so every setting that matters is set where it is known, also to what
//! is the default today.

use thiserror::Error;

use crate::server_facts::{NodeInCluster, ServerFacts};

/// What tables are durable by, if a server has it: all of these.
const FSYNC: [&str; 2] = ["fsync_after_insert", "fsync_part_directory"];

/// The number of replicas that have an insert before it is answered.
const QUORUM: &str = "2";

/// What [`QUORUM`] is set by.
const QUORUM_SETTING: &str = "insert_quorum";

/// How long an insert waits for the other replica, in milliseconds.
const QUORUM_TIMEOUT: &str = "10000";

/// The settings of reads. `log_queries`: statements stay in no table of the server. The others: no answer
/// without the rows of a shard that is away, and none in which a row counts once for each partition that it
/// is in.
const READ_SETTINGS: [ServerSetting; 3] = [
    ServerSetting { name: "log_queries", value: "0" },
    ServerSetting { name: "skip_unavailable_shards", value: "0" },
    ServerSetting { name: "do_not_merge_across_partitions_select_final", value: "0" },
];

/// The settings of inserts, but for the quorum. Of the two names for synchronous inserts through `Distributed`
/// the first that is known is used. Without deduplication: a block that is taken for a repetition is answered
/// before the first one is on enough replicas.
const INSERT_SETTINGS: [ServerSetting; 4] = [
    ServerSetting { name: "log_queries", value: "0" },
    ServerSetting { name: "async_insert", value: "0" },
    ServerSetting { name: "insert_deduplicate", value: "0" },
    ServerSetting { name: "deduplicate_insert", value: "disable" },
];

/// The settings that make an insert through `Distributed` wait for the shard, the newest first.
const DISTRIBUTED: [ServerSetting; 2] = [
    ServerSetting { name: "distributed_foreground_insert", value: "1" },
    ServerSetting { name: "insert_distributed_sync", value: "1" },
];

/// A setting of a statement or of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerSetting {
    /// Its name.
    pub name: &'static str,
    /// Its value, as the server shows it.
    pub value: &'static str,
}

/// Whether a server may be used that loses what it has answered when its machine loses power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VolatileStorage {
    /// No.
    #[default]
    Refused,
    /// The operator accepts it.
    Accepted,
}

/// The cluster that tables are spread over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterShape {
    /// Its name, for `ON CLUSTER` and `Distributed`.
    pub name: String,
    /// The number of shards.
    pub shards: usize,
    /// Whether every shard has replicas: tables are `Replicated…`, with the macros `shard` and `replica`.
    pub is_replicated: bool,
}

/// What every statement and every table gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurabilityPlan {
    /// The settings of statements that insert nothing.
    pub read_settings: Vec<ServerSetting>,
    /// The settings of inserts.
    pub insert_settings: Vec<ServerSetting>,
    /// The settings that `CREATE TABLE` has to name.
    pub table_settings: Vec<ServerSetting>,
    /// `None` for one server alone.
    pub cluster: Option<ClusterShape>,
    /// Whether an answered insert may be lost with the power of one machine. Only if the operator accepts it.
    pub is_volatile: bool,
}

/// Why a server is not used, in one sentence for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DurabilityRefusal {
    /// It can promise nothing.
    #[error(
        "this version of ClickHouse cannot sync inserts to disk, and no cluster with two replicas is configured \
         on it: it would lose reports with its power, which --accept-volatile accepts"
    )]
    Volatile,
    /// The cluster of the address is not one of this server.
    #[error(
        "ClickHouse has no cluster with the name that its address names as cluster, with this node in it"
    )]
    UnknownCluster,
    /// There is no telling which one is meant.
    #[error(
        "this node of ClickHouse is in several clusters with replicas: name one with ?cluster=… in its address"
    )]
    SeveralClusters,
    /// Replicas need it.
    #[error("the cluster of ClickHouse has replicas, and no ZooKeeper or Keeper is configured for it")]
    NoCoordination,
    /// Replicated tables are named by them.
    #[error("the cluster of ClickHouse has replicas, and its nodes have no macros shard and replica")]
    NoMacros,
    /// It cannot wait for the second replica.
    #[error("this version of ClickHouse does not know insert_quorum, which its replicas need to be durable")]
    NoQuorum,
}

/// Decides the settings for a server. `cluster` is the name in its address.
///
/// A server is durable if it syncs an insert to disk, or if its cluster has at least two replicas of every
/// shard, of which two have an insert before it is answered. Where it can do both, it does both.
///
/// # Errors
/// Why this server is not used.
pub fn decide_durability(
    facts: &ServerFacts,
    cluster: Option<&str>,
    volatile: VolatileStorage,
) -> Result<DurabilityPlan, DurabilityRefusal> {
    let cluster = chosen_cluster(&facts.clusters, cluster)?;
    let is_replicated = cluster.as_ref().is_some_and(|cluster| cluster.is_replicated);
    if is_replicated {
        check_replication(facts)?;
    }
    let has_fsync = FSYNC.iter().all(|&name| facts.knows_table_setting(name));
    let is_volatile = !has_fsync && !is_replicated;
    if is_volatile && volatile == VolatileStorage::Refused {
        return Err(DurabilityRefusal::Volatile);
    }
    let known = |setting: &ServerSetting| facts.knows_setting(setting.name);
    let quorum = quorum_settings(is_replicated);
    let distributed = DISTRIBUTED.into_iter().find(known);
    let table = FSYNC.map(|name| ServerSetting { name, value: "1" });
    Ok(DurabilityPlan {
        read_settings: READ_SETTINGS.into_iter().filter(known).collect(),
        insert_settings: INSERT_SETTINGS.into_iter().chain(quorum).filter(known).chain(distributed).collect(),
        table_settings: table.into_iter().filter(|_| has_fsync).collect(),
        cluster,
        is_volatile,
    })
}

/// `insert_quorum_parallel`: inserts do not wait for each other, where the server can do that.
fn quorum_settings(is_replicated: bool) -> Vec<ServerSetting> {
    if !is_replicated {
        return vec![ServerSetting { name: QUORUM_SETTING, value: "0" }];
    }
    vec![
        ServerSetting { name: QUORUM_SETTING, value: QUORUM },
        ServerSetting { name: "insert_quorum_parallel", value: "1" },
        ServerSetting { name: "insert_quorum_timeout", value: QUORUM_TIMEOUT },
    ]
}

fn check_replication(facts: &ServerFacts) -> Result<(), DurabilityRefusal> {
    if !facts.has_coordination {
        return Err(DurabilityRefusal::NoCoordination);
    }
    if ["shard", "replica"].iter().any(|&name| !facts.macros.contains(name)) {
        return Err(DurabilityRefusal::NoMacros);
    }
    if facts.knows_setting(QUORUM_SETTING) { Ok(()) } else { Err(DurabilityRefusal::NoQuorum) }
}

/// The named cluster, or the only one with replicas. A server may have others, as examples.
fn chosen_cluster(
    nodes: &[NodeInCluster],
    name: Option<&str>,
) -> Result<Option<ClusterShape>, DurabilityRefusal> {
    let mut names =
        nodes.iter().filter(|node| node.is_this).map(|node| node.cluster.as_str()).collect::<Vec<_>>();
    names.sort_unstable();
    names.dedup();
    let shapes = names.into_iter().map(|name| shape_of(nodes, name));
    if let Some(name) = name {
        let named = shapes.into_iter().find(|shape| shape.name == name);
        return named.map(Some).ok_or(DurabilityRefusal::UnknownCluster);
    }
    let mut replicated = shapes.filter(|shape| shape.is_replicated);
    let first = replicated.next();
    if replicated.next().is_some() { Err(DurabilityRefusal::SeveralClusters) } else { Ok(first) }
}

fn shape_of(nodes: &[NodeInCluster], name: &str) -> ClusterShape {
    let mut shards =
        nodes.iter().filter(|node| node.cluster == name).map(|node| node.shard).collect::<Vec<_>>();
    shards.sort_unstable();
    let replicas = shards.chunk_by(|one, other| one == other).map(<[u32]>::len);
    let is_replicated = replicas.clone().all(|replicas| replicas >= 2);
    ClusterShape { name: name.to_owned(), shards: replicas.count(), is_replicated }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(cluster: &str, shard: u32, is_this: bool) -> NodeInCluster {
        NodeInCluster { cluster: cluster.to_owned(), shard, is_this }
    }

    fn two_by_two(cluster: &str) -> Vec<NodeInCluster> {
        [(1, true), (1, false), (2, false), (2, false)]
            .map(|(shard, is_this)| node(cluster, shard, is_this))
            .into()
    }

    /// A server that knows these settings, and these of tables.
    fn facts(settings: &[&str], table_settings: &[&str]) -> ServerFacts {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        ServerFacts { settings: set(settings), table_settings: set(table_settings), ..ServerFacts::default() }
    }

    fn replicated(settings: &[&str], table_settings: &[&str]) -> ServerFacts {
        ServerFacts {
            clusters: two_by_two("fleet"),
            macros: ["replica", "shard"].map(str::to_owned).into(),
            has_coordination: true,
            ..facts(settings, table_settings)
        }
    }

    const OLD: [&str; 5] = [
        "log_queries",
        "insert_quorum",
        "insert_quorum_timeout",
        "insert_distributed_sync",
        "insert_deduplicate",
    ];
    const NEW: [&str; 8] = [
        "log_queries",
        "async_insert",
        "insert_quorum",
        "insert_quorum_parallel",
        "insert_quorum_timeout",
        "insert_distributed_sync",
        "distributed_foreground_insert",
        "do_not_merge_across_partitions_select_final",
    ];

    fn pairs(settings: &[ServerSetting]) -> Vec<String> {
        settings.iter().map(|setting| format!("{}={}", setting.name, setting.value)).collect()
    }

    #[test]
    fn every_server_gets_the_settings_that_it_knows_or_is_refused_for_one_reason() {
        use DurabilityRefusal::{
            NoCoordination, NoMacros, NoQuorum, SeveralClusters, UnknownCluster, Volatile,
        };
        use VolatileStorage::{Accepted, Refused};
        let with = |clusters: &[Vec<NodeInCluster>]| ServerFacts {
            clusters: clusters.concat(),
            ..replicated(&OLD, &[])
        };
        let away = [node("fleet", 1, false), node("fleet", 1, false)].to_vec();
        let sharded = [node("spread", 1, true), node("spread", 2, false)].to_vec();
        for (case, facts, cluster, volatile, expected) in [
            ("old, alone", facts(&OLD, &[]), None, Refused, Err(Volatile)),
            ("old, alone, accepted", facts(&OLD, &[]), None, Accepted, Ok((false, true, 0))),
            ("half of fsync", facts(&NEW, &["fsync_after_insert"]), None, Refused, Err(Volatile)),
            ("new, alone", facts(&NEW, &FSYNC), None, Refused, Ok((false, false, 2))),
            ("old, replicas", replicated(&OLD, &[]), None, Refused, Ok((true, false, 0))),
            ("new, replicas", replicated(&NEW, &FSYNC), None, Refused, Ok((true, false, 2))),
            ("its name", replicated(&OLD, &[]), Some("fleet"), Refused, Ok((true, false, 0))),
            ("another name", replicated(&OLD, &[]), Some("other"), Refused, Err(UnknownCluster)),
            ("of others", with(std::slice::from_ref(&away)), Some("fleet"), Refused, Err(UnknownCluster)),
            ("of others, unnamed", with(&[away]), None, Refused, Err(Volatile)),
            ("two", with(&[two_by_two("a"), two_by_two("b")]), None, Refused, Err(SeveralClusters)),
            (
                "two, one named",
                with(&[two_by_two("a"), two_by_two("b")]),
                Some("b"),
                Refused,
                Ok((true, false, 0)),
            ),
            ("an example", with(&[two_by_two("a"), sharded.clone()]), None, Refused, Ok((true, false, 0))),
            ("shards only", with(std::slice::from_ref(&sharded)), Some("spread"), Refused, Err(Volatile)),
            ("shards only, accepted", with(&[sharded]), Some("spread"), Accepted, Ok((false, true, 0))),
            (
                "no keeper",
                ServerFacts { has_coordination: false, ..replicated(&OLD, &[]) },
                None,
                Accepted,
                Err(NoCoordination),
            ),
            (
                "no macros",
                ServerFacts { macros: [].into(), ..replicated(&OLD, &[]) },
                None,
                Accepted,
                Err(NoMacros),
            ),
            ("no quorum", replicated(&[], &FSYNC), None, Accepted, Err(NoQuorum)),
        ] {
            let decided = decide_durability(&facts, cluster, volatile);
            let seen = decided.map(|plan| {
                let is_replicated = plan.cluster.is_some_and(|cluster| cluster.is_replicated);
                (is_replicated, plan.is_volatile, plan.table_settings.len())
            });
            assert_eq!(seen, expected, "{case}");
        }
    }

    #[test]
    fn the_settings_of_a_plan_are_those_that_the_server_knows() {
        let plan = decide_durability(&replicated(&OLD, &[]), None, VolatileStorage::Refused).unwrap();
        assert_eq!(pairs(&plan.read_settings), ["log_queries=0"]);
        assert_eq!(
            pairs(&plan.insert_settings),
            [
                "log_queries=0",
                "insert_deduplicate=0",
                "insert_quorum=2",
                "insert_quorum_timeout=10000",
                "insert_distributed_sync=1"
            ]
        );
        let shape = ClusterShape { name: "fleet".to_owned(), shards: 2, is_replicated: true };
        assert_eq!(plan.cluster, Some(shape));
        let plan = decide_durability(&facts(&NEW, &FSYNC), None, VolatileStorage::Refused).unwrap();
        assert_eq!(
            pairs(&plan.insert_settings),
            ["log_queries=0", "async_insert=0", "insert_quorum=0", "distributed_foreground_insert=1"]
        );
        assert_eq!(pairs(&plan.table_settings), ["fsync_after_insert=1", "fsync_part_directory=1"]);
        assert_eq!(
            pairs(&plan.read_settings),
            ["log_queries=0", "do_not_merge_across_partitions_select_final=0"]
        );
    }
}
