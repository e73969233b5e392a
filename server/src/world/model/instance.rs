//! Instances of applications: pods, containers on a node, managed databases, and external endpoints.

use super::{AppId, ManagedId, NodeId, PodId};
use crate::world::answers::Symbol;

/// An instance of an application.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its name: that of the pod, `<container>@<node>`, that of the managed database, or the address of an
    /// external endpoint.
    pub name: Symbol,
    /// Its application.
    pub application: AppId,
    /// The node that it runs on; `None` if unknown.
    pub node: Option<NodeId>,
    /// Its pod; `None` outside Kubernetes.
    pub pod: Option<PodId>,
    /// Its managed database or cache; `None` for any other instance.
    pub managed: Option<ManagedId>,
    /// Its membership in a database cluster, from the labels of its pod.
    pub membership: Option<Membership>,
}

/// The membership of an instance in a database cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// The name of the cluster.
    pub cluster: Symbol,
    /// The role in it, such as `primary`; empty if unknown.
    pub role: Symbol,
}
