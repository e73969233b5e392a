//! Hands out loopback addresses that nothing else uses, so that a port is free again after its process ends.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        OnceLock,
        atomic::{AtomicU16, Ordering},
    },
};

use anyhow::{Context, bail};

/// The second bytes of the networks `127.x.0.0/16`. A run claims one of them; lower numbers are left to
/// people and other programs.
const NETWORKS: std::ops::RangeInclusive<u8> = 64..=254;

/// The port that a run keeps open to claim its network. The number is arbitrary.
const CLAIM: u16 = 7777;

/// Returns an address that no other call returns, in this program or in others that run at the same time. The
/// port is 0, which means any free one.
///
/// # Errors
/// All networks are taken, or all addresses of this run were given.
pub fn own_address() -> anyhow::Result<SocketAddr> {
    static NETWORK: OnceLock<anyhow::Result<LoopbackNetwork>> = OnceLock::new();
    match NETWORK.get_or_init(LoopbackNetwork::claim) {
        Ok(network) => network.next(),
        Err(error) => bail!("{error:#}"),
    }
}

/// A network of loopback addresses, claimed by this program while the socket is open.
struct LoopbackNetwork {
    number: u8,
    given: AtomicU16,
    _claim: UdpSocket,
}

impl LoopbackNetwork {
    fn claim() -> anyhow::Result<Self> {
        for number in NETWORKS {
            match UdpSocket::bind((Ipv4Addr::new(127, number, 0, 0), CLAIM)) {
                Ok(claim) => return Ok(Self { number, given: AtomicU16::new(0), _claim: claim }),
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(error).context("cannot claim a loopback network"),
            }
        }
        bail!("all {} loopback networks are claimed by other runs", NETWORKS.len())
    }

    fn next(&self) -> anyhow::Result<SocketAddr> {
        let given = self.given.fetch_add(1, Ordering::Relaxed).checked_add(1);
        let [high, low] = given.context("this run has used all of its addresses")?.to_be_bytes();
        Ok(SocketAddr::from(([127, self.number, high, low], 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_is_given_once_and_each_network_has_one_user() {
        let (one, other) = (LoopbackNetwork::claim().unwrap(), LoopbackNetwork::claim().unwrap());
        assert_ne!(one.number, other.number);
        let addresses = [one.next(), one.next(), other.next()].map(Result::unwrap);
        assert!(addresses[0] != addresses[1] && addresses[0] != addresses[2], "{addresses:?}");
    }
}
