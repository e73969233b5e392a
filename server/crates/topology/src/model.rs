//! The model of a project: nodes, applications, their instances and the connections between them.
//!
//! A world is a view of the answers from which it was built. Current values are copied into it; values over
//! time stay in the answers, and the world refers to their rows ([`RowId`]). The order of series in the
//! answers does not matter, except for the order in which objects are numbered.

mod application;
mod connection;
mod container;
mod database;
mod indexed_arena;
mod instance;
mod latest_text;
mod listen_address;
mod managed;
mod node;
mod one_to_many;
mod pod;
mod runtime;
mod service;
mod text_interner;

use std::{cmp::Ordering, fmt};

use hashbrown::HashMap;
use headcount_prometheus::{
    query::PrometheusQuery,
    results::{InternedString, QueryResults},
};

pub use self::{
    application::{Application, ApplicationCategory, ApplicationId, Kind},
    connection::{
        ApplicationProtocol, PerConnection, RemoteEndpoint, RequestLatency, RequestRate, UpstreamConnection,
    },
    container::{Container, ContainerSeries, ContainerState, ContainerStatus, MountedVolume},
    database::{DatabaseEngine, MonitoredDatabase},
    indexed_arena::{
        AppId, ArenaIndex, ConnectionId, ContainerId, DatabaseId, IndexedArena, InstanceId, ManagedId,
        NodeId, PodId, RowId, ServiceId,
    },
    instance::{ApplicationInstance, ClusterMembership},
    latest_text::{LatestText, keep_larger, keep_newer},
    listen_address::{HostPort, IpOrName, ListenAddress, ip},
    managed::{ManagedDatabase, ManagedService},
    node::{CloudMetadata, NetworkInterface, Node, NodeDisk, NodeKey},
    one_to_many::OneToMany,
    pod::{Pod, PodPhase},
    runtime::{DotNet, Jvm},
    service::Service,
    text_interner::TextInterner,
};

/// A hash map with a fast hasher and a fixed seed, so that its order is the same in every run.
pub type FastMap<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// The nodes, applications and connections of a project.
pub struct World<'a> {
    /// The answers from which it was built.
    pub answers: &'a QueryResults,
    /// All texts.
    pub texts: TextInterner<'a>,
    /// Which agents were seen.
    pub agents: AgentPresence,
    /// All nodes, pseudo nodes of managed databases included.
    pub nodes: IndexedArena<NodeId, Node>,
    /// CPU usage of nodes by mode: rows in the answer to `node_cpu_usage_by_mode`.
    pub cpu_modes: OneToMany<NodeId, RowId>,
    /// The disks of nodes.
    pub disks: OneToMany<NodeId, NodeDisk>,
    /// The network interfaces of nodes.
    pub interfaces: OneToMany<NodeId, NetworkInterface>,
    /// The addresses of nodes: rows in the answer to `node_net_ip`.
    pub node_ips: OneToMany<NodeId, RowId>,
    /// Applications; see [`World::applications`].
    pub apps: IndexedArena<AppId, Application>,
    /// All instances.
    pub instances: IndexedArena<InstanceId, ApplicationInstance>,
    /// Pods that are instances.
    pub pods: IndexedArena<PodId, Pod>,
    /// All containers.
    pub containers: IndexedArena<ContainerId, Container>,
    /// What containers run, such as `postgres`; each once.
    pub application_types: OneToMany<ContainerId, InternedString>,
    /// What instances listen on.
    pub listens: OneToMany<InstanceId, ListenAddress>,
    /// Volumes of instances, by mount point.
    pub volumes: OneToMany<InstanceId, MountedVolume>,
    /// All connections.
    pub connections: IndexedArena<ConnectionId, UpstreamConnection>,
    /// Request rates of connections.
    pub requests: PerConnection<RequestRate>,
    /// Latencies of connections.
    pub latencies: PerConnection<RequestLatency>,
    /// DNS requests: rows in the answer to `container_dns_requests_total`.
    pub dns_requests: OneToMany<ContainerId, RowId>,
    /// Latencies of DNS requests: rows in the answer to `container_dns_requests_latency`.
    pub dns_latencies: OneToMany<ContainerId, RowId>,
    /// Log messages: rows in the answer to `container_log_messages`.
    pub log_messages: OneToMany<ContainerId, RowId>,
    /// Kubernetes services with an address.
    pub services: IndexedArena<ServiceId, Service>,
    /// Managed databases and caches.
    pub managed: IndexedArena<ManagedId, ManagedDatabase>,
    /// Series of managed databases: the query, and a row of its answer.
    pub managed_series: OneToMany<ManagedId, (&'static PrometheusQuery, RowId)>,
    /// Errors of the discovery of managed databases, each once.
    pub aws_errors: Vec<InternedString>,
    /// Databases that an exporter monitors.
    pub databases: IndexedArena<DatabaseId, MonitoredDatabase>,
    /// Series of databases: the query, and a row of its answer.
    pub database_series: OneToMany<DatabaseId, (&'static PrometheusQuery, RowId)>,
    /// Java virtual machines.
    pub jvms: OneToMany<InstanceId, Jvm>,
    /// Time that JVMs spent in garbage collection: rows in the answer to `container_jvm_gc_time_seconds`.
    pub jvm_gc: OneToMany<InstanceId, RowId>,
    /// .NET applications.
    pub dotnets: OneToMany<InstanceId, DotNet>,
    /// Generations of .NET heaps: the query, and a row of its answer.
    pub dotnet_generations: OneToMany<InstanceId, (&'static PrometheusQuery, RowId)>,
    /// Rows in the answer to `up`, by job and instance.
    pub targets: FastMap<(InternedString, InternedString), RowId>,
}

/// The agents whose metrics were found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AgentPresence {
    /// Whether a node agent was seen.
    pub node_agent: bool,
    /// Whether kube-state-metrics was seen.
    pub kube_state_metrics: bool,
    /// Whether there is a Kubernetes cluster, and so should be kube-state-metrics.
    pub kubernetes: bool,
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only sizes: the rest contains names from the operator's cluster.
        formatter
            .debug_struct("World")
            .field("nodes", &self.nodes.len())
            .field("applications", &self.applications().count())
            .field("instances", &self.instances.len())
            .field("containers", &self.containers.len())
            .field("connections", &self.connections.len())
            .finish_non_exhaustive()
    }
}

