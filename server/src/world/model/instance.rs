//! Instances: a pod, the copy of a container on one node, a managed database, an external endpoint.

use super::{AppId, ManagedId, NodeId, PodId};
use crate::world::answers::Symbol;

/// One copy of an application.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its name: that of the pod, `<container>@<node>`, that of the managed database, or the address of an
    /// endpoint.
    pub name: Symbol,
    /// What it is an instance of.
    pub application: AppId,
    /// Where it runs; `None` where that is not known.
    pub node: Option<NodeId>,
    /// Its pod; `None` outside Kubernetes.
    pub pod: Option<PodId>,
    /// The managed database or cache that it is; `None` for any other instance.
    pub managed: Option<ManagedId>,
    /// Its place in a database cluster, from the labels of its pod.
    pub membership: Option<Membership>,
}

/// The place of an instance in a database cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// The name of the cluster.
    pub cluster: Symbol,
    /// The role in it, such as `primary`; empty where it is not known.
    pub role: Symbol,
}
