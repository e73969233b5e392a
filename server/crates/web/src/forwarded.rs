//! Determines the client address of a request: that of its connection or, behind a proxy that the operator
//! declared, the one that the proxy saw.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use axum::http::HeaderMap;
use headcount_platform::address_hash::{AddressHash, AddressHasher};
use thiserror::Error;

use super::access::PeerAddress;

/// The header to which each proxy adds the address that it saw.
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies whose `X-Forwarded-For` counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<AddressBlock>);

/// Distinguishes the senders of events without storing an address.
#[derive(Debug, Default)]
pub struct EventSenders {
    trusted: TrustedProxies,
    hasher: AddressHasher,
}

impl EventSenders {
    /// Senders behind these proxies, or not behind any.
    #[must_use]
    pub fn behind(trusted: TrustedProxies) -> Self {
        Self { trusted, hasher: AddressHasher::new() }
    }

    /// A keyed hash of the client address of a request; `None` if the web server does not provide the peer.
    pub fn sender(&self, peer: Option<PeerAddress>, headers: &HeaderMap) -> Option<AddressHash> {
        let PeerAddress(peer) = peer?;
        Some(self.hasher.hash(self.trusted.client(peer.ip(), headers)))
    }
}

/// Addresses with the same first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AddressBlock {
    address: IpAddr,
    prefix_bits: u8,
}

/// A text is not a list of addresses and blocks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} must be an IP address or a block of them, such as 10.0.0.1 or 10.0.0.0/8")]
pub struct NotAnAddressBlock(String);

impl TrustedProxies {
    /// The client address of a request over a connection from `peer`: the rightmost one in `X-Forwarded-For`
    /// that is not a trusted proxy. Everything to the left of it, or of an invalid entry, may be invented.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let values = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let mut hops = values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        while self.trusts(client) {
            let Some(before) = hops.next().and_then(address_of_hop) else { break };
            client = before.to_canonical();
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.contains(address))
    }
}

impl FromIterator<Self> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = Self>>(lists: I) -> Self {
        Self(lists.into_iter().flat_map(|Self(blocks)| blocks).collect())
    }
}

impl FromStr for TrustedProxies {
    type Err = NotAnAddressBlock;

    /// Parses addresses and blocks, separated by commas.
    fn from_str(list: &str) -> Result<Self, NotAnAddressBlock> {
        let blocks = list.split(',').map(str::trim).filter(|block| !block.is_empty());
        Ok(Self(blocks.map(str::parse).collect::<Result<_, _>>()?))
    }
}

