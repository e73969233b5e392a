//! Nodes: machines, and the pseudo nodes of managed databases.

use std::cmp::Ordering;

use headcount_prometheus::results::InternedString;

use super::{LatestText, RowId, TextInterner};
use crate::prices::NodePrice;

/// The identifier of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeKey {
    /// A machine, by its ids.
    Machine {
        /// The machine id; the system UUID if it is missing.
        machine_id: InternedString,
        /// The system UUID without dashes; the machine id if it is missing.
        system_uuid: InternedString,
    },
    /// The pseudo node of a managed database or cache, by its id.
    Managed(InternedString),
}

/// A node. Numbers are NaN if unknown.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its identifier.
    pub key: NodeKey,
    /// Its host name from the node agent.
    pub hostname: LatestText,
    /// Its name in Kubernetes.
    pub kubernetes_name: LatestText,
    /// The version of its kernel from the node agent, or else from Kubernetes.
    pub kernel: LatestText,
    /// Whether a node agent runs on it.
    pub has_agent: bool,
    /// The version of the node agent.
    pub agent_version: LatestText,
    /// Whether it belongs to AWS Fargate.
    pub is_fargate: bool,
    /// Its cloud metadata.
    pub cloud: CloudMetadata,
    /// Seconds since it booted.
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
    /// Its price; `None` if unknown.
    pub price: Option<NodePrice>,
}

/// The cloud metadata of a node. Texts are empty if unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CloudMetadata {
    /// The provider, in lower case.
    pub provider: LatestText,
    /// The region, in lower case.
    pub region: LatestText,
    /// The availability zone, in lower case.
    pub zone: LatestText,
    /// The type of the machine, in lower case.
    pub instance_type: LatestText,
    /// The purchasing option, such as `spot`; in lower case.
    pub life_cycle: LatestText,
}

impl Node {
    /// A node with a key and no known values.
    #[must_use]
    pub fn new(key: NodeKey) -> Self {
        Self {
            key,
            hostname: LatestText::default(),
            kubernetes_name: LatestText::default(),
            kernel: LatestText::default(),
            has_agent: false,
            agent_version: LatestText::default(),
            is_fargate: false,
            cloud: CloudMetadata::default(),
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

    /// Its name: the host name, or else the name in Kubernetes; empty if it has neither.
    #[must_use]
    pub const fn name(&self) -> InternedString {
        let hostname = self.hostname.text();
        if hostname.is_empty() { self.kubernetes_name.text() } else { hostname }
    }
}

/// A disk of a node. Each measure is a row in the answer to the query of that name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeDisk {
    /// The device.
    pub device: InternedString,
    /// `node_disk_read_time`, seconds per second.
    pub read_time: Option<RowId>,
    /// `node_disk_write_time`, seconds per second.
    pub write_time: Option<RowId>,
    /// `node_disk_reads`, per second.
    pub reads: Option<RowId>,
    /// `node_disk_writes`, per second.
    pub writes: Option<RowId>,
    /// `node_disk_read_bytes`, per second.
    pub read_bytes: Option<RowId>,
    /// `node_disk_written_bytes`, per second.
    pub written_bytes: Option<RowId>,
    /// `node_disk_io_time`, seconds per second.
    pub io_time: Option<RowId>,
}

/// A network interface of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkInterface {
    /// Its name.
    pub name: InternedString,
    /// 1 if it is up, 0 if it is down.
    pub up: f32,
    /// `node_net_rx_bytes`, bytes per second.
    pub received_bytes: Option<RowId>,
    /// `node_net_tx_bytes`, bytes per second.
    pub sent_bytes: Option<RowId>,
}

impl NodeKey {
    /// Compares two keys by their texts.
    #[must_use]
    pub fn compare(self, other: Self, texts: &TextInterner<'_>) -> Ordering {
        let parts = |key: Self| match key {
            Self::Machine { machine_id, system_uuid } => [machine_id, system_uuid],
            Self::Managed(id) => [id, InternedString::EMPTY],
        };
        let ([one, two], [other_one, other_two]) = (parts(self), parts(other));
        texts.compare(one, other_one).then_with(|| texts.compare(two, other_two))
    }
}
