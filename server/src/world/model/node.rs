//! Nodes: machines, and the pseudo nodes of managed databases.

use std::cmp::Ordering;

use super::{Latest, RowId, Texts};
use crate::world::{answers::Symbol, prices::NodePrice};

/// What a node is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeKey {
    /// A machine, by its ids.
    Machine {
        /// The id of the machine; that of the system where it is missing.
        machine_id: Symbol,
        /// The id of the system without dashes; that of the machine where it is missing.
        system_uuid: Symbol,
    },
    /// The pseudo node of a managed database or cache, by the id of that.
    Managed(Symbol),
}

/// A node. Numbers are NaN where nothing is known.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is known by.
    pub key: NodeKey,
    /// Its host name as the node agent says it.
    pub hostname: Latest,
    /// Its name in Kubernetes.
    pub kubernetes_name: Latest,
    /// The version of its kernel; that which the node agent says before that which Kubernetes says.
    pub kernel: Latest,
    /// Whether a node agent runs on it.
    pub has_agent: bool,
    /// The version of the node agent.
    pub agent_version: Latest,
    /// Whether it is one of AWS Fargate.
    pub is_fargate: bool,
    /// Where it was rented.
    pub cloud: Cloud,
    /// Seconds since its start.
    pub uptime: f32,
    /// Logical CPU cores.
    pub cpu_cores: f32,
    /// Memory in bytes.
    pub memory_bytes: f32,
    /// CPU usage in percent over time.
    pub cpu_usage: Option<RowId>,
    /// Available memory in bytes over time.
    pub memory_available: Option<RowId>,
    /// Free memory in bytes over time.
    pub memory_free: Option<RowId>,
    /// Page cache in bytes over time.
    pub memory_cached: Option<RowId>,
    /// What it costs; `None` where the price is not known.
    pub price: Option<NodePrice>,
}

/// Where a node was rented. Empty where it is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cloud {
    /// The provider, in lower case.
    pub provider: Latest,
    /// The region, in lower case.
    pub region: Latest,
    /// The availability zone, in lower case.
    pub zone: Latest,
    /// The type of the machine, in lower case.
    pub instance_type: Latest,
    /// Whether it is rented for long or until somebody pays more, such as `spot`; in lower case.
    pub life_cycle: Latest,
}

impl Node {
    /// A node of which nothing else is known.
    #[must_use]
    pub fn new(key: NodeKey) -> Self {
        Self {
            key,
            hostname: Latest::default(),
            kubernetes_name: Latest::default(),
            kernel: Latest::default(),
            has_agent: false,
            agent_version: Latest::default(),
            is_fargate: false,
            cloud: Cloud::default(),
            uptime: f32::NAN,
            cpu_cores: f32::NAN,
            memory_bytes: f32::NAN,
            cpu_usage: None,
            memory_available: None,
            memory_free: None,
            memory_cached: None,
            price: None,
        }
    }

    /// Its name: the host name, or else that in Kubernetes; empty when it has none.
    #[must_use]
    pub const fn name(&self) -> Symbol {
        let hostname = self.hostname.text();
        if hostname.is_empty() { self.kubernetes_name.text() } else { hostname }
    }
}

/// A disk of a node. Each measure is a row in the answer to the query of that name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    /// The device.
    pub device: Symbol,
    /// `node_disk_read_time`, seconds a second.
    pub read_time: Option<RowId>,
    /// `node_disk_write_time`, seconds a second.
    pub write_time: Option<RowId>,
    /// `node_disk_reads`, a second.
    pub reads: Option<RowId>,
    /// `node_disk_writes`, a second.
    pub writes: Option<RowId>,
    /// `node_disk_read_bytes`, a second.
    pub read_bytes: Option<RowId>,
    /// `node_disk_written_bytes`, a second.
    pub written_bytes: Option<RowId>,
    /// `node_disk_io_time`, seconds a second.
    pub io_time: Option<RowId>,
}

/// A network interface of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Interface {
    /// Its name.
    pub name: Symbol,
    /// 1 when it is up, 0 when it is down.
    pub up: f32,
    /// `node_net_rx_bytes`, bytes a second.
    pub received_bytes: Option<RowId>,
    /// `node_net_tx_bytes`, bytes a second.
    pub sent_bytes: Option<RowId>,
}

impl NodeKey {
    /// The order of two by their texts.
    #[must_use]
    pub fn compare(self, other: Self, texts: &Texts<'_>) -> Ordering {
        let parts = |key: Self| match key {
            Self::Machine { machine_id, system_uuid } => [machine_id, system_uuid],
            Self::Managed(id) => [id, Symbol::EMPTY],
        };
        let ([one, two], [other_one, other_two]) = (parts(self), parts(other));
        texts.compare(one, other_one).then_with(|| texts.compare(two, other_two))
    }
}