impl AddressBlock {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix_bits);
                (block.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix_bits);
                (block.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for AddressBlock {
    type Err = NotAnAddressBlock;

    fn from_str(text: &str) -> Result<Self, NotAnAddressBlock> {
        let refused = || NotAnAddressBlock(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| refused())?;
        let all_bits = if address.is_ipv4() { 32 } else { 128 };
        let is_number = |prefix: &str| prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix_bits: u8 = match prefix {
            None => all_bits,
            Some(prefix) => prefix.parse().ok().filter(|_| is_number(prefix)).ok_or_else(refused)?,
        };
        if prefix_bits > all_bits {
            return Err(refused());
        }
        match (address, address.to_canonical()) {
            // An IPv4 address in the spelling of IPv6.
            (IpAddr::V6(_), IpAddr::V4(mapped)) => {
                let prefix_bits = prefix_bits.checked_sub(96).ok_or_else(refused)?;
                Ok(Self { address: mapped.into(), prefix_bits })
            }
            (address, _) => Ok(Self { address, prefix_bits }),
        }
    }
}

/// The address in one entry of the header, which some proxies write with a port.
fn address_of_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = || hop.trim_start_matches('[').trim_end_matches(']').parse().ok();
    hop.parse::<SocketAddr>().ok().map(|address| address.ip()).or_else(bare)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &[&str]) -> String {
        let trusted: TrustedProxies = trusted.parse().unwrap();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        trusted.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_rightmost_address_that_is_no_trusted_proxy_counts() {
        let cases: [(&str, &str, &[&str], &str); 16] = [
            ("", "10.0.0.1", &["192.0.2.7"], "10.0.0.1"),
            ("10.0.0.2", "10.0.0.1", &["192.0.2.7"], "10.0.0.1"),
            ("10.0.0.1", "10.0.0.1", &["192.0.2.7"], "192.0.2.7"),
            ("10.0.0.1", "10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", "10.0.0.1", &["203.0.113.9, 192.0.2.7"], "192.0.2.7"),
            ("10.0.0.0/8", "10.0.0.1", &["203.0.113.9, 192.0.2.7, 10.9.9.9"], "192.0.2.7"),
            ("10.0.0.0/8", "10.0.0.1", &["203.0.113.9", "192.0.2.7"], "192.0.2.7"),
            ("10.0.0.0/8", "10.0.0.1", &["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
            ("10.0.0.0/8", "10.0.0.1", &["192.0.2.7, unknown, 10.2.2.2"], "10.2.2.2"),
            ("10.0.0.0/8", "10.0.0.1", &["192.0.2.7, "], "10.0.0.1"),
            ("10.0.0.1", "::ffff:10.0.0.1", &["192.0.2.7:1234"], "192.0.2.7"),
            ("10.0.0.1", "10.0.0.1", &["[2001:db8::7]:1234"], "2001:db8::7"),
            ("10.0.0.1", "10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("::1, fd00::/8", "::1", &["2001:db8::7, fd12::1"], "2001:db8::7"),
            ("::ffff:10.0.0.0/104", "10.0.0.1", &["192.0.2.7"], "192.0.2.7"),
            ("0.0.0.0/0", "10.0.0.1", &["192.0.2.7"], "192.0.2.7"),
        ];
        for (trusted, peer, forwarded, expected) in cases {
            assert_eq!(client(trusted, peer, forwarded), expected, "{trusted} {peer} {forwarded:?}");
        }
    }

    #[test]
    fn senders_behind_a_declared_proxy_are_told_apart_and_others_are_one() {
        let proxy = Some(PeerAddress(SocketAddr::from(([10, 0, 0, 1], 4711))));
        let from = |address: &'static str| {
            HeaderMap::from_iter([(
                HeaderName::from_static(X_FORWARDED_FOR),
                HeaderValue::from_static(address),
            )])
        };
        let (one, other) = (from("192.0.2.7"), from("192.0.2.8"));
        let declared = EventSenders::behind("10.0.0.1".parse().unwrap());
        assert_ne!(declared.sender(proxy, &one), declared.sender(proxy, &other));
        assert_eq!(declared.sender(proxy, &one), declared.sender(proxy, &one));
        let undeclared = EventSenders::behind(TrustedProxies::default());
        assert!(undeclared.sender(proxy, &one).is_some());
        assert_eq!(undeclared.sender(proxy, &one), undeclared.sender(proxy, &other));
        assert_eq!(undeclared.sender(None, &one), None);
    }

    #[test]
    fn what_is_no_address_is_refused_and_quoted() {
        for bad in [
            "proxy",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "::/129",
            "1.2.3",
            "::ffff:1.2.3.4/8",
        ] {
            let refusal = format!("127.0.0.1, {bad}").parse::<TrustedProxies>().unwrap_err();
            assert!(refusal.to_string().contains(&format!("{bad:?}")), "{refusal}");
        }
        assert_eq!(" , ".parse(), Ok(TrustedProxies::default()));
    }

    proptest! {
        #[test]
        fn what_a_peer_that_is_not_trusted_says_does_not_count(
            value in proptest::collection::vec(any::<u8>(), 0..100)
        ) {
            let trusted: TrustedProxies = "10.0.0.0/8".parse().unwrap();
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(X_FORWARDED_FOR, value);
            }
            // No content of the header causes a panic.
            let _anyone = trusted.client(IpAddr::from([10, 0, 0, 1]), &headers);
            let stranger = IpAddr::from([192, 0, 2, 1]);
            prop_assert_eq!(trusted.client(stranger, &headers), stranger);
        }
    }
}
