//! Picks the proxy of a request from the environment, like Go and curl.
//!
//! `HTTP_PROXY`, `HTTPS_PROXY` and, for both, `ALL_PROXY`, also in lower case, name a proxy. `NO_PROXY` lists
//! hosts to connect to directly: names with their subdomains (`.example.com`: only subdomains), addresses,
//! and blocks of addresses, each with or without a port, or `*` for everything. Connections to this machine
//! are always direct.

use std::{ffi::OsString, net::IpAddr};

use reqwest::Url;

/// The proxies of a process, and the exceptions.
#[derive(Clone, Default)]
pub(super) struct ProxyRules {
    http: Option<Url>,
    https: Option<Url>,
    direct: Vec<ProxyBypass>,
}

/// Hosts that need no proxy.
#[derive(Clone)]
struct ProxyBypass {
    target: BypassTarget,
    /// Only this port, if there is one.
    port: Option<u16>,
}

#[derive(Clone)]
enum BypassTarget {
    Everything,
    Block {
        address: IpAddr,
        bits: u32,
    },
    /// A name and its subdomains.
    Name(String),
    /// The subdomains of a name, which has a leading dot.
    Below(String),
}

impl ProxyRules {
    /// Reads the environment.
    pub(super) fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| variable(name)?.into_string().ok().filter(|text| !text.trim().is_empty());
        let either = |name: &str| text(name).or_else(|| text(&name.to_ascii_lowercase()));
        let all = either("ALL_PROXY");
        // As a CGI program, HTTP_PROXY would come from a header of the request.
        let http =
            if variable("REQUEST_METHOD").is_some() { text("http_proxy") } else { either("HTTP_PROXY") };
        let proxy = |text: Option<String>| proxy_url(text.as_ref().or(all.as_ref())?);
        let direct = either("NO_PROXY").unwrap_or_default();
        let direct = direct.split([',', ' ']).filter_map(ProxyBypass::parse).collect();
        Self { http: proxy(http), https: proxy(either("HTTPS_PROXY")), direct }
    }

    /// The proxy for an address; `None` for a direct connection.
    pub(super) fn of_url(&self, url: &Url) -> Option<Url> {
        let proxy = match url.scheme() {
            "http" => self.http.as_ref()?,
            "https" => self.https.as_ref()?,
            _ => return None,
        };
        let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
        let ip = host.trim_matches(['[', ']']).parse().ok().map(|ip: IpAddr| ip.to_canonical());
        let is_here = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
        let port = url.port_or_known_default();
        let is_direct = is_here || self.direct.iter().any(|direct| direct.matches(&host, ip, port));
        (!is_direct).then(|| proxy.clone())
    }
}

/// The address of a proxy, by default with the scheme http; `None` if it is invalid.
fn proxy_url(text: &str) -> Option<Url> {
    let text = text.trim();
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    url.ok().filter(Url::has_host)
}

impl ProxyBypass {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if text == "*" {
            return Some(Self { target: BypassTarget::Everything, port: None });
        }
        if let Some(target) = block(&text) {
            return Some(Self { target, port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text.as_str(), None),
        };
        if let Some(target) = block(host) {
            return Some(Self { target, port });
        }
        let host = host.trim_end_matches('.');
        let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        let target = match host.strip_prefix('.') {
            Some("") => return None,
            Some(_) => BypassTarget::Below(host.to_owned()),
            None if host.is_empty() => return None,
            None => BypassTarget::Name(host.to_owned()),
        };
        Some(Self { target, port })
    }

    fn matches(&self, host: &str, ip: Option<IpAddr>, port: Option<u16>) -> bool {
        let is_port = self.port.is_none_or(|wanted| port == Some(wanted));
        let is_target = match &self.target {
            BypassTarget::Everything => true,
            BypassTarget::Block { address, bits } => ip.is_some_and(|ip| is_within(ip, *address, *bits)),
            BypassTarget::Name(name) => {
                host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
            }
            BypassTarget::Below(name) => host.ends_with(name),
        };
        is_port && is_target
    }
}

/// An address or a block of addresses.
fn block(text: &str) -> Option<BypassTarget> {
    let address = |text: &str| text.trim_matches(['[', ']']).parse().ok().map(|ip: IpAddr| ip.to_canonical());
    let width = |address: IpAddr| if address.is_ipv4() { 32 } else { 128 };
    match text.split_once('/') {
        None => address(text).map(|address| BypassTarget::Block { address, bits: width(address) }),
        Some((text, bits)) => {
            let (address, bits) = (address(text)?, bits.parse().ok()?);
            (bits <= width(address)).then_some(BypassTarget::Block { address, bits })
        }
    }
}

