//! Why is there no answer?

use std::{error::Error, io};

use thiserror::Error;

use super::TooLarge;

/// Why a query has no answer. No text names a host, a header or anything that a server wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum QueryError {
    /// Nobody answers there, it is not who it should be, or the connection broke.
    #[error("Prometheus cannot be reached: {0}")]
    Unreachable(&'static str),
    /// Prometheus, or what stands before it, said no.
    #[error("Prometheus refused with status {status}{}", kind.map(|kind| format!(" ({kind})")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its `errorType`, when it is one of those that Prometheus has.
        kind: Option<&'static str>,
    },
    /// The answer is not one of Prometheus to a range query.
    #[error("the answer of Prometheus is not understood")]
    NotUnderstood,
    /// The answer is larger than what is taken.
    #[error("{}", TooLarge)]
    TooLarge,
    /// The answer was not complete in time.
    #[error("Prometheus did not answer in time")]
    TimedOut,
    /// The query cannot be given the selector of the project: it is no PromQL.
    #[error("the query is not valid")]
    InvalidQuery,
}

impl From<TooLarge> for QueryError {
    fn from(TooLarge: TooLarge) -> Self {
        Self::TooLarge
    }
}

impl From<serde_json::Error> for QueryError {
    fn from(_: serde_json::Error) -> Self {
        Self::NotUnderstood
    }
}

impl From<reqwest::Error> for QueryError {
    fn from(error: reqwest::Error) -> Self {
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::Unreachable("no connection in time"),
            (false, true) => Self::TimedOut,
            _ => Self::Unreachable(reason(&error)),
        }
    }
}

/// The `errorType` as a text of ours: one that is not Prometheus's may hold anything.
pub(super) fn known_kind(kind: &str) -> Option<&'static str> {
    const KINDS: [&str; 8] = [
        "timeout",
        "canceled",
        "execution",
        "bad_data",
        "internal",
        "unavailable",
        "not_found",
        "not_acceptable",
    ];
    KINDS.into_iter().find(|known| *known == kind)
}

/// What went wrong with a connection. The texts of the errors themselves name hosts.
fn reason(error: &(dyn Error + 'static)) -> &'static str {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(reason) = error.downcast_ref().and_then(reason_of_io) {
            return reason;
        }
        next = error.source();
    }
    "the connection failed"
}

fn reason_of_io(error: &io::Error) -> Option<&'static str> {
    let inner = error.get_ref();
    if let Some(inner) = inner.and_then(|inner| inner.downcast_ref()) {
        return reason_of_io(inner);
    }
    match (inner.and_then(|inner| inner.downcast_ref()), error.kind()) {
        (Some(rustls::Error::InvalidCertificate(_)), _) => Some("its certificate is not accepted"),
        (Some(_), _) => Some("TLS failed"),
        (None, io::ErrorKind::ConnectionRefused) => Some("connection refused"),
        (None, io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => Some("no route"),
        (None, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
            Some("the connection broke")
        }
        _ => None,
    }
}
