//! Instances of applications: pods, containers on a node, managed databases, and external endpoints.

use headcount_prometheus::results::InternedString;

use super::{AppId, ManagedId, NodeId, PodId};

/// An instance of an application.
#[derive(Debug, Clone)]
pub struct ApplicationInstance {
    /// Its name: that of the pod, `<container>@<node>`, that of the managed database, or the address of an
    /// external endpoint.
    pub name: InternedString,
    /// Its application.
    pub application: AppId,
    /// The node that it runs on; `None` if unknown.
    pub node: Option<NodeId>,
    /// Its pod; `None` outside Kubernetes.
    pub pod: Option<PodId>,
    /// Its managed database or cache; `None` for any other instance.
    pub managed: Option<ManagedId>,
    /// Its membership in a database cluster, from the labels of its pod.
    pub membership: Option<ClusterMembership>,
}

/// The membership of an instance in a database cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterMembership {
    /// The name of the cluster.
    pub cluster: InternedString,
    /// The role in it, such as `primary`; empty if unknown.
    pub role: InternedString,
}
