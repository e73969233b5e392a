//! Runs a cluster of ClickHouse 18.16: two shards, each of two replicas, and a ZooKeeper.

use std::{fmt::Write, net::SocketAddr};

use headcount_guarded::GuardedDirectory;

use crate::{
    clickhouse_server::{ClickHouseServer, NodePorts, common_configuration},
    loopback_ports::{HOST, PortBlock},
    server_process::server_directory,
    zookeeper_server::ZooKeeperServer,
};

/// The number of shards.
pub const SHARDS: usize = 2;

/// The number of replicas of a shard.
pub const REPLICAS: usize = 2;

const NODES: usize = SHARDS * REPLICAS;

/// A cluster. It ends when it is dropped.
///
/// Every node has the macros `shard` and `replica`, and statements `ON CLUSTER` work.
#[derive(Debug)]
pub struct ClickHouseCluster {
    /// Replicas of a shard are neighbours.
    nodes: Vec<ClickHouseServer>,
    _zookeeper: ZooKeeperServer,
    _directory: GuardedDirectory,
    _ports: PortBlock,
}

impl ClickHouseCluster {
    /// The name of the cluster in its configuration.
    pub const NAME: &str = "fleet";

    /// Starts a cluster, and waits until every node answers.
    #[must_use]
    pub fn start() -> Self {
        let (directory, mut block) = (server_directory(), PortBlock::reserve());
        let keeper = block.next_address();
        let ports = [(); NODES].map(|()| NodePorts::next_of(&mut block));
        let zookeeper = ZooKeeperServer::start(directory.path(), keeper);
        let shared = cluster_configuration(keeper, &ports);
        let launched = ports.iter().enumerate().map(|(node, &ports)| {
            let name = format!("node{node}");
            let mut configuration = common_configuration(&directory.path().join(&name), ports);
            let shard = node / REPLICAS;
            write!(configuration, "{shared}<macros><shard>{shard}</shard><replica>{name}</replica></macros>")
                .unwrap();
            ClickHouseServer::launch(directory.path(), &name, ports, &configuration, "")
        });
        // All start at once.
        let launched = launched.collect::<Vec<_>>();
        let nodes = launched.into_iter().map(ClickHouseServer::ready).collect();
        Self { nodes, _zookeeper: zookeeper, _directory: directory, _ports: block }
    }

    /// A replica of a shard, both counted from zero.
    #[must_use]
    pub fn replica(&self, shard: usize, replica: usize) -> &ClickHouseServer {
        assert!(shard < SHARDS && replica < REPLICAS, "there is no such replica");
        self.nodes.get(shard * REPLICAS + replica).expect("the node was started")
    }

    /// Every node. Replicas of a shard are neighbours.
    #[must_use]
    pub fn nodes(&self) -> &[ClickHouseServer] {
        &self.nodes
    }

    /// One URL that names every node.
    #[must_use]
    pub fn url(&self) -> String {
        let nodes = self.nodes.iter().map(|node| node.address().to_string()).collect::<Vec<_>>();
        format!("http://{}/default", nodes.join(","))
    }
}

/// What all nodes are told.
fn cluster_configuration(keeper: SocketAddr, ports: &[NodePorts]) -> String {
    let mut shards = String::new();
    for shard in ports.chunks(REPLICAS) {
        shards.push_str("<shard><internal_replication>true</internal_replication>");
        for NodePorts { native, .. } in shard {
            write!(shards, "<replica><host>{HOST}</host><port>{native}</port></replica>").unwrap();
        }
        shards.push_str("</shard>");
    }
    format!(
        "<zookeeper><node><host>{HOST}</host><port>{}</port></node>\
         <session_timeout_ms>4000</session_timeout_ms></zookeeper>\
         <remote_servers><{name}>{shards}</{name}></remote_servers>\
         <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>",
        keeper.port(),
        name = ClickHouseCluster::NAME
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_that_was_killed_has_what_the_other_one_took_meanwhile() {
        let cluster = ClickHouseCluster::start();
        let made = cluster.replica(0, 0).ask(
            "CREATE TABLE part ON CLUSTER fleet (n UInt64) \
             ENGINE = ReplicatedMergeTree('/clickhouse/{shard}/part', '{replica}') ORDER BY n",
        );
        assert_eq!(made.unwrap().lines().count(), NODES);
        let (kept, killed) = (cluster.replica(1, 0), cluster.replica(1, 1));
        killed.kill();
        kept.ask("INSERT INTO part SELECT number FROM numbers(1000)").unwrap();
        killed.start_again();
        killed.ask("SYSTEM SYNC REPLICA part").unwrap();
        assert_eq!(killed.ask("SELECT sum(n) FROM part").unwrap(), "499500");
        assert_eq!(cluster.replica(0, 1).ask("SELECT count() FROM part").unwrap(), "0");
    }
}
