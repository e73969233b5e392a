//! Loads the TCP connections of containers.

use std::net::IpAddr;

use headcount_prometheus::{query::Label, results::InternedString};

use crate::{
    constructor::{container_index::for_each, series_fields::CurrentValueField, world_builder::WorldBuilder},
    model::{
        ArenaIndex as _, ConnectionId, FastMap, HostPort, InstanceId, RemoteEndpoint, RowId,
        UpstreamConnection, ip, keep_larger, keep_newer,
    },
    queries::{
        CONTAINER_NET_LATENCY, CONTAINER_NET_TCP_ACTIVE_CONNECTIONS, CONTAINER_NET_TCP_BYTES_RECEIVED,
        CONTAINER_NET_TCP_BYTES_SENT, CONTAINER_NET_TCP_CONNECTION_TIME_SECONDS,
        CONTAINER_NET_TCP_FAILED_CONNECTS, CONTAINER_NET_TCP_RETRANSMITS,
        CONTAINER_NET_TCP_SUCCESSFUL_CONNECTS,
    },
};

const MEASURES: [CurrentValueField<UpstreamConnection>; 7] = [
    (&CONTAINER_NET_TCP_SUCCESSFUL_CONNECTS, |connection| &mut connection.successful_connects),
    (&CONTAINER_NET_TCP_FAILED_CONNECTS, |connection| &mut connection.failed_connects),
    (&CONTAINER_NET_TCP_ACTIVE_CONNECTIONS, |connection| &mut connection.active),
    (&CONTAINER_NET_TCP_CONNECTION_TIME_SECONDS, |connection| &mut connection.connection_time),
    (&CONTAINER_NET_TCP_BYTES_SENT, |connection| &mut connection.bytes_sent),
    (&CONTAINER_NET_TCP_BYTES_RECEIVED, |connection| &mut connection.bytes_received),
    (&CONTAINER_NET_TCP_RETRANSMITS, |connection| &mut connection.retransmits),
];

/// The parsed addresses of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectionTarget<'a> {
    /// The address that the client connects to.
    pub(super) destination: HostPort<'a>,
    /// The address that it reaches, if that is known.
    pub(super) actual: Option<HostPort<'a>>,
}

impl<'a> ConnectionTarget<'a> {
    /// The address that is reached if it is known, or else the destination.
    pub(super) fn address(&self) -> HostPort<'a> {
        self.actual.unwrap_or(self.destination)
    }
}

/// The client, the destination, and the address that is reached.
type ConnectionEnds = (InstanceId, InternedString, InternedString);

/// The connections found so far, by client and addresses.
pub(super) struct ConnectionIndex<'a> {
    by_ends: FastMap<ConnectionEnds, Option<ConnectionId>>,
    /// The ends and the targets of all connections, in the order of their ids.
    ends: Vec<ConnectionEnds>,
    targets: Vec<ConnectionTarget<'a>>,
    /// The index of the connection that was looked up last.
    last: usize,
    /// The name of Docker. Its connections are skipped, since they are those of its containers.
    docker: InternedString,
}

impl<'a> ConnectionIndex<'a> {
    /// The connection of an instance to one destination. Adds it if it is new. `None` if an address cannot be
    /// parsed, and for Docker itself.
    pub(super) fn enter(
        &mut self,
        site: &mut WorldBuilder<'a, '_>,
        instance: InstanceId,
        destination: InternedString,
        actual: InternedString,
    ) -> Option<ConnectionId> {
        let ends = (instance, destination, actual);
        // The series of a connection are usually adjacent, and answers usually have connections in the same
        // order.
        for place in [self.last, self.last + 1] {
            if self.ends.get(place) == Some(&ends) {
                self.last = place;
                return Some(ConnectionId::at(place));
            }
        }
        let connection = match self.by_ends.get(&ends) {
            Some(known) => *known,
            None => {
                let added = self.add(site, ends);
                self.by_ends.insert(ends, added);
                added
            }
        };
        if let Some(connection) = connection {
            self.last = connection.place();
        }
        connection
    }

    fn add(&mut self, site: &mut WorldBuilder<'a, '_>, ends: ConnectionEnds) -> Option<ConnectionId> {
        let (instance, destination, actual_destination) = ends;
        let application = site.world.instances[instance].application;
        if self.docker == site.world.apps[application].id.name {
            return None;
        }
        let answers = site.answers;
        let actual = match answers.text(actual_destination) {
            "" => None,
            text => Some(HostPort::parse(text)?),
        };
        let target = ConnectionTarget { destination: HostPort::parse(answers.text(destination))?, actual };
        self.ends.push(ends);
        self.targets.push(target);
        Some(site.world.connections.add(UpstreamConnection {
            instance,
            destination,
            actual_destination,
            service: None,
            remote: RemoteEndpoint::Unresolved,
            successful_connects: f32::NAN,
            failed_connects: f32::NAN,
            active: f32::NAN,
            connection_time: f32::NAN,
            bytes_sent: f32::NAN,
            bytes_received: f32::NAN,
            retransmits: f32::NAN,
            round_trip_time: None,
        }))
    }

    /// The targets of all connections, in the order of their ids.
    pub(super) fn targets(self) -> Vec<ConnectionTarget<'a>> {
        self.targets
    }
}

/// Loads the connections of containers. Failed connects have no actual destination.
pub(super) fn load<'a>(site: &mut WorldBuilder<'a, '_>) -> ConnectionIndex<'a> {
    let mut connections = ConnectionIndex {
        by_ends: FastMap::default(),
        ends: Vec::new(),
        targets: Vec::new(),
        last: 0,
        docker: site.world.texts.intern("docker"),
    };
    for (query, field) in MEASURES {
        let labels = [Label::Destination, Label::ActualDestination];
        for_each(site, query, labels, |site, container, [destination, actual], row| {
            let instance = site.world.containers[container].instance;
            if let Some(connection) = connections.enter(site, instance, destination, actual) {
                keep_larger(field(&mut site.world.connections[connection]), row.last());
            }
        });
    }
    load_round_trip_times(site, &connections);
    connections
}

fn load_round_trip_times(site: &mut WorldBuilder<'_, '_>, connections: &ConnectionIndex<'_>) {
    let table = site.answers.table(&CONTAINER_NET_LATENCY);
    let mut rows = FastMap::<(InstanceId, IpAddr), Option<RowId>>::default();
    for_each(site, &CONTAINER_NET_LATENCY, [Label::DestinationIp], |site, container, [address], row| {
        if let Some(ip) = ip(site.answers.text(address)) {
            let instance = site.world.containers[container].instance;
            keep_newer(rows.entry((instance, ip)).or_default(), &site.world.texts, table, row.index());
        }
    });
    for (connection, target) in site.world.connections.values_mut().zip(&connections.targets) {
        let row = target.address().ip().and_then(|ip| rows.get(&(connection.instance, ip)));
        connection.round_trip_time = row.copied().flatten();
    }
}
