//! Loads the TCP connections of containers.

use std::net::IpAddr;

use crate::world::{
    answers::Symbol,
    catalogue::{
        CONTAINER_NET_LATENCY, CONTAINER_NET_TCP_ACTIVE_CONNECTIONS, CONTAINER_NET_TCP_BYTES_RECEIVED,
        CONTAINER_NET_TCP_BYTES_SENT, CONTAINER_NET_TCP_CONNECTION_TIME_SECONDS,
        CONTAINER_NET_TCP_FAILED_CONNECTS, CONTAINER_NET_TCP_RETRANSMITS,
        CONTAINER_NET_TCP_SUCCESSFUL_CONNECTS, Label,
    },
    constructor::{containers::for_each, fields::Now, site::Site},
    model::{
        Address, Connection, ConnectionId, Id as _, InstanceId, Map, Remote, RowId, ip, keep_larger,
        keep_newer,
    },
};

const MEASURES: [Now<Connection>; 7] = [
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
pub(super) struct Target<'a> {
    /// The address that the client connects to.
    pub(super) destination: Address<'a>,
    /// The address that it reaches, if that is known.
    pub(super) actual: Option<Address<'a>>,
}

impl<'a> Target<'a> {
    /// The address that is reached if it is known, or else the destination.
    pub(super) fn address(&self) -> Address<'a> {
        self.actual.unwrap_or(self.destination)
    }
}

/// The client, the destination, and the address that is reached.
type Ends = (InstanceId, Symbol, Symbol);

/// The connections found so far, by client and addresses.
pub(super) struct Connections<'a> {
    by_ends: Map<Ends, Option<ConnectionId>>,
    /// The ends and the targets of all connections, in the order of their ids.
    ends: Vec<Ends>,
    targets: Vec<Target<'a>>,
    /// The index of the connection that was looked up last.
    last: usize,
    /// The name of Docker. Its connections are skipped, since they are those of its containers.
    docker: Symbol,
}

impl<'a> Connections<'a> {
    /// The connection of an instance to one destination. Adds it if it is new. `None` if an address cannot be
    /// parsed, and for Docker itself.
    pub(super) fn enter(
        &mut self,
        site: &mut Site<'a, '_>,
        instance: InstanceId,
        destination: Symbol,
        actual: Symbol,
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

    fn add(&mut self, site: &mut Site<'a, '_>, ends: Ends) -> Option<ConnectionId> {
        let (instance, destination, actual_destination) = ends;
        let application = site.world.instances[instance].application;
        if self.docker == site.world.apps[application].id.name {
            return None;
        }
        let answers = site.answers;
        let actual = match answers.text(actual_destination) {
            "" => None,
            text => Some(Address::parse(text)?),
        };
        let target = Target { destination: Address::parse(answers.text(destination))?, actual };
        self.ends.push(ends);
        self.targets.push(target);
        Some(site.world.connections.add(Connection {
            instance,
            destination,
            actual_destination,
            service: None,
            remote: Remote::Unresolved,
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
    pub(super) fn targets(self) -> Vec<Target<'a>> {
        self.targets
    }
}

/// Loads the connections of containers. Failed connects have no actual destination.
pub(super) fn load<'a>(site: &mut Site<'a, '_>) -> Connections<'a> {
    let mut connections = Connections {
        by_ends: Map::default(),
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

fn load_round_trip_times(site: &mut Site<'_, '_>, connections: &Connections<'_>) {
    let table = site.answers.table(&CONTAINER_NET_LATENCY);
    let mut rows = Map::<(InstanceId, IpAddr), Option<RowId>>::default();
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
