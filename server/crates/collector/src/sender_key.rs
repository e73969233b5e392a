//! Distinguishes senders of reports without storing their addresses.

use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
};

/// A number that stands for an address or a prefix in this process. It is different in every process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SenderKey(u64);

/// Hashes addresses to keys, with a random key that is made at the start and is only in memory.
#[derive(Debug, Clone)]
pub(super) struct SenderKeys {
    hash: RandomState,
}

impl SenderKeys {
    /// Makes a random key.
    pub(super) fn new() -> Self {
        Self { hash: RandomState::new() }
    }

    /// The key of one sender: an IPv4 address, or an IPv6 network of 64 bits. `None` for a loopback address,
    /// behind which may be a proxy with all senders.
    pub(super) fn sender(&self, address: IpAddr) -> Option<SenderKey> {
        self.key(address, 32, 64)
    }

    /// The key of a part of the network: an IPv4 prefix of 24 bits, or an IPv6 prefix of 48. `None` as for
    /// [`SenderKeys::sender`].
    pub(super) fn prefix(&self, address: IpAddr) -> Option<SenderKey> {
        self.key(address, 24, 48)
    }

    fn key(&self, address: IpAddr, v4_bits: u32, v6_bits: u32) -> Option<SenderKey> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return None;
        }
        let (bits, network) = match address {
            IpAddr::V4(address) => (v4_bits, leading(u128::from(address.to_bits()), v4_bits, 32)),
            IpAddr::V6(address) => (v6_bits + 32, leading(Ipv6Addr::to_bits(address), v6_bits, 128)),
        };
        Some(SenderKey(self.hash.hash_one((bits, network))))
    }
}

/// The first `kept` of `bits` bits.
const fn leading(address: u128, kept: u32, bits: u32) -> u128 {
    address >> (bits - kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(first: &str, second: &str, key: impl Fn(&SenderKeys, IpAddr) -> Option<SenderKey>) -> bool {
        let keys = SenderKeys::new();
        let [first, second] = [first, second].map(|address| key(&keys, address.parse().unwrap()).unwrap());
        first == second
    }

    #[test]
    fn senders_are_addresses_and_networks() {
        for (first, second, one) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8:1:1::1", "2001:db8:1:1:ffff::2", true),
            ("2001:db8:1:1::1", "2001:db8:1:2::1", false),
        ] {
            assert_eq!(same(first, second, SenderKeys::sender), one, "{first} {second}");
        }
    }

    #[test]
    fn prefixes_are_wider() {
        for (first, second, one) in [
            ("192.0.2.1", "192.0.2.255", true),
            ("192.0.2.1", "192.0.3.1", false),
            ("2001:db8:1:1::1", "2001:db8:1:ffff::2", true),
            ("2001:db8:1::1", "2001:db8:2::1", false),
        ] {
            assert_eq!(same(first, second, SenderKeys::prefix), one, "{first} {second}");
        }
    }

    #[test]
    fn this_machine_may_be_a_proxy_for_all() {
        let keys = SenderKeys::new();
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!((keys.sender(address), keys.prefix(address)), (None, None), "{address}");
        }
    }

    #[test]
    fn another_process_has_other_keys() {
        let address = "192.0.2.1".parse().unwrap();
        assert_ne!(SenderKeys::new().sender(address), SenderKeys::new().sender(address));
    }
}
