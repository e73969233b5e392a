//! Reads the address of ClickHouse: one or more nodes, credentials, a database.
//!
//! `https://user:password@one:8443,two:8443/database?ca=/etc/ca.pem&cluster=fleet`. The port is 8123, or 8443
//! with `https`, if there is none; the database is `default`.

use std::{fmt, path::PathBuf, str::FromStr};

use percent_encoding::percent_decode_str;
use reqwest::{Url, header::HeaderValue};
use thiserror::Error;

/// The database of an address that names none.
const DEFAULT_DATABASE: &str = "default";

/// Where ClickHouse is, and as whom to sign in. It is shown and debugged without user, password and query.
#[derive(Clone, PartialEq, Eq)]
pub struct ClickHouseAddress {
    /// In the order of the address; at least one. All have the same scheme, and neither user nor path.
    pub(crate) nodes: Vec<Url>,
    pub(crate) user: Option<HeaderValue>,
    pub(crate) password: Option<HeaderValue>,
    pub(crate) database: String,
    /// A file with the only certificates to trust.
    pub(crate) authorities: Option<PathBuf>,
    pub(crate) cluster: Option<String>,
}

/// Why a text is no address of ClickHouse. The texts quote nothing: the address may have a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressError {
    /// The scheme is missing or another one.
    #[error("the address of ClickHouse must begin with http:// or https://")]
    Scheme,
    /// There is no host, or one that is none.
    #[error("the address of ClickHouse must name its hosts as host:port, separated by commas")]
    Host,
    /// The user or the password is not text, or not escaped.
    #[error("the user and the password of ClickHouse must be escaped as in every URL, and be text")]
    Credentials,
    /// The path is not the name of a database.
    #[error("the path of the address of ClickHouse must be the name of a database: letters, digits and _")]
    Database,
    /// There is a parameter that has no meaning here, or one without a value.
    #[error(
        "the address of ClickHouse may have the parameters ca (a file) and cluster (a name), and no others"
    )]
    Parameter,
    /// A file of certificates for an address without TLS.
    #[error("the parameter ca of the address of ClickHouse is for https:// only")]
    NoTls,
}

impl ClickHouseAddress {
    /// The name of the cluster whose nodes these are, if the address has one.
    #[must_use]
    pub fn cluster(&self) -> Option<&str> {
        self.cluster.as_deref()
    }

    /// The name of the database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }
}

impl fmt::Display for ClickHouseAddress {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, node) in self.nodes.iter().enumerate() {
            to.write_str(if place == 0 { "" } else { ", " })?;
            write!(to, "{node}")?;
        }
        write!(to, " ({})", self.database)
    }
}

impl fmt::Debug for ClickHouseAddress {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "ClickHouseAddress({self})")
    }
}

impl FromStr for ClickHouseAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
        let default_port = match scheme {
            "http" => 8123,
            "https" => 8443,
            _ => return Err(AddressError::Scheme),
        };
        let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = before_query.split_once('/').unwrap_or((before_query, ""));
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (Some(credentials), hosts),
            None => (None, authority),
        };
        let nodes = hosts.split(',').map(|host| node_url(scheme, host, default_port)).collect::<Option<_>>();
        let (user, password) = credentials.map_or(Ok((None, None)), parsed_credentials)?;
        let AddressParameters { authorities, cluster } = parsed_parameters(query)?;
        if authorities.is_some() && scheme == "http" {
            return Err(AddressError::NoTls);
        }
        let database = if path.is_empty() { DEFAULT_DATABASE } else { path };
        if !is_name(database) {
            return Err(AddressError::Database);
        }
        let database = database.to_owned();
        Ok(Self { nodes: nodes.ok_or(AddressError::Host)?, user, password, database, authorities, cluster })
    }
}

/// A name that needs no quotes in a statement.
pub(crate) fn is_name(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.bytes().all(is_word) && !text.starts_with(|first: char| first.is_ascii_digit())
}

