//! The errors of queries.

use headcount_outbound::ConnectionFailure;
use thiserror::Error;

use super::AnswerTooLarge;

/// Why a query has no answer. No text contains a host, a header or anything that a server wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum QueryError {
    /// The server is unreachable, its certificate is invalid, or the connection broke.
    #[error("Prometheus cannot be reached: {0}")]
    Unreachable(&'static str),
    /// Prometheus or a proxy refused.
    #[error("Prometheus answers {status}{}", kind.map(|kind| format!(" ({kind})")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its `errorType`, if it is one of Prometheus' own.
        kind: Option<&'static str>,
    },
    /// The answer is not one of Prometheus to a range query.
    #[error("the answer is not a valid response of Prometheus")]
    NotUnderstood,
    /// The answer is a page for people: of a form to sign in, or of another program.
    #[error("the answer is a web page and not a response of Prometheus")]
    WebPage,
    /// The answer is too large.
    #[error("{}", AnswerTooLarge)]
    TooLarge,
    /// The answer was not complete in time.
    #[error("Prometheus did not answer in time")]
    TimedOut,
    /// The clocks differ, and there are no samples at the time of either.
    #[error("its clock differs from that of this machine, and it has no samples at its own time")]
    ClocksDiffer,
    /// The selector of the project cannot be added to the query, which is not valid PromQL.
    #[error("the query is not valid")]
    InvalidQuery,
}

impl From<AnswerTooLarge> for QueryError {
    fn from(AnswerTooLarge: AnswerTooLarge) -> Self {
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
        match error.into() {
            ConnectionFailure::Unreachable(reason) => Self::Unreachable(reason),
            ConnectionFailure::TimedOut => Self::TimedOut,
        }
    }
}

/// The `errorType` as a static text. One that is not Prometheus' own may contain anything and is dropped.
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
