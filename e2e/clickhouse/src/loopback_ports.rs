//! Chooses ports that stay free for one test, also while its servers are down.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
};

/// Where all servers listen. ClickHouse takes other addresses of the loopback interface for other machines:
/// statements `ON CLUSTER` would wait for them.
pub(crate) const HOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// The ports of one test: more than the servers of a cluster need.
const BLOCK: u16 = 16;

/// Below the ports that systems assign to outgoing connections.
const PORTS: Range<u16> = 10_000..32_000;

/// How many blocks are tried.
const ATTEMPTS: usize = 1000;

/// A block of ports. The process that listens on the first one may use the others.
#[derive(Debug)]
pub(crate) struct PortBlock {
    first: TcpListener,
    used: u16,
}

impl PortBlock {
    /// A block that is chosen at random, of which no port is used.
    pub(crate) fn reserve() -> Self {
        let blocks = (PORTS.end - PORTS.start) / BLOCK;
        let block = (0..ATTEMPTS).find_map(|_| {
            let start = PORTS.start + rand::random_range(0..blocks) * BLOCK;
            let first = TcpListener::bind((HOST, start)).ok()?;
            (start + 1..start + BLOCK).all(is_free).then_some(Self { first, used: 0 })
        });
        block.expect("there is no block of free ports")
    }

    /// The next port of the block.
    pub(crate) fn next_port(&mut self) -> u16 {
        self.used += 1;
        assert!(self.used < BLOCK, "a block of ports is used up");
        self.first.local_addr().unwrap().port() + self.used
    }

    /// The next port of the block with the address.
    pub(crate) fn next_address(&mut self) -> SocketAddr {
        (HOST, self.next_port()).into()
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((HOST, port)).is_ok()
}
