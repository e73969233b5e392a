//! Databases that an exporter monitors.

use super::{InstanceId, Latest};

/// A kind of database that exporters know. The order is that in which one instance is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    Mysql,
    /// Redis and what speaks like it.
    Redis,
    /// MongoDB.
    Mongodb,
    /// Memcached.
    Memcached,
}

impl Engine {
    /// The name of the kind, as containers of it are called.
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

    /// The kind that an application type belongs to; `None` for what exporters do not know.
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

/// A database of an instance, as an exporter sees it. Its series are in
/// [`World::database_series`](super::World::database_series).
#[derive(Debug, Clone)]
pub struct Database {
    /// The instance that it is.
    pub instance: InstanceId,
    /// Its kind.
    pub engine: Engine,
    /// Whether the cluster agent monitors it. Its series are then of no other exporter, and the other way
    /// round, except for MySQL.
    pub is_internal: bool,
    /// Whether the exporter reaches it: above 0 when it does, NaN when nothing is known at present.
    pub up: f32,
    /// The version of the server.
    pub version: Latest,
    /// Its role in replication, as Redis and MongoDB say it.
    pub role: Latest,
}
