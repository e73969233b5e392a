//! Parses connection strings of PostgreSQL in both forms of libpq.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use percent_encoding::percent_decode_str;
use reqwest::Url;
use thiserror::Error;

/// The default and the upper limit of the time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a connection string is invalid. No text quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadConnectionString {
    /// It has neither form.
    #[error("the connection string is neither a postgres:// URL nor words such as host=…")]
    Form,
    /// A quote is not closed.
    #[error("a quote in the connection string is not closed")]
    Quote,
    /// A percent sign does not begin an escape.
    #[error("an escape in the connection string is not valid")]
    Escape,
    /// The port is not a port number.
    #[error("the port in the connection string is not a number up to 65535")]
    Port,
    /// There is no such TLS mode.
    #[error(
        "sslmode in the connection string must be disable, allow, prefer, require, verify-ca or verify-full"
    )]
    SslMode,
    /// The time to connect is not a number.
    #[error("connect_timeout in the connection string must be a number of seconds")]
    ConnectTimeout,
    /// It contains more than one server.
    #[error("the connection string has several servers; only one is supported")]
    SeveralServers,
}

/// The contents of a connection string, in the form that the driver reads.
pub(super) struct PostgresAddress {
    pub(super) url: Url,
    pub(super) connect_timeout: Duration,
}

type ConnectionWords = BTreeMap<String, String>;

const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// The parameters that the driver reads under the same names.
const KNOWN: [&str; 11] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
];

/// Parameters of libpq and Go's driver that this driver does not use.
const LEFT_OUT: [&str; 24] = [
    "binary_parameters",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "disable_prepared_binary_result",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbspn",
    "krbsrvname",
    "load_balance_hosts",
    "passfile",
    "replication",
    "requirepeer",
    "sslcompression",
    "sslinline",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
];

impl PostgresAddress {
    pub(super) fn parse(text: &str) -> Result<Self, BadConnectionString> {
        let text = text.trim();
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let words = match rest {
            Some(rest) => words_of_url(rest)?,
            None => words_of_text(text)?,
        };
        check(&words)?;
        Ok(Self { connect_timeout: connect_timeout(&words)?, url: url(&words)? })
    }
}

fn check(words: &ConnectionWords) -> Result<(), BadConnectionString> {
    let word = |name: &str| words.get(name).filter(|value| !value.is_empty());
    if ["host", "hostaddr", "port"].into_iter().filter_map(word).any(|value| value.contains(',')) {
        return Err(BadConnectionString::SeveralServers);
    }
    if word("port").is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(BadConnectionString::Port);
    }
    if word("sslmode").is_some_and(|mode| !SSL_MODES.contains(&mode.as_str())) {
        return Err(BadConnectionString::SslMode);
    }
    Ok(())
}

/// For libpq, zero and negative numbers mean no limit.
fn connect_timeout(words: &ConnectionWords) -> Result<Duration, BadConnectionString> {
    let Some(text) = words.get("connect_timeout").filter(|text| !text.is_empty()) else {
        return Ok(CONNECT_TIMEOUT);
    };
    let seconds: i64 = text.trim().parse().map_err(|_| BadConnectionString::ConnectTimeout)?;
    let said = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
    Ok(said.map_or(CONNECT_TIMEOUT, |said| said.min(CONNECT_TIMEOUT)))
}

/// Puts everything into the query of the URL, which can contain any text.
fn url(words: &ConnectionWords) -> Result<Url, BadConnectionString> {
    let mut url = Url::parse("postgres:///").map_err(|_| BadConnectionString::Form)?;
    let mut query = url.query_pairs_mut();
    for (name, value) in words.iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            // Both are allowed. Then `hostaddr` counts, and `host` is for certificates, which the driver
            // cannot distinguish.
            "host" if words.get("hostaddr").is_some_and(|address| !address.is_empty()) => {}
            "user" => {
                query.append_pair("user", value);
            }
            known if KNOWN.contains(&known) => {
                query.append_pair(known, value);
            }
            left_out if LEFT_OUT.contains(&left_out) => {}
            // Anything else is a parameter of the server, such as `search_path`.
            parameter => {
                query.append_pair(&format!("options[{parameter}]"), value);
            }
        }
    }
    drop(query);
    Ok(url)
}

/// Parses `user:password@host:port/dbname?key=value&…`. All but the separators is percent-encoded.
fn words_of_url(rest: &str) -> Result<ConnectionWords, BadConnectionString> {
    let mut words = ConnectionWords::new();
    let mut add = |name: &str, value: &str| -> Result<(), BadConnectionString> {
        if !value.is_empty() {
            words.insert(name.to_owned(), decoded(value)?.into_owned());
        }
        Ok(())
    };
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = before.split_once('/').unwrap_or((before, ""));
    let (credentials, server) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let (host, port) = server_of(server);
    for (name, value) in
        [("user", user), ("password", password), ("host", host), ("port", port), ("dbname", database)]
    {
        add(name, value)?;
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(BadConnectionString::Form)?;
        add(&decoded(name)?, value)?;
    }
    Ok(words)
}

/// Host and port. The host may be an address in brackets.
fn server_of(server: &str) -> (&str, &str) {
    if let Some((host, rest)) = server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, rest.strip_prefix(':').unwrap_or_default());
    }
    server.rsplit_once(':').unwrap_or((server, ""))
}

fn decoded(text: &str) -> Result<Cow<'_, str>, BadConnectionString> {
    percent_decode_str(text).decode_utf8().map_err(|_| BadConnectionString::Escape)
}

/// Parses `key = value` words. A value with spaces is in single quotes, and a backslash escapes.
fn words_of_text(text: &str) -> Result<ConnectionWords, BadConnectionString> {
    let mut words = ConnectionWords::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or(BadConnectionString::Form)?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(BadConnectionString::Form);
        }
        let (value, after) = value(after.trim_start())?;
        words.insert(name.to_owned(), value);
        rest = after.trim_start();
    }
    Ok(words)
}

/// The value at the beginning of `text`, and the rest.
fn value(text: &str) -> Result<(String, &str), BadConnectionString> {
    let quoted = text.strip_prefix('\'');
    let mut characters = quoted.unwrap_or(text).chars();
    let mut value = String::new();
    loop {
        match characters.next() {
            Some('\'') if quoted.is_some() => break,
            Some(character) if quoted.is_none() && character.is_whitespace() => break,
            Some('\\') => value.extend(characters.next()),
            Some(character) => value.push(character),
            None if quoted.is_some() => return Err(BadConnectionString::Quote),
            None => break,
        }
    }
    Ok((value, characters.as_str()))
}

#[cfg(test)]
mod tests;
