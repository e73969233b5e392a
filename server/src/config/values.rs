//! Parses the kinds of values that several flags share.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use bytesize::ByteSize;
use headcount_observer::price_list::PriceSource;
use headcount_outbound::TargetPolicy;
use reqwest::Url;

/// What [`parse_switch`] accepts, for a sentence.
pub(super) const SWITCH_WORDS: &str = "1, true, yes, on, 0, false, no and off";

/// A switch: on or off.
pub(super) fn parse_switch(value: &str) -> Result<bool, String> {
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(format!("give one of {SWITCH_WORDS}")),
    }
}

/// An address to listen on. `:8080` is a port on all addresses, `localhost:8080` one on this machine alone.
pub(super) fn parse_listen(value: &str) -> Result<SocketAddr, String> {
    let on = |ip: IpAddr, port: &str| Some(SocketAddr::new(ip, port.parse().ok()?));
    let by_name = || match value.rsplit_once(':')? {
        ("", port) => on(Ipv6Addr::UNSPECIFIED.into(), port),
        (host, port) if host.eq_ignore_ascii_case("localhost") => on(Ipv4Addr::LOCALHOST.into(), port),
        _ => None,
    };
    let address = value.parse().ok().or_else(by_name);
    address.ok_or_else(|| {
        "give an address and a port such as 127.0.0.1:8080, localhost:8080 or :8080".to_owned()
    })
}

/// A time of at least one second.
pub(super) fn parse_interval(value: &str) -> Result<Duration, String> {
    let interval = humantime::parse_duration(value);
    let interval = interval.map_err(|_| "give a time such as 30s or 1h".to_owned())?;
    if interval < Duration::from_secs(1) {
        return Err("must be at least one second".to_owned());
    }
    Ok(interval)
}

/// A number of bytes with a unit, at least 1 MiB.
pub(super) fn parse_disk_size(value: &str) -> Result<ByteSize, String> {
    let size = value.parse::<ByteSize>();
    let size = size.map_err(|_| format!("{value:?} is not a size; give one such as 10GiB or 500MB"))?;
    if size < ByteSize::mib(1) { Err("give at least 1MiB".to_owned()) } else { Ok(size) }
}

/// An address of a list of prices: http, https or a file.
pub(super) fn parse_pricing_url(value: &str) -> Result<Url, String> {
    let url = Url::parse(value).map_err(|error| error.to_string())?;
    PriceSource::new(&url, TargetPolicy::Open).map_err(|error| error.to_string())?;
    Ok(url)
}

/// An address that HTTP requests go to.
pub(super) fn parse_http_url(value: &str) -> Result<Url, String> {
    let example = "give an http or https address such as https://stats.example.com";
    let url = Url::parse(value).map_err(|error| format!("{error}: {example}"))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err(example.to_owned()),
    }
}

/// The address of a Prometheus, or an empty text for none.
pub(super) fn parse_prometheus_url(value: &str) -> Result<String, String> {
    if !value.trim().is_empty() {
        parse_http_url(value.trim())?;
    }
    Ok(value.to_owned())
}

/// An http or https address of a site or of a path in it, and nothing else.
pub(super) fn parse_public_url(value: &str) -> Result<Url, String> {
    let url = parse_http_url(value)?;
    if has_login(&url) || url.query().is_some() || url.fragment().is_some() {
        return Err("give an address without user, query and fragment".to_owned());
    }
    Ok(url)
}

/// The address of a text for everybody, which the interface shows whole.
pub(super) fn parse_privacy_url(value: &str) -> Result<Url, String> {
    let url = parse_http_url(value)?;
    if has_login(&url) { Err("give an address without user and password".to_owned()) } else { Ok(url) }
}

fn has_login(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// An https address, or an http address of this machine.
pub(super) fn parse_webhook_url(value: &str) -> Result<Url, String> {
    let url = parse_http_url(value)?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    if url.scheme() == "https" || is_here {
        return Ok(url);
    }
    Err("give an https address, or an http address of this machine such as http://127.0.0.1:9000/".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_reached_over_https_or_on_this_machine() {
        for url in
            ["https://hooks.example.com/a?b=c", "http://127.0.0.1:1/", "http://[::1]/", "http://localhost/"]
        {
            assert_eq!(parse_webhook_url(url).map(|url| url.scheme().len() > 3), Ok(true), "{url}");
        }
        for url in ["http://hooks.example.com/", "http://192.0.2.1/", "ftp://localhost/", "hooks", ""] {
            assert!(parse_webhook_url(url).unwrap_err().contains("address"), "{url}");
        }
    }

    #[test]
    fn addresses_to_listen_on_are_read_as_people_write_them() {
        for (written, address) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::1]:0", "[::1]:0"),
            (":8080", "[::]:8080"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("LocalHost:1", "127.0.0.1:1"),
        ] {
            assert_eq!(parse_listen(written).unwrap(), address.parse().unwrap(), "{written}");
        }
        for written in
            ["", ":", "8080", "localhost", ":x", ":65536", "example.com:80", "::1:80", "http://localhost:80"]
        {
            assert!(parse_listen(written).unwrap_err().contains("such as"), "{written}");
        }
    }
}
