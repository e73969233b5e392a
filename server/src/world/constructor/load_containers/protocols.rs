//! Loads the requests and latencies of connections by application protocol.

use super::connections::Connections;
use crate::world::{
    answers::Symbol,
    catalogue::{
        CONTAINER_CASSANDRA_QUERIES_COUNT, CONTAINER_CASSANDRA_QUERIES_LATENCY,
        CONTAINER_HTTP_REQUESTS_COUNT, CONTAINER_HTTP_REQUESTS_LATENCY, CONTAINER_KAFKA_REQUESTS_COUNT,
        CONTAINER_KAFKA_REQUESTS_LATENCY, CONTAINER_MEMCACHED_QUERIES_COUNT,
        CONTAINER_MEMCACHED_QUERIES_LATENCY, CONTAINER_MONGO_QUERIES_COUNT, CONTAINER_MONGO_QUERIES_LATENCY,
        CONTAINER_MYSQL_QUERIES_COUNT, CONTAINER_MYSQL_QUERIES_LATENCY, CONTAINER_NATS_MESSAGES,
        CONTAINER_POSTGRES_QUERIES_COUNT, CONTAINER_POSTGRES_QUERIES_LATENCY, CONTAINER_RABBITMQ_MESSAGES,
        CONTAINER_REDIS_QUERIES_COUNT, CONTAINER_REDIS_QUERIES_LATENCY, Label, Query,
    },
    constructor::{containers::for_each, site::Site},
    model::{ConnectionId, Latency, Protocol, Requests, Several},
};

const COUNTS: [(Protocol, &Query); 10] = [
    (Protocol::Http, &CONTAINER_HTTP_REQUESTS_COUNT),
    (Protocol::Postgres, &CONTAINER_POSTGRES_QUERIES_COUNT),
    (Protocol::Redis, &CONTAINER_REDIS_QUERIES_COUNT),
    (Protocol::Memcached, &CONTAINER_MEMCACHED_QUERIES_COUNT),
    (Protocol::Mysql, &CONTAINER_MYSQL_QUERIES_COUNT),
    (Protocol::Mongo, &CONTAINER_MONGO_QUERIES_COUNT),
    (Protocol::Kafka, &CONTAINER_KAFKA_REQUESTS_COUNT),
    (Protocol::Cassandra, &CONTAINER_CASSANDRA_QUERIES_COUNT),
    (Protocol::Rabbitmq, &CONTAINER_RABBITMQ_MESSAGES),
    (Protocol::Nats, &CONTAINER_NATS_MESSAGES),
];

const LATENCIES: [(Protocol, &Query); 8] = [
    (Protocol::Http, &CONTAINER_HTTP_REQUESTS_LATENCY),
    (Protocol::Postgres, &CONTAINER_POSTGRES_QUERIES_LATENCY),
    (Protocol::Redis, &CONTAINER_REDIS_QUERIES_LATENCY),
    (Protocol::Memcached, &CONTAINER_MEMCACHED_QUERIES_LATENCY),
    (Protocol::Mysql, &CONTAINER_MYSQL_QUERIES_LATENCY),
    (Protocol::Mongo, &CONTAINER_MONGO_QUERIES_LATENCY),
    (Protocol::Kafka, &CONTAINER_KAFKA_REQUESTS_LATENCY),
    (Protocol::Cassandra, &CONTAINER_CASSANDRA_QUERIES_LATENCY),
];

/// Loads requests and their latency. If several series describe the same requests, the largest value counts.
pub(super) fn load<'a>(site: &mut Site<'a, '_>, connections: &mut Connections<'a>) {
    let mut requests = Vec::new();
    for (protocol, query) in COUNTS {
        let labels = [Label::Destination, Label::ActualDestination, Label::Status, Label::Method];
        for_each(site, query, labels, |site, container, [destination, actual, status, method], row| {
            let instance = site.world.containers[container].instance;
            if let Some(connection) = connections.enter(site, instance, destination, actual) {
                let rate = row.last().unwrap_or(f32::NAN);
                requests.push((connection, Requests { protocol, method, status, rate }));
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
                latencies.push((connection, Latency { protocol, seconds }));
            }
        });
    }
    site.world.requests = each_once(requests, requests_key, |requests| &mut requests.rate);
    site.world.latencies = each_once(latencies, |latency| latency.protocol, |latency| &mut latency.seconds);
}

fn requests_key(requests: &Requests) -> (Protocol, usize, usize) {
    let text = |symbol: Symbol| symbol.number();
    (requests.protocol, text(requests.method), text(requests.status))
}

/// Groups entries by connection, and merges equal ones into the one with the largest value.
fn each_once<T, K: Ord>(
    mut entries: Vec<(ConnectionId, T)>,
    key: impl Fn(&T) -> K,
    value: impl Fn(&mut T) -> &mut f32,
) -> Several<ConnectionId, T> {
    entries.sort_by_key(|(connection, entry)| (*connection, key(entry)));
    entries.dedup_by(|next, kept| {
        let same = next.0 == kept.0 && key(&next.1) == key(&kept.1);
        if same {
            let kept = value(&mut kept.1);
            *kept = kept.max(*value(&mut next.1));
        }
        same
    });
    Several::gather(entries)
}
