//! What do nodes have and use?

use crate::world::{
    answers::Symbol,
    catalogue::{
        Label, NODE_CPU_CORES, NODE_CPU_USAGE_BY_MODE, NODE_CPU_USAGE_PERCENT, NODE_DISK_IO_TIME,
        NODE_DISK_READ_BYTES, NODE_DISK_READ_TIME, NODE_DISK_READS, NODE_DISK_WRITE_TIME, NODE_DISK_WRITES,
        NODE_DISK_WRITTEN_BYTES, NODE_MEMORY_AVAILABLE_BYTES, NODE_MEMORY_CACHED_BYTES,
        NODE_MEMORY_FREE_BYTES, NODE_MEMORY_TOTAL_BYTES, NODE_NET_IP, NODE_NET_RX_BYTES, NODE_NET_TX_BYTES,
        NODE_NET_UP, NODE_UPTIME_SECONDS, Query,
    },
    constructor::{
        fields::{Now, OverTime},
        site::{Site, read},
    },
    model::{Disk, Id as _, Interface, Map, Node, NodeId, RowId, Several, keep_larger, keep_newer},
};

const NOW: [Now<Node>; 3] = [
    (&NODE_UPTIME_SECONDS, |node| &mut node.uptime),
    (&NODE_CPU_CORES, |node| &mut node.cpu_cores),
    (&NODE_MEMORY_TOTAL_BYTES, |node| &mut node.memory_bytes),
];

const OVER_TIME: [OverTime<Node>; 4] = [
    (&NODE_CPU_USAGE_PERCENT, |node| &mut node.cpu_usage),
    (&NODE_MEMORY_AVAILABLE_BYTES, |node| &mut node.memory_available),
    (&NODE_MEMORY_FREE_BYTES, |node| &mut node.memory_free),
    (&NODE_MEMORY_CACHED_BYTES, |node| &mut node.memory_cached),
];

const DISKS: [OverTime<Disk>; 7] = [
    (&NODE_DISK_READ_TIME, |disk| &mut disk.read_time),
    (&NODE_DISK_WRITE_TIME, |disk| &mut disk.write_time),
    (&NODE_DISK_READS, |disk| &mut disk.reads),
    (&NODE_DISK_WRITES, |disk| &mut disk.writes),
    (&NODE_DISK_READ_BYTES, |disk| &mut disk.read_bytes),
    (&NODE_DISK_WRITTEN_BYTES, |disk| &mut disk.written_bytes),
    (&NODE_DISK_IO_TIME, |disk| &mut disk.io_time),
];

const INTERFACES: [OverTime<Interface>; 2] = [
    (&NODE_NET_RX_BYTES, |interface| &mut interface.received_bytes),
    (&NODE_NET_TX_BYTES, |interface| &mut interface.sent_bytes),
];

/// Loads the sizes of nodes, their disks and their network interfaces.
pub(super) fn load(site: &mut Site<'_, '_>) {
    load_sizes(site);
    site.world.cpu_modes = rows_by_node(site, &NODE_CPU_USAGE_BY_MODE);
    site.world.node_ips = rows_by_node(site, &NODE_NET_IP);
    load_disks(site);
    load_interfaces(site);
}

fn load_sizes(site: &mut Site<'_, '_>) {
    for (query, field) in NOW {
        for ([machine_id, system_uuid], row) in
            read(site.answers, query, [Label::MachineId, Label::SystemUuid])
        {
            let Some(node) = site.nodes.find(&mut site.world.texts, machine_id, system_uuid) else {
                continue;
            };
            keep_larger(field(&mut site.world.nodes[node]), row.last().unwrap_or(f32::NAN));
        }
    }
    for (query, field) in OVER_TIME {
        let table = site.answers.table(query);
        for ([machine_id, system_uuid], row) in
            read(site.answers, query, [Label::MachineId, Label::SystemUuid])
        {
            let Some(node) = site.nodes.find(&mut site.world.texts, machine_id, system_uuid) else {
                continue;
            };
            keep_newer(field(&mut site.world.nodes[node]), table, row.index());
        }
    }
}

fn rows_by_node(site: &mut Site<'_, '_>, query: &'static Query) -> Several<NodeId, RowId> {
    let mut rows = Vec::new();
    for ([machine_id, system_uuid], row) in read(site.answers, query, [Label::MachineId, Label::SystemUuid]) {
        let Some(node) = site.nodes.find(&mut site.world.texts, machine_id, system_uuid) else { continue };
        rows.push((node, RowId::at(row.index())));
    }
    Several::gather(rows)
}

/// The parts of nodes, by node and name.
struct Parts<T> {
    places: Map<(NodeId, Symbol), usize>,
    parts: Vec<(NodeId, T)>,
}

impl<T> Parts<T> {
    fn new() -> Self {
        Self { places: Map::default(), parts: Vec::new() }
    }

    fn part(&mut self, node: NodeId, name: Symbol, new: impl FnOnce(Symbol) -> T) -> &mut T {
        let Self { places, parts } = self;
        let place = *places.entry((node, name)).or_insert_with(|| {
            parts.push((node, new(name)));
            parts.len() - 1
        });
        &mut parts[place].1
    }
}

fn load_disks(site: &mut Site<'_, '_>) {
    let mut disks = Parts::new();
    for (query, field) in DISKS {
        let table = site.answers.table(query);
        let labels = [Label::MachineId, Label::SystemUuid, Label::Device];
        for ([machine_id, system_uuid, device], row) in read(site.answers, query, labels) {
            let Some(node) = site.nodes.find(&mut site.world.texts, machine_id, system_uuid) else {
                continue;
            };
            let disk = disks.part(node, device, |device| Disk { device, ..Disk::default() });
            keep_newer(field(disk), table, row.index());
        }
    }
    site.world.disks = Several::gather(disks.parts);
}

fn load_interfaces(site: &mut Site<'_, '_>) {
    let new = |name| Interface { name, up: f32::NAN, received_bytes: None, sent_bytes: None };
    let labels = [Label::MachineId, Label::SystemUuid, Label::Interface];
    let mut interfaces = Parts::new();
    for ([machine_id, system_uuid, name], row) in read(site.answers, &NODE_NET_UP, labels) {
        let Some(node) = site.nodes.find(&mut site.world.texts, machine_id, system_uuid) else { continue };
        keep_larger(&mut interfaces.part(node, name, new).up, row.last().unwrap_or(f32::NAN));
    }
    for (query, field) in INTERFACES {
        let table = site.answers.table(query);
        for ([machine_id, system_uuid, name], row) in read(site.answers, query, labels) {
            let Some(node) = site.nodes.find(&mut site.world.texts, machine_id, system_uuid) else {
                continue;
            };
            keep_newer(field(interfaces.part(node, name, new)), table, row.index());
        }
    }
    site.world.interfaces = Several::gather(interfaces.parts);
}
