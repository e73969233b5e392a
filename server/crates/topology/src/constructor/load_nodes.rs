//! Loads the nodes, their cloud metadata and their prices.

mod node_usage;

use headcount_prometheus::{query::Label, results::InternedString};

use super::{
    node_index::{for_each, machine},
    world_builder::{WorldBuilder, read},
};
use crate::{
    model::{CloudMetadata, FastMap, LatestText, Node, NodeId, TextInterner},
    prices::{CloudPrices, LifeCycle, NodePrice},
    queries::{KUBE_NODE_INFO, NODE_AGENT_INFO, NODE_CLOUD_INFO, NODE_INFO},
};

/// Loads the nodes that node agents and Kubernetes report.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    load_agent_nodes(site);
    load_kubernetes_nodes(site);
    load_agent_versions(site);
    load_clouds(site);
    node_usage::load(site);
    set_prices(site);
}

fn load_agent_nodes(site: &mut WorldBuilder<'_, '_>) {
    let labels = [Label::MachineId, Label::SystemUuid, Label::Hostname, Label::KernelVersion];
    for ([machine_id, system_uuid, hostname, kernel], row) in read(site.answers, &NODE_INFO, labels) {
        let Some(key) = machine(&mut site.world.texts, machine_id, system_uuid) else { continue };
        let node = site.nodes.enter(&mut site.world, key);
        site.world.agents.node_agent = true;
        let (texts, node) = (&site.world.texts, &mut site.world.nodes[node]);
        node.has_agent = true;
        node.hostname.update(texts, row.last_seen(), hostname);
        node.kernel.update(texts, row.last_seen(), kernel);
    }
}

/// Kubernetes identifies nodes by the system UUID alone.
fn load_kubernetes_nodes(site: &mut WorldBuilder<'_, '_>) {
    let mut kernels = FastMap::<NodeId, LatestText>::default();
    let labels = [Label::SystemUuid, Label::Node, Label::KernelVersion];
    for ([system_uuid, name, kernel], row) in read(site.answers, &KUBE_NODE_INFO, labels) {
        let texts = &mut site.world.texts;
        let Some(key) = machine(texts, InternedString::EMPTY, system_uuid) else { continue };
        let known = site.nodes.find_system(texts, system_uuid);
        let id = known.unwrap_or_else(|| site.nodes.enter(&mut site.world, key));
        let (texts, node) = (&site.world.texts, &mut site.world.nodes[id]);
        node.kubernetes_name.update(texts, row.last_seen(), name);
        kernels.entry(id).or_default().update(texts, row.last_seen(), kernel);
    }
    for (id, kernel) in kernels {
        let node = &mut site.world.nodes[id];
        if node.kernel.text().is_empty() {
            node.kernel = kernel;
        }
    }
}

fn load_agent_versions(site: &mut WorldBuilder<'_, '_>) {
    for_each(site, &NODE_AGENT_INFO, [Label::Version], |site, node, [version], row| {
        site.world.nodes[node].agent_version.update(&site.world.texts, row.last_seen(), version);
    });
}

fn load_clouds(site: &mut WorldBuilder<'_, '_>) {
    let labels = [
        Label::Provider,
        Label::Region,
        Label::AvailabilityZone,
        Label::InstanceType,
        Label::InstanceLifeCycle,
    ];
    for_each(site, &NODE_CLOUD_INFO, labels, |site, node, labels, row| {
        let texts = &mut site.world.texts;
        let [provider, region, zone, instance_type, life_cycle] = labels.map(|text| lower(texts, text));
        let zone = zone_name(texts, provider, region, zone);
        let CloudMetadata { provider: p, region: r, zone: z, instance_type: t, life_cycle: l } =
            &mut site.world.nodes[node].cloud;
        for (kept, text) in [(p, provider), (r, region), (z, zone), (t, instance_type), (l, life_cycle)] {
            kept.update(texts, row.last_seen(), text);
        }
    });
}

/// The name of a zone. Azure only numbers the zones of a region, so the region is put before the number.
fn zone_name(
    texts: &mut TextInterner<'_>,
    provider: InternedString,
    region: InternedString,
    zone: InternedString,
) -> InternedString {
    let (region, zone_text) = (texts.text(region).to_owned(), texts.text(zone).to_owned());
    if texts.text(provider) == "azure" && zone_text.parse::<u32>().is_ok() {
        texts.format(format_args!("{region}-{zone_text}"))
    } else {
        zone
    }
}

/// A text in lower case.
pub(super) fn lower(texts: &mut TextInterner<'_>, text: InternedString) -> InternedString {
    let lower = texts.text(text).to_lowercase();
    texts.intern(&lower)
}

fn set_prices(site: &mut WorldBuilder<'_, '_>) {
    let texts = &site.world.texts;
    for node in site.world.nodes.values_mut() {
        node.price = price(site.prices, texts, node);
    }
}

fn price(prices: &CloudPrices, texts: &TextInterner<'_>, node: &Node) -> Option<NodePrice> {
    let CloudMetadata { provider, region, instance_type, life_cycle, .. } = node.cloud;
    let text = |latest: LatestText| texts.text(latest.text());
    let life_cycle = LifeCycle::of(text(life_cycle));
    let price = prices.machine(text(provider), text(region), text(instance_type), life_cycle)?;
    Some(NodePrice::new(price, node.cpu_cores, node.memory_bytes))
}
