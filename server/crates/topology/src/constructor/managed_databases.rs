//! Adds a managed database or cache as an instance with a pseudo node.

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::{InternedString, ResultRow},
};

use super::{
    load_nodes::lower,
    world_builder::{WorldBuilder, read},
};
use crate::model::{
    Kind, LatestText, ListenAddress, ManagedDatabase, ManagedId, ManagedService, NodeKey, ip,
};

/// The metadata of a managed database or cache.
pub(super) struct ManagedDatabaseInfo<'a> {
    /// Its id, which includes the region.
    pub(super) id: InternedString,
    pub(super) service: ManagedService,
    /// The application that it is an instance of.
    pub(super) application: &'a str,
    pub(super) instance: InternedString,
    /// The name of its pseudo node.
    pub(super) node: InternedString,
    pub(super) region: InternedString,
    pub(super) zone: InternedString,
    pub(super) instance_type: InternedString,
    pub(super) engine: InternedString,
    pub(super) engine_version: InternedString,
    pub(super) storage_type: InternedString,
    pub(super) is_multi_zone: bool,
    pub(super) seen: u32,
}

/// Adds a managed database or cache. Two with the same name in different regions are different instances.
pub(super) fn enter(site: &mut WorldBuilder<'_, '_>, found: &ManagedDatabaseInfo<'_>) {
    let node = site.nodes.enter(&mut site.world, NodeKey::Managed(found.id));
    let kind = match found.service {
        ManagedService::Rds => Kind::Rds,
        ManagedService::Elasticache => Kind::ElasticacheCluster,
    };
    let texts = &mut site.world.texts;
    let (namespace, name) = (texts.intern("_"), texts.intern(found.application));
    let provider = texts.intern("aws");
    let [region, zone, instance_type] =
        [found.region, found.zone, found.instance_type].map(|text| lower(texts, text));
    let place = &mut site.world.nodes[node];
    for (kept, text) in [
        (&mut place.hostname, found.node),
        (&mut place.cloud.provider, provider),
        (&mut place.cloud.region, region),
        (&mut place.cloud.zone, zone),
        (&mut place.cloud.instance_type, instance_type),
    ] {
        kept.update(&site.world.texts, found.seen, text);
    }
    let application = site.application(namespace, kind, name);
    let instance = site.add_instance(application, found.instance, Some(node));
    let managed = site.world.managed.add(ManagedDatabase {
        service: found.service,
        instance,
        node,
        engine: found.engine,
        engine_version: found.engine_version,
        storage_type: found.storage_type,
        is_multi_zone: found.is_multi_zone,
        status: LatestText::default(),
        provisioned_iops: f32::NAN,
        allocated_gibibytes: f32::NAN,
        volume_size: f32::NAN,
        volume_used: f32::NAN,
    });
    site.world.instances[instance].managed = Some(managed);
    site.managed.insert(found.id, managed);
}

/// Calls `act` for each series of an answer whose label `id` refers to a known managed database or cache,
/// with the values of some labels.
pub(super) fn for_each<'a, 'p, const N: usize>(
    site: &mut WorldBuilder<'a, 'p>,
    query: &'static PrometheusQuery,
    id: Label,
    labels: [Label; N],
    mut act: impl FnMut(&mut WorldBuilder<'a, 'p>, ManagedId, [InternedString; N], ResultRow<'a>),
) {
    let columns = query.columns(labels);
    for ([id], row) in read(site.answers, query, [id]) {
        if let Some(managed) = site.managed.get(&id).copied() {
            act(site, managed, columns.map(|column| row.label(column)), row);
        }
    }
}

/// Loads the addresses that a query reports for managed databases or caches.
pub(super) fn load_addresses(site: &mut WorldBuilder<'_, '_>, query: &'static PrometheusQuery, id: Label) {
    for_each(site, query, id, [Label::Ipv4, Label::Port], |site, managed, [address, port], row| {
        let answers = site.answers;
        let (Some(ip), Ok(port)) = (ip(answers.text(address)), answers.text(port).parse()) else { return };
        let last_seen = row.last_seen();
        let listen = ListenAddress { ip, port, proxied: false, active: row.last().is_some(), last_seen };
        site.listens.push((site.world.managed[managed].instance, listen));
    });
}

/// Loads the status that a query reports for managed databases or caches.
pub(super) fn load_status(site: &mut WorldBuilder<'_, '_>, query: &'static PrometheusQuery, id: Label) {
    for_each(site, query, id, [Label::Status], |site, managed, [status], row| {
        if row.last().is_some() {
            site.world.managed[managed].status.update(&site.world.texts, row.last_seen(), status);
        }
    });
}
