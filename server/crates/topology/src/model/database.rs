//! Databases that an exporter monitors.

use super::{InstanceId, LatestText};

/// A kind of database that exporters monitor. If an instance has several, the first in this order counts in
/// facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DatabaseEngine {
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    Mysql,
    /// Redis and compatible databases.
    Redis,
    /// MongoDB.
    Mongodb,
    /// Memcached.
    Memcached,
}

impl DatabaseEngine {
    /// The name of the kind, as in application types.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Redis => "redis",
            Self::Mongodb => "mongodb",
            Self::Memcached => "memcached",
        }
    }

    /// The kind for an application type; `None` if no exporter monitors it.
    #[must_use]
    pub fn of_type(application_type: &str) -> Option<Self> {
        match application_type {
            "postgres" => Some(Self::Postgres),
            "mysql" => Some(Self::Mysql),
            "redis" | "keydb" | "valkey" | "dragonfly" => Some(Self::Redis),
            "mongodb" | "mongos" => Some(Self::Mongodb),
            "memcached" => Some(Self::Memcached),
            _ => None,
        }
    }
}

/// A database of an instance that an exporter monitors. Its series are in
/// [`World::database_series`](super::World::database_series).
#[derive(Debug, Clone)]
pub struct MonitoredDatabase {
    /// Its instance.
    pub instance: InstanceId,
    /// Its kind.
    pub engine: DatabaseEngine,
    /// Whether the cluster agent monitors it. If so, series of other exporters are ignored, otherwise those
    /// of the agent, except for MySQL.
    pub is_internal: bool,
    /// Whether the exporter reaches it: above 0 if so, NaN if there is no current value.
    pub up: f32,
    /// The version of the server.
    pub version: LatestText,
    /// Its role in replication, for Redis and MongoDB.
    pub role: LatestText,
}
