//! Hashes the addresses of peers, so that limits can tell them apart.
//!
//! An address is reduced to the part that a sender cannot choose freely (an IPv6 network of 64 bits) and
//! hashed with a random key of this process. Hashes are compared in memory. They are not stored, logged or
//! shown.

use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
};

/// A keyed hash of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressHash(u64);

/// Hashes addresses with a random key that exists only in this value.
#[derive(Debug, Clone, Default)]
pub struct AddressHasher(RandomState);

impl AddressHasher {
    /// A hasher with a new key.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The hash of an address. Addresses of one IPv6 network of 64 bits have the same hash.
    #[must_use]
    pub fn hash(&self, address: IpAddr) -> AddressHash {
        AddressHash(self.0.hash_one(folded(address)))
    }
}

/// The address without the part that one sender can choose.
fn folded(address: IpAddr) -> IpAddr {
    const NETWORK: u128 = !0 << 64;
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            Ipv6Addr::from_bits(address.to_bits() & NETWORK).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_address() {
        let hasher = AddressHasher::new();
        let hash = |text: &str| hasher.hash(text.parse().unwrap());
        for (one, other, same) in [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("127.0.0.1", "127.0.0.3", false),
            ("::1", "::2", false),
        ] {
            assert_eq!(hash(one) == hash(other), same, "{one} {other}");
        }
    }

    #[test]
    fn another_process_has_other_hashes() {
        let address = "192.0.2.7".parse().unwrap();
        assert_ne!(AddressHasher::new().hash(address), AddressHasher::new().hash(address));
    }
}
