//! Defines the model of a simulated installation, from which both the metrics and the expected numbers are
//! derived.

use super::{
    clouds::MachineType,
    growth_rate::TimeSpan,
    lifetime::SimulatedLifetime,
    shape::{
        CallFailures, CallRoute, CloudDatabase, CloudService, ClusterOperator, ExporterKind, VersionLoad,
        WorkloadKind,
    },
    software::{Protocol, SimulatedDatabaseKind, Software},
};

/// An installation.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedModel {
    pub(crate) nodes: Vec<SimulatedNode>,
    pub(crate) applications: Vec<SimulatedApplication>,
    pub(crate) services: Vec<KubernetesService>,
    pub(crate) connections: Vec<SimulatedConnection>,
    pub(crate) exports: Vec<DatabaseMetricsSource>,
    pub(crate) kube_state_metrics: bool,
    /// A moment long before any that is queried.
    pub(crate) begin: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct SimulatedNode {
    pub(crate) name: String,
    pub(crate) machine_id: String,
    pub(crate) system_uuid: String,
    pub(crate) ip: String,
    pub(crate) agent: bool,
    /// Whether its agent is an old one, which exports only the machine id.
    pub(crate) old_agent: bool,
    pub(crate) kubernetes: bool,
    pub(crate) fargate: bool,
    pub(crate) machine: &'static MachineType,
    pub(crate) spot: bool,
}

/// Something that counts as one application, unless it is part of a database cluster.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedApplication {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) origin: ApplicationOrigin,
    pub(crate) auxiliary: bool,
    pub(crate) cluster: Option<ClusterOperator>,
    pub(crate) instances: Vec<SimulatedInstance>,
    /// Its index in `services` of the model.
    pub(crate) service: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) enum ApplicationOrigin {
    Workload(WorkloadKind),
    Cloud(CloudDatabase),
    External,
}

#[derive(Debug, Clone)]
pub(crate) struct SimulatedInstance {
    pub(crate) name: String,
    /// Its index in `nodes` of the model; `None` for instances outside of them.
    pub(crate) node: Option<usize>,
    /// The address that callers use, with `port`.
    pub(crate) ip: String,
    pub(crate) port: u16,
    pub(crate) pod: Option<SimulatedPod>,
    pub(crate) containers: Vec<SimulatedContainer>,
    pub(crate) lifetime: SimulatedLifetime,
    pub(crate) load: VersionLoad,
    /// The domain names of an external service.
    pub(crate) domains: Vec<String>,
    /// The address and port behind a load balancer, if the called address is one.
    pub(crate) reached: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct SimulatedPod {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) owner_kind: &'static str,
    pub(crate) owner: String,
    pub(crate) phase: &'static str,
    /// Whether it uses the address of its node.
    pub(crate) host_network: bool,
    pub(crate) labels: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone)]
pub(crate) struct SimulatedContainer {
    pub(crate) name: String,
    /// Its id as the node agent writes it.
    pub(crate) id: String,
    pub(crate) software: &'static Software,
    /// Its listening addresses with ports, each with the name of its proxy or an empty string.
    pub(crate) listens: Vec<(String, &'static str)>,
}

/// A service of Kubernetes. It has the name of its application.
#[derive(Debug, Clone)]
pub(crate) struct KubernetesService {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) cluster_ip: String,
}

/// The index of an instance: that of its application, and its own there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct InstanceIndex {
    pub(crate) application: usize,
    pub(crate) instance: usize,
}

/// A connection between two instances.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedConnection {
    pub(crate) from: InstanceIndex,
    pub(crate) to: InstanceIndex,
    pub(crate) via: CallRoute,
    pub(crate) destination: String,
    pub(crate) actual_destination: String,
    pub(crate) protocol: Protocol,
    pub(crate) lifetime: SimulatedLifetime,
    /// A time in which its requests fail or are slow.
    pub(crate) trouble: Option<(TimeSpan, CallFailures)>,
}

