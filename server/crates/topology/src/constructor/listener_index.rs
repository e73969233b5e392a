//! Finds the instance that listens on an address.

use std::net::IpAddr;

use crate::model::{FastMap, InstanceId, ListenAddress, NodeId, World};

/// The scope in which an address is unique: the network, or a node for its loopback addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum AddressScope {
    Network(IpAddr),
    Loopback(NodeId),
}

/// All listening instances by address, active or not.
#[derive(Debug, Default)]
pub(super) struct ListenerIndex {
    by_address: FastMap<(AddressScope, u16, bool), (InstanceId, ListenAddress)>,
}

impl ListenerIndex {
    /// Indexes the addresses of a world. Several instances can have the same address one after another. The
    /// index has the one that still exists; then, in this order, the one that listens now, the one seen last,
    /// and the one with the smallest names.
    pub(super) fn of(world: &World<'_>) -> Self {
        let mut by_address = FastMap::with_capacity_and_hasher(world.listens.len(), Default::default());
        for (instance, listen) in world.listens.iter() {
            let Some(place) = place(listen.ip, world.instances[*instance].node) else { continue };
            let kept = by_address.entry((place, listen.port, listen.proxied)).or_insert((*instance, *listen));
            if is_rather(world, (*instance, listen), (kept.0, &kept.1)) {
                *kept = (*instance, *listen);
            }
        }
        Self { by_address }
    }

    /// The instance that answers at an address, as seen from a node: through a proxy, directly, or directly
    /// on any port.
    pub(super) fn answering(&self, ip: IpAddr, port: u16, node: Option<NodeId>) -> Option<InstanceId> {
        let place = place(ip, node)?;
        [(place, port, true), (place, port, false), (place, 0, false)]
            .iter()
            .find_map(|address| self.by_address.get(address))
            .map(|(instance, _)| *instance)
    }

    /// The instance that listens at exactly this address, without a proxy.
    pub(super) fn listening(&self, ip: IpAddr, port: u16) -> Option<InstanceId> {
        self.by_address.get(&(place(ip, None)?, port, false)).map(|(instance, _)| *instance)
    }
}

/// The scope of an address; `None` for a loopback address of an unknown node.
fn place(ip: IpAddr, node: Option<NodeId>) -> Option<AddressScope> {
    if ip.is_loopback() { node.map(AddressScope::Loopback) } else { Some(AddressScope::Network(ip)) }
}

fn is_rather(
    world: &World<'_>,
    one: (InstanceId, &ListenAddress),
    other: (InstanceId, &ListenAddress),
) -> bool {
    let rank = |(instance, listen): (InstanceId, &ListenAddress)| {
        (!world.is_obsolete(instance), listen.active, listen.last_seen)
    };
    rank(one).cmp(&rank(other)).then_with(|| world.compare_instances(other.0, one.0)).is_gt()
}
