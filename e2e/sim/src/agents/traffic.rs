//! Exports the metrics of the node agent about connections and the requests over them.

use std::collections::BTreeSet;

use super::{ExportedSeries, nodes};
use crate::{
    baseline::LATENCIES,
    lifetime::SimulatedLifetime,
    model::{SimulatedConnection, SimulatedModel},
    requests::ConnectionRequests,
    series::{
        SeriesLabels,
        ValueCurve::{About, Counts, Flows, Grows, Is, Spends},
    },
    shape::CallRoute,
    software::Protocol,
};

/// The metrics of a protocol with latencies.
struct Family {
    /// The metrics of requests and of the histogram: its buckets, its sum and its count.
    names: [&'static str; 4],
    /// The statuses of successful requests, and their shares.
    well: &'static [(&'static str, f64)],
    /// The status of failed requests.
    failed: &'static str,
}

macro_rules! family {
    ($name:literal, $well:expr, $failed:literal) => {
        Some(Family {
            names: [
                concat!("container_", $name, "_total"),
                concat!("container_", $name, "_duration_seconds_total_bucket"),
                concat!("container_", $name, "_duration_seconds_total_sum"),
                concat!("container_", $name, "_duration_seconds_total_count"),
            ],
            well: $well,
            failed: $failed,
        })
    };
    ($name:literal) => {
        family!($name, &[("ok", 1.0)], "failed")
    };
}

const fn family(protocol: Protocol) -> Option<Family> {
    match protocol {
        Protocol::Http => family!("http_requests", &[("200", 0.985), ("404", 0.015)], "500"),
        Protocol::Postgres => family!("postgres_queries"),
        Protocol::Mysql => family!("mysql_queries"),
        Protocol::Redis => family!("redis_queries"),
        Protocol::Memcached => family!("memcached_queries"),
        Protocol::Mongo => family!("mongo_queries"),
        Protocol::Kafka => family!("kafka_requests"),
        Protocol::Cassandra => family!("cassandra_queries"),
        Protocol::Opaque | Protocol::Rabbitmq | Protocol::Nats => None,
    }
}

pub(super) fn export(model: &SimulatedModel, exported: &mut ExportedSeries) {
    let mut pinged = BTreeSet::new();
    let mut resolved = BTreeSet::new();
    for connection in &model.connections {
        let caller = model.instance(connection.from);
        let (Some(node), Some(container)) = (model.agent_of(caller), caller.containers.first()) else {
            continue;
        };
        let labels = nodes::labels(node, exported).with("container_id", &container.id);
        let callee = model.instance(connection.to);
        if connection.via == CallRoute::ServiceInVain {
            let labels = labels.with("destination", &connection.destination);
            exported.add("container_net_tcp_failed_connects_total", &labels, connection.lifetime, Grows(0.1));
            continue;
        }
        connected(connection, &labels, exported);
        messages(model, connection, &labels, exported);
        requests(model, connection, &labels, exported);
        if pinged.insert((connection.from, &callee.ip)) && connection.via != CallRoute::Loopback {
            let labels = labels.with("destination_ip", &callee.ip);
            exported.add("container_net_latency_seconds", &labels, connection.lifetime, About(0.001));
        }
        for domain in &callee.domains {
            if resolved.insert((&node.ip, domain, &callee.ip)) {
                let labels = nodes::labels(node, exported).and(&[("fqdn", domain), ("ip", &callee.ip)]);
                exported.add("ip_to_fqdn", &labels, exported.always, Is(1.0));
            }
        }
    }
    domain_names(model, exported);
}

fn both_ends(connection: &SimulatedConnection, labels: &SeriesLabels) -> SeriesLabels {
    labels.and(&[
        ("destination", &connection.destination),
        ("actual_destination", &connection.actual_destination),
    ])
}

fn connected(connection: &SimulatedConnection, labels: &SeriesLabels, exported: &mut ExportedSeries) {
    let labels = both_ends(connection, labels);
    for (name, value) in [
        ("container_net_tcp_successful_connects_total", Grows(0.3)),
        ("container_net_tcp_active_connections", About(4.0)),
        ("container_net_tcp_connection_time_seconds_total", Flows(0.0004)),
        ("container_net_tcp_bytes_sent_total", Grows(9e3)),
        ("container_net_tcp_bytes_received_total", Grows(4e4)),
        ("container_net_tcp_retransmits_total", Grows(0.02)),
    ] {
        exported.add(name, &labels, connection.lifetime, value);
    }
}

fn messages(
    model: &SimulatedModel,
    connection: &SimulatedConnection,
    labels: &SeriesLabels,
    exported: &mut ExportedSeries,
) {
    let name = match connection.protocol {
        Protocol::Rabbitmq => "container_rabbitmq_messages_total",
        Protocol::Nats => "container_nats_messages_total",
        _ => return,
    };
    let Some(messages) = model.requests(connection) else { return };
    let labels = both_ends(connection, labels).with("method", "produce");
    for (status, rate) in [("ok", messages.well()), ("failed", messages.failed())] {
        if !rate.is_still() {
            exported.add(name, &labels.with("status", status), connection.lifetime, Counts(rate));
        }
    }
}

fn requests(
    model: &SimulatedModel,
    connection: &SimulatedConnection,
    labels: &SeriesLabels,
    exported: &mut ExportedSeries,
) {
    let (Some(family), Some(requests)) = (family(connection.protocol), model.requests(connection)) else {
        return;
    };
    let labels = both_ends(connection, labels);
    let lifetime = connection.lifetime;
    let [count, bucket, sum, durations] = family.names;
    for (status, share) in family.well {
        let well = requests.well().times(*share);
        exported.add(count, &labels.with("status", status), lifetime, Counts(well));
    }
    let failed = requests.failed();
    if !failed.is_still() {
        exported.add(count, &labels.with("status", family.failed), lifetime, Counts(failed));
    }
    for (bound, within) in requests.within_bounds() {
        exported.add(bucket, &labels.with("le", bound), lifetime, Counts(within));
    }
    exported.add(sum, &labels, lifetime, Spends(requests.seconds()));
    exported.add(durations, &labels, lifetime, Counts(ConnectionRequests::all()));
}

/// The DNS requests of callers of external services.
fn domain_names(model: &SimulatedModel, exported: &mut ExportedSeries) {
    let mut asked = BTreeSet::new();
    for connection in &model.connections {
        let caller = model.instance(connection.from);
        let (Some(node), Some(container)) = (model.agent_of(caller), caller.containers.first()) else {
            continue;
        };
        let Some(domain) = model.instance(connection.to).domains.first() else { continue };
        if !asked.insert((connection.from, domain)) {
            continue;
        }
        let labels = nodes::labels(node, exported).with("container_id", &container.id);
        let question = labels.and(&[("request_type", &"TypeA"), ("domain", domain), ("status", &"ok")]);
        exported.add("container_dns_requests_total", &question, connection.lifetime, Grows(0.2));
        if asked.insert((connection.from, &caller.name)) {
            durations_of_names(&labels, caller.lifetime, exported);
        }
    }
}

fn durations_of_names(labels: &SeriesLabels, lifetime: SimulatedLifetime, exported: &mut ExportedSeries) {
    for (bound, share) in LATENCIES {
        let labels = labels.with("le", bound);
        exported.add(
            "container_dns_requests_duration_seconds_total_bucket",
            &labels,
            lifetime,
            Grows(0.2 * share),
        );
    }
}
