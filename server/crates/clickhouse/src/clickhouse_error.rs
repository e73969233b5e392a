//! Why a statement has no result.

use headcount_outbound::ConnectionFailure;
use thiserror::Error;

use crate::{
    exception_text::{QUORUM_BUSY, is_of_one_node, is_temporary_code, reason_of_code},
    row_binary::RowError,
};

/// Why a statement has no result. The texts have nothing of the statement, of a row, of an address or of the
/// server's own text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ClickHouseError {
    /// No node could be reached, or the connection broke. An insert may have happened.
    #[error("ClickHouse cannot be reached: {0}")]
    Unreachable(&'static str),
    /// There was no complete answer in time. An insert may have happened.
    #[error("ClickHouse did not answer in time")]
    TimedOut,
    /// The server refused the statement. An insert has not happened, or not on enough replicas.
    #[error("ClickHouse refused a statement with code {code}: {reason}")]
    Refused {
        /// The number of the error, as ClickHouse's sources list them.
        code: u32,
        /// What it means.
        reason: &'static str,
    },
    /// What answers is not ClickHouse, or the answer does not have the expected columns.
    #[error("the answer of ClickHouse cannot be read: {0}")]
    Malformed(&'static str),
    /// The answer, or one row of it, has more bytes than the client accepts.
    #[error("the answer of ClickHouse is larger than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
}

impl ClickHouseError {
    pub(crate) const fn refused(code: u32) -> Self {
        Self::Refused { code, reason: reason_of_code(code) }
    }

    /// Whether the same statement may succeed later, with the server and the statement as they are: senders
    /// are told to come back.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut => true,
            Self::Refused { code, .. } => is_temporary_code(code),
            Self::Malformed(_) | Self::TooLarge { .. } => false,
        }
    }

    /// Whether the next node is asked the same.
    pub(crate) const fn is_of_one_node(self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { code, .. } => is_of_one_node(code),
            Self::TimedOut | Self::Malformed(_) | Self::TooLarge { .. } => false,
        }
    }

    /// Whether an insert has to wait for another one.
    pub(crate) const fn is_quorum_busy(self) -> bool {
        matches!(self, Self::Refused { code: QUORUM_BUSY, .. })
    }
}

impl From<ConnectionFailure> for ClickHouseError {
    fn from(failure: ConnectionFailure) -> Self {
        match failure {
            ConnectionFailure::Unreachable(reason) => Self::Unreachable(reason),
            ConnectionFailure::TimedOut => Self::TimedOut,
        }
    }
}

impl From<reqwest::Error> for ClickHouseError {
    fn from(error: reqwest::Error) -> Self {
        ConnectionFailure::from(error).into()
    }
}

impl From<RowError> for ClickHouseError {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Incomplete { .. } => Self::Malformed("it ends within a row"),
            RowError::Invalid(what) => Self::Malformed(what),
        }
    }
}
