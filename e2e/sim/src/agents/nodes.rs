//! Exports the metrics of the node agent about its node.

use super::ExportedSeries;
use crate::{
    model::{SimulatedModel, SimulatedNode},
    series::{
        SeriesLabels,
        ValueCurve::{About, Age, Flows, Grows, Is},
    },
};

/// The job of the node agent.
pub(super) const JOB: &str = "coroot-node-agent";

/// The share of a core that each mode uses.
const MODES: [(&str, f64); 8] = [
    ("user", 0.3),
    ("nice", 0.001),
    ("system", 0.1),
    ("idle", 0.5),
    ("iowait", 0.05),
    ("irq", 0.01),
    ("softirq", 0.02),
    ("steal", 0.002),
];

pub(super) fn export(model: &SimulatedModel, exported: &mut ExportedSeries) {
    for node in model.nodes.iter().filter(|node| node.agent) {
        let labels = labels(node, exported);
        identity(node, &labels, exported);
        processor_and_memory(node, &labels, exported);
        disk_and_network(node, &labels, exported);
    }
}

/// The labels of every series of an agent.
pub(super) fn labels(node: &SimulatedNode, exported: &mut ExportedSeries) -> SeriesLabels {
    let target = exported.target(JOB, &format!("{}:80", node.ip));
    let labels = target.with("machine_id", &node.machine_id);
    if node.old_agent { labels } else { labels.with("system_uuid", &node.system_uuid) }
}

fn identity(node: &SimulatedNode, labels: &SeriesLabels, exported: &mut ExportedSeries) {
    let lifetime = exported.always;
    let info = labels.and(&[("hostname", &node.name), ("kernel_version", &"6.1.0-32-amd64")]);
    exported.add("node_info", &info, lifetime, Is(1.0));
    exported.add("node_agent_info", &labels.with("version", "1.23.0"), lifetime, Is(1.0));
    exported.add("node_uptime_seconds", labels, lifetime, Age);
    let machine = node.machine;
    if machine.provider.is_empty() {
        return;
    }
    let life_cycle = match (machine.provider, node.spot) {
        ("gcp", true) => "preemptible",
        (_, true) => "spot",
        _ => "on-demand",
    };
    let cloud = labels.and(&[
        ("provider", &machine.provider),
        ("region", &machine.region),
        ("availability_zone", &machine.zone),
        ("instance_type", &machine.instance_type),
        ("instance_life_cycle", &life_cycle),
        ("local_ipv4", &node.ip),
    ]);
    exported.add("node_cloud_info", &cloud, lifetime, Is(1.0));
}

fn processor_and_memory(node: &SimulatedNode, labels: &SeriesLabels, exported: &mut ExportedSeries) {
    let lifetime = exported.always;
    let cores = f64::from(node.machine.cores);
    let memory = node.machine.memory_bytes as f64;
    exported.add("node_resources_cpu_logical_cores", labels, lifetime, Is(cores));
    for (mode, share) in MODES {
        let labels = labels.with("mode", mode);
        exported.add("node_resources_cpu_usage_seconds_total", &labels, lifetime, Flows(share * cores));
    }
    exported.add("node_resources_memory_total_bytes", labels, lifetime, Is(memory));
    for (name, share) in [
        ("node_resources_memory_available_bytes", 0.4),
        ("node_resources_memory_free_bytes", 0.1),
        ("node_resources_memory_cached_bytes", 0.25),
    ] {
        exported.add(name, labels, lifetime, About(memory * share));
    }
}

fn disk_and_network(node: &SimulatedNode, labels: &SeriesLabels, exported: &mut ExportedSeries) {
    let lifetime = exported.always;
    let disk = labels.with("device", "vda");
    for (name, per_second) in [
        ("node_resources_disk_reads_total", 12.0),
        ("node_resources_disk_writes_total", 40.0),
        ("node_resources_disk_read_bytes_total", 3e5),
        ("node_resources_disk_written_bytes_total", 1e6),
    ] {
        exported.add(name, &disk, lifetime, Grows(per_second));
    }
    for (name, per_second) in [
        ("node_resources_disk_read_time_seconds_total", 0.01),
        ("node_resources_disk_write_time_seconds_total", 0.04),
        ("node_resources_disk_io_time_seconds_total", 0.05),
    ] {
        exported.add(name, &disk, lifetime, Flows(per_second));
    }
    let interface = labels.with("interface", "eth0");
    exported.add("node_net_interface_up", &interface, lifetime, Is(1.0));
    exported.add("node_net_interface_ip", &interface.with("ip", &node.ip), lifetime, Is(1.0));
    exported.add("node_net_received_bytes_total", &interface, lifetime, Grows(2e5));
    exported.add("node_net_transmitted_bytes_total", &interface, lifetime, Grows(1.5e5));
}
