//! Defines what a browser may reach: loopback addresses, and a proxy on loopback for everything else.

use std::net::{Ipv4Addr, SocketAddr};

/// How a browser reaches hosts that are not loopback addresses.
#[derive(Debug, Clone, Copy)]
pub(super) enum BrowserNetwork {
    /// Not at all.
    Loopback,
    /// Through a server of the test.
    Proxy(SocketAddr),
}

impl BrowserNetwork {
    /// The address of the proxy. Nothing listens on port 9 of loopback, and only root could.
    pub(super) fn proxy(self) -> SocketAddr {
        match self {
            Self::Loopback => SocketAddr::from((Ipv4Addr::LOCALHOST, 9)),
            Self::Proxy(address) => address,
        }
    }
}