/// A source of database metrics.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseMetricsSource {
    pub(crate) database: SimulatedDatabaseKind,
    /// The instance under whose address or name the metrics come.
    pub(crate) by: InstanceIndex,
    pub(crate) found: MetricsAttribution,
}

/// How metrics identify their database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetricsAttribution {
    By(ExporterKind),
    ByCloudName,
}

impl SimulatedModel {
    pub(crate) fn instance(&self, place: InstanceIndex) -> &SimulatedInstance {
        &self.applications[place.application].instances[place.instance]
    }

    /// The node on which the node agent sees an instance.
    pub(crate) fn agent_of(&self, instance: &SimulatedInstance) -> Option<&SimulatedNode> {
        instance.node.map(|node| &self.nodes[node]).filter(|node| node.agent)
    }

    /// Every instance with its index and its application.
    pub(crate) fn instances(
        &self,
    ) -> impl Iterator<Item = (InstanceIndex, &SimulatedApplication, &SimulatedInstance)> {
        self.applications.iter().enumerate().flat_map(|(application, app)| {
            let of_app = app.instances.iter().enumerate();
            of_app.map(move |(instance, it)| (InstanceIndex { application, instance }, app, it))
        })
    }
}

impl SimulatedApplication {
    /// The name that calls use: its namespace, if it has one, and its name.
    pub(crate) fn reference(&self) -> String {
        match self.namespace.as_str() {
            "" => self.name.clone(),
            namespace => format!("{namespace}/{}", self.name),
        }
    }
}

impl SimulatedContainer {
    /// Its image with a tag; empty without an image.
    pub(crate) fn image(&self) -> String {
        if self.software.image.is_empty() { String::new() } else { format!("{}:1.2", self.software.image) }
    }
}

impl SimulatedInstance {
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.ip, self.port)
    }
}

impl CloudService {
    pub(crate) const fn is_rds(self) -> bool {
        matches!(self, Self::Rds | Self::RdsCluster)
    }
}

impl ClusterOperator {
    /// The name that the server gives the cluster.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Zalando(name)
            | Self::CloudNative(name)
            | Self::Crunchy(name)
            | Self::Edb(name)
            | Self::StackGres(name)
            | Self::Percona(name) => name.clone(),
            Self::Helm(chart, name) => format!("{name}-{chart}"),
        }
    }

    /// The labels of a pod.
    pub(crate) fn labels(&self, primary: bool) -> Vec<(&'static str, String)> {
        let role = if primary { "primary" } else { "replica" }.to_owned();
        let name = self.name();
        match self {
            Self::Zalando(_) => vec![
                ("label_application", "spilo".to_owned()),
                ("label_cluster_name", name),
                ("label_team", "acid".to_owned()),
                ("label_spilo_role", if primary { "master".to_owned() } else { role }),
            ],
            Self::CloudNative(_) => vec![("label_cnpg_io_cluster", name), ("label_role", role)],
            Self::Crunchy(_) => vec![
                ("label_postgres_operator_crunchydata_com_cluster", name),
                (
                    "label_postgres_operator_crunchydata_com_role",
                    if primary { "master".to_owned() } else { role },
                ),
            ],
            Self::Edb(_) => vec![("label_k8s_enterprisedb_io_cluster", name), ("label_role", role)],
            Self::StackGres(_) => vec![("label_stackgres_io_cluster_name", name), ("label_role", role)],
            Self::Percona(_) => vec![
                ("label_app_kubernetes_io_managed_by", "percona-server-mongodb-operator".to_owned()),
                ("label_app_kubernetes_io_instance", name),
            ],
            Self::Helm(chart, instance) => vec![
                ("label_helm_sh_chart", format!("{chart}-18.1.2")),
                ("label_app_kubernetes_io_instance", instance.clone()),
                ("label_app_kubernetes_io_name", (*chart).to_owned()),
            ],
        }
    }
}
