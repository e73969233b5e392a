//! Connections from client instances to their destinations.

use headcount_prometheus::results::InternedString;

use super::{AppId, ConnectionId, InstanceId, RowId, ServiceId};

/// The connections of an instance to one destination. Values are NaN if no current value is known.
#[derive(Debug, Clone)]
pub struct UpstreamConnection {
    /// The client.
    pub instance: InstanceId,
    /// The address that the client connects to, `host:port`.
    pub destination: InternedString,
    /// The address that it reaches, `ip:port`; empty if unknown.
    pub actual_destination: InternedString,
    /// The Kubernetes service with the address of the destination.
    pub service: Option<ServiceId>,
    /// The remote end.
    pub remote: RemoteEndpoint,
    /// Successful connects per second.
    pub successful_connects: f32,
    /// Failed connects per second.
    pub failed_connects: f32,
    /// Open connections.
    pub active: f32,
    /// Seconds per second spent on connecting.
    pub connection_time: f32,
    /// Bytes sent per second.
    pub bytes_sent: f32,
    /// Bytes received per second.
    pub bytes_received: f32,
    /// Retransmitted segments per second.
    pub retransmits: f32,
    /// The round-trip time to the destination in seconds: a row in the answer to `container_net_latency`.
    pub round_trip_time: Option<RowId>,
}

/// The remote end of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RemoteEndpoint {
    /// Unknown.
    #[default]
    Unresolved,
    /// This instance.
    Instance(InstanceId),
    /// An unknown instance of this application.
    Application(AppId),
}

/// The application protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApplicationProtocol {
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

/// The rate of requests on a connection with the same protocol, method and status.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RequestRate {
    /// The protocol.
    pub protocol: ApplicationProtocol,
    /// `produce` or `consume` for messages; empty for requests.
    pub method: InternedString,
    /// The status.
    pub status: InternedString,
    /// Requests per second; NaN if there is no current value.
    pub rate: f32,
}

/// The latency of requests on a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RequestLatency {
    /// The protocol.
    pub protocol: ApplicationProtocol,
    /// The mean in seconds.
    pub seconds: f32,
}

/// Values by connection.
pub type PerConnection<T> = super::OneToMany<ConnectionId, T>;
