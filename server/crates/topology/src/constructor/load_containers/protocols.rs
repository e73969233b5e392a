//! Loads the requests and latencies of connections by application protocol.

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::InternedString,
};

use super::connections::ConnectionIndex;
use crate::{
    constructor::{container_index::for_each, world_builder::WorldBuilder},
    model::{ApplicationProtocol, ConnectionId, OneToMany, RequestLatency, RequestRate},
    queries::{
        CONTAINER_CASSANDRA_QUERIES_COUNT, CONTAINER_CASSANDRA_QUERIES_LATENCY,
        CONTAINER_HTTP_REQUESTS_COUNT, CONTAINER_HTTP_REQUESTS_LATENCY, CONTAINER_KAFKA_REQUESTS_COUNT,
        CONTAINER_KAFKA_REQUESTS_LATENCY, CONTAINER_MEMCACHED_QUERIES_COUNT,
        CONTAINER_MEMCACHED_QUERIES_LATENCY, CONTAINER_MONGO_QUERIES_COUNT, CONTAINER_MONGO_QUERIES_LATENCY,
        CONTAINER_MYSQL_QUERIES_COUNT, CONTAINER_MYSQL_QUERIES_LATENCY, CONTAINER_NATS_MESSAGES,
        CONTAINER_POSTGRES_QUERIES_COUNT, CONTAINER_POSTGRES_QUERIES_LATENCY, CONTAINER_RABBITMQ_MESSAGES,
        CONTAINER_REDIS_QUERIES_COUNT, CONTAINER_REDIS_QUERIES_LATENCY,
    },
};

const COUNTS: [(ApplicationProtocol, &PrometheusQuery); 10] = [
    (ApplicationProtocol::Http, &CONTAINER_HTTP_REQUESTS_COUNT),
    (ApplicationProtocol::Postgres, &CONTAINER_POSTGRES_QUERIES_COUNT),
    (ApplicationProtocol::Redis, &CONTAINER_REDIS_QUERIES_COUNT),
    (ApplicationProtocol::Memcached, &CONTAINER_MEMCACHED_QUERIES_COUNT),
    (ApplicationProtocol::Mysql, &CONTAINER_MYSQL_QUERIES_COUNT),
    (ApplicationProtocol::Mongo, &CONTAINER_MONGO_QUERIES_COUNT),
    (ApplicationProtocol::Kafka, &CONTAINER_KAFKA_REQUESTS_COUNT),
    (ApplicationProtocol::Cassandra, &CONTAINER_CASSANDRA_QUERIES_COUNT),
    (ApplicationProtocol::Rabbitmq, &CONTAINER_RABBITMQ_MESSAGES),
    (ApplicationProtocol::Nats, &CONTAINER_NATS_MESSAGES),
];

const LATENCIES: [(ApplicationProtocol, &PrometheusQuery); 8] = [
    (ApplicationProtocol::Http, &CONTAINER_HTTP_REQUESTS_LATENCY),
    (ApplicationProtocol::Postgres, &CONTAINER_POSTGRES_QUERIES_LATENCY),
    (ApplicationProtocol::Redis, &CONTAINER_REDIS_QUERIES_LATENCY),
    (ApplicationProtocol::Memcached, &CONTAINER_MEMCACHED_QUERIES_LATENCY),
    (ApplicationProtocol::Mysql, &CONTAINER_MYSQL_QUERIES_LATENCY),
    (ApplicationProtocol::Mongo, &CONTAINER_MONGO_QUERIES_LATENCY),
    (ApplicationProtocol::Kafka, &CONTAINER_KAFKA_REQUESTS_LATENCY),
    (ApplicationProtocol::Cassandra, &CONTAINER_CASSANDRA_QUERIES_LATENCY),
];

/// Loads requests and their latency. If several series describe the same requests, the largest value counts.
pub(super) fn load<'a>(site: &mut WorldBuilder<'a, '_>, connections: &mut ConnectionIndex<'a>) {
    let mut requests = Vec::new();
    for (protocol, query) in COUNTS {
        let labels = [Label::Destination, Label::ActualDestination, Label::Status, Label::Method];
        for_each(site, query, labels, |site, container, [destination, actual, status, method], row| {
            let instance = site.world.containers[container].instance;
            if let Some(connection) = connections.enter(site, instance, destination, actual) {
                let rate = row.last().unwrap_or(f32::NAN);
                requests.push((connection, RequestRate { protocol, method, status, rate }));
            }
        });
    }
    let mut latencies = Vec::new();
    for (protocol, query) in LATENCIES {
        let labels = [Label::Destination, Label::ActualDestination];
        for_each(site, query, labels, |site, container, [destination, actual], row| {
            let instance = site.world.containers[container].instance;
            if let Some(connection) = connections.enter(site, instance, destination, actual) {
                let seconds = row.last().unwrap_or(f32::NAN);
                latencies.push((connection, RequestLatency { protocol, seconds }));
            }
        });
    }
    site.world.requests = each_once(requests, requests_key, |requests| &mut requests.rate);
    site.world.latencies = each_once(latencies, |latency| latency.protocol, |latency| &mut latency.seconds);
}

fn requests_key(requests: &RequestRate) -> (ApplicationProtocol, usize, usize) {
    let text = |symbol: InternedString| symbol.number();
    (requests.protocol, text(requests.method), text(requests.status))
}

/// Groups entries by connection, and merges equal ones into the one with the largest value.
fn each_once<T, K: Ord>(
    mut entries: Vec<(ConnectionId, T)>,
    key: impl Fn(&T) -> K,
    value: impl Fn(&mut T) -> &mut f32,
) -> OneToMany<ConnectionId, T> {
    entries.sort_by_key(|(connection, entry)| (*connection, key(entry)));
    entries.dedup_by(|next, kept| {
        let same = next.0 == kept.0 && key(&next.1) == key(&kept.1);
        if same {
            let kept = value(&mut kept.1);
            *kept = kept.max(*value(&mut next.1));
        }
        same
    });
    OneToMany::gather(entries)
}
