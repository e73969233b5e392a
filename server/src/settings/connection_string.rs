//! What does a connection string of PostgreSQL say? A parser for both of libpq's forms.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use percent_encoding::percent_decode_str;
use reqwest::Url;
use thiserror::Error;

/// How long it may take to connect when nothing shorter is said, and at most.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a connection string cannot be used. No text quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadConnectionString {
    /// It is neither form.
    #[error("the connection string is neither a postgres:// URL nor words such as host=…")]
    Form,
    /// A quote is not closed.
    #[error("a quote in the connection string is not closed")]
    Quote,
    /// A percent sign escapes nothing.
    #[error("an escape in the connection string is not valid")]
    Escape,
    /// The port is not one.
    #[error("the port in the connection string is not one")]
    Port,
    /// There is no such way to use TLS.
    #[error(
        "sslmode in the connection string is none of disable, allow, prefer, require, verify-ca, verify-full"
    )]
    SslMode,
    /// The time for connecting is not a number.
    #[error("connect_timeout in the connection string is not a number of seconds")]
    ConnectTimeout,
    /// It names more than one server.
    #[error("the connection string names several servers; one is needed")]
    SeveralServers,
}

/// What a connection string says, in the form that the driver reads.
pub(super) struct Address {
    pub(super) url: Url,
    pub(super) connect_timeout: Duration,
}

type Words = BTreeMap<String, String>;

const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// What the driver reads by these names.
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

/// What libpq and Go's driver read and this one has no use for.
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

impl Address {
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

fn check(words: &Words) -> Result<(), BadConnectionString> {
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

/// Zero and less mean no limit to libpq.
fn connect_timeout(words: &Words) -> Result<Duration, BadConnectionString> {
    let Some(text) = words.get("connect_timeout").filter(|text| !text.is_empty()) else {
        return Ok(CONNECT_TIMEOUT);
    };
    let seconds: i64 = text.trim().parse().map_err(|_| BadConnectionString::ConnectTimeout)?;
    let said = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
    Ok(said.map_or(CONNECT_TIMEOUT, |said| said.min(CONNECT_TIMEOUT)))
}

/// Everything is in the query, where any text can be.
fn url(words: &Words) -> Result<Url, BadConnectionString> {
    let mut url = Url::parse("postgres:///").map_err(|_| BadConnectionString::Form)?;
    let mut query = url.query_pairs_mut();
    for (name, value) in words.iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            // Both may be given; then the number counts, and the name is for certificates, which the driver cannot tell apart.
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

/// `user:password@host:port/dbname?key=value&…`, all but the marks percent-encoded.
fn words_of_url(rest: &str) -> Result<Words, BadConnectionString> {
    let mut words = Words::new();
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

/// Host and port; the host may be a number in brackets.
fn server_of(server: &str) -> (&str, &str) {
    if let Some((host, rest)) = server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, rest.strip_prefix(':').unwrap_or_default());
    }
    server.rsplit_once(':').unwrap_or((server, ""))
}

fn decoded(text: &str) -> Result<Cow<'_, str>, BadConnectionString> {
    percent_decode_str(text).decode_utf8().map_err(|_| BadConnectionString::Escape)
}

/// `key = value` words; a value with spaces is in single quotes, and a backslash escapes.
fn words_of_text(text: &str) -> Result<Words, BadConnectionString> {
    let mut words = Words::new();
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

/// The value at the beginning, and what comes after it.
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