fn is_within(ip: IpAddr, block: IpAddr, bits: u32) -> bool {
    match (ip, block) {
        (IpAddr::V4(ip), IpAddr::V4(block)) => {
            (u32::from(ip) ^ u32::from(block)).checked_shr(32 - bits).unwrap_or_default() == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(block)) => {
            (u128::from(ip) ^ u128::from(block)).checked_shr(128 - bits).unwrap_or_default() == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> ProxyRules {
        let variables: Vec<(String, OsString)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect();
        ProxyRules::of(|name| {
            variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        })
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], url: &str, expected: Option<&str>) {
        let found = proxies(variables).of_url(&url.parse().unwrap());
        assert_eq!(found.as_ref().map(Url::as_str), expected, "{variables:?} {url}");
    }

    #[test]
    fn the_variable_of_the_scheme_names_the_proxy() {
        let (plain, secure) = ("http://a.example/", "https://a.example/");
        check(&[], plain, None);
        check(&[("HTTP_PROXY", "http://p:1")], plain, Some("http://p:1/"));
        check(&[("HTTP_PROXY", "http://p:1")], secure, None);
        check(&[("HTTPS_PROXY", "http://p:1")], secure, Some("http://p:1/"));
        check(&[("HTTPS_PROXY", "http://p:1")], plain, None);
        check(&[("http_proxy", "http://p:1")], plain, Some("http://p:1/"));
        check(&[("https_proxy", "https://p:1")], secure, Some("https://p:1/"));
        check(&[("HTTP_PROXY", "http://p:1"), ("http_proxy", "http://q:1")], plain, Some("http://p:1/"));
        check(&[("ALL_PROXY", "http://p:1")], plain, Some("http://p:1/"));
        check(&[("all_proxy", "http://p:1"), ("https_proxy", "http://q:1")], secure, Some("http://q:1/"));
        check(&[("HTTP_PROXY", "p:1")], plain, Some("http://p:1/"));
        check(&[("HTTP_PROXY", "http://me:secret@p:1")], plain, Some("http://me:secret@p:1/"));
        check(&[("HTTP_PROXY", ""), ("http_proxy", "p")], plain, Some("http://p/"));
        check(&[("HTTP_PROXY", "http://")], plain, None);
        check(&[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")], plain, None);
    }

    #[test]
    fn this_machine_is_asked_directly() {
        for host in [
            "localhost",
            "LOCALHOST:9090",
            "localhost.",
            "127.0.0.1",
            "127.8.9.1:80",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            check(&[("ALL_PROXY", "p:1")], &format!("http://{host}/"), None);
            check(&[("ALL_PROXY", "p:1")], &format!("https://{host}/"), None);
        }
        for host in ["10.0.0.1", "localhost.example.com", "notlocalhost", "[fd00::1]", "128.0.0.1"] {
            check(&[("ALL_PROXY", "p:1")], &format!("http://{host}/"), Some("http://p:1/"));
        }
    }

    #[test]
    fn what_no_proxy_lists_is_asked_directly_and_nothing_else() {
        let direct = [
            ("*", "a.example"),
            ("b.example, *", "a.example"),
            ("a.example", "a.example"),
            ("a.example", "A.EXAMPLE"),
            ("A.example.", "a.example"),
            ("a.example", "a.example."),
            ("example", "a.example"),
            (".example", "a.example"),
            ("*.example", "b.a.example"),
            ("b.example,a.example", "a.example"),
            (" b.example , a.example ", "a.example"),
            ("b.example a.example", "a.example"),
            ("a.example:80", "a.example"),
            ("a.example:8080", "a.example:8080"),
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.1", "10.0.0.1:9090"),
            ("10.0.0.1:9090", "10.0.0.1:9090"),
            ("10.0.0.0/8", "10.9.9.9"),
            ("0.0.0.0/0", "10.9.9.9"),
            ("10.0.0.1/32", "10.0.0.1"),
            ("fd00::/8", "[fd12::1]"),
            ("fd00::1", "[fd00::1]"),
            ("[fd00::1]", "[fd00::1]"),
            ("[fd00::1]:9090", "[fd00::1]:9090"),
            ("prometheus", "prometheus:9090"),
        ];
        for (list, host) in direct {
            for name in ["NO_PROXY", "no_proxy"] {
                check(&[("HTTP_PROXY", "p:1"), (name, list)], &format!("http://{host}/"), None);
            }
        }
        let proxied = [
            ("", "a.example"),
            (",", "a.example"),
            (".", "a.example"),
            ("*a.example", "b.a.example"),
            ("a.example", "ba.example"),
            ("b.a.example", "a.example"),
            (".a.example", "a.example"),
            ("*.a.example", "a.example"),
            ("a.example:8080", "a.example"),
            ("10.0.0.1:9090", "10.0.0.1"),
            ("10.0.0.0/8", "11.0.0.1"),
            ("10.0.0.0/33", "10.0.0.1"),
            ("10.0.0.0/8", "[fd00::1]"),
            ("10.0.0.0/8", "prometheus"),
            ("fd00::/8", "[fe00::1]"),
            ("10.0.0.1", "10.0.0.11"),
        ];
        for (list, host) in proxied {
            check(
                &[("HTTP_PROXY", "p:1"), ("NO_PROXY", list)],
                &format!("http://{host}/"),
                Some("http://p:1/"),
            );
        }
    }
}
