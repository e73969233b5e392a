//! Marks the nodes of AWS Fargate.

use headcount_prometheus::query::Label;

use super::{
    load_nodes::lower,
    series_fields::CurrentValueField,
    world_builder::{WorldBuilder, read},
};
use crate::{
    model::{Node, keep_larger},
    queries::{FARGATE_NODE_MACHINE_CPU_CORES, FARGATE_NODE_MACHINE_MEMORY_BYTES},
};

const MEASURES: [CurrentValueField<Node>; 2] = [
    (&FARGATE_NODE_MACHINE_CPU_CORES, |node| &mut node.cpu_cores),
    (&FARGATE_NODE_MACHINE_MEMORY_BYTES, |node| &mut node.memory_bytes),
];

/// Marks the nodes that cAdvisor reports from Fargate. A node is found by both of its ids, or else by the
/// system UUID alone, the only id that Kubernetes knows. Unknown nodes are not added.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    let labels = [
        Label::MachineId,
        Label::SystemUuid,
        Label::KubernetesIoHostname,
        Label::TopologyKubernetesIoRegion,
        Label::TopologyKubernetesIoZone,
    ];
    for (query, measure) in MEASURES {
        for ([machine_id, system_uuid, hostname, region, zone], row) in read(site.answers, query, labels) {
            let texts = &mut site.world.texts;
            let by_both = site.nodes.find(texts, machine_id, system_uuid);
            let Some(node) = by_both.or_else(|| site.nodes.find_system(texts, system_uuid)) else { continue };
            let [provider, region, zone] = [texts.intern("aws"), lower(texts, region), lower(texts, zone)];
            let node = &mut site.world.nodes[node];
            node.is_fargate = true;
            for (kept, text) in [
                (&mut node.hostname, hostname),
                (&mut node.cloud.provider, provider),
                (&mut node.cloud.region, region),
                (&mut node.cloud.zone, zone),
            ] {
                kept.update(&site.world.texts, row.last_seen(), text);
            }
            keep_larger(measure(node), row.last());
        }
    }
}
