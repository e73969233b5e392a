//! Loads the sizes and the resource usage of nodes.

use headcount_prometheus::query::{Label, PrometheusQuery};

use crate::{
    constructor::{
        named_parts::NamedParts,
        node_index::for_each,
        series_fields::{CurrentValueField, SeriesField},
        world_builder::WorldBuilder,
    },
    model::{
        ArenaIndex as _, NetworkInterface, Node, NodeDisk, NodeId, OneToMany, RowId, keep_larger, keep_newer,
    },
    queries::{
        NODE_CPU_CORES, NODE_CPU_USAGE_BY_MODE, NODE_CPU_USAGE_PERCENT, NODE_DISK_IO_TIME,
        NODE_DISK_READ_BYTES, NODE_DISK_READ_TIME, NODE_DISK_READS, NODE_DISK_WRITE_TIME, NODE_DISK_WRITES,
        NODE_DISK_WRITTEN_BYTES, NODE_MEMORY_AVAILABLE_BYTES, NODE_MEMORY_CACHED_BYTES,
        NODE_MEMORY_FREE_BYTES, NODE_MEMORY_TOTAL_BYTES, NODE_NET_IP, NODE_NET_RX_BYTES, NODE_NET_TX_BYTES,
        NODE_NET_UP, NODE_UPTIME_SECONDS,
    },
};

const NOW: [CurrentValueField<Node>; 3] = [
    (&NODE_UPTIME_SECONDS, |node| &mut node.uptime),
    (&NODE_CPU_CORES, |node| &mut node.cpu_cores),
    (&NODE_MEMORY_TOTAL_BYTES, |node| &mut node.memory_bytes),
];

const OVER_TIME: [SeriesField<Node>; 4] = [
    (&NODE_CPU_USAGE_PERCENT, |node| &mut node.cpu_usage),
    (&NODE_MEMORY_AVAILABLE_BYTES, |node| &mut node.memory_available),
    (&NODE_MEMORY_FREE_BYTES, |node| &mut node.memory_free),
    (&NODE_MEMORY_CACHED_BYTES, |node| &mut node.memory_cached),
];

const DISKS: [SeriesField<NodeDisk>; 7] = [
    (&NODE_DISK_READ_TIME, |disk| &mut disk.read_time),
    (&NODE_DISK_WRITE_TIME, |disk| &mut disk.write_time),
    (&NODE_DISK_READS, |disk| &mut disk.reads),
    (&NODE_DISK_WRITES, |disk| &mut disk.writes),
    (&NODE_DISK_READ_BYTES, |disk| &mut disk.read_bytes),
    (&NODE_DISK_WRITTEN_BYTES, |disk| &mut disk.written_bytes),
    (&NODE_DISK_IO_TIME, |disk| &mut disk.io_time),
];

const INTERFACES: [SeriesField<NetworkInterface>; 2] = [
    (&NODE_NET_RX_BYTES, |interface| &mut interface.received_bytes),
    (&NODE_NET_TX_BYTES, |interface| &mut interface.sent_bytes),
];

/// Loads the sizes and the usage of nodes, their disks and their network interfaces.
pub(super) fn load(site: &mut WorldBuilder<'_, '_>) {
    load_sizes(site);
    site.world.cpu_modes = rows_by_node(site, &NODE_CPU_USAGE_BY_MODE);
    site.world.node_ips = rows_by_node(site, &NODE_NET_IP);
    load_disks(site);
    load_interfaces(site);
}

fn load_sizes(site: &mut WorldBuilder<'_, '_>) {
    for (query, field) in NOW {
        for_each(site, query, [], |site, node, [], row| {
            keep_larger(field(&mut site.world.nodes[node]), row.last());
        });
    }
    for (query, field) in OVER_TIME {
        let table = site.answers.table(query);
        for_each(site, query, [], |site, node, [], row| {
            keep_newer(field(&mut site.world.nodes[node]), &site.world.texts, table, row.index());
        });
    }
}

fn rows_by_node(
    site: &mut WorldBuilder<'_, '_>,
    query: &'static PrometheusQuery,
) -> OneToMany<NodeId, RowId> {
    let mut rows = Vec::new();
    for_each(site, query, [], |_, node, [], row| rows.push((node, RowId::at(row.index()))));
    OneToMany::gather(rows)
}

fn load_disks(site: &mut WorldBuilder<'_, '_>) {
    let new = |device| NodeDisk { device, ..NodeDisk::default() };
    let mut disks = NamedParts::new();
    for (query, field) in DISKS {
        let table = site.answers.table(query);
        for_each(site, query, [Label::Device], |site, node, [device], row| {
            keep_newer(field(disks.enter(node, device, new)), &site.world.texts, table, row.index());
        });
    }
    site.world.disks = disks.gather();
}

fn load_interfaces(site: &mut WorldBuilder<'_, '_>) {
    let new = |name| NetworkInterface { name, up: f32::NAN, received_bytes: None, sent_bytes: None };
    let mut interfaces = NamedParts::new();
    for_each(site, &NODE_NET_UP, [Label::Interface], |_, node, [name], row| {
        keep_larger(&mut interfaces.enter(node, name, new).up, row.last());
    });
    for (query, field) in INTERFACES {
        let table = site.answers.table(query);
        for_each(site, query, [Label::Interface], |site, node, [name], row| {
            keep_newer(field(interfaces.enter(node, name, new)), &site.world.texts, table, row.index());
        });
    }
    site.world.interfaces = interfaces.gather();
}
