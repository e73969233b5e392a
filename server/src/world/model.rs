//! The model of a project: nodes, applications, their instances and the connections between them.
//!
//! A world is a view of the answers from which it was built. Current values are copied into it; values over
//! time stay in the answers, and the world refers to their rows ([`RowId`]). The order of series in the
//! answers does not matter, except for the order in which objects are numbered.

mod application;
mod connection;
mod container;
mod database;
mod id;
mod instance;
mod latest;
mod listen;
mod managed;
mod node;
mod pod;
mod runtime;
mod service;
mod several;
mod texts;

use std::{cmp::Ordering, fmt};

use hashbrown::HashMap;

pub use self::{
    application::{Application, ApplicationId, Category, Kind},
    connection::{Connection, Latency, OfConnection, Protocol, Remote, Requests},
    container::{Container, Series, State, Status, Volume},
    database::{Database, Engine},
    id::{
        AppId, ConnectionId, ContainerId, DatabaseId, Id, InstanceId, ManagedId, NodeId, PodId, RowId,
        ServiceId, Things,
    },
    instance::{Instance, Membership},
    latest::{Latest, keep_larger, keep_newer},
    listen::{Address, Host, Listen, ip},
    managed::{Managed, ManagedService},
    node::{Cloud, Disk, Interface, Node, NodeKey},
    pod::{Phase, Pod},
    runtime::{DotNet, Jvm},
    service::Service,
    several::Several,
    texts::Texts,
};
use super::{
    answers::{Answers, Symbol},
    catalogue::Query,
};

/// A hash map with a fast hasher and a fixed seed, so that its order is the same in every run.
pub type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// The nodes, applications and connections of a project.
pub struct World<'a> {
    /// The answers from which it was built.
    pub answers: &'a Answers,
    /// All texts.
    pub texts: Texts<'a>,
    /// Which agents were seen.
    pub agents: Agents,
    /// All nodes, pseudo nodes of managed databases included.
    pub nodes: Things<NodeId, Node>,
    /// CPU usage of nodes by mode: rows in the answer to `node_cpu_usage_by_mode`.
    pub cpu_modes: Several<NodeId, RowId>,
    /// The disks of nodes.
    pub disks: Several<NodeId, Disk>,
    /// The network interfaces of nodes.
    pub interfaces: Several<NodeId, Interface>,
    /// The addresses of nodes: rows in the answer to `node_net_ip`.
    pub node_ips: Several<NodeId, RowId>,
    /// Applications; see [`World::applications`].
    pub apps: Things<AppId, Application>,
    /// All instances.
    pub instances: Things<InstanceId, Instance>,
    /// Pods that are instances.
    pub pods: Things<PodId, Pod>,
    /// All containers.
    pub containers: Things<ContainerId, Container>,
    /// What containers run, such as `postgres`; each once.
    pub application_types: Several<ContainerId, Symbol>,
    /// What instances listen on.
    pub listens: Several<InstanceId, Listen>,
    /// Volumes of instances, by mount point.
    pub volumes: Several<InstanceId, Volume>,
    /// All connections.
    pub connections: Things<ConnectionId, Connection>,
    /// Request rates of connections.
    pub requests: OfConnection<Requests>,
    /// Latencies of connections.
    pub latencies: OfConnection<Latency>,
    /// DNS requests: rows in the answer to `container_dns_requests_total`.
    pub dns_requests: Several<ContainerId, RowId>,
    /// Latencies of DNS requests: rows in the answer to `container_dns_requests_latency`.
    pub dns_latencies: Several<ContainerId, RowId>,
    /// Log messages: rows in the answer to `container_log_messages`.
    pub log_messages: Several<ContainerId, RowId>,
    /// Kubernetes services with an address.
    pub services: Things<ServiceId, Service>,
    /// Managed databases and caches.
    pub managed: Things<ManagedId, Managed>,
    /// Series of managed databases: the query, and a row of its answer.
    pub managed_series: Several<ManagedId, (&'static Query, RowId)>,
    /// Errors of the discovery of managed databases, each once.
    pub aws_errors: Vec<Symbol>,
    /// Databases that an exporter monitors.
    pub databases: Things<DatabaseId, Database>,
    /// Series of databases: the query, and a row of its answer.
    pub database_series: Several<DatabaseId, (&'static Query, RowId)>,
    /// Java virtual machines.
    pub jvms: Several<InstanceId, Jvm>,
    /// Time that JVMs spent in garbage collection: rows in the answer to `container_jvm_gc_time_seconds`.
    pub jvm_gc: Several<InstanceId, RowId>,
    /// .NET applications.
    pub dotnets: Several<InstanceId, DotNet>,
    /// Generations of .NET heaps: the query, and a row of its answer.
    pub dotnet_generations: Several<InstanceId, (&'static Query, RowId)>,
    /// Rows in the answer to `up`, by job and instance.
    pub targets: Map<(Symbol, Symbol), RowId>,
}

/// The agents whose metrics were found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Agents {
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
    pub fn new(answers: &'a Answers) -> Self {
        Self {
            answers,
            texts: Texts::new(answers.symbols()),
            agents: Agents::default(),
            nodes: Things::default(),
            cpu_modes: Several::default(),
            disks: Several::default(),
            interfaces: Several::default(),
            node_ips: Several::default(),
            apps: Things::default(),
            instances: Things::default(),
            pods: Things::default(),
            containers: Things::default(),
            application_types: Several::default(),
            listens: Several::default(),
            volumes: Several::default(),
            connections: Things::default(),
            requests: Several::default(),
            latencies: Several::default(),
            dns_requests: Several::default(),
            dns_latencies: Several::default(),
            log_messages: Several::default(),
            services: Things::default(),
            managed: Things::default(),
            managed_series: Several::default(),
            aws_errors: Vec::new(),
            databases: Things::default(),
            database_series: Several::default(),
            jvms: Several::default(),
            jvm_gc: Several::default(),
            dotnets: Several::default(),
            dotnet_generations: Several::default(),
            targets: Map::default(),
        }
    }

    /// The text of a symbol.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
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
        let id = |instance: &Instance| self.apps[instance.application].id;
        let node = |instance: &Instance| instance.node.map(|node| self.nodes[node].key);
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
    pub fn containers_by_instance(&self) -> Several<InstanceId, ContainerId> {
        Several::gather(self.containers.iter().map(|(id, container)| (container.instance, id)).collect())
    }

    /// The connections of each instance as a client.
    #[must_use]
    pub fn upstreams(&self) -> Several<InstanceId, ConnectionId> {
        Several::gather(self.connections.iter().map(|(id, connection)| (connection.instance, id)).collect())
    }
}
