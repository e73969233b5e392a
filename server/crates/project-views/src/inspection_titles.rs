//! Says in a few words what each inspection checks.

use headcount_health::inspections::Inspection;

/// What an inspection checks, for people.
pub(crate) const fn inspection_title(inspection: Inspection) -> &'static str {
    match inspection {
        Inspection::SLOAvailability => "Requests that succeed",
        Inspection::SLOLatency => "Requests that are answered quickly",
        Inspection::CPUNode => "CPU usage of nodes",
        Inspection::CPUContainer => "CPU usage of containers, of their limit",
        Inspection::MemoryOOM => "Containers killed for lack of memory",
        Inspection::MemoryLeakPercent => "Growth of the memory in use",
        Inspection::StorageSpace => "Used space of volumes",
        Inspection::StorageIOLoad => "Waiting for disks",
        Inspection::NetworkRTT => "Round-trip time to other applications",
        Inspection::NetworkConnectivity => "Applications that do not answer packets",
        Inspection::NetworkTCPConnections => "Connections that fail",
        Inspection::InstanceAvailability => "Available instances, of the desired number",
        Inspection::InstanceRestarts => "Restarts of containers",
        Inspection::DeploymentStatus => "Duration of the newest rollout",
        Inspection::LogErrors => "Errors in logs",
        Inspection::PostgresAvailability => "PostgreSQL servers that do not answer",
        Inspection::PostgresLatency => "Mean latency of PostgreSQL queries",
        Inspection::PostgresReplicationLag => "How far PostgreSQL replicas are behind",
        Inspection::PostgresConnections => "Connections to PostgreSQL, of the limit",
        Inspection::RedisAvailability => "Redis servers that do not answer",
        Inspection::RedisLatency => "Mean latency of Redis commands",
        Inspection::MysqlAvailability => "MySQL servers that do not answer",
        Inspection::MysqlReplicationStatus => "MySQL replicas that do not replicate",
        Inspection::MysqlReplicationLag => "How far MySQL replicas are behind",
        Inspection::MysqlConnections => "Connections to MySQL, of the limit",
        Inspection::MongodbAvailability => "MongoDB servers that do not answer",
        Inspection::MongodbReplicationLag => "How far MongoDB replicas are behind",
        Inspection::MemcachedAvailability => "Memcached servers that do not answer",
        Inspection::JvmAvailability => "JVMs that do not run",
        Inspection::JvmSafepointTime => "Time that JVMs are stopped at safepoints",
        Inspection::DotNetAvailability => ".NET applications that do not run",
        Inspection::PythonGILWaitingTime => "Time that Python threads wait for the interpreter lock",
        Inspection::DnsLatency => "95th percentile of the latency of DNS requests",
        Inspection::DnsServerErrors => "DNS requests that servers failed to answer",
        Inspection::DnsNxdomainErrors => "DNS requests for names that do not exist",
    }
}
