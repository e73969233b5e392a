//! Requests that containers make to others, by protocol, as the node agent sees them.

use super::{Query, queries};

/// Declares the two queries and the histogram of each protocol.
macro_rules! protocols {
    ($($family:literal: $count:ident $latency:ident $histogram:ident;)*) => {
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
        queries! {
            /// Histograms of the time that requests took.
            HISTOGRAMS with [MachineId SystemUuid ContainerId Destination ActualDestination];
            $(
                $histogram = (concat!("container_", $family, "_histogram"))
                    as concat!("rate(container_", $family, "_duration_seconds_total_bucket[$RANGE])") => Now [Le];
            )*
        }
    };
}

protocols! {
    "http_requests": CONTAINER_HTTP_REQUESTS_COUNT CONTAINER_HTTP_REQUESTS_LATENCY CONTAINER_HTTP_REQUESTS_HISTOGRAM;
    "postgres_queries":
        CONTAINER_POSTGRES_QUERIES_COUNT CONTAINER_POSTGRES_QUERIES_LATENCY CONTAINER_POSTGRES_QUERIES_HISTOGRAM;
    "redis_queries": CONTAINER_REDIS_QUERIES_COUNT CONTAINER_REDIS_QUERIES_LATENCY CONTAINER_REDIS_QUERIES_HISTOGRAM;
    "memcached_queries":
        CONTAINER_MEMCACHED_QUERIES_COUNT CONTAINER_MEMCACHED_QUERIES_LATENCY CONTAINER_MEMCACHED_QUERIES_HISTOGRAM;
    "mysql_queries": CONTAINER_MYSQL_QUERIES_COUNT CONTAINER_MYSQL_QUERIES_LATENCY CONTAINER_MYSQL_QUERIES_HISTOGRAM;
    "mongo_queries": CONTAINER_MONGO_QUERIES_COUNT CONTAINER_MONGO_QUERIES_LATENCY CONTAINER_MONGO_QUERIES_HISTOGRAM;
    "kafka_requests":
        CONTAINER_KAFKA_REQUESTS_COUNT CONTAINER_KAFKA_REQUESTS_LATENCY CONTAINER_KAFKA_REQUESTS_HISTOGRAM;
    "cassandra_queries":
        CONTAINER_CASSANDRA_QUERIES_COUNT CONTAINER_CASSANDRA_QUERIES_LATENCY CONTAINER_CASSANDRA_QUERIES_HISTOGRAM;
}
