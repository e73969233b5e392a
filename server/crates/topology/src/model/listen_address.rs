//! Addresses, and listening sockets of instances.

use std::net::IpAddr;

/// An address that an instance listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenAddress {
    /// The address.
    pub ip: IpAddr,
    /// The port; 0 for any.
    pub port: u16,
    /// Whether a proxy of the node listens for the instance.
    pub proxied: bool,
    /// Whether it listens at present.
    pub active: bool,
    /// When it was last seen listening, in Unix seconds.
    pub last_seen: u32,
}

/// The address of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostPort<'t> {
    /// The host.
    pub host: IpOrName<'t>,
    /// The port.
    pub port: u16,
}

/// The host of an address: an IP address or a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IpOrName<'t> {
    /// An IP address.
    Ip(IpAddr),
    /// A host name.
    Name(&'t str),
}

impl<'t> HostPort<'t> {
    /// Parses `host:port` or `[ip]:port`; `None` for anything else, or an invalid port.
    #[must_use]
    pub fn parse(text: &'t str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let name = bracketed.unwrap_or(host);
        if bracketed.is_none() && name.contains(':') || name.contains(['[', ']']) {
            return None;
        }
        let port = Some(port).filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
        let host = match ip(name) {
            Some(ip) => IpOrName::Ip(ip),
            None if name.is_empty() => return None,
            None => IpOrName::Name(name),
        };
        Some(Self { host, port })
    }

    /// The IP address of the host; `None` for a host name.
    #[must_use]
    pub const fn ip(self) -> Option<IpAddr> {
        match self.host {
            IpOrName::Ip(ip) => Some(ip),
            IpOrName::Name(_) => None,
        }
    }
}

/// Parses an IP address. An IPv4-mapped IPv6 address becomes an IPv4 address.
#[must_use]
pub fn ip(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, u16)>) {
        let read = HostPort::parse(text).map(|HostPort { host, port }| match host {
            IpOrName::Ip(ip) => (ip.to_string(), port),
            IpOrName::Name(name) => (name.to_owned(), port),
        });
        assert_eq!(read, expected.map(|(host, port)| (host.to_owned(), port)), "{text}");
    }

    #[test]
    fn addresses_are_read_in_every_form() {
        check("10.0.0.1:80", Some(("10.0.0.1", 80)));
        check("[::1]:80", Some(("::1", 80)));
        check("[::ffff:10.0.0.1]:80", Some(("10.0.0.1", 80)));
        check("example.com:443", Some(("example.com", 443)));
        check("10.0.0.1:0", Some(("10.0.0.1", 0)));
        for malformed in
            ["", ":", ":80", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:+80", "::1:80", "[]:80"]
        {
            check(malformed, None);
        }
    }
}
