//! Refuses connections to link-local and cloud-metadata addresses.
//!
//! The addresses of Prometheus servers and webhooks come from settings. On a cloud machine one of them could
//! be the metadata service, which hands out credentials to every process of that machine. The rule applies
//! when a connection is made, after the name was resolved, so names that resolve to such an address are
//! refused, too. A check when a setting is saved would miss a name that changes later. The collector's
//! address is a flag of the operator and is not checked.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    ClientBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use thiserror::Error;

/// Metadata services with an address that is not link-local: Alibaba, Azure, Oracle.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];

/// The same in IPv6: Google, Scaleway.
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)];

/// Which addresses connections may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TargetPolicy {
    /// All but link-local and cloud-metadata addresses.
    #[default]
    Guarded,
    /// All: the operator allowed it with `--allow-link-local-targets`.
    Open,
}

/// An address is link-local or that of a cloud's metadata service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{}", Self::REASON)]
pub struct ForbiddenTarget;

impl ForbiddenTarget {
    /// The error text, without the address.
    pub const REASON: &str =
        "the address is link-local or of a metadata service; --allow-link-local-targets would allow it";
}

impl TargetPolicy {
    /// Checks the address in a URL, if it has one. The addresses of a name are checked when the connection is
    /// made.
    ///
    /// # Errors
    /// [`ForbiddenTarget`].
    pub fn check(self, url: &Url) -> Result<(), ForbiddenTarget> {
        // Every spelling of an address is the same one in a parsed URL.
        let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
        match (self, literal) {
            (Self::Guarded, Some(address)) if is_forbidden(address) => Err(ForbiddenTarget),
            _ => Ok(()),
        }
    }

    /// Makes a client resolve names by this rule, and follow at most `redirects` by it.
    pub fn guard(self, client: ClientBuilder, redirects: usize) -> ClientBuilder {
        let client = client.redirect(self.redirects(redirects));
        match self {
            Self::Guarded => client.dns_resolver(Arc::new(GuardedResolver)),
            Self::Open => client,
        }
    }

    fn redirects(self, most: usize) -> redirect::Policy {
        if most == 0 {
            return redirect::Policy::none();
        }
        redirect::Policy::custom(move |attempt| match self.check(attempt.url()) {
            Err(forbidden) => attempt.error(io::Error::other(forbidden)),
            Ok(()) if attempt.previous().len() > most => {
                attempt.error(io::Error::other("there are too many redirects"))
            }
            Ok(()) => attempt.follow(),
        })
    }
}

/// The system's resolver, without forbidden addresses.
struct GuardedResolver;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(allowed(found.collect())?.into_iter()) as Addrs)
        })
    }
}

/// Retains the allowed addresses. A machine of the local network often has a link-local address beside
/// another one.
fn allowed(mut found: Vec<SocketAddr>) -> io::Result<Vec<SocketAddr>> {
    let is_known = !found.is_empty();
    found.retain(|address| !is_forbidden(address.ip()));
    if is_known && found.is_empty() { Err(io::Error::other(ForbiddenTarget)) } else { Ok(found) }
}

fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_forbidden_v4(address),
        IpAddr::V6(address) => {
            address.is_unicast_link_local()
                || METADATA_V6.contains(&address)
                // Amazon's services of an instance.
                || address.segments().starts_with(&[0xfd00, 0xec2])
                || embedded(address).into_iter().flatten().any(is_forbidden_v4)
        }
    }
}

fn is_forbidden_v4(address: Ipv4Addr) -> bool {
    address.is_link_local() || METADATA_V4.contains(&address)
}

/// The IPv4 addresses that an IPv6 address may stand for.
fn embedded(address: Ipv6Addr) -> [Option<Ipv4Addr>; 3] {
    let segments = address.segments();
    let [first, second, third, .., before_last, last] = segments;
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    let is_at_the_end = match segments {
        // Compatible, mapped, translated.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => true,
        // NAT64, with the well-known prefix and with a local one.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => true,
        // ISATAP.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => true,
        _ => false,
    };
    [
        is_at_the_end.then(|| of(before_last, last)),
        // 6to4.
        (first == 0x2002).then(|| of(second, third)),
        // Teredo.
        ([first, second] == [0x2001, 0]).then(|| of(!before_last, !last)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_local_and_metadata_addresses_are_refused_in_every_spelling() {
        for host in [
            "169.254.169.254",
            "169.254.0.1",
            "169.254.170.2",
            "0xa9fea9fe",
            "2852039166",
            "0251.0376.0251.0376",
            "169.254.43518",
            "169.254.169.254.",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "[fe80::1]",
            "[febf::1]",
            "[fd00:ec2::254]",
            "[fd00:ec2::23]",
            "[fd20:ce::254]",
            "[fd00:42::42]",
            "[::ffff:169.254.169.254]",
            "[::169.254.169.254]",
            "[::ffff:0:169.254.169.254]",
            "[64:ff9b::169.254.169.254]",
            "[64:ff9b:1::a9fe:a9fe]",
            "[2002:a9fe:a9fe::1]",
            "[2001:0:1:2:3:4:5601:5601]",
            "[fd12::5efe:169.254.169.254]",
            "[::ffff:100.100.100.200]",
        ] {
            let url: Url = format!("http://{host}/latest").parse().unwrap();
            assert_eq!(TargetPolicy::Guarded.check(&url), Err(ForbiddenTarget), "{host}");
            assert_eq!(TargetPolicy::Open.check(&url), Ok(()), "{host}");
        }
    }

    #[test]
    fn other_addresses_are_not() {
        for host in [
            "127.0.0.1",
            "10.0.0.1",
            "169.253.255.255",
            "169.255.0.1",
            "100.100.100.201",
            "[::1]",
            "[::]",
            "[fd00::1]",
            "[fec0::1]",
            "[2001:db8::a9fe:a9fe]",
            "[::ffff:10.0.0.1]",
            "prometheus",
            "169.254.169.254.example.com",
        ] {
            let url: Url = format!("https://{host}:9090/").parse().unwrap();
            assert_eq!(TargetPolicy::Guarded.check(&url), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_name_is_connected_to_by_its_other_addresses_or_not_at_all() {
        let [link_local, routed] = ["[fe80::1]:0", "10.0.0.1:0"].map(|address| address.parse().unwrap());
        assert_eq!(allowed(vec![link_local, routed]).unwrap(), [routed]);
        assert!(allowed(vec![]).unwrap().is_empty());
        let error = allowed(vec![link_local]).unwrap_err();
        assert!(error.get_ref().unwrap().is::<ForbiddenTarget>());
    }
}
