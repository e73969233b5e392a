//! Managed databases and caches. Numbers are NaN where nothing is known.

use super::{InstanceId, Latest, NodeId};
use crate::world::answers::Symbol;

/// A database of RDS or a cache of ElastiCache.
#[derive(Debug, Clone)]
pub struct Managed {
    /// Whose it is.
    pub service: ManagedService,
    /// The instance that it is.
    pub instance: InstanceId,
    /// Its pseudo node.
    pub node: NodeId,
    /// What runs in it, such as `aurora-postgresql`.
    pub engine: Symbol,
    /// The version of that.
    pub engine_version: Symbol,
    /// The type of its volume; empty for a cache.
    pub storage_type: Symbol,
    /// Whether it has a copy in another zone.
    pub is_multi_zone: bool,
    /// What the provider says of it: `available` when all is well, empty when it says nothing at present.
    pub status: Latest,
    /// Provisioned operations a second.
    pub provisioned_iops: f32,
    /// Allocated storage in GiB.
    pub allocated_gibibytes: f32,
    /// The size of its file system in bytes.
    pub volume_size: f32,
    /// How much of that is used, in bytes.
    pub volume_used: f32,
}

/// A service of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagedService {
    /// Databases.
    Rds,
    /// Caches.
    Elasticache,
}

impl ManagedService {
    /// The application type of an engine of the service; `None` for any other engine.
    #[must_use]
    pub fn application_type(self, engine: &str) -> Option<&'static str> {
        match (self, engine) {
            (Self::Rds, "postgres" | "aurora-postgresql") => Some("postgres"),
            (Self::Rds, "mysql" | "aurora-mysql") => Some("mysql"),
            (Self::Elasticache, "redis") => Some("redis"),
            (Self::Elasticache, "memcached") => Some("memcached"),
            _ => None,
        }
    }
}
