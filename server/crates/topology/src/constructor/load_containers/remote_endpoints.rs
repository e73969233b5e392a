//! Resolves the remote ends of connections.

use std::net::IpAddr;

use headcount_prometheus::results::InternedString;

use super::{
    connections::ConnectionTarget,
    external_name::{self, ExternalName},
};
use crate::{
    constructor::world_builder::WorldBuilder,
    model::{
        AppId, ConnectionId, FastMap, HostPort, InstanceId, Kind, RemoteEndpoint, ServiceId,
        UpstreamConnection,
    },
};

/// Resolves each connection to an instance that listens at its address, to the application behind a service,
/// or to an external service.
pub(super) fn resolve(site: &mut WorldBuilder<'_, '_>, targets: &[ConnectionTarget<'_>]) {
    find_instances_and_services(site, targets);
    let by_name = applications_by_name(site);
    let by_service = applications_by_service(site);
    let behind_services = services_by_what_they_reach(site, targets);
    let unresolved: Vec<ConnectionId> = site.world.connections.ids().collect();
    for (id, target) in unresolved.into_iter().zip(targets) {
        let UpstreamConnection { remote, service, destination, .. } = site.world.connections[id];
        if remote != RemoteEndpoint::Unresolved {
            continue;
        }
        let named = service.and_then(|id| {
            let service = &site.world.services[id];
            by_name.get(&(service.namespace, service.name))
        });
        // A client that connects directly to an address that others reach through a service uses that
        // service.
        let reached = || behind_services.get(&target.actual?.ip()?).copied();
        let service = service.or_else(reached);
        site.world.connections[id].service = service;
        let behind = named.or_else(|| by_service.get(&service?)?.as_ref());
        site.world.connections[id].remote = match behind {
            Some(application) => RemoteEndpoint::Application(*application),
            None => RemoteEndpoint::Instance(external(site, service, target, destination)),
        };
    }
}

fn find_instances_and_services(site: &mut WorldBuilder<'_, '_>, targets: &[ConnectionTarget<'_>]) {
    let instances = &site.world.instances;
    for (connection, target) in site.world.connections.values_mut().zip(targets) {
        connection.service = target.destination.ip().and_then(|ip| site.services.get(&ip).copied());
        let address = target.address();
        let node = instances[connection.instance].node;
        if let Some(instance) = address.ip().and_then(|ip| site.listeners.answering(ip, address.port, node)) {
            connection.remote = RemoteEndpoint::Instance(instance);
        }
    }
}

/// Applications by namespace and name. Of several kinds with the same name, one that has instances counts; of
/// those, the one whose kind sorts first.
fn applications_by_name(site: &WorldBuilder<'_, '_>) -> FastMap<(InternedString, InternedString), AppId> {
    let world = &site.world;
    let mut by_name = FastMap::<_, AppId>::default();
    for (id, app) in world.apps.iter() {
        let kept = by_name.entry((app.id.namespace, app.id.name)).or_insert(id);
        let other = &world.apps[*kept];
        let order = (!app.instances.is_empty())
            .cmp(&!other.instances.is_empty())
            .then_with(|| other.id.compare(app.id, &world.texts));
        if order.is_gt() {
            *kept = id;
        }
    }
    by_name
}

/// The only application that connections to a service reach; `None` if they reach several.
fn applications_by_service(site: &WorldBuilder<'_, '_>) -> FastMap<ServiceId, Option<AppId>> {
    let world = &site.world;
    let mut by_service = FastMap::<_, Option<AppId>>::default();
    for connection in world.connections.values() {
        let (Some(service), RemoteEndpoint::Instance(instance)) = (connection.service, connection.remote)
        else {
            continue;
        };
        let application = world.instances[instance].application;
        let kept = by_service.entry(service).or_insert(Some(application));
        if *kept != Some(application) {
            *kept = None;
        }
    }
    by_service
}

/// The service through which an address is reached; of several, the one whose name sorts first.
fn services_by_what_they_reach(
    site: &WorldBuilder<'_, '_>,
    targets: &[ConnectionTarget<'_>],
) -> FastMap<IpAddr, ServiceId> {
    let world = &site.world;
    let mut services = FastMap::<IpAddr, ServiceId>::default();
    for (connection, target) in world.connections.values().zip(targets) {
        let (Some(service), Some(ip)) = (connection.service, target.actual.and_then(HostPort::ip)) else {
            continue;
        };
        let kept = services.entry(ip).or_insert(service);
        let (one, other) = (&world.services[service], &world.services[*kept]);
        let order = world
            .texts
            .compare(one.namespace, other.namespace)
            .then_with(|| world.texts.compare(one.name, other.name))
            .then_with(|| one.cluster_ip.cmp(&other.cluster_ip));
        if order.is_lt() {
            *kept = service;
        }
    }
    services
}

/// The instance for a destination that is not observed. Patterns of custom applications are matched against
/// the destination.
fn external(
    site: &mut WorldBuilder<'_, '_>,
    service: Option<ServiceId>,
    target: &ConnectionTarget<'_>,
    destination: InternedString,
) -> InstanceId {
    let name = match (site.custom_application(destination), service) {
        (Some(custom), _) => custom,
        (None, Some(service)) => site.world.services[service].name,
        (None, None) => external_name(site, target),
    };
    let namespace = site.world.texts.intern(external_name::NAMESPACE);
    let application = site.application(namespace, Kind::ExternalService, name);
    site.instance(application, destination, None)
}

fn external_name(site: &mut WorldBuilder<'_, '_>, target: &ConnectionTarget<'_>) -> InternedString {
    let domain_name = target.destination.ip().and_then(|ip| site.domain_names.get(&ip).copied());
    let domain_name = domain_name.map(|name| site.answers.text(name));
    let ExternalName { name, port } = external_name::name(*target, domain_name);
    match port {
        None => site.world.texts.intern(name),
        Some(port) => site.world.texts.format(format_args!("{name}:{port}")),
    }
}
