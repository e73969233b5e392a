//! Defines the shape of an installation: what is counted is set here, the rest is random.

mod document;
mod random;
mod sized;
mod workload_change;

use super::{clouds::MachineType, software::SimulatedDatabaseKind, software::Software};

pub use self::workload_change::{CallFailures, VersionLoad, WorkloadChange};

/// What an installation consists of. [`ServiceCall`]s refer to workloads, managed databases and external
/// services by `namespace/name`, or by the name if there is no namespace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FleetShape {
    /// The machines.
    pub nodes: Vec<NodePlan>,
    /// Whether kube-state-metrics is scraped. It matters only for nodes of Kubernetes.
    pub kube_state_metrics: bool,
    /// What runs on the machines.
    pub workloads: Vec<WorkloadPlan>,
    /// Managed databases that the cluster agent finds at AWS.
    pub cloud_databases: Vec<CloudDatabase>,
    /// The external services.
    pub externals: Vec<OutsideService>,
    /// The calls between all of these.
    pub calls: Vec<ServiceCall>,
}

/// A machine to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePlan {
    /// Whether the node agent runs on it.
    pub agent: bool,
    /// Whether it belongs to the Kubernetes cluster.
    pub kubernetes: bool,
    /// Whether it is a node of AWS Fargate: it has no agent then, and its containers are seen by cAdvisor.
    pub fargate: bool,
    /// What it is.
    pub machine: &'static MachineType,
    /// Whether it is a spot machine.
    pub spot: bool,
}

/// The kind of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkloadKind {
    /// Pods of a replica set of a Deployment.
    Deployment,
    /// Pods of a StatefulSet.
    StatefulSet,
    /// A pod on every node of Kubernetes.
    DaemonSet,
    /// Jobs that run on a schedule, on `replicas` nodes.
    CronJob,
    /// Pods of a replica set that no Deployment owns.
    ReplicaSet,
    /// Completed pods of a Job.
    Job,
    /// Static pods, one per node.
    StaticPods,
    /// One pod without an owner.
    BarePod,
    /// Pods owned by a custom resource of an operator.
    Operated,
    /// A container of Docker, with the same name on `replicas` nodes.
    Docker,
    /// A unit of systemd, with the same name on `replicas` nodes.
    Systemd,
    /// A container of LXC, with the same name on `replicas` nodes.
    Lxc,
    /// Allocations of a task group of Nomad. The name is `<job>.<group>`.
    Nomad,
    /// Tasks of a service of Docker Swarm.
    Swarm,
}

impl WorkloadKind {
    /// Whether it runs as pods.
    #[must_use]
    pub const fn is_kubernetes(self) -> bool {
        !matches!(self, Self::Docker | Self::Systemd | Self::Lxc | Self::Nomad | Self::Swarm)
    }
}

/// A workload to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadPlan {
    /// Its namespace; empty outside of Kubernetes and Nomad.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: WorkloadKind,
    /// How many instances it has. A daemon set always has one per node.
    pub replicas: u32,
    /// What it is.
    pub software: &'static Software,
    /// A second container in each pod.
    pub sidecar: Option<&'static Software>,
    /// Whether the built-in categories assign it to the control plane or to monitoring, so that it is not
    /// counted.
    pub auxiliary: bool,
    /// The database cluster that its pods belong to, by their labels.
    pub cluster: Option<ClusterOperator>,
    /// How its database metrics are exported.
    pub exporter: Option<ExporterKind>,
    /// How it changes over time.
    pub change: WorkloadChange,
    /// The number of pods that its first pod owns.
    pub children: u32,
    /// Whether its pods share the network of their nodes.
    pub host_network: bool,
    /// Whether its pods run on Fargate.
    pub fargate: bool,
}

