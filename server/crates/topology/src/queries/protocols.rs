//! Queries on the requests that containers make, by protocol, which the node agent exports.

use headcount_prometheus::query::PrometheusQuery;

use super::queries;

/// Declares the two queries of each protocol.
macro_rules! protocols {
    ($($family:literal: $count:ident $latency:ident;)*) => {
        queries! {
            /// Requests and messages by protocol.
            PROTOCOLS with [MachineId SystemUuid ContainerId Destination ActualDestination];
            $(
                $count = (concat!("container_", $family, "_count"))
                    as concat!("rate(container_", $family, "_total[$RANGE])") => Seen [Status];
                $latency = (concat!("container_", $family, "_latency"))
                    as concat!(
                        "rate(container_", $family, "_duration_seconds_total_sum [$RANGE]) / ",
                        "rate(container_", $family, "_duration_seconds_total_count [$RANGE])"
                    ) => Now [];
            )*
            CONTAINER_RABBITMQ_MESSAGES = "container_rabbitmq_messages"
                as "rate(container_rabbitmq_messages_total[$RANGE])" => Seen [Status Method];
            CONTAINER_NATS_MESSAGES = "container_nats_messages"
                as "rate(container_nats_messages_total[$RANGE])" => Seen [Status Method];
        }
    };
}

protocols! {
    "http_requests": CONTAINER_HTTP_REQUESTS_COUNT CONTAINER_HTTP_REQUESTS_LATENCY;
    "postgres_queries": CONTAINER_POSTGRES_QUERIES_COUNT CONTAINER_POSTGRES_QUERIES_LATENCY;
    "redis_queries": CONTAINER_REDIS_QUERIES_COUNT CONTAINER_REDIS_QUERIES_LATENCY;
    "memcached_queries": CONTAINER_MEMCACHED_QUERIES_COUNT CONTAINER_MEMCACHED_QUERIES_LATENCY;
    "mysql_queries": CONTAINER_MYSQL_QUERIES_COUNT CONTAINER_MYSQL_QUERIES_LATENCY;
    "mongo_queries": CONTAINER_MONGO_QUERIES_COUNT CONTAINER_MONGO_QUERIES_LATENCY;
    "kafka_requests": CONTAINER_KAFKA_REQUESTS_COUNT CONTAINER_KAFKA_REQUESTS_LATENCY;
    "cassandra_queries": CONTAINER_CASSANDRA_QUERIES_COUNT CONTAINER_CASSANDRA_QUERIES_LATENCY;
}
