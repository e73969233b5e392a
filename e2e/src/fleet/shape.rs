//! Which installation is to be invented? What is counted is said here, chance fills in the rest.

mod document;
mod fate;
mod random;
mod sized;

use super::{clouds::Machine, software::Database, software::Software};

pub use self::fate::{Fate, Load, Trouble};

/// What an installation consists of. Workloads, managed databases and external services are named in [`Call`]s by
/// `namespace/name`, those without a namespace by their name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    /// The machines.
    pub nodes: Vec<NodePlan>,
    /// Whether kube-state-metrics is scraped. Only nodes of Kubernetes care.
    pub kube_state_metrics: bool,
    /// What runs on the machines.
    pub workloads: Vec<Workload>,
    /// Managed databases that the cluster agent finds at AWS.
    pub cloud_databases: Vec<CloudDatabase>,
    /// What is called outside.
    pub externals: Vec<External>,
    /// Who calls whom.
    pub calls: Vec<Call>,
}

/// A machine.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePlan {
    /// Whether the node agent runs on it.
    pub agent: bool,
    /// Whether it belongs to the Kubernetes cluster.
    pub kubernetes: bool,
    /// Whether it is a machine of AWS Fargate: it has no agent then, and its containers are seen by cAdvisor.
    pub fargate: bool,
    /// What it is.
    pub machine: &'static Machine,
    /// Whether it is a spot machine.
    pub spot: bool,
}

/// How a workload runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Pods of a replica set of a Deployment.
    Deployment,
    /// Pods of a StatefulSet.
    StatefulSet,
    /// A pod on every node of Kubernetes.
    DaemonSet,
    /// Jobs that run and end again and again, on so many nodes.
    CronJob,
    /// Pods of a replica set that no Deployment owns.
    ReplicaSet,
    /// Completed pods of a Job.
    Job,
    /// Pods that are files on their nodes, one a node.
    StaticPods,
    /// One pod that nobody owns.
    BarePod,
    /// Pods that an operator owns by a resource of its own kind.
    Operated,
    /// A container of Docker, of the same name on so many nodes.
    Docker,
    /// A unit of systemd, of the same name on so many nodes.
    Systemd,
    /// A container of LXC, of the same name on so many nodes.
    Lxc,
    /// Allocations of a task group of Nomad. The name is `<job>.<group>`.
    Nomad,
    /// Tasks of a service of Docker Swarm.
    Swarm,
}

impl Kind {
    /// Whether it runs as pods.
    #[must_use]
    pub const fn is_kubernetes(self) -> bool {
        !matches!(self, Self::Docker | Self::Systemd | Self::Lxc | Self::Nomad | Self::Swarm)
    }
}

/// Something that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Its namespace; empty where there are none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How it runs.
    pub kind: Kind,
    /// How many instances it has. A daemon set has one a node, whatever is said here.
    pub replicas: u32,
    /// What it is.
    pub software: &'static Software,
    /// What runs beside it in each pod.
    pub sidecar: Option<&'static Software>,
    /// Whether it belongs to the control plane or to monitoring by the built-in categories: it is not counted.
    pub auxiliary: bool,
    /// The database cluster that its pods say they belong to.
    pub cluster: Option<Cluster>,
    /// How its database is instrumented.
    pub exporter: Option<Exporter>,
    /// What became of it.
    pub fate: Fate,
    /// Pods that its first pod has started.
    pub children: u32,
    /// Whether its pods share the network of their nodes.
    pub host_network: bool,
    /// Whether its pods run on Fargate.
    pub fargate: bool,
}

impl Workload {
    /// A workload with one instance and nothing special.
    #[must_use]
    pub fn new(kind: Kind, namespace: &str, name: &str, software: &'static Software) -> Self {
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
            fate: Fate::Steady,
            children: 0,
            host_network: false,
            fargate: false,
        }
    }

    /// With so many instances.
    #[must_use]
    pub fn replicas(self, replicas: u32) -> Self {
        Self { replicas, ..self }
    }

    /// Not counted.
    #[must_use]
    pub fn auxiliary(self) -> Self {
        Self { auxiliary: true, ..self }
    }

    /// Instrumented.
    #[must_use]
    pub fn exported(self, exporter: Exporter) -> Self {
        Self { exporter: Some(exporter), ..self }
    }

    /// With a change in its life.
    #[must_use]
    pub fn fate(self, fate: Fate) -> Self {
        Self { fate, ..self }
    }

    /// With something beside it in each pod.
    #[must_use]
    pub fn sidecar(self, sidecar: &'static Software) -> Self {
        Self { sidecar: Some(sidecar), ..self }
    }

    /// In a database cluster.
    #[must_use]
    pub fn cluster(self, cluster: Cluster) -> Self {
        Self { cluster: Some(cluster), ..self }
    }
}

/// How an operator or a chart says that pods belong to one database cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cluster {
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
    /// A Helm chart of this name, installed under a name.
    Helm(&'static str, String),
}

/// How metrics of a database come to Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exporter {
    /// The cluster agent asks the database at its address.
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
    /// What the engine counts as, if as anything.
    pub database: Option<Database>,
    /// Its port.
    pub port: u16,
    /// How many instances the cluster has.
    pub instances: u32,
    /// Whether its type is one that the price file has.
    pub priced: bool,
    /// Whether the cluster agent asks it for its metrics.
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

/// A service outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// What calls refer to, and its domain name if that is known.
    pub name: String,
    /// Whether an agent has seen the name resolve.
    pub resolved: bool,
    /// How many addresses it has.
    pub addresses: u32,
    /// Its port. No two unresolved ones may have the same.
    pub port: u16,
    /// Whether the built-in categories take its name for monitoring.
    pub auxiliary: bool,
    /// Whether its addresses are those of a load balancer: what is reached behind each has another address and port.
    pub balanced: bool,
}

/// Somebody calls somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The caller, a workload.
    pub from: String,
    /// What is called.
    pub to: String,
    /// Which way.
    pub via: Via,
    /// When it does not go well.
    pub trouble: Option<Trouble>,
}

impl Call {
    /// With a time in which it does not go well.
    #[must_use]
    pub fn troubled(self, trouble: Trouble) -> Self {
        Self { trouble: Some(trouble), ..self }
    }
}

/// The way to what is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// To the address of an instance.
    Address,
    /// To the cluster address of a Kubernetes service, which leads to a pod.
    Service,
    /// To the cluster address of a Kubernetes service, in vain.
    ServiceInVain,
    /// On the same machine.
    Loopback,
}

/// A call that always goes well.
#[must_use]
pub fn call(from: &str, to: &str, via: Via) -> Call {
    Call { from: from.to_owned(), to: to.to_owned(), via, trouble: None }
}
