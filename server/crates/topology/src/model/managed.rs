//! Managed databases and caches. Numbers are NaN if unknown.

use headcount_prometheus::results::InternedString;

use super::{InstanceId, LatestText, NodeId};

/// A database of RDS or a cache of ElastiCache.
#[derive(Debug, Clone)]
pub struct ManagedDatabase {
    /// The service that it belongs to.
    pub service: ManagedService,
    /// Its instance.
    pub instance: InstanceId,
    /// Its pseudo node.
    pub node: NodeId,
    /// Its engine, such as `aurora-postgresql`.
    pub engine: InternedString,
    /// The version of the engine.
    pub engine_version: InternedString,
    /// The type of its volume; empty for a cache.
    pub storage_type: InternedString,
    /// Whether it has a replica in another zone.
    pub is_multi_zone: bool,
    /// Its status from the provider: `available` if it works, empty if there is no current value.
    pub status: LatestText,
    /// Provisioned I/O operations per second.
    pub provisioned_iops: f32,
    /// Allocated storage in GiB.
    pub allocated_gibibytes: f32,
    /// The size of its file system in bytes.
    pub volume_size: f32,
    /// The used space of that in bytes.
    pub volume_used: f32,
}

/// An AWS service.
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