impl WorkloadPlan {
    /// A workload with one instance and defaults for everything else.
    #[must_use]
    pub fn new(kind: WorkloadKind, namespace: &str, name: &str, software: &'static Software) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            kind,
            replicas: 1,
            software,
            sidecar: None,
            auxiliary: false,
            cluster: None,
            exporter: None,
            change: WorkloadChange::Steady,
            children: 0,
            host_network: false,
            fargate: false,
        }
    }

    /// Sets the number of instances.
    #[must_use]
    pub fn replicas(self, replicas: u32) -> Self {
        Self { replicas, ..self }
    }

    /// Marks it as not counted.
    #[must_use]
    pub fn auxiliary(self) -> Self {
        Self { auxiliary: true, ..self }
    }

    /// Sets how its database metrics are exported.
    #[must_use]
    pub fn exported(self, exporter: ExporterKind) -> Self {
        Self { exporter: Some(exporter), ..self }
    }

    /// Sets how it changes over time.
    #[must_use]
    pub fn change(self, change: WorkloadChange) -> Self {
        Self { change, ..self }
    }

    /// Adds a second container to each pod.
    #[must_use]
    pub fn sidecar(self, sidecar: &'static Software) -> Self {
        Self { sidecar: Some(sidecar), ..self }
    }

    /// Assigns it to a database cluster.
    #[must_use]
    pub fn cluster(self, cluster: ClusterOperator) -> Self {
        Self { cluster: Some(cluster), ..self }
    }
}

/// A database cluster, by the operator or chart whose labels its pods have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterOperator {
    /// Zalando's operator.
    Zalando(String),
    /// CloudNativePG.
    CloudNative(String),
    /// Crunchy Data's operator.
    Crunchy(String),
    /// EDB's operator.
    Edb(String),
    /// StackGres.
    StackGres(String),
    /// Percona's operator for MongoDB.
    Percona(String),
    /// A Helm chart of this name, and the name of its release.
    Helm(&'static str, String),
}

/// How metrics of a database come to Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExporterKind {
    /// The cluster agent queries the database at its address.
    ClusterAgent,
    /// An exporter in this instance, which Prometheus knows by its address.
    ByInstance,
    /// An exporter in this instance, which Prometheus knows by its pod.
    ByPod,
}

/// A managed database at AWS.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudDatabase {
    /// Its name.
    pub name: String,
    /// Which service manages it.
    pub service: CloudService,
    /// The engine, as AWS writes it.
    pub engine: &'static str,
    /// The database that the engine counts as; `None` if it is not counted.
    pub database: Option<SimulatedDatabaseKind>,
    /// Its port.
    pub port: u16,
    /// How many instances the cluster has.
    pub instances: u32,
    /// Whether the price file has its instance type.
    pub priced: bool,
    /// Whether the cluster agent exports its metrics.
    pub exported: bool,
}

/// A service of AWS that manages databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudService {
    /// RDS, with an instance of its own.
    Rds,
    /// RDS, as a cluster.
    RdsCluster,
    /// ElastiCache.
    ElastiCache,
}

/// An external service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideService {
    /// The name that calls use. It is the domain name too, if that is known.
    pub name: String,
    /// Whether an agent has seen a DNS lookup of the name.
    pub resolved: bool,
    /// How many addresses it has.
    pub addresses: u32,
    /// Its port. No two unresolved ones may have the same.
    pub port: u16,
    /// Whether the built-in categories assign its name to monitoring.
    pub auxiliary: bool,
    /// Whether its addresses are those of a load balancer: the server behind each has another address and
    /// port.
    pub balanced: bool,
}

/// A call between two parts of an installation.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceCall {
    /// The caller, a workload.
    pub from: String,
    /// The callee.
    pub to: String,
    /// The route of the call.
    pub via: CallRoute,
    /// A time in which its requests fail or are slow.
    pub trouble: Option<CallFailures>,
}

impl ServiceCall {
    /// Sets a time in which its requests fail or are slow.
    #[must_use]
    pub fn troubled(self, trouble: CallFailures) -> Self {
        Self { trouble: Some(trouble), ..self }
    }
}

/// The route from a caller to its callee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallRoute {
    /// To the address of an instance.
    Address,
    /// To the cluster address of a Kubernetes service, which leads to a pod.
    Service,
    /// To the cluster address of a Kubernetes service, without reaching a pod.
    ServiceInVain,
    /// On the same machine.
    Loopback,
}

/// A call whose requests never fail.
#[must_use]
pub fn call(from: &str, to: &str, via: CallRoute) -> ServiceCall {
    ServiceCall { from: from.to_owned(), to: to.to_owned(), via, trouble: None }
}