fn node_url(scheme: &str, host: &str, default_port: u16) -> Option<Url> {
    let is_plain = !host.is_empty() && !host.contains(|other: char| "/\\?#@ ".contains(other));
    // The colons of an IPv6 address are in brackets.
    let has_port = host.rsplit(']').next()?.contains(':');
    let mut url = Url::parse(&format!("{scheme}://{host}/")).ok().filter(|_| is_plain)?;
    if !has_port {
        url.set_port(Some(default_port)).ok()?;
    }
    Some(url)
}

type AddressCredentials = (Option<HeaderValue>, Option<HeaderValue>);

fn parsed_credentials(credentials: &str) -> Result<AddressCredentials, AddressError> {
    let (user, password) = match credentials.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (credentials, None),
    };
    Ok((Some(secret_header(user)?), password.map(secret_header).transpose()?))
}

fn secret_header(escaped: &str) -> Result<HeaderValue, AddressError> {
    let text = percent_decode_str(escaped).decode_utf8().map_err(|_| AddressError::Credentials)?;
    let mut value = HeaderValue::from_str(&text).map_err(|_| AddressError::Credentials)?;
    value.set_sensitive(true);
    Ok(value)
}

#[derive(Default)]
struct AddressParameters {
    authorities: Option<PathBuf>,
    cluster: Option<String>,
}

fn parsed_parameters(query: &str) -> Result<AddressParameters, AddressError> {
    let mut parameters = AddressParameters::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, escaped) = pair.split_once('=').ok_or(AddressError::Parameter)?;
        let value = percent_decode_str(escaped).decode_utf8().map_err(|_| AddressError::Parameter)?;
        match name {
            "ca" if !value.is_empty() => parameters.authorities = Some(value.as_ref().into()),
            "cluster" if is_name(&value) => parameters.cluster = Some(value.into_owned()),
            _ => return Err(AddressError::Parameter),
        }
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_shown_without_its_secrets() {
        for (text, shown) in [
            ("http://a", "http://a:8123/ (default)"),
            ("https://a/", "https://a:8443/ (default)"),
            ("http://a:80/fleet", "http://a/ (fleet)"),
            ("http://a:1,b:2,[::1]/x", "http://a:1/, http://b:2/, http://[::1]:8123/ (x)"),
            (
                "https://swordfish:swordfish%40%2C%2F%3F@a,[::1]:5/x?ca=swordfish",
                "https://a:8443/, https://[::1]:5/ (x)",
            ),
            ("http://swordfish@a?cluster=swordfish", "http://a:8123/ (default)"),
        ] {
            let address: ClickHouseAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), format!("ClickHouseAddress({shown})"));
        }
        let address: ClickHouseAddress =
            "https://us%20er:p%3A%40%2C%25@a/x?ca=/a%20b&cluster=c".parse().unwrap();
        assert_eq!(
            (address.user.unwrap(), address.password.unwrap()),
            ("us er".parse().unwrap(), "p:@,%".parse().unwrap())
        );
        assert_eq!((address.authorities, address.cluster), (Some("/a b".into()), Some("c".to_owned())));
    }

    #[test]
    fn what_is_no_address_is_refused_for_one_reason() {
        for (text, error) in [
            ("", AddressError::Scheme),
            ("a:8123", AddressError::Scheme),
            ("tcp://a", AddressError::Scheme),
            ("http://", AddressError::Host),
            ("http://a,", AddressError::Host),
            ("http://a,,b", AddressError::Host),
            ("http://a:port", AddressError::Host),
            ("http://a:70000", AddressError::Host),
            ("http://a b", AddressError::Host),
            ("http://a#b", AddressError::Host),
            ("http://u:%ff@a", AddressError::Credentials),
            ("http://u:%0a@a", AddressError::Credentials),
            ("http://a/x/y", AddressError::Database),
            ("http://a/x;y", AddressError::Database),
            ("http://a/1x", AddressError::Database),
            ("http://a/x?user=u", AddressError::Parameter),
            ("http://a/x?ca", AddressError::Parameter),
            ("https://a/x?ca=", AddressError::Parameter),
            ("http://a/x?cluster=a'b", AddressError::Parameter),
            ("http://a/x?ca=/ca.pem", AddressError::NoTls),
        ] {
            assert_eq!(text.parse::<ClickHouseAddress>(), Err(error), "{text}");
        }
    }
}
