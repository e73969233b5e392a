//! The report on the network: whether other applications can be reached, and the round-trip times to them.

use headcount_prometheus::results::InternedString;
use headcount_topology::model::{AppId, InstanceId, RemoteEndpoint, UpstreamConnection};

use super::{AuditReport, audit_context::last_value, audited_application::AuditedApplication};
use crate::inspections::Inspection;

/// What round-trip times are grouped by: another application, or an instance of the audited one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct NetworkDestination {
    application: AppId,
    instance: Option<InstanceId>,
}

/// The report on the network; `None` without connections.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let (world, latencies) = (subject.world, subject.ground.tables.net_latency);
    let mut connectivity = subject.items(Inspection::NetworkConnectivity);
    let mut connects = subject.items(Inspection::NetworkTCPConnections);
    let mut round_trips = Vec::new();
    let mut has_connections = false;
    for connection in connections(subject) {
        let Some(to) = destination(subject, connection) else { continue };
        has_connections = true;
        let round_trip = last_value(latencies, connection.round_trip_time);
        if !round_trip.is_nan() {
            round_trips.push((to, round_trip));
        }
        let name = [world.apps[to.application].id.name, InternedString::EMPTY];
        if is_used(subject, connection) {
            if subject.ground.is_silent(latencies, connection.round_trip_time) {
                connectivity.add(name);
            }
            connects.add_above(connection.failed_connects, name);
        }
    }
    let mut distance = subject.items(Inspection::NetworkRTT);
    sort(&mut round_trips);
    for (to, mean) in means(&round_trips) {
        let application = world.apps[to.application].id.name;
        let own = to.instance.map(|instance| [world.instances[instance].name, application]);
        distance.add_above(mean, own.unwrap_or([application, InternedString::EMPTY]));
    }
    let checks = || {
        vec![
            distance.check("the network is slow"),
            connectivity.check("no answer to packets"),
            connects.check("connections fail"),
        ]
    };
    has_connections.then(|| AuditReport::new("Net", checks()))
}

fn connections<'s>(subject: &'s AuditedApplication<'_, '_>) -> impl Iterator<Item = &'s UpstreamConnection> {
    let of = |(id, _)| subject.ground.connections.of(id).map(|id| &subject.world.connections[*id]);
    subject.instances().flat_map(of)
}

fn destination(
    subject: &AuditedApplication<'_, '_>,
    connection: &UpstreamConnection,
) -> Option<NetworkDestination> {
    match connection.remote {
        RemoteEndpoint::Unresolved => None,
        RemoteEndpoint::Application(application) => Some(NetworkDestination { application, instance: None }),
        RemoteEndpoint::Instance(instance) => {
            let application = subject.world.instances[instance].application;
            let is_own = application == subject.id;
            Some(NetworkDestination { application, instance: is_own.then_some(instance) })
        }
    }
}

/// Whether a connection is currently in use. Connections from or to a pod that is gone are not.
fn is_used(subject: &AuditedApplication<'_, '_>, connection: &UpstreamConnection) -> bool {
    let world = subject.world;
    let is_gone = match connection.remote {
        RemoteEndpoint::Instance(instance) => world.is_obsolete(instance),
        RemoteEndpoint::Application(_) | RemoteEndpoint::Unresolved => false,
    };
    let UpstreamConnection { successful_connects, failed_connects, active, .. } = *connection;
    !is_gone
        && !world.is_obsolete(connection.instance)
        && [successful_connects, failed_connects, active].iter().any(|value| *value > 0.0)
}

/// Sorts values by destination. The values of a destination are sorted too, so that their sum does not depend
/// on the order of series.
fn sort(values: &mut [(NetworkDestination, f32)]) {
    values.sort_unstable_by(|one, other| one.0.cmp(&other.0).then_with(|| one.1.total_cmp(&other.1)));
}

/// The mean value of each destination. `values` must be sorted by destination.
fn means(values: &[(NetworkDestination, f32)]) -> impl Iterator<Item = (NetworkDestination, f32)> {
    values.chunk_by(|one, other| one.0 == other.0).filter_map(|group| {
        let sum: f64 = group.iter().map(|(_, value)| f64::from(*value)).sum();
        let (to, _) = group.first()?;
        Some((*to, (sum / group.len() as f64) as f32))
    })
}
