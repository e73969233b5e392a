//! Connections: which instance is a client of what.

use super::{AppId, ConnectionId, InstanceId, RowId, ServiceId};
use crate::world::answers::Symbol;

/// The connections of an instance to one destination. Values are NaN where nothing is known at present.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The client.
    pub instance: InstanceId,
    /// The address that the client connects to, `host:port`.
    pub destination: Symbol,
    /// The address that it reaches, `ip:port`; empty where it is not known.
    pub actual_destination: Symbol,
    /// The Kubernetes service that has the address of the destination.
    pub service: Option<ServiceId>,
    /// What answers.
    pub remote: Remote,
    /// Successful attempts to connect, a second.
    pub successful_connects: f32,
    /// Failed attempts to connect, a second.
    pub failed_connects: f32,
    /// Open connections.
    pub active: f32,
    /// Seconds a second that it took to connect.
    pub connection_time: f32,
    /// Bytes sent, a second.
    pub bytes_sent: f32,
    /// Bytes received, a second.
    pub bytes_received: f32,
    /// Segments sent again, a second.
    pub retransmits: f32,
    /// The round-trip time to the destination in seconds: a row in the answer to `container_net_latency`.
    pub round_trip_time: Option<RowId>,
}

/// What answers a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Remote {
    /// Nobody knows.
    #[default]
    Unresolved,
    /// This instance.
    Instance(InstanceId),
    /// Some instance of this application.
    Application(AppId),
}

/// What is spoken on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// HTTP.
    Http,
    /// That of PostgreSQL.
    Postgres,
    /// That of Redis.
    Redis,
    /// That of Memcached.
    Memcached,
    /// That of MySQL.
    Mysql,
    /// That of MongoDB.
    Mongo,
    /// That of Kafka.
    Kafka,
    /// That of Cassandra.
    Cassandra,
    /// That of `RabbitMQ`.
    Rabbitmq,
    /// That of NATS.
    Nats,
}

/// How often something was asked on a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Requests {
    /// How.
    pub protocol: Protocol,
    /// `produce` or `consume` for messages; empty for requests.
    pub method: Symbol,
    /// How it ended.
    pub status: Symbol,
    /// Requests a second; NaN when there are none at present.
    pub rate: f32,
}

/// How long answers took on a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// How it was asked.
    pub protocol: Protocol,
    /// The mean in seconds.
    pub seconds: f32,
}

/// A connection by its id.
pub type OfConnection<T> = super::Several<ConnectionId, T>;
