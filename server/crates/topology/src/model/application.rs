//! Applications and their identifiers.

use std::cmp::Ordering;

use headcount_prometheus::results::InternedString;

use super::{InstanceId, TextInterner};
use crate::application_key::ApplicationKey;

/// Declares the kinds with their names.
macro_rules! kinds {
    ($($(#[$about:meta])* $kind:ident = $name:literal,)*) => {
        /// The kind of an application.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$about])* $kind,)*
            /// Any other kind of owner of pods, such as a custom resource.
            Other(InternedString),
        }

        impl Kind {
            /// The kind with that name.
            #[must_use]
            pub fn of(name: &str, symbol: InternedString) -> Self {
                match name {
                    $($name => Self::$kind,)*
                    _ => Self::Other(symbol),
                }
            }

            /// The name of the kind.
            #[must_use]
            pub fn name<'t>(self, texts: &'t TextInterner<'_>) -> &'t str {
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
    /// The members of a database cluster, however they were deployed.
    DatabaseCluster = "DatabaseCluster",
    /// A Kubernetes deployment.
    Deployment = "Deployment",
    /// A service of Docker Swarm.
    DockerSwarmService = "DockerSwarmService",
    /// An ElastiCache cluster.
    ElasticacheCluster = "ElasticacheCluster",
    /// A service that applications connect to and that is not observed.
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
    /// Static pods of nodes.
    StaticPods = "StaticPods",
    /// A container without an orchestrator.
    Unknown = "Unknown",
    /// A workflow of Argo.
    Workflow = "Workflow",
}

/// The identifier of an application within a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApplicationId {
    /// The namespace; `_` where there is none, `external` for an external service.
    pub namespace: InternedString,
    /// The kind.
    pub kind: Kind,
    /// The name.
    pub name: InternedString,
}

impl ApplicationId {
    /// The identifier outside the world.
    #[must_use]
    pub fn key(self, texts: &TextInterner<'_>) -> ApplicationKey {
        ApplicationKey {
            namespace: texts.text(self.namespace).to_owned(),
            kind: self.kind.name(texts).to_owned(),
            name: texts.text(self.name).to_owned(),
        }
    }

    /// Compares two ids by their texts.
    #[must_use]
    pub fn compare(self, other: Self, texts: &TextInterner<'_>) -> Ordering {
        texts
            .compare(self.namespace, other.namespace)
            .then_with(|| self.kind.name(texts).cmp(other.kind.name(texts)))
            .then_with(|| texts.compare(self.name, other.name))
    }
}

/// The category of an application. The number of a custom category is its index among all category names in
/// order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ApplicationCategory {
    /// Serves users. The default if no pattern matches.
    #[default]
    Application,
    /// Runs the infrastructure.
    ControlPlane,
    /// Monitors the infrastructure.
    Monitoring,
    /// A category that the operator defined.
    Custom(u16),
}

impl ApplicationCategory {
    /// Whether applications of this category serve the infrastructure, not its users.
    #[must_use]
    pub const fn is_auxiliary(self) -> bool {
        matches!(self, Self::ControlPlane | Self::Monitoring)
    }
}

/// An application: instances that do the same work.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its identifier.
    pub id: ApplicationId,
    /// Its instances, including those that ended within the last hour.
    pub instances: Vec<InstanceId>,
    /// The desired number of instances in Kubernetes; NaN if unknown.
    pub desired_instances: f32,
    /// Its category.
    pub category: ApplicationCategory,
    /// The application that its instances were moved to, if it is part of a database cluster.
    /// [`World::applications`](super::World::applications) leaves it out then.
    pub joined: Option<super::AppId>,
}
