//! Services of Kubernetes.

use std::net::IpAddr;

use crate::world::answers::Symbol;

/// A service with an address within its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its namespace; `_` where there is none.
    pub namespace: Symbol,
    /// Its name; `kube-apiserver` for the service `kubernetes`, which is what answers there.
    pub name: Symbol,
    /// Its address within the cluster.
    pub cluster_ip: IpAddr,
}
