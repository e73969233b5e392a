//! Queries on the requests to each destination from all clients, from which service levels are computed.
//!
//! Prometheus sums over clients, so that an answer has a series for each destination and not for each pair.
//! Clients that monitor others are left out as far as container ids identify them: by the namespaces and
//! names of the built-in category `monitoring`.

use headcount_prometheus::query::PrometheusQuery;

use super::queries;

/// The ids of containers that monitor others.
///
/// Pods, jobs and services are identified by namespace or name, anything else by the last part of the path.
/// The name of a container in a pod does not matter: a pod with an exporter is no monitoring.
macro_rules! monitoring {
    () => {
        concat!(
            "/(k8s|k8s-cronjob|nomad|swarm)/",
            "(monitoring|prometheus|grafana|coroot|metrics-server|loki|observability)/.*",
            "|/(k8s|k8s-cronjob|nomad|swarm)/[^/]*/[^/]*(prometheus|grafana|alertmanager|coroot)[^/]*/.*",
            "|/nomad/[^/]*/[^/]*/[^/]*(prometheus|grafana|alertmanager|coroot)[^/]*/.*",
            "|/[^/]*([.]slice/.*)?/[^/]*(prometheus|grafana|alertmanager|coroot)[^/]*"
        )
    };
}

/// The increase of counters in five minutes, by destination and one more label. The label `protocol` keeps
/// `or` from mixing up series of different metrics.
macro_rules! to_destinations {
    ($by:literal, $first:literal $(, $metric:literal)*) => {
        concat!(
            "sum by (destination, actual_destination, ", $by, ") (",
            to_destinations!(@one $first),
            $(" or ", to_destinations!(@one $metric),)*
            ")"
        )
    };
    (@one $metric:literal) => {
        concat!(
            "label_replace(rate(", $metric, "{container_id!~\"", monitoring!(), "\"}[5m]), \"protocol\", \"",
            $metric, "\", \"\", \"\")"
        )
    };
}

queries! {
    /// Requests and their latency, by destination.
    INDICATORS with [Destination ActualDestination];
    INBOUND_REQUESTS = "inbound_requests" as to_destinations!(
        "status",
        "container_http_requests_total",
        "container_postgres_queries_total",
        "container_redis_queries_total",
        "container_memcached_queries_total",
        "container_mysql_queries_total",
        "container_mongo_queries_total",
        "container_kafka_requests_total",
        "container_cassandra_queries_total",
        "container_rabbitmq_messages_total",
        "container_nats_messages_total"
    ) => Slots [Status];
    INBOUND_LATENCY = "inbound_latency" as to_destinations!(
        "le",
        "container_http_requests_duration_seconds_total_bucket",
        "container_postgres_queries_duration_seconds_total_bucket",
        "container_redis_queries_duration_seconds_total_bucket",
        "container_memcached_queries_duration_seconds_total_bucket",
        "container_mysql_queries_duration_seconds_total_bucket",
        "container_mongo_queries_duration_seconds_total_bucket",
        "container_kafka_requests_duration_seconds_total_bucket",
        "container_cassandra_queries_duration_seconds_total_bucket"
    ) => Slots [Le];
}
