//! What does the node agent say of connections and of what is spoken over them?

use std::collections::BTreeSet;

use super::{Speech, nodes};
use crate::fleet::{
    life::Life,
    model::{Connection, Model},
    series::{
        Labels,
        Value::{About, Flows, Grows, Is},
    },
    shape::Via,
    software::Protocol,
};

/// The upper bounds of latency in seconds, and which share of requests is not slower.
const LATENCIES: [(&str, f64); 12] = [
    ("0.005", 0.2),
    ("0.01", 0.4),
    ("0.025", 0.6),
    ("0.05", 0.75),
    ("0.1", 0.85),
    ("0.25", 0.93),
    ("0.5", 0.97),
    ("1", 0.985),
    ("2.5", 0.99),
    ("5", 0.995),
    ("10", 0.999),
    ("+Inf", 1.0),
];

/// The mean of these latencies in seconds.
const MEAN_LATENCY: f64 = 0.06;

/// Requests a second at the usual load.
const REQUESTS: f64 = 20.0;

/// The names of the metrics of a protocol with latencies: the count, the three of the histogram, and what statuses there are.
type Family = ([&'static str; 4], &'static [(&'static str, f64)]);

macro_rules! family {
    ($name:literal, $statuses:expr) => {
        Some((
            [
                concat!("container_", $name, "_total"),
                concat!("container_", $name, "_duration_seconds_total_bucket"),
                concat!("container_", $name, "_duration_seconds_total_sum"),
                concat!("container_", $name, "_duration_seconds_total_count"),
            ],
            $statuses,
        ))
    };
}

const fn family(protocol: Protocol) -> Option<Family> {
    const QUERIES: &[(&str, f64)] = &[("ok", 0.999), ("failed", 0.001)];
    match protocol {
        Protocol::Http => family!("http_requests", &[("200", 0.98), ("404", 0.015), ("500", 0.005)]),
        Protocol::Postgres => family!("postgres_queries", QUERIES),
        Protocol::Mysql => family!("mysql_queries", QUERIES),
        Protocol::Redis => family!("redis_queries", QUERIES),
        Protocol::Memcached => family!("memcached_queries", QUERIES),
        Protocol::Mongo => family!("mongo_queries", QUERIES),
        Protocol::Kafka => family!("kafka_requests", QUERIES),
        Protocol::Cassandra => family!("cassandra_queries", QUERIES),
        Protocol::Opaque | Protocol::Rabbitmq | Protocol::Nats => None,
    }
}

pub(super) fn speak(model: &Model, speech: &mut Speech) {
    let mut pinged = BTreeSet::new();
    let mut resolved = BTreeSet::new();
    for connection in &model.connections {
        let caller = model.instance(connection.from);
        let (Some(node), Some(container)) = (model.agent_of(caller), caller.containers.first()) else {
            continue;
        };
        let labels = nodes::labels(node, speech).with("container_id", &container.id);
        let callee = model.instance(connection.to);
        if connection.via == Via::ServiceInVain {
            let labels = labels.with("destination", &connection.destination);
            speech.say("container_net_tcp_failed_connects_total", &labels, connection.life, Grows(0.1));
            continue;
        }
        connected(connection, &labels, speech);
        requests(connection, &labels, speech);
        if pinged.insert((connection.from, &callee.ip)) && connection.via != Via::Loopback {
            let labels = labels.with("destination_ip", &callee.ip);
            speech.say("container_net_latency_seconds", &labels, connection.life, About(0.001));
        }
        for domain in &callee.domains {
            if resolved.insert((&node.ip, domain, &callee.ip)) {
                let labels = nodes::labels(node, speech).and(&[("fqdn", domain), ("ip", &callee.ip)]);
                speech.say("ip_to_fqdn", &labels, speech.always, Is(1.0));
            }
        }
    }
    domain_names(model, speech);
}

fn both_ends(connection: &Connection, labels: &Labels) -> Labels {
    labels.and(&[
        ("destination", &connection.destination),
        ("actual_destination", &connection.actual_destination),
    ])
}

fn connected(connection: &Connection, labels: &Labels, speech: &mut Speech) {
    let labels = both_ends(connection, labels);
    for (name, value) in [
        ("container_net_tcp_successful_connects_total", Grows(0.3)),
        ("container_net_tcp_active_connections", About(4.0)),
        ("container_net_tcp_connection_time_seconds_total", Flows(0.0004)),
        ("container_net_tcp_bytes_sent_total", Grows(9e3)),
        ("container_net_tcp_bytes_received_total", Grows(4e4)),
        ("container_net_tcp_retransmits_total", Grows(0.02)),
    ] {
        speech.say(name, &labels, connection.life, value);
    }
}

fn requests(connection: &Connection, labels: &Labels, speech: &mut Speech) {
    let labels = both_ends(connection, labels);
    let life = connection.life;
    let messages = match connection.protocol {
        Protocol::Rabbitmq => Some("container_rabbitmq_messages_total"),
        Protocol::Nats => Some("container_nats_messages_total"),
        _ => None,
    };
    if let Some(messages) = messages {
        let labels = labels.and(&[("status", &"ok"), ("method", &"produce")]);
        speech.say(messages, &labels, life, Grows(REQUESTS));
    }
    let Some(([count, bucket, sum, durations], statuses)) = family(connection.protocol) else { return };
    for (status, share) in statuses {
        speech.say(count, &labels.with("status", status), life, Grows(REQUESTS * share));
    }
    for (bound, share) in LATENCIES {
        speech.say(bucket, &labels.with("le", bound), life, Grows(REQUESTS * share));
    }
    speech.say(sum, &labels, life, Flows(REQUESTS * MEAN_LATENCY));
    speech.say(durations, &labels, life, Grows(REQUESTS));
}

/// The questions of those who call something outside by its name.
fn domain_names(model: &Model, speech: &mut Speech) {
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
        let labels = nodes::labels(node, speech).with("container_id", &container.id);
        let question = labels.and(&[("request_type", &"TypeA"), ("domain", domain), ("status", &"ok")]);
        speech.say("container_dns_requests_total", &question, connection.life, Grows(0.2));
        if asked.insert((connection.from, &caller.name)) {
            durations_of_names(&labels, caller.life, speech);
        }
    }
}

fn durations_of_names(labels: &Labels, life: Life, speech: &mut Speech) {
    for (bound, share) in LATENCIES {
        let labels = labels.with("le", bound);
        speech.say("container_dns_requests_duration_seconds_total_bucket", &labels, life, Grows(0.2 * share));
    }
}
