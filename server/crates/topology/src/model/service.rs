//! Kubernetes services.

use std::net::IpAddr;

use headcount_prometheus::results::InternedString;

/// A service with an address within its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its namespace; `_` if it has none.
    pub namespace: InternedString,
    /// Its name; `kube-apiserver` for the service `kubernetes`, because the API server answers there.
    pub name: InternedString,
    /// Its address within the cluster.
    pub cluster_ip: IpAddr,
}
