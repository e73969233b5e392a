//! Loads the Kubernetes services with their addresses.

use headcount_prometheus::{query::Label, results::InternedString};

use crate::{
    constructor::world_builder::{WorldBuilder, read},
    model::{FastMap, Service, TextInterner, ip},
    queries::KUBE_SERVICE_INFO,
};

/// Loads the services that have an address. If several had the same address one after another, the one seen
/// last counts; of those, the one with the larger texts.
pub(super) fn load(site: &mut WorldBuilder<'_, '_>) {
    let mut newest = FastMap::default();
    for ([namespace, name, address], row) in
        read(site.answers, &KUBE_SERVICE_INFO, [Label::Namespace, Label::Service, Label::ClusterIp])
    {
        let Some(address) = ip(site.answers.text(address)) else { continue };
        let found = (row.last_seen(), namespace, name);
        let kept = newest.entry(address).or_insert(found);
        if is_newer(&site.world.texts, found, *kept) {
            *kept = found;
        }
    }
    for (cluster_ip, (_, namespace, name)) in newest {
        // Applications outside Kubernetes have the namespace `_`. A service without a namespace must not
        // match them.
        let namespace = site.world.texts.intern(site.answers.text(namespace));
        // The API server answers there, under any name.
        let name = match site.answers.text(name) {
            "kubernetes" => site.world.texts.intern("kube-apiserver"),
            _ => name,
        };
        let service = site.world.services.add(Service { namespace, name, cluster_ip });
        site.services.insert(cluster_ip, service);
    }
}

fn is_newer(
    texts: &TextInterner<'_>,
    found: (u32, InternedString, InternedString),
    kept: (u32, InternedString, InternedString),
) -> bool {
    found
        .0
        .cmp(&kept.0)
        .then_with(|| texts.compare(found.1, kept.1))
        .then_with(|| texts.compare(found.2, kept.2))
        .is_gt()
}
