//! Applications: what instances are instances of.

use std::cmp::Ordering;

use super::{InstanceId, Texts};
use crate::world::{answers::Symbol, application_key::ApplicationKey};

/// Declares the kinds with their names.
macro_rules! kinds {
    ($($(#[$about:meta])* $kind:ident = $name:literal,)*) => {
        /// What kind of thing an application is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$about])* $kind,)*
            /// Any other kind of owner of pods, such as a custom resource.
            Other(Symbol),
        }

        impl Kind {
            /// The kind of that name.
            #[must_use]
            pub fn of(name: &str, symbol: Symbol) -> Self {
                match name {
                    $($name => Self::$kind,)*
                    _ => Self::Other(symbol),
                }
            }

            /// The name of the kind.
            #[must_use]
            pub fn name<'t>(self, texts: &'t Texts<'_>) -> &'t str {
                match self {
                    $(Self::$kind => $name,)*
                    Self::Other(symbol) => texts.text(symbol),
                }
            }
        }
    };
}

kinds! {
    /// A Kubernetes cron job.
    CronJob = "CronJob",
    /// A Kubernetes daemon set.
    DaemonSet = "DaemonSet",
    /// The members of a database cluster, whatever they were deployed as.
    DatabaseCluster = "DatabaseCluster",
    /// A Kubernetes deployment.
    Deployment = "Deployment",
    /// A service of Docker Swarm.
    DockerSwarmService = "DockerSwarmService",
    /// An ElastiCache cluster.
    ElasticacheCluster = "ElasticacheCluster",
    /// Something that is connected to and not observed.
    ExternalService = "ExternalService",
    /// A Kubernetes job.
    Job = "Job",
    /// A job group of Nomad.
    NomadJobGroup = "NomadJobGroup",
    /// A pod that owns pods.
    Pod = "Pod",
    /// An RDS instance or cluster.
    Rds = "RDS",
    /// A replica set without a deployment.
    ReplicaSet = "ReplicaSet",
    /// An application of Spark.
    SparkApplication = "SparkApplication",
    /// A Kubernetes stateful set.
    StatefulSet = "StatefulSet",
    /// Pods that belong to a node.
    StaticPods = "StaticPods",
    /// A container without an orchestrator.
    Unknown = "Unknown",
    /// A workflow of Argo.
    Workflow = "Workflow",
}

/// What an application is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApplicationId {
    /// The namespace; `_` where there is none, `external` for an external service.
    pub namespace: Symbol,
    /// The kind.
    pub kind: Kind,
    /// The name.
    pub name: Symbol,
}

impl ApplicationId {
    /// What it is known by outside of the world.
    #[must_use]
    pub fn key(self, texts: &Texts<'_>) -> ApplicationKey {
        ApplicationKey {
            namespace: texts.text(self.namespace).to_owned(),
            kind: self.kind.name(texts).to_owned(),
            name: texts.text(self.name).to_owned(),
        }
    }

    /// The order of two by their texts.
    #[must_use]
    pub fn compare(self, other: Self, texts: &Texts<'_>) -> Ordering {
        texts
            .compare(self.namespace, other.namespace)
            .then_with(|| self.kind.name(texts).cmp(other.kind.name(texts)))
            .then_with(|| texts.compare(self.name, other.name))
    }
}

/// What an application is for. The number of a custom category is its place among all names in their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Category {
    /// What users are served by; where no pattern matches.
    #[default]
    Application,
    /// What runs the infrastructure.
    ControlPlane,
    /// What watches it.
    Monitoring,
    /// One of the operator's own.
    Custom(u16),
}

impl Category {
    /// Whether applications of this category serve the infrastructure, not its users.
    #[must_use]
    pub const fn is_auxiliary(self) -> bool {
        matches!(self, Self::ControlPlane | Self::Monitoring)
    }
}

/// An application.
#[derive(Debug, Clone)]
pub struct Application {
    /// What it is known by.
    pub id: ApplicationId,
    /// Its instances, those that ended within the last hour included.
    pub instances: Vec<InstanceId>,
    /// How many instances Kubernetes is to run; NaN where nothing says so.
    pub desired_instances: f32,
    /// What it is for.
    pub category: Category,
    /// The application that its instances were moved to, when it is a part of a database cluster. An
    /// application with this is no longer one of the world.
    pub joined: Option<super::AppId>,
}
