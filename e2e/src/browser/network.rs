//! Whom may a browser talk to? Loopback, and a proxy on loopback for everything else.

use std::net::{Ipv4Addr, SocketAddr};

/// Where a browser goes for what is not on a loopback address.
#[derive(Debug, Clone, Copy)]
pub(super) enum Network {
    /// Nowhere.
    Loopback,
    /// To a server of the test.
    Proxy(SocketAddr),
}

impl Network {
    /// The address of the proxy. Nothing listens at port 9 of loopback, and nobody but root could.
    pub(super) fn proxy(self) -> SocketAddr {
        match self {
            Self::Loopback => SocketAddr::from((Ipv4Addr::LOCALHOST, 9)),
            Self::Proxy(address) => address,
        }
    }
}