impl<'a> World<'a> {
    /// An empty world.
    #[must_use]
    pub fn new(answers: &'a QueryResults) -> Self {
        Self {
            answers,
            texts: TextInterner::new(answers.symbols()),
            agents: AgentPresence::default(),
            nodes: IndexedArena::default(),
            cpu_modes: OneToMany::default(),
            disks: OneToMany::default(),
            interfaces: OneToMany::default(),
            node_ips: OneToMany::default(),
            apps: IndexedArena::default(),
            instances: IndexedArena::default(),
            pods: IndexedArena::default(),
            containers: IndexedArena::default(),
            application_types: OneToMany::default(),
            listens: OneToMany::default(),
            volumes: OneToMany::default(),
            connections: IndexedArena::default(),
            requests: OneToMany::default(),
            latencies: OneToMany::default(),
            dns_requests: OneToMany::default(),
            dns_latencies: OneToMany::default(),
            log_messages: OneToMany::default(),
            services: IndexedArena::default(),
            managed: IndexedArena::default(),
            managed_series: OneToMany::default(),
            aws_errors: Vec::new(),
            databases: IndexedArena::default(),
            database_series: OneToMany::default(),
            jvms: OneToMany::default(),
            jvm_gc: OneToMany::default(),
            dotnets: OneToMany::default(),
            dotnet_generations: OneToMany::default(),
            targets: FastMap::default(),
        }
    }

    /// The text of a symbol.
    #[must_use]
    pub fn text(&self, symbol: InternedString) -> &str {
        self.texts.text(symbol)
    }

    /// The applications, without those that were merged into a database cluster.
    pub fn applications(&self) -> impl Iterator<Item = (AppId, &Application)> {
        self.apps.iter().filter(|(_, app)| app.joined.is_none())
    }

    /// Whether an instance is a pod that is gone.
    #[must_use]
    pub fn is_obsolete(&self, instance: InstanceId) -> bool {
        self.instances[instance].pod.is_some_and(|pod| self.pods[pod].is_obsolete())
    }

    /// Compares two instances by the texts of their applications, their names and their nodes.
    #[must_use]
    pub fn compare_instances(&self, one: InstanceId, other: InstanceId) -> Ordering {
        let (one, other) = (&self.instances[one], &self.instances[other]);
        let id = |instance: &ApplicationInstance| self.apps[instance.application].id;
        let node = |instance: &ApplicationInstance| instance.node.map(|node| self.nodes[node].key);
        id(one)
            .compare(id(other), &self.texts)
            .then_with(|| self.texts.compare(one.name, other.name))
            .then_with(|| match (node(one), node(other)) {
                (Some(one), Some(other)) => one.compare(other, &self.texts),
                (one, other) => one.is_some().cmp(&other.is_some()),
            })
    }

    /// The containers of each instance.
    #[must_use]
    pub fn containers_by_instance(&self) -> OneToMany<InstanceId, ContainerId> {
        OneToMany::gather(self.containers.iter().map(|(id, container)| (container.instance, id)).collect())
    }

    /// The connections of each instance as a client.
    #[must_use]
    pub fn upstreams(&self) -> OneToMany<InstanceId, ConnectionId> {
        OneToMany::gather(self.connections.iter().map(|(id, connection)| (connection.instance, id)).collect())
    }
}
